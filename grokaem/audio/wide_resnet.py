"""The wide residual network of Zagoruyko and Komodakis (2016), for images of any size, spectrograms first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from grokaem.audio.wide_resnet_shapes import BASE_WIDTH, Cost, blocks_per_group, cost

MOMENTUM = 0.1  # of the running statistics of batch norm

__all__ = ["Cost", "WideResNet", "WideResNetBlock", "cost"]


class WideResNetBlock(nn.Module):
    """B(3,3) with pre-activation: batch norm, ReLU, 3x3, batch norm, ReLU, dropout, 3x3, plus the shortcut.

    Args:
        in_channels (int): feature maps in.
        out_channels (int): feature maps out.
        stride (int): of the first convolution, 1 or 2.
        dropout (float): probability of dropout between the two convolutions.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int, dropout: float) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(out_channels)
        self.dropout = nn.Dropout(dropout)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.shortcut = None
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)

    def forward(self, x: Tensor, mask_in: Tensor | None = None, mask_out: Tensor | None = None) -> Tensor:
        """Adds the residual to the shortcut.

        Args:
            x (Tensor): shape (batch, in_channels, height, width).
            mask_in (Tensor, optional): 1 where a column of ``x`` is real and 0 where it is padding, shape
                (batch, 1, 1, width). (Default: everything is real)
            mask_out (Tensor, optional): the same for the columns that come out.

        Returns:
            Tensor: shape (batch, out_channels, height / stride, width / stride).
        """
        activated = _masked(relu(self.norm1(x)), mask_in)
        # Where the shape changes, the shortcut's 1x1 convolution sees the activated input, as published.
        shortcut = x if self.shortcut is None else self.shortcut(activated)
        inner = _masked(relu(self.norm2(self.conv1(activated))), mask_out)
        return shortcut + self.conv2(self.dropout(inner))


class WideResNet(nn.Module):
    """WRN-``depth``-``widen_factor``, ending in global average pooling, so that any input size is fine.

    The parameter counts are the published ones: WRN-40-1 with 3 input channels and 10 classes has 563,930,
    WRN-28-10 has 36,479,194; each input channel fewer is 144 fewer. Source: "Wide Residual Networks",
    Zagoruyko and Komodakis, 2016, https://arxiv.org/abs/1605.07146.

    Args:
        depth (int): 6 n + 4, with n residual blocks in each of the three groups.
        widen_factor (int): multiplies the feature maps: 16, 16 k, 32 k, 64 k.
        n_classes (int): classes.
        in_channels (int, optional): feature maps of the input. (Default: ``1``)
        dropout (float, optional): probability of dropout between a block's convolutions. (Default: ``0.0``)

    Raises:
        ValueError: the depth is not 6 n + 4 (the message names the valid ones), or another number is not
            possible.

    Example:
        >>> network = WideResNet(depth=16, widen_factor=2, n_classes=7)
        >>> network(torch.randn(4, 1, 64, 200)).shape
        torch.Size([4, 7])
    """

    if TYPE_CHECKING:  # not for torch.jit, which would read a class's annotations as its own
        _gradient_checkpointing_func: Callable[..., Tensor]  # transformers sets it

    def __init__(
        self, depth: int, widen_factor: int, n_classes: int, in_channels: int = 1, dropout: float = 0.0
    ) -> None:
        super().__init__()
        n = blocks_per_group(depth)
        if widen_factor < 1 or n_classes < 1 or in_channels < 1 or not 0 <= dropout < 1:
            raise ValueError(
                f"A wide residual network needs a widening factor, classes and channels of 1 or more and a "
                f"dropout in [0, 1); got {widen_factor}, {n_classes}, {in_channels} and {dropout}."
            )
        self.gradient_checkpointing = False
        self.stem = nn.Conv2d(in_channels, BASE_WIDTH, 3, padding=1, bias=False)
        self.groups = nn.ModuleList()
        width = BASE_WIDTH
        for group in range(3):
            out = BASE_WIDTH * widen_factor * 2**group
            strides = [1 if group == 0 else 2] + [1] * (n - 1)
            widths = [width] + [out] * (n - 1)
            self.groups.append(
                nn.ModuleList(
                    WideResNetBlock(w, out, s, dropout) for w, s in zip(widths, strides, strict=True)
                )
            )
            width = out
        self.norm = nn.BatchNorm2d(width)
        self.classifier = nn.Linear(width, n_classes)
        self.apply(initialize)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Scores the classes.

        Args:
            x (Tensor): shape (batch, in_channels, height, width): features by frames.
            mask (Tensor, optional): 1 where a column is real and 0 where it is padding, shape
                (batch, width); padding then changes nothing. (Default: everything is real)

        Returns:
            Tensor: logits, shape (batch, n_classes).
        """
        if mask is not None:
            mask = mask[:, None, None, :].to(x.dtype)
        x = self.stem(_masked(x, mask))
        for index, group in enumerate(self.groups):
            for number, block in enumerate(group):  # pyright: ignore[reportArgumentType]  # a ModuleList
                # A stride of 2 keeps the columns 0, 2, 4, ...
                halved = mask if mask is None or index == 0 or number > 0 else mask[..., ::2]
                x = self._run(block, x, mask, halved)
                mask = halved
        x = _masked(relu(self.norm(x)), mask)
        # (batch, width, height, width) -> (batch, width): the mean over the real columns
        if mask is None:
            pooled = x.mean(dim=(2, 3))
        else:
            pooled = x.mean(dim=2).sum(dim=2) / mask.sum(dim=3)[:, :, 0].clamp(min=1.0)
        return self.classifier(pooled)

    def _run(self, block: WideResNetBlock, x: Tensor, mask: Tensor | None, halved: Tensor | None) -> Tensor:
        checkpointed = self.gradient_checkpointing and self.training and torch.is_grad_enabled()
        # A checkpointed block runs twice, so its running statistics are updated twice with the same batch:
        # with this momentum the two updates make exactly one of the usual 0.1.
        for norm in (block.norm1, block.norm2):
            norm.momentum = 1.0 - (1.0 - MOMENTUM) ** 0.5 if checkpointed else MOMENTUM
        if checkpointed:
            return self._gradient_checkpointing_func(block.__call__, x, mask, halved)
        return block(x, mask, halved)


def initialize(module: nn.Module) -> None:
    """Initial weights as published: He's normal for convolutions (fan out), ones and zeros for norms."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    elif isinstance(module, nn.modules.batchnorm._BatchNorm):
        nn.init.ones_(module.weight)
        nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=0.01)
        nn.init.zeros_(module.bias)


def _masked(x: Tensor, mask: Tensor | None) -> Tensor:
    return x if mask is None else x * mask
