"""An adapter and the base it sits on, merged into plain weights that can be exported like any others."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

from exporting.run_source import Run
from exporting.sources import find_source

if TYPE_CHECKING:
    from torch import Tensor, nn
    from transformers import PreTrainedModel

ADAPTER = "adapter_config.json"


def merge_if_adapter(run: Run, folder: Path, token: str | None = None) -> Run:
    """The run itself, or, where it holds an adapter, the same run with the merged model.

    Args:
        run (Run): a finished run.
        folder (Path): empty; where a merged model is written, in ``save_pretrained`` form.
        token (str, optional): Hub token for a private base model.
    """
    if not (run.path / ADAPTER).is_file():
        return run
    print("merging the adapter into its base", flush=True)
    merge(run, token).save_pretrained(folder)
    for file in run.path.iterdir():
        if file.is_file() and not file.name.startswith("adapter_") and not (folder / file.name).exists():
            (folder / file.name).write_bytes(file.read_bytes())
    return dataclasses.replace(run, path=folder, home=run.path)


def merge(run: Run, token: str | None = None) -> PreTrainedModel:
    """The model that training trained, as one set of fp32 weights.

    Where training held the base in int8, the adapter learned to correct those rounded weights: they are
    rounded the same way and expanded again before the adapter is added.

    Args:
        run (Run): a run with an adapter.
        token (str, optional): Hub token for a private base model.

    Raises:
        FileNotFoundError: the base model is no longer where training found it.
        ValueError: it is another one now.
    """
    import transformers
    from peft import PeftModel

    from grokaem.hub.base_model import resolve_recorded

    adapter = json.loads((run.path / ADAPTER).read_text(encoding="utf-8"))
    remote = run.report["config"].get("trust_remote_code", False)
    recorded = dict(run.report["base_model"])
    if adapter.get("revision"):  # a base that was published at a commit
        recorded["revision"] = adapter["revision"]
    base = resolve_recorded(adapter["base_model_name_or_path"], recorded, remote, token)
    model = getattr(transformers, find_source(run.task).factory).from_pretrained(
        base.folder,
        config=transformers.AutoConfig.from_pretrained(run.path, trust_remote_code=remote),
        trust_remote_code=remote,
        ignore_mismatched_sizes=True,
        dtype="float32",
    )
    if run.report["config"].get("load_in_8bit"):
        round_to_int8(model)
    return PeftModel.from_pretrained(model, run.path).merge_and_unload().float()


def round_to_int8(model: nn.Module) -> None:
    """Gives the encoder's linear layers, in place, the values that training in 8 bits saw."""
    import torch

    base = getattr(model, getattr(model, "base_model_prefix", "") or "base_model", model)
    with torch.no_grad():
        for module in base.modules():
            if type(module) is torch.nn.Linear:
                module.weight.copy_(rounded_to_int8(module.weight))


def rounded_to_int8(weight: Tensor) -> Tensor:
    """A weight of shape (out_features, in_features), rounded to 255 steps a row and expanded again."""
    import torch

    largest = weight.abs().amax(dim=1).float().clamp(min=1e-12)
    values = (weight * (127.0 / largest)[:, None]).round().to(torch.int8)
    return values.float() * (largest / 127.0)[:, None]
