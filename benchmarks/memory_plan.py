"""Predicted against measured memory of training steps, each measured in a process of its own.

    python -m benchmarks.memory_plan                    # CPU: tensors and the process, 28 configurations
    python -m benchmarks.memory_plan --device cuda      # the same on a GPU
    python -m benchmarks.memory_plan --published        # the nine published runs of bert-large on a V100
    python -m benchmarks.memory_plan --only minilm      # configurations whose name holds the word
    python -m benchmarks.memory_plan --json results.json

On a CPU tensors are measured by torch's profiler, which records every allocation and release of the allocator;
the process by the kernel's high-water mark, reset after the imports, in a second process without the profiler.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TypedDict

from benchmarks.measured_step import Levers, Shapes
from grokaem.command_line import run

MIB = 2**20
SMALL: Shapes = {"sequence_length": 128}
AUDIO: Shapes = {"depth": 16, "widen_factor": 4, "max_seconds": 2.0}
# name, model, shapes, settings
CONFIGURATIONS: list[tuple[str, str, Shapes, Levers]] = [
    ("minilm plain 32", "minilm-l6", SMALL, {}),
    ("minilm checkpointing", "minilm-l6", SMALL, {"gradient_checkpointing": True}),
    ("minilm accumulation 4x8", "minilm-l6", SMALL,
     {"micro_batch_size": 8, "gradient_accumulation_steps": 4}),
    ("minilm 8-bit Adam", "minilm-l6", SMALL, {"optimizer": "adamw8bit"}),
    ("minilm bf16", "minilm-l6", SMALL, {"precision": "bf16"}),
    ("minilm attention dropout off", "minilm-l6", SMALL, {"attention_dropout_off": True}),
    ("minilm bf16 + dropout off", "minilm-l6", SMALL, {"precision": "bf16", "attention_dropout_off": True}),
    ("minilm pure bf16", "minilm-l6", SMALL, {"micro_batch_size": 16, "precision": "bf16-pure"}),
    ("minilm LoRA", "minilm-l6", SMALL, {"micro_batch_size": 16, "lora_rank": 8}),
    ("minilm int8 + LoRA", "minilm-l6", SMALL, {"micro_batch_size": 16, "lora_rank": 8, "load_in_8bit": True}),
    ("minilm frozen embeddings", "minilm-l6", SMALL, {"micro_batch_size": 16, "freeze": "embeddings"}),
    ("minilm half frozen", "minilm-l6", SMALL, {"micro_batch_size": 16, "freeze": 3}),
    ("minilm Adafactor", "minilm-l6", SMALL, {"micro_batch_size": 8, "optimizer": "adafactor"}),
    ("minilm in backward + checkpointing", "minilm-l6", SMALL,
     {"micro_batch_size": 8, "optimizer_in_backward": True, "gradient_checkpointing": True}),
    ("minilm LoRA + checkpointing + 8x4", "minilm-l6", SMALL,
     {"micro_batch_size": 4, "gradient_accumulation_steps": 2, "lora_rank": 8, "gradient_checkpointing": True}),
    ("minilm the tenth", "minilm-l6", SMALL,
     {"micro_batch_size": 2, "gradient_accumulation_steps": 16, "precision": "bf16-pure",
      "optimizer": "adamw8bit", "embeddings_by_row": True, "attention_dropout_off": True}),
    ("bert plain 8", "bert-base-uncased", SMALL, {"micro_batch_size": 8}),
    ("bert checkpointing 8", "bert-base-uncased", SMALL,
     {"micro_batch_size": 8, "gradient_checkpointing": True}),
    ("bert accumulation 2x4", "bert-base-uncased", SMALL,
     {"micro_batch_size": 4, "gradient_accumulation_steps": 2}),
    ("bert bf16 + dropout off 8", "bert-base-uncased", SMALL,
     {"micro_batch_size": 8, "precision": "bf16", "attention_dropout_off": True}),
    ("bert every weight in 1.25 GiB", "bert-base-uncased", SMALL,
     {"micro_batch_size": 4, "gradient_accumulation_steps": 8, "precision": "bf16", "optimizer": "adamw8bit",
      "embeddings_32bit": False, "gradient_checkpointing": True, "attention_dropout_off": True}),
    ("bert LoRA in 400 MiB", "bert-base-uncased", SMALL,
     {"micro_batch_size": 4, "gradient_accumulation_steps": 8, "precision": "bf16-pure", "lora_rank": 8,
      "gradient_checkpointing": True, "attention_dropout_off": True}),
    ("distilhubert plain 4", "distilhubert", {"max_seconds": 2.0}, {"micro_batch_size": 4}),
    ("distilhubert frozen + checkpointing", "distilhubert", {"max_seconds": 2.0},
     {"micro_batch_size": 4, "freeze": "embeddings", "gradient_checkpointing": True}),
    ("wide resnet plain 16", "wide_resnet", AUDIO, {"micro_batch_size": 16}),
    ("wide resnet checkpointing", "wide_resnet", AUDIO,
     {"micro_batch_size": 16, "gradient_checkpointing": True}),
    ("wide resnet accumulation 2x4", "wide_resnet", AUDIO,
     {"micro_batch_size": 4, "gradient_accumulation_steps": 2}),
    ("wide resnet 8-bit + checkpointing", "wide_resnet", AUDIO,
     {"micro_batch_size": 8, "optimizer": "adamw8bit", "gradient_checkpointing": True}),
]  # fmt: skip


class Row(TypedDict):
    """Seconds of the prediction; MiB predicted and measured."""

    name: str
    seconds: float
    tensors: list[float]
    process: list[float]


def main(argv: list[str]) -> int:
    """Runs the benchmark; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory_plan", description=str(__doc__).splitlines()[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--published", action="store_true", help="predict the published table of bert-large")
    parser.add_argument("--only", default="", metavar="WORD", help="configurations whose name holds the word")
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    parser.add_argument("--measure", nargs=2, metavar=("WHAT", "NAME"), help=argparse.SUPPRESS)
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    arguments = parser.parse_args(argv)
    if arguments.measure:
        what, name = arguments.measure
        print(json.dumps(measure_here(what, name, arguments.device)))
        return 0
    if arguments.published:
        from benchmarks.published_memory import print_published

        rows = print_published()
    else:
        rows = compare(arguments.device, arguments.only)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1))
    return 0


def compare(device: str, only: str) -> list[Row]:
    """Predicts and measures every configuration and prints the table."""
    from grokaem.memory.architectures import workload
    from grokaem.memory.predict import predict
    from grokaem.memory.settings import MemorySettings

    print(hardware(device))
    rows: list[Row] = []
    predict(workload(CONFIGURATIONS[0][1]), MemorySettings(1), device)  # the imports are not the prediction's time
    print(f"{'configuration':36}  {'tensors MiB':>22}  {'process MiB':>22}  predicted in")
    for name, model, shapes, levers in CONFIGURATIONS:
        if only not in name:
            continue
        start = time.perf_counter()
        predicted = predict(workload(model, **shapes), MemorySettings(**levers), device, context_mib=0)
        row: Row = {
            "name": name,
            "seconds": time.perf_counter() - start,
            "tensors": [predicted.tensor_peak_mib, measure_in_own_process("tensors", name, device)],
            "process": [predicted.peak_mib, measure_in_own_process("process", name, device)],
        }
        rows.append(row)
        cells = [f"{p:8.1f} {m:8.1f} {100 * (p / m - 1):+5.1f}%" for p, m in (row["tensors"], row["process"])]
        print(f"{name:36}  {cells[0]:>22}  {cells[1]:>22}  {row['seconds']:.1f} s", flush=True)
    for what in ("tensors", "process"):
        errors = [100 * (p / m - 1) for p, m in (row[what] for row in rows)]
        mean = sum(map(abs, errors)) / max(1, len(errors))
        print(f"{what}: mean error {mean:.2f} %, from {min(errors):+.1f} % to {max(errors):+.1f} %")
    return rows


def hardware(device: str) -> str:
    """The device measured on and torch's version, in a line.

    Raises:
        ValueError: there is no GPU.
    """
    import torch

    if device == "cuda":
        if not torch.cuda.is_available():
            raise ValueError("--device cuda: torch sees no GPU here; leave it out to measure on the CPU.")
        return f"{torch.cuda.get_device_name()}, torch {torch.__version__}"
    return f"{torch.get_num_threads()} threads, torch {torch.__version__}"


def measure_in_own_process(what: str, name: str, device: str) -> float:
    """MiB of one configuration, measured by this file in a new process."""
    command = [sys.executable, "-m", "benchmarks.memory_plan", "--device", device, "--measure", what, name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"measuring {name} failed: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.strip().splitlines()[-1])["mib"]


def measure_here(what: str, name: str, device: str) -> dict[str, float]:
    """Takes real steps of one configuration in this process and measures."""
    from grokaem.process_memory import return_freed_memory_at_once

    if device == "cpu" and what == "process":
        return_freed_memory_at_once()
    from benchmarks.measured_step import measure

    _, model, shapes, levers = next(item for item in CONFIGURATIONS if item[0] == name)
    return measure(what, model, shapes, levers, device)


if __name__ == "__main__":
    sys.exit(run(main))
