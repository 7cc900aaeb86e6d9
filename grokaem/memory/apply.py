"""Applying the memory settings to a model: the one code that training runs and the planner tracks."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from grokaem.memory.checklist import levers
from grokaem.memory.lever import PLACES
from grokaem.memory.settings import MemorySettings

if TYPE_CHECKING:
    from torch import nn


def apply_to_model(model: nn.Module, settings: MemorySettings) -> nn.Module:
    """Turns every lever of the checklist that is taken and lives in the model.

    Call it once, on the loaded model and before the optimizer is built. The optimizer comes from
    :func:`grokaem.memory.optimizers.build_optimizer` and the forward pass runs inside :func:`autocast`.

    Args:
        model (nn.Module): the loaded model with its head; changed in place.
        settings (MemorySettings): the levers.

    Returns:
        nn.Module: the model to train; a ``PeftModel`` around the given one with LoRA.

    Raises:
        ValueError: the model cannot take one of the levers.
    """
    for place in PLACES:
        for lever in levers():
            if lever.apply is not None and lever.place == place and lever.taken(settings):
                model = lever.apply(model, settings)
    return model


def attention_dropout_off(model: nn.Module) -> int:
    """Sets the dropout on attention weights to 0, in place.

    With that dropout the CPU falls back on attention by plain products, which keeps every (batch, heads,
    sequence, sequence) matrix; without it the fused kernel runs and keeps none of them.

    Returns:
        int: number of attention modules changed.
    """
    from torch import nn

    from grokaem.memory.layers import attention_modules

    changed = 0
    for module in attention_modules(model):
        for name in ("dropout", "attention_dropout", "attn_dropout", "dropout_prob"):
            value: object = getattr(module, name, None)
            if isinstance(value, nn.Dropout):
                value.p = 0.0
                changed += 1
            elif isinstance(value, float):
                setattr(module, name, 0.0)
                changed += 1
            elif hasattr(value, "drop_prob"):
                value.drop_prob = 0.0  # pyright: ignore[reportAttributeAccessIssue, reportOptionalMemberAccess]  # it has one
                changed += 1
    for name in ("attention_probs_dropout_prob", "attention_dropout"):
        if hasattr(getattr(model, "config", None), name):
            setattr(model.config, name, 0.0)
    return changed


def freeze(model: nn.Module, what: str | int) -> int:
    """Keeps the embeddings, or the lowest layers together with the embeddings, fixed.

    Args:
        model (nn.Module): changed in place.
        what (str or int): ``"none"``, ``"embeddings"`` or the number of layers.

    Returns:
        int: number of values that no longer train.

    Raises:
        ValueError: more layers than the model has, or no embeddings to freeze.
    """
    from grokaem.memory.layers import embedding_parameters, new_weights, repeated_blocks

    if what in ("none", 0):
        return 0
    frozen = embedding_parameters(model)
    if what == "embeddings" and not frozen:
        raise ValueError(f"--freeze embeddings: {type(model).__name__} has none; give a number of layers.")
    if what != "embeddings":
        layers = repeated_blocks(model)
        if int(what) > len(layers):
            raise ValueError(
                f"--freeze {what}: the model has {len(layers)} layers; give at most that number."
            )
        frozen += [parameter for layer in layers[: int(what)] for parameter in layer.parameters()]
    new = {id(model.get_parameter(name)) for name in new_weights(model) & dict(model.named_parameters()).keys()}
    frozen = [parameter for parameter in frozen if id(parameter) not in new]  # what is new must be trained
    for parameter in frozen:
        parameter.requires_grad_(False)
    _no_gradient_into_waveforms(model)
    return sum(parameter.numel() for parameter in frozen)


def _no_gradient_into_waveforms(model: nn.Module) -> None:
    """Tells the feature encoders of speech models that nothing below the first layer trains.

    Otherwise they ask for the gradient of their input and keep the activations of every convolution.
    """
    for module in model.modules():
        if hasattr(module, "freeze_feature_encoder"):
            module.freeze_feature_encoder()  # pyright: ignore[reportCallIssue]  # no tensor


def linear_to_int8(model: nn.Module) -> int:
    """Replaces the encoder's linear layers by int8 ones, one after another, in place.

    The head and everything new stay as they are: they are trained.

    Returns:
        int: number of layers replaced.
    """
    from torch import nn

    from grokaem.memory.int8 import Int8Linear
    from grokaem.memory.layers import base_of, new_modules

    base = base_of(model)
    new = {id(model.get_submodule(name)) for name in new_modules(model)}
    names = [
        name for name, module in base.named_modules() if type(module) is nn.Linear and id(module) not in new
    ]
    for name in names:
        parent_name, _, child_name = name.rpartition(".")
        parent = base.get_submodule(parent_name)
        setattr(parent, child_name, Int8Linear.from_linear(getattr(parent, child_name)))
    for parameter in base.parameters():
        parameter.requires_grad_(False)
    # peft picks its int8 adapter by this attribute
    model.is_loaded_in_8bit = True  # pyright: ignore[reportArgumentType]  # torch's stub knows tensors and modules
    return len(names)


def add_lora(model: nn.Module, rank: int) -> nn.Module:
    """Wraps the model with LoRA adapters on its query and value projections; head and all that is new train in full.

    Returns:
        peft.PeftModel: the wrapped model; only adapters, head and what is new require gradients.
    """
    from peft import LoraConfig, get_peft_model

    from grokaem.memory.layers import head_modules, lora_targets, new_modules, new_single_weights

    config = LoraConfig(
        r=rank,
        lora_alpha=2 * rank,
        lora_dropout=0.0,
        target_modules=lora_targets(model),
        modules_to_save=[*head_modules(model), *new_modules(model)] or None,
    )
    # Under checkpointing peft would make the embedding output require gradients, which only the reentrant
    # form needs: hide the two markers it looks for.
    hidden = {
        name: model.__dict__.pop(name) for name in ("is_gradient_checkpointing",) if name in model.__dict__
    }
    _no_gradient_into_waveforms(model)
    # Without a module of their own that could be saved with the adapter: training saves them by name.
    single = [dict(model.named_parameters()).get(name) for name in new_single_weights(model)]
    wrapped = get_peft_model(model, config)
    for parameter in single:
        if parameter is not None:
            parameter.requires_grad_(True)
    model.__dict__.update(hidden)
    if hasattr(model, "disable_input_require_grads"):
        model.disable_input_require_grads()  # pyright: ignore[reportCallIssue]  # no tensor
    return wrapped


def weights_dtype(settings: MemorySettings) -> str:
    """The dtype to load the weights in, so that they never exist in more bytes than they will have."""
    return "bfloat16" if settings.precision == "bf16-pure" else "float32"


@contextlib.contextmanager
def autocast(settings: MemorySettings, device: str) -> Iterator[None]:
    """The context of every forward pass: autocast for fp16 and bf16, nothing otherwise.

    Args:
        settings (MemorySettings): the levers.
        device (str): ``"cpu"`` or ``"cuda"``.
    """
    import torch

    if settings.autocast_dtype is None:
        yield
        return
    # Autocast keeps a 16-bit copy of every weight until it ends, for weights used twice. Under checkpointing a
    # layer is left before the copies would be used again, so they would only take room.
    again = not settings.gradient_checkpointing
    with torch.autocast(device, dtype=getattr(torch, settings.autocast_dtype), cache_enabled=again):
        yield


def describe(model: nn.Module) -> dict[str, int]:
    """Counts of a model's values: all, trainable, and bytes held."""
    parameters = list(model.parameters())
    return {
        "parameters": sum(p.numel() for p in parameters),
        "trainable": sum(p.numel() for p in parameters if p.requires_grad),
        "bytes": sum(p.numel() * p.element_size() for p in parameters),
    }
