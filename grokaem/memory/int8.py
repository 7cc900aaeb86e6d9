"""Frozen linear layers held in int8 whose backward pass keeps nothing but the int8 weight."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bitsandbytes as bnb
import torch
from torch import Tensor, nn
from torch.nn.functional import linear

if TYPE_CHECKING:
    from torch.autograd.function import FunctionCtx

    class _Context(FunctionCtx):
        weight: tuple[Tensor, Tensor]
        needs_input_grad: tuple[bool, ...]


class Int8Linear(bnb.nn.Linear8bitLt):
    """bitsandbytes' ``Linear8bitLt``, with a product of its own on the CPU.

    The library's CPU product keeps a reference to its input for the backward pass, which a frozen weight does
    not need, and keeps it past gradient checkpointing. This one keeps nothing: the weight is expanded to the
    input's dtype for the product and again for the gradient.
    """

    @classmethod
    def from_linear(cls, layer: nn.Linear) -> Int8Linear:
        """Quantizes a layer: each row of the weight gets one scale, its largest absolute value over 127."""
        made = (
            cls(
                layer.in_features,
                layer.out_features,
                layer.bias is not None,
                has_fp16_weights=False,
                device="meta",
            )
            if not _is_fake(layer.weight)
            else _empty(cls, layer)
        )
        rows = layer.weight.detach().abs().amax(dim=1).float().clamp_(min=1e-12)
        values = (layer.weight.detach() * (127.0 / rows)[:, None]).round_().to(torch.int8)
        made.weight = _parameter(values, rows)
        made.bias = layer.bias
        return made

    def forward(self, x: Tensor) -> Tensor:
        """Shape (..., in_features) -> (..., out_features), in the dtype of ``x`` or of autocast."""
        if x.device.type != "cpu":
            return super().forward(x)
        if self.weight.CB is not None:  # pyright: ignore[reportAttributeAccessIssue]  # bitsandbytes' own parameter
            self.init_8bit_state()
        if torch.is_autocast_enabled("cpu"):
            x = x.to(torch.get_autocast_dtype("cpu"))
        bias = None if self.bias is None else self.bias.to(x.dtype)
        with torch.autocast("cpu", enabled=False):
            return _Int8Product.apply(x, self.state.CB, self.state.SCB, bias)


class _Int8Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: _Context, x: Tensor, values: Tensor, rows: Tensor, bias: Tensor | None) -> Tensor:
        ctx.weight = (values, rows)  # parameters of the layer, not activations
        return linear(x, expand(values, rows, x.dtype), bias)

    @staticmethod
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  # as torch documents it
        ctx: _Context, gradient: Tensor
    ) -> tuple[Tensor | None, ...]:
        if not ctx.needs_input_grad[0]:
            return None, None, None, None
        values, rows = ctx.weight
        return gradient @ expand(values, rows, gradient.dtype), None, None, None


def expand(values: Tensor, rows: Tensor, dtype: torch.dtype) -> Tensor:
    """The weight of int8 values and row maxima, shape (out_features, in_features)."""
    return values.to(dtype).mul_((rows / 127.0).to(dtype)[:, None])


def _is_fake(tensor: Tensor) -> bool:
    from torch._subclasses.fake_tensor import FakeTensor

    return isinstance(tensor, FakeTensor)


def _parameter(values: Tensor, rows: Tensor) -> nn.Parameter:
    if not _is_fake(values):
        # Its __new__ takes more than nn.Parameter's, which is what pyright looks at.
        return bnb.nn.Int8Params(
            values, requires_grad=False, has_fp16_weights=False, CB=values, SCB=rows  # pyright: ignore[reportCallIssue]
        )
    # The planner's tensors have no storage that the library's class could wrap.
    parameter = nn.Parameter(values, requires_grad=False)
    parameter.CB, parameter.SCB = values, rows  # pyright: ignore[reportAttributeAccessIssue]  # as bitsandbytes' has
    return parameter


def _empty(cls: type[Int8Linear], layer: nn.Linear) -> Int8Linear:
    made = cls.__new__(cls)
    nn.Module.__init__(made)
    made.in_features, made.out_features, made.index = layer.in_features, layer.out_features, None
    made.state = bnb.MatmulLtState()
    made.state.threshold, made.state.has_fp16_weights = 0.0, False
    return made
