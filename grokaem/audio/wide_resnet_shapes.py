"""What a wide residual network costs, computed from its shapes alone: nothing is built, torch is not loaded."""

from __future__ import annotations

from dataclasses import dataclass

BASE_WIDTH = 16
SHORT_SOUND = 1.5  # seconds: what clips are cut and padded to where a network is trained from scratch


@dataclass(frozen=True)
class Cost:
    """What a wide residual network costs.

    Attributes:
        parameters (int): trainable numbers.
        multiply_adds (int): of the convolutions and the classifier, for one example, forward.
        activation_bytes (int): tensors kept from forward to backward, for one example in float32.
    """

    parameters: int
    multiply_adds: int
    activation_bytes: int


@dataclass(frozen=True)
class Convolution:
    """One convolution of the network, without bias.

    Attributes:
        name (str): its name in ``WideResNet.named_modules()``.
        in_channels (int): feature maps in.
        out_channels (int): feature maps out.
        kernel (int): width and height, 3 or 1.
        stride (int): 1 or 2, both ways.
        in_size (tuple of int): height and width of the feature maps in.
        out_size (tuple of int): height and width of the feature maps out.
    """

    name: str
    in_channels: int
    out_channels: int
    kernel: int
    stride: int
    in_size: tuple[int, ...]
    out_size: tuple[int, ...]

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return self.kernel**2 * self.in_channels * self.out_channels

    @property
    def multiply_adds(self) -> int:
        """Products for one example, the zero padding included."""
        return self.parameters * self.out_size[0] * self.out_size[1]


def blocks_per_group(depth: int) -> int:
    """The ``n`` of depth = 6 n + 4: how many residual blocks each of the three groups has.

    Args:
        depth (int): number of convolutions in the longest path, the shortcuts' own counted once a group.

    Returns:
        int: ``n``, at least 1.

    Raises:
        ValueError: ``depth`` is not 6 n + 4.
    """
    if depth < 10 or (depth - 4) % 6:
        raise ValueError(
            f"A wide residual network of depth {depth} does not exist: the depth is 6 n + 4, "
            "so one of 10, 16, 22, 28, 34, 40, 46, ..."
        )
    return (depth - 4) // 6


def convolutions(
    depth: int, widen_factor: int, input_size: tuple[int, int], in_channels: int = 1
) -> list[Convolution]:
    """Lists every convolution with its shapes, in the order of ``WideResNet.named_modules()``.

    Args:
        depth (int): 6 n + 4.
        widen_factor (int): multiplies the feature maps: 16, 16 k, 32 k, 64 k.
        input_size (tuple of int): height and width: feature bins and frames.
        in_channels (int, optional): feature maps of the input. (Default: ``1``)

    Returns:
        list of Convolution: the stem, then of each block the two 3x3 and, where the shape changes, the 1x1.

    Raises:
        ValueError: the depth, the factor or the input size is not possible.
    """
    n = blocks_per_group(depth)
    if widen_factor < 1:
        raise ValueError(f"A widening factor of {widen_factor} is not possible; give 1 or more.")
    if min(input_size) < 1 or in_channels < 1:
        raise ValueError(f"An input of {in_channels} x {input_size} is not possible; give positive sizes.")
    size = tuple(input_size)
    layers = [Convolution("stem", in_channels, BASE_WIDTH, 3, 1, size, size)]
    width = BASE_WIDTH
    for group in range(3):
        out = BASE_WIDTH * widen_factor * 2**group
        for block in range(n):
            stride = 2 if group > 0 and block == 0 else 1
            smaller = tuple(-(-side // stride) for side in size)
            name = f"groups.{group}.{block}"
            layers.append(Convolution(f"{name}.conv1", width, out, 3, stride, size, smaller))
            layers.append(Convolution(f"{name}.conv2", out, out, 3, 1, smaller, smaller))
            if width != out or stride != 1:
                layers.append(Convolution(f"{name}.shortcut", width, out, 1, stride, size, smaller))
            width, size = out, smaller
    return layers


def cost(
    depth: int,
    widen_factor: int,
    input_size: tuple[int, int],
    n_classes: int = 10,
    in_channels: int = 1,
    dropout: float = 0.0,
) -> Cost:
    """Parameters, multiply-adds and activation memory of a wide residual network before it is built.

    Parameters grow linearly with the depth and quadratically with the widening factor.

    Args:
        depth (int): 6 n + 4.
        widen_factor (int): multiplies the feature maps.
        input_size (tuple of int): height and width: feature bins and frames.
        n_classes (int, optional): classes. (Default: ``10``)
        in_channels (int, optional): feature maps of the input. (Default: ``1``)
        dropout (float, optional): probability of dropout between a block's convolutions. (Default: ``0.0``)

    Returns:
        Cost: exact parameters and multiply-adds; the bytes that autograd keeps for one example in float32.

    Raises:
        ValueError: the depth, the factor or the input size is not possible.
    """
    layers = convolutions(depth, widen_factor, input_size, in_channels)
    features = 4 * BASE_WIDTH * widen_factor
    parameters = sum(layer.parameters for layer in layers) + features * n_classes + n_classes
    multiply_adds = sum(layer.multiply_adds for layer in layers) + features * n_classes
    # The stem keeps its input; a block keeps what enters each batch norm and what enters each convolution
    # (the rectified value, which the shortcut's convolution shares); the head the same once more.
    numbers = in_channels * layers[0].in_size[0] * layers[0].in_size[1]
    for layer in layers[1:]:
        if layer.kernel == 1:
            continue
        parameters += 2 * layer.in_channels
        entering = layer.in_channels * layer.in_size[0] * layer.in_size[1]
        numbers += 2 * entering
        if dropout > 0 and layer.name.endswith("conv2"):
            numbers += 2 * entering  # dropout's output and its mask, which a GPU keeps in one byte instead
    parameters += 2 * features
    last = features * layers[-1].out_size[0] * layers[-1].out_size[1]
    numbers += 2 * last + features
    return Cost(parameters, multiply_adds, 4 * numbers)
