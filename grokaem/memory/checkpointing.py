"""Gradient checkpointing that repeats dropout exactly and counts each batch once in BatchNorm."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from torch import nn
    from torch.nn.modules.batchnorm import _BatchNorm
    from transformers import PreTrainedModel

Context = contextlib.AbstractContextManager[object]

# The planner's two handles: whether a layer is running for the second time, and a context to run it in.
recomputing = False
second_pass: Callable[[], Context] = contextlib.nullcontext


def enable_checkpointing(model: nn.Module) -> nn.Module:
    """Makes every repeated layer of the model keep only its input, in place.

    Each layer's forward pass runs again during the backward pass. The random state is kept, so dropout draws
    the same mask; BatchNorm's running statistics are left alone in the second pass, so a batch counts once.

    Args:
        model (nn.Module): a transformers model, or any module whose repeated blocks can be found.

    Returns:
        nn.Module: the same model.

    Raises:
        ValueError: the model has no repeated blocks to checkpoint.
    """
    from grokaem.memory.layers import repeated_blocks

    norms = batch_norms(model)
    # A model with BatchNorm may have its own correction for being run twice; wrapping its blocks from outside
    # leaves that correction out of play.
    if getattr(model, "supports_gradient_checkpointing", False) and not norms:
        pretrained = cast("PreTrainedModel", model)
        pretrained.gradient_checkpointing_enable(_options(norms))
        # It makes the embedding output require gradients, which the non-reentrant form does not need and which would
        # send the backward pass through frozen layers.
        pretrained.disable_input_require_grads()
        return model
    blocks = repeated_blocks(model)
    if not blocks:
        raise ValueError(
            f"--gradient-checkpointing: {type(model).__name__} has no repeated blocks; leave it off."
        )
    run = functools.partial(checkpoint_call, norms)
    for block in blocks:
        block.forward = functools.partial(_checkpointed_forward, run, block, block.forward)
    return model


def checkpoint_call(norms: list[_BatchNorm], function: Callable[..., object], *args: object, **kwargs: Any) -> object:
    """Runs ``function`` now and again in the backward pass.

    Args:
        norms (list of nn.Module): the BatchNorm modules whose statistics must not count the second pass.
        function (callable): the layer.
        *args: its tensors.
        **kwargs: its other arguments.
    """
    from torch.utils.checkpoint import checkpoint

    return checkpoint(function, *args, **_options(norms), **kwargs)


def batch_norms(model: nn.Module) -> list[_BatchNorm]:
    """The modules of the model that keep running statistics."""
    from torch.nn.modules.batchnorm import _BatchNorm

    return [module for module in model.modules() if isinstance(module, _BatchNorm)]


def _checkpointed_forward(
    run: Callable[..., object], block: nn.Module, forward: Callable[..., object], *args: object, **kwargs: object
) -> object:
    import torch

    return (
        run(forward, *args, **kwargs)
        if block.training and torch.is_grad_enabled()
        else forward(*args, **kwargs)
    )


def _options(norms: list[_BatchNorm]) -> dict[str, Any]:
    """What :func:`torch.utils.checkpoint.checkpoint` is told."""
    contexts = functools.partial(_contexts, norms)
    return {"use_reentrant": False, "preserve_rng_state": True, "context_fn": contexts}


def _contexts(norms: list[_BatchNorm]) -> tuple[Context, Context]:
    return contextlib.nullcontext(), statistics_untouched(norms)


@contextlib.contextmanager
def statistics_untouched(norms: list[_BatchNorm]) -> Iterator[None]:
    """BatchNorm normalises by the batch as before but leaves its running statistics as they are."""
    # The statistics must still be handed to the kernel, for the second pass has to keep the same tensors as
    # the first; a momentum of 0 leaves their values.
    before = [(norm, norm.momentum, norm._buffers.get("num_batches_tracked")) for norm in norms]
    global recomputing
    recomputing = True
    for norm, _, _ in before:
        norm.momentum = 0.0
        norm._buffers["num_batches_tracked"] = None
    try:
        with second_pass():
            yield
    finally:
        recomputing = False
        for norm, momentum, count in before:
            norm.momentum = momentum
            norm._buffers["num_batches_tracked"] = count
