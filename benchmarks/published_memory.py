"""The published memory of bert-large on a V100, predicted.

Source: Hugging Face, "Methods and tools for efficient training on a single GPU": bert-large-uncased, sequences of
512, the Trainer of early 2022, peaks read from the driver, CUDA context 1343 MiB as told there. What that
software did differently is known and stood in for: attention by separate products, gradients set to zero instead
of freed, optimizers that update one weight at a time, and a softmax that kept its input for the backward pass
(github.com/pytorch/pytorch/issues/64000, since changed). No number is fitted to the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from benchmarks.measured_step import Levers

if TYPE_CHECKING:
    import torch
    from torch import nn

CONTEXT_MIB = 1343
PLAIN: Levers = {"micro_batch_size": 4}
PASSES: Levers = {"micro_batch_size": 1, "gradient_accumulation_steps": 4}
ALL: Levers = {**PASSES, "gradient_checkpointing": True, "precision": "fp16"}
# name, MiB, settings, optimizer
ROWS: list[tuple[str, int, Levers, str]] = [
    ("batch 4, fp32 AdamW", 14949, PLAIN, "adamw"),
    ("batch 1 x 4 accumulation", 8681, PASSES, "adamw"),
    ("+ checkpointing", 6775, {**PASSES, "gradient_checkpointing": True}, "adamw"),
    ("batch 4 fp16", 13939, {**PLAIN, "precision": "fp16"}, "adamw"),
    ("all", 7275, ALL, "adamw"),
    ("batch 4, Adafactor", 12295, PLAIN, "adafactor"),
    ("all + Adafactor", 4847, ALL, "adafactor"),
    ("batch 4, Adam8bit", 13085, PLAIN, "adam8bit"),
    ("all + Adam8bit", 5363, ALL, "adam8bit"),
]


class Row(TypedDict):
    """MiB."""

    name: str
    predicted: float
    published: int


def predict_row(settings: Levers, optimizer: str) -> float:
    """MiB that the driver would show for one row."""
    from grokaem.memory.architectures import workload
    from grokaem.memory.cuda_account import account
    from grokaem.memory.cuda_kernels import CudaKernels
    from grokaem.memory.settings import MemorySettings

    costs = account(
        workload("bert-large-uncased", sequence_length=512),
        MemorySettings(**settings),
        context_mib=CONTEXT_MIB,
        attention="eager",
        make_optimizer=lambda model, _, lr: _optimizer(optimizer, model, lr),
        keep_gradients=True,
        kernels=lambda used: CudaKernels(used, softmax_keeps_input=True, cache_weights=True),
    )
    return costs.total / 2**20


def print_published() -> list[Row]:
    """Predicts all rows and prints them beside what was published."""
    rows: list[Row] = []
    print(f"bert-large-uncased, sequence 512, V100, context {CONTEXT_MIB} MiB\n")
    print(f"{'configuration':28}{'predicted':>10}{'published':>10}{'error':>8}")
    for name, published, settings, optimizer in ROWS:
        predicted = predict_row(settings, optimizer)
        rows.append({"name": name, "predicted": predicted, "published": published})
        print(
            f"{name:28}{predicted:10.0f}{published:10}{100 * (predicted / published - 1):+7.1f}%", flush=True
        )
    mean = sum(abs(row["predicted"] / row["published"] - 1) for row in rows) / len(rows)
    print(f"mean error {100 * mean:.2f} %")
    return rows


def _optimizer(name: str, model: nn.Module, lr: float) -> torch.optim.Optimizer:
    import torch

    from grokaem.memory.optimizers import parameter_groups

    groups = parameter_groups(model, 0.0)
    if name == "adamw":
        return torch.optim.AdamW(groups, lr=lr, foreach=False)
    if name == "adafactor":
        from transformers.optimization import Adafactor

        return Adafactor(groups, lr=lr, scale_parameter=False, relative_step=False)
    return _Adam8bitOf2022(groups, {})


def _Adam8bitOf2022(groups: list[dict], defaults: dict) -> torch.optim.Optimizer:
    """Bitsandbytes' 8-bit Adam as it was: two bytes a value and a scale for each block of 2048; no temporaries."""
    import torch

    class Adam8bit(torch.optim.Optimizer):
        @torch.no_grad()
        def step(self) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]  # takes no closure
            for weight in (p for group in self.param_groups for p in group["params"] if p.grad is not None):
                state = self.state[weight]
                if state:
                    continue
                for moment in ("first", "second"):
                    small = weight.numel() < 4096
                    state[moment] = torch.zeros_like(weight, dtype=torch.float32 if small else torch.uint8)
                    if not small:
                        state[moment + "_scales"] = torch.zeros(-(-weight.numel() // 2048))

    return Adam8bit(groups, defaults)
