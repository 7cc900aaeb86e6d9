"""Weights on disk: written with everything that training made, put back into the model they came from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from peft import PeftModel

    from training.task import Model

ADAPTER = "adapter_model.safetensors"
IN_ADAPTER = "base_model.model."  # what peft puts before the names of the model's own weights


def save_weights(model: Model, folder: Path) -> None:
    """``save_pretrained``, with everything that training made.

    Args:
        model (PreTrainedModel or PeftModel): the model.
        folder (Path): where to; made if need be.
    """
    model.save_pretrained(folder)  # pyright: ignore[reportArgumentType]  # peft takes a Path too
    add_single_weights(model, folder)


def add_single_weights(model: Model, folder: Path) -> None:
    """Adds to a saved adapter the new weights of the model that belong to no module saved with it.

    Args:
        model (PreTrainedModel or PeftModel): without an adapter there is nothing to add.
        folder (Path): what ``save_pretrained`` wrote.
    """
    if not getattr(model, "peft_config", None):
        return
    from safetensors.torch import load_file, save_file

    from grokaem.memory.layers import new_single_weights

    inner = cast("PeftModel", model).get_base_model()
    state = inner.state_dict()
    single = {IN_ADAPTER + name: state[name].cpu().contiguous() for name in new_single_weights(inner)}
    if single:
        save_file({**load_file(folder / ADAPTER), **single}, folder / ADAPTER, metadata={"format": "pt"})


def load_weights(model: Model, folder: Path) -> None:
    """Puts what :func:`save_weights` wrote into a folder back into the model.

    Args:
        model (PreTrainedModel or PeftModel): of the same kind as the one that was saved; changed in place.
        folder (Path): a checkpoint, or the best weights.
    """
    from safetensors.torch import load_file

    adapter = folder / ADAPTER
    if adapter.is_file():
        from peft import set_peft_model_state_dict

        set_peft_model_state_dict(model, load_file(adapter))
        return
    # from_pretrained and not the bare file: saving may rename weights, and loading knows how.
    saved = type(model).from_pretrained(folder, dtype=model.dtype)  # pyright: ignore[reportCallIssue]  # no adapter, so not peft's
    model.load_state_dict(saved.state_dict())
