"""Standing in for CUDA's kernels while a step runs on fake CPU tensors: what they keep is not what a CPU keeps.

A fake device of another kind cannot be had without its libraries, so the step runs on fake CPU tensors and the
functions whose memory differs are replaced: autocast follows CUDA's lists of operations (docs.pytorch.org,
"CUDA Ops that can autocast") with its cache of cast weights, dropout keeps a mask of one byte a value, and
scaled dot-product attention keeps the row sums instead of the weights whether it drops out or not.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from grokaem.memory import checkpointing
from grokaem.memory.settings import MemorySettings

if TYPE_CHECKING:
    from torch.autograd.function import FunctionCtx

    class _Context(FunctionCtx):
        dim: int
        saved_tensors: tuple[Tensor, ...]

_HALF = {
    F.linear, F.conv1d, F.conv2d, torch.conv1d, torch.conv2d, torch.matmul, torch.bmm, torch.mm, torch.addmm,
    torch.baddbmm, torch.einsum, Tensor.matmul, Tensor.__matmul__, Tensor.bmm, Tensor.mm, Tensor.addmm,
}  # fmt: skip
_FULL = {
    F.softmax, F.log_softmax, F.layer_norm, F.group_norm, F.cross_entropy, F.nll_loss, F.mse_loss, torch.softmax,
    torch.log_softmax, torch.layer_norm, torch.exp, torch.log, torch.pow, torch.norm, torch.sum, torch.cumsum,
    Tensor.softmax, Tensor.log_softmax, Tensor.exp, Tensor.log, Tensor.pow, Tensor.norm, Tensor.sum,
}  # fmt: skip
_SOFTMAX = {F.softmax, torch.softmax, Tensor.softmax}


class CudaKernels(TorchFunctionMode):
    """Runs a step as CUDA would; enter it around the forward pass and around layers that run again.

    Args:
        settings (MemorySettings): the precision decides whether there is autocast.
        softmax_keeps_input (bool, optional): as PyTorch up to 1.10 did, whose softmax kept its input beside its
            output for the backward pass only to know the input's dtype. (Default: False)
        cache_weights (bool, optional): autocast keeps cast weights until the forward pass ends. (Default: as
            :func:`grokaem.memory.apply.autocast` has it)
    """

    def __init__(
        self, settings: MemorySettings, softmax_keeps_input: bool = False, cache_weights: bool | None = None
    ) -> None:
        super().__init__()
        self.cache_weights = not settings.gradient_checkpointing if cache_weights is None else cache_weights
        self.softmax_keeps_input = softmax_keeps_input
        name = settings.autocast_dtype
        self.dtype = None if name is None else getattr(torch, name)
        self._in_forward = False
        self._cast_weights: dict[int, tuple[Tensor, Tensor]] = {}

    @contextlib.contextmanager
    def forward(self) -> Iterator[None]:
        """The part of the step that training runs inside autocast; cast weights live as long as it."""
        self._in_forward = True
        try:
            yield
        finally:
            self._in_forward = False
            self._cast_weights.clear()

    def __torch_function__(
        self, func: Callable[..., object], types: object, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        kwargs = kwargs or {}
        if func is F.dropout:
            return _dropout(*args, **kwargs)
        casting = self.dtype is not None and (self._in_forward or checkpointing.recomputing)
        if func is F.scaled_dot_product_attention:
            kwargs = {**kwargs, "dropout_p": 0.0}
            args = args[:4]
            if casting:
                args, kwargs = self._half(args), {**kwargs, "attn_mask": self._half(kwargs.get("attn_mask"))}
        elif casting and func in _HALF:
            args, kwargs = self._half(args), {key: self._half(value) for key, value in kwargs.items()}
        elif casting and func in _FULL:
            args = tuple(map(_full, args))
        if func in _SOFTMAX and self.softmax_keeps_input:
            return _SoftmaxKeepingInput.apply(args[0], kwargs.get("dim", args[1] if len(args) > 1 else -1))
        return func(*args, **kwargs)

    def _half(self, value: Any) -> Any:
        if isinstance(value, tuple | list):
            return type(value)(self._half(item) for item in value)
        if not isinstance(value, Tensor) or value.dtype != torch.float32:
            return value
        # Autocast keeps what it cast of a weight until it ends; a layer run again casts anew.
        weight = value.is_leaf and value.requires_grad
        if not weight or not self.cache_weights or checkpointing.recomputing:
            return value.to(self.dtype)
        if id(value) not in self._cast_weights:
            self._cast_weights[id(value)] = (value, value.to(self.dtype))
        return self._cast_weights[id(value)][1]


def _full(value: Any) -> Any:
    half = isinstance(value, Tensor) and value.dtype in (torch.float16, torch.bfloat16)
    return value.float() if half else value


def _dropout(x: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    if p == 0.0 or not training:
        return x
    return torch.native_dropout(x, p, True)[0]


class _SoftmaxKeepingInput(torch.autograd.Function):
    @staticmethod
    def forward(ctx: _Context, x: Tensor, dim: int) -> Tensor:
        result = torch.softmax(x, dim)
        ctx.save_for_backward(x, result)
        ctx.dim = dim
        return result

    @staticmethod
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  # as torch documents it
        ctx: _Context, gradient: Tensor
    ) -> tuple[Tensor, None]:
        x, result = ctx.saved_tensors
        return torch._softmax_backward_data(gradient, result, ctx.dim, x.dtype), None
