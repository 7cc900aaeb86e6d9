"""MiniLM at 32 x 128 tokens a step, lever by lever: measured tensors, measured time, and the accuracy it costs.

    python -m benchmarks.memory_levers                 # the table, minutes
    python -m benchmarks.memory_levers --accuracy      # plain and a tenth of its memory on Rotten Tomatoes
    python -m benchmarks.memory_levers --bert          # BERT-base: every weight in 1.25 GiB, LoRA in 400 MiB
    python -m benchmarks.memory_levers --json levers.json

Tensors are the allocator's peak (torch's profiler); the process its high-water mark above the imports, and time that
of a step after the first, in a second process. The accuracies are those of ``finetune.py`` with either's flags.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import TypedDict

from benchmarks.measured_step import Levers, Shapes
from grokaem.command_line import run

ROOT = Path(__file__).resolve().parents[1]
MODEL = "minilm-l6"
SHAPES: Shapes = {"sequence_length": 128}
FAST: Levers = {"precision": "bf16", "attention_dropout_off": True}
SMALL: Levers = {"micro_batch_size": 4, "gradient_accumulation_steps": 8}
TENTH: Levers = {"micro_batch_size": 2, "gradient_accumulation_steps": 16, "precision": "bf16-pure",
         "optimizer": "adamw8bit", "embeddings_by_row": True, "attention_dropout_off": True}  # fmt: skip
ROWS: list[tuple[str, Levers]] = [
    ("plain: AdamW, fp32", {}),
    ("gradient checkpointing", {"gradient_checkpointing": True}),
    ("accumulation 8 x 4", SMALL),
    ("8-bit Adam", {"optimizer": "adamw8bit"}),
    ("8-bit Adam, embeddings too", {"optimizer": "adamw8bit", "embeddings_32bit": False}),
    ("8-bit Adam, embeddings by row", {"optimizer": "adamw8bit", "embeddings_by_row": True}),
    ("attention dropout off", {"attention_dropout_off": True}),
    ("tf32 (on a CPU: products in bf16 or by oneDNN)", {"precision": "tf32"}),
    ("bf16 autocast", {"precision": "bf16"}),
    ("bf16 autocast + attention dropout off", FAST),
    ("pure bf16 + 8-bit Adam", {"precision": "bf16-pure", "optimizer": "adamw8bit"}),
    ("LoRA", {"lora_rank": 8}),
    ("int8 base + LoRA", {"lora_rank": 8, "load_in_8bit": True}),
    ("frozen embeddings", {"freeze": "embeddings"}),
    ("frozen embeddings and 3 layers", {"freeze": 3}),
    ("optimizer in backward", {"optimizer_in_backward": True}),
    ("LoRA, pure bf16, 8 x 4, dropout off",
     {**SMALL, "lora_rank": 8, "precision": "bf16-pure", "attention_dropout_off": True}),
    ("a tenth: 16 x 2, pure bf16, 8-bit, embeddings by row", TENTH),
]  # fmt: skip
# Ways of training whose accuracy is compared: settings, and further arguments of finetune.py. Weights in bf16 take
# larger steps: at 1e-4 the training loss of the same two epochs ends at 0.29 instead of 0.25.
WAYS: dict[str, tuple[Levers, list[str]]] = {
    "plain": ({"micro_batch_size": 32, "precision": "bf16"}, []),
    "a tenth": (TENTH, ["--learning-rate", "2e-4"]),
}
PLAIN = (ROWS[0][0], "bf16 autocast")  # training as one would start it; what the processor does fastest counts

# BERT-base at 32 x 128 tokens a step: name, MiB the process may need above its imports, settings
BERT = "bert-base-uncased"
LITTLE: Levers = {**SMALL, "gradient_checkpointing": True, "attention_dropout_off": True}
BERT_ROWS: list[tuple[str, int, Levers]] = [
    ("every weight: 8 x 4, checkpointing, bf16 autocast, 8-bit Adam, attention dropout off", 1280,
     {**LITTLE, "precision": "bf16", "optimizer": "adamw8bit", "embeddings_32bit": False}),
    ("LoRA r8: 8 x 4, checkpointing, pure bf16, attention dropout off", 400,
     {**LITTLE, "precision": "bf16-pure", "lora_rank": 8}),
]  # fmt: skip


class Row(TypedDict):
    """MiB of tensors and of the process; seconds of a step, and with an allocator that returns freed memory at once."""

    name: str
    tensors: float
    time: float
    process: float
    allocator_time: float


class Accuracy(TypedDict):
    """Of one seed and way."""

    name: str
    seed: int
    validation: float
    test: float
    seconds: float


def main(argv: list[str]) -> int:
    """Runs the benchmark; see the module's docstring."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.memory_levers", description=str(__doc__).splitlines()[0]
    )
    parser.add_argument("--accuracy", action="store_true", help="train plain and small on Rotten Tomatoes")
    parser.add_argument("--bert", action="store_true", help="steps of BERT-base in little memory")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", default="", metavar="WORD", help="rows whose name holds the word")
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    parser.add_argument("--measure", nargs=2, metavar=("WHAT", "NAME"), help=argparse.SUPPRESS)
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    arguments = parser.parse_args(argv)
    if arguments.measure:
        from benchmarks.measured_step import measure
        from grokaem.process_memory import return_freed_memory_at_once

        what, name = arguments.measure
        if what in ("process", "updates"):
            return_freed_memory_at_once()
        model = MODEL if name in dict(ROWS) else BERT
        levers = dict(ROWS) | {row: settings for row, _, settings in BERT_ROWS}
        steps = 3 if what == "process" else 2
        print(json.dumps(measure(what, model, SHAPES, levers[name], steps=steps)))
        return 0
    if arguments.accuracy:
        rows = accuracies(arguments.seeds, arguments.only)
    else:
        rows = bert() if arguments.bert else table(arguments.only)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1))
    return 0


def table(only: str) -> list[Row]:
    """Measures every row and prints it beside the plain one."""
    rows: list[Row] = []
    print(
        f"{'MiniLM, 32 x 128 tokens a step':52}{'tensors':>9}{'of plain':>9}{'s/step':>8}{'process':>9}{'s/step':>8}"
    )
    for name, _ in ROWS:
        if only not in name and rows:
            continue
        returning = _measure("process", name)
        row: Row = {"name": name, "tensors": _measure("tensors", name)["mib"],
               "time": _measure("time", name)["seconds"],
               "process": returning["mib"], "allocator_time": returning["seconds"]}  # fmt: skip
        rows.append(row)
        share = row["tensors"] / rows[0]["tensors"]
        print(f"{name:52}{row['tensors']:9.0f}{share:9.2f}{row['time']:8.2f}{row['process']:9.0f}"
              f"{row['allocator_time']:8.2f}", flush=True)  # fmt: skip
    last, fastest = rows[-1], min(row["time"] for row in rows if row["name"] in PLAIN)
    print(f"\n{last['name']}: {last['tensors'] / rows[0]['tensors']:.3f} of the plain tensors at "
          f"{last['time'] / fastest:.2f} x the step time of the fastest plain training, {fastest:.2f} s")  # fmt: skip
    return rows


def bert() -> list[dict[str, str | float]]:
    """Takes two steps of BERT-base with random weights and prints what they needed and changed."""
    rows: list[dict[str, str | float]] = []
    for name, limit, _ in BERT_ROWS:
        row = _measure("updates", name)
        row["tensors_mib"] = _measure("tensors", name)["mib"]
        rows.append({"name": name, "limit": limit, **row})
        moved = row["tensors"] - row["untouched"]
        print(f"BERT-base, {name}")
        print(f"  process {row['mib']:.0f} MiB over the imports (at most {limit}), "
              f"tensors {row['tensors_mib']:.0f} MiB, {row['seconds']:.1f} s a step")  # fmt: skip
        print(f"  {moved} of {row['tensors']} trainable tensors changed, {row['changed']:,} of their "
              f"{row['trainable']:,} values; {row['frozen_changed']:,} of {row['frozen']:,} frozen ones")  # fmt: skip
    return rows


def accuracies(seeds: list[int], only: str) -> list[Accuracy]:
    """Fine-tunes both ways on Rotten Tomatoes and prints test accuracies; finished runs are read, not repeated."""
    from benchmarks.accuracy import train
    from grokaem.memory.settings import MemorySettings

    rows: list[Accuracy] = []
    for seed in seeds:
        for name, (settings, options) in WAYS.items():
            if only not in name:
                continue
            flags = [*MemorySettings(**settings).flags(), *options]
            report = train(name.replace(" ", "-"), flags, seed, None, ROOT / "runs/levers")
            row: Accuracy = {"name": name, "seed": seed, "validation": report["validation"]["accuracy"],
                   "test": report["metrics"]["accuracy"], "seconds": report["seconds"]}  # fmt: skip
            rows.append(row)
            print(f"seed {seed}  {name:24} validation {row['validation']:.4f}  test {row['test']:.4f}  "
                  f"{row['seconds']:.0f} s", flush=True)  # fmt: skip
    if all(any(row["name"] == name for row in rows) for name in WAYS):
        plain, small = (statistics.mean(r["test"] for r in rows if r["name"] == name) for name in WAYS)
        print(f"mean test accuracy: plain {plain:.4f}, a tenth {small:.4f}, {100 * (small - plain):+.2f} points")
    return rows


def _measure(what: str, name: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.memory_levers", "--measure", what, name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"measuring {name} failed: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


if __name__ == "__main__":
    sys.exit(run(main))
