"""Weights on disk, put back into the model they came from."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def load_weights(model: Any, folder: Path) -> None:
    """Puts what ``save_pretrained`` wrote into a folder back into the model.

    Args:
        model (PreTrainedModel or PeftModel): of the same kind as the one that was saved; changed in place.
        folder (Path): a checkpoint, or the best weights.
    """
    from safetensors.torch import load_file

    adapter = folder / "adapter_model.safetensors"
    if adapter.is_file():
        from peft import set_peft_model_state_dict

        set_peft_model_state_dict(model, load_file(adapter))
        return
    # from_pretrained and not the bare file: saving may rename weights, and loading knows how.
    saved = type(model).from_pretrained(folder, dtype=model.dtype)
    model.load_state_dict(saved.state_dict())
