"""AdamW with 8-bit state whose CPU step works in slices, so that its temporary tensors stay small."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from bitsandbytes import functional
from bitsandbytes.optim import AdamW8bit

BLOCK = 256  # values that share one scale in bitsandbytes
MOMENTS = (("state1", "exp_avg"), ("state2", "exp_avg_sq"))  # bitsandbytes' names and torch's
SLICE = 2**18  # values updated at a time: a multiple of the block, about 1 MiB of fp32


class SlicedAdamW8bit(AdamW8bit):
    """bitsandbytes' ``AdamW8bit`` with four changes.

    On a CPU its step expands state, gradient and weight to fp32 for a whole tensor at a time: seven times
    the largest embedding table. The update is elementwise and its scales belong to blocks of 256 values, so
    running it slice by slice gives the same values bit for bit. And tables in ``exact`` keep 32-bit state,
    without the process-wide registry. And weights stored in bf16 are rounded at random, so that updates too
    small for bf16 still count on average. And tables in ``by_row`` keep one number for each row: the mean square
    of its gradients, as the row-wise Adagrad of PyTorch-BigGraph and FBGEMM does, but decaying like Adam's second
    moment. A row is met in few batches, so a first moment would only spread its step over the next ones.

    Args:
        params (list): weights or groups.
        exact (iterable of nn.Parameter, optional): weights whose state stays in 32 bits. (Default: none)
        by_row (iterable of nn.Parameter, optional): matrices with one moment a row. (Default: none)
        slice_size (int, optional): values updated at a time. (Default: 262,144)
        **settings: of ``AdamW8bit``.
    """

    def __init__(
        self,
        params,
        exact: Iterable[torch.nn.Parameter] = (),
        by_row: Iterable[torch.nn.Parameter] = (),
        slice_size: int = SLICE,
        **settings,
    ):
        super().__init__(params, **settings)
        if slice_size % BLOCK:
            raise ValueError(f"slice_size must be a multiple of {BLOCK}, got {slice_size}.")
        self.exact = {id(weight) for weight in exact}
        self.by_row = {id(weight) for weight in by_row}
        self.non_castable_tensor_keys = self.non_castable_tensor_keys | {"row_square"}
        self.slice_size = slice_size

    def get_config(self, gindex: int, pindex: int, group: dict) -> dict:
        """The settings of one weight."""
        config = super().get_config(gindex, pindex, group)
        if id(group["params"][pindex]) in self.exact:
            config["optim_bits"] = 32
        return config

    @torch.no_grad()
    def init_state(self, group: dict, p: torch.nn.Parameter, gindex: int, pindex: int) -> None:
        """Makes the state of one weight."""
        if id(p) in self.by_row:
            self.state[p] = {"step": 0, "row_square": torch.zeros(len(p), device=p.device)}
        else:
            super().init_state(group, p, gindex, pindex)

    def load_state_dict(self, state_dict: dict, move_to_device: bool = True) -> None:
        """Restores a state; the 32-bit moments of ``torch.optim.AdamW``, or of this optimizer, become 8-bit here.

        Args:
            state_dict (dict): of this optimizer or of ``AdamW`` over the same weights in the same groups.
            move_to_device (bool, optional): to the weights' device. (Default: True)
        """
        super().load_state_dict(state_dict, move_to_device)
        for group_index, group in enumerate(self.param_groups):
            for index, weight in enumerate(group["params"]):
                saved = self.state.get(weight)
                if saved:
                    self._fit_state(group, weight, group_index, index, saved)

    def _fit_state(
        self, group: dict, weight: torch.nn.Parameter, group_index: int, index: int, saved: dict
    ) -> None:
        """Stores a weight's moments in the bits that this optimizer gives them."""
        # None where the state is one number a row.
        moments: list[torch.Tensor] = [saved.get(name, saved.get(old)) for name, old in MOMENTS]  # pyright: ignore[reportAssignmentType]
        first, second = moments
        self.state[weight] = {}
        self.init_state(group, weight, group_index, index)
        made = self.state[weight]
        if id(weight) in self.by_row:
            rows = saved["row_square"] if "row_square" in saved else second.float().mean(dim=1)
            made["row_square"].copy_(rows)
        elif first.dtype == made["state1"].dtype:
            kept = {name: value for name, value in saved.items() if name in made}
            made.update(kept, state1=first, state2=second)
        else:
            for name, moment in (("1", first), ("2", second)):
                functional.quantize_blockwise(
                    flatten_in_memory_order(moment.float(), weight),
                    code=made[f"qmap{name}"],
                    absmax=made[f"absmax{name}"],
                    out=flatten_in_memory_order(made[f"state{name}"], weight),
                    blocksize=BLOCK,
                )
        made["step"] = int(saved["step"])

    @torch.no_grad()
    def update_step(self, group: dict, p: torch.nn.Parameter, gindex: int, pindex: int) -> None:
        """Updates one weight from its gradient."""
        if id(p) in self.by_row:
            self._update_rows(group, p, gindex, pindex)
            return
        if p.device.type != "cpu":
            super().update_step(group, p, gindex, pindex)
            return
        state = self.state[p]
        config = self.get_config(gindex, pindex, group)
        state["step"] += 1
        assert p.grad is not None  # it is called for weights that have one
        weight, gradient = flatten_in_memory_order(p.data, p), flatten_in_memory_order(p.grad, p)
        first, second = flatten_in_memory_order(state["state1"], p), flatten_in_memory_order(state["state2"], p)
        for part in slices(weight.numel(), self.slice_size):
            values = weight[part]
            if weight.dtype == torch.bfloat16:
                values = values.float()
            if first.dtype == torch.float32:
                functional.optimizer_update_32bit(
                    "adam",
                    gradient[part],
                    values,
                    first[part],
                    config["betas"][0],
                    config["eps"],
                    state["step"],
                    config["lr"],
                    second[part],
                    config["betas"][1],
                    0.0,
                    0.0,
                    config["weight_decay"],
                )
            else:
                blocks = slice(part.start // BLOCK, -(-part.stop // BLOCK))
                functional.optimizer_update_8bit_blockwise(
                    "adam",
                    gradient[part],
                    values,
                    first[part],
                    second[part],
                    config["betas"][0],
                    config["betas"][1],
                    0.0,
                    0.0,
                    config["eps"],
                    state["step"],
                    config["lr"],
                    state["qmap1"],
                    state["qmap2"],
                    state["absmax1"][blocks],
                    state["absmax2"][blocks],
                    config["weight_decay"],
                )
            if weight.dtype == torch.bfloat16:
                weight[part] = round_at_random(values)

    def _update_rows(self, group: dict, p: torch.nn.Parameter, gindex: int, pindex: int) -> None:
        config, state = self.get_config(gindex, pindex, group), self.state[p]
        state["step"] += 1
        assert p.grad is not None  # it is called for weights that have one
        lr, beta = config["lr"], config["betas"][1]
        for rows in slices(len(p), max(1, self.slice_size // p.shape[1])):
            gradient, square = p.grad[rows].float(), state["row_square"][rows]
            square.mul_(beta).add_(gradient.square().mean(dim=1), alpha=1 - beta)
            size = (square / (1 - beta ** state["step"])).sqrt_().add_(config["eps"])
            values = p[rows].float()
            values.mul_(1 - lr * config["weight_decay"]).addcdiv_(gradient, size[:, None], value=-lr)
            p[rows] = round_at_random(values) if p.dtype == torch.bfloat16 else values


def slices(count: int, size: int) -> Iterator[slice]:
    """The parts of ``count`` values that are updated one after another; the planner runs only the first."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def flatten_in_memory_order(tensor: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """The values in the order in which ``like`` holds them in memory, which need not be row by row.

    Convolutions may be stored channels last; weight, gradient and moments are then updated in that order.

    Args:
        tensor (Tensor): of the shape of ``like``.
        like (Tensor): dense.

    Returns:
        Tensor: of one dimension; a view where both are laid out alike.
    """
    order = sorted(range(like.ndim), key=like.stride, reverse=True)
    return tensor.permute(order).contiguous().view(-1)


def round_at_random(values: torch.Tensor) -> torch.Tensor:
    """Rounds fp32 to one of the two neighbouring bf16 values, the nearer the likelier.

    Rounding to the nearest would lose every update below 1/256 of a weight; this keeps it on average.

    Args:
        values (Tensor): fp32; used up.

    Returns:
        Tensor: bf16 of the same shape.
    """
    # bf16 is the upper half of fp32: a random lower half carries over with the probability of the remainder.
    bits = values.view(torch.int32)
    bits.add_(torch.randint_like(bits, 0, 1 << 16)).bitwise_and_(-(1 << 16))
    return values.to(torch.bfloat16)
