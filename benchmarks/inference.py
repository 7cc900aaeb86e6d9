"""Our export beside other ways to classify texts on a CPU: real texts, tokenization included.

    python -m benchmarks.inference runs/all-MiniLM-L6-v2-rotten_tomatoes-seed0
    python -m benchmarks.inference RUN_FOLDER --texts 300 --single 20 --rounds 1       # does it work? a minute
    python -m benchmarks.inference RUN_FOLDER --only ours pipeline_fp32

Each backend runs in a process of its own; a round runs every one of them once, in an order that changes; the
figures are medians over the rounds. Ours classifies all texts, the others (some of them take minutes for them)
a sample of the test part, --peer-texts: their rate is that of the sample. Agreement is with the original in
fp32, on the texts of the test part that a backend classified. The share of the arithmetic limit is the work of
the model's matrix products on the real tokens, by the time taken, by what one large product of the same
precision reaches on this machine in the same round. --json FILE keeps every measurement and adds to those of
earlier calls, so that rounds can be spread over time; --work-dir FOLDER keeps the converted models between them.
ONNX Runtime needs: pip install onnx onnxruntime
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any, TypedDict

import numpy as np

from benchmarks.inference_backends import BACKENDS, BATCH, Plan, prepare
from grokaem.command_line import quiet_libraries, run
from grokaem.process_memory import MIB, high_water_bytes, resident_bytes

LIMITS = ("int8", "fp32", "openvino")  # what the arithmetic limit is measured in
LIMIT_SIZE = 2048  # rows and columns of the product that measures the arithmetic limit
Runs = dict[str, list[dict[str, Any]]]  # backend or limit -> what its processes printed, see Taken


class Taken(TypedDict):
    """What one process measured of a backend: seconds, milliseconds, MiB, texts a second, each text's label."""

    first_prediction_s: float
    first_prediction_mib: float
    latency_ms: float
    texts_per_second: float
    peak_mib: float
    weights_mb: float
    labels: list[int]


def measure(name: str, run_folder: Path, work: Path, started: float) -> Taken:
    """One backend, in this process: loading, texts alone, all texts.

    Returns:
        dict: seconds, milliseconds, MiB, texts a second, and the number of each text's label.
    """
    before = time.time()
    plan: Plan = json.loads((work / "plan.json").read_text())
    started += time.time() - before  # reading the benchmark's own texts is no part of a cold start
    build, _ = BACKENDS[name]
    predict, weights = build(run_folder, work)
    predict(plan["single"][:1])
    first_seconds, first_mib = time.time() - started, resident_bytes() / MIB
    times = []
    predict(plan["single"][:3])
    for text in plan["single"]:
        begin = time.perf_counter()
        predict([text])
        times.append(time.perf_counter() - begin)
    texts = plan["texts"][: plan["counts"][name]]
    predict(texts[:BATCH])
    begin = time.perf_counter()
    labels = predict(texts)
    seconds = time.perf_counter() - begin
    return {
        "first_prediction_s": first_seconds,
        "first_prediction_mib": first_mib,
        "latency_ms": median(times) * 1000,
        "texts_per_second": len(labels) / seconds,
        "peak_mib": high_water_bytes() / MIB,
        "weights_mb": weights.stat().st_size / 1e6,
        "labels": labels,
    }


def measure_limit(precision: str) -> dict[str, float]:
    """What a chain of large matrix products reaches on this machine, in operations a second.

    Args:
        precision (str): ``int8``, ``fp32``, or ``openvino`` for the floating point that OpenVINO chooses by
            itself (bf16 where the processor has it); all through OpenVINO, whose products are the fastest here.
    """
    import openvino
    from openvino import opset13 as ops

    size, depth = LIMIT_SIZE, 4
    given = ops.parameter([size, size], np.float32)
    chance = np.random.default_rng(0)
    value = given
    for _ in range(depth):
        if precision == "int8":
            edge = np.float32(4.0)
            value = ops.fake_quantize(value, -edge, edge, -edge, edge, 256)
            whole = ops.constant(chance.integers(-127, 128, (size, size)).astype(np.int8))
            weight = ops.multiply(ops.convert(whole, "f32"), ops.constant(np.float32(1e-3)))
        else:
            weight = ops.constant(chance.standard_normal((size, size)).astype(np.float32))
        value = ops.matmul(value, weight, False, True)
    model = openvino.Model([ops.result(value)], [given], "limit")  # pyright: ignore[reportGeneralTypeIssues]  # two classes of its stubs
    settings = {} if precision == "openvino" else {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(model, "CPU", settings)
    matrix = chance.standard_normal((size, size)).astype(np.float32)
    compiled(matrix)
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        compiled(matrix)
        times.append(time.perf_counter() - begin)
    return {"operations_per_second": depth * 2 * size**3 / min(times)}


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("run_folder", type=Path, help="a run on text with its export")
    made.add_argument("--texts", type=int, default=10_000, help="texts of our bulk work (default: 10,000)")
    made.add_argument("--peer-texts", type=int, default=1000, help="texts of the others' (default: 1,000)")
    made.add_argument("--single", type=int, default=200, help="texts timed one by one (default: 200)")
    made.add_argument("--rounds", type=int, default=5, help="processes of each backend, 0 to prepare (default: 5)")
    made.add_argument("--only", nargs="+", choices=tuple(BACKENDS), help="these backends (default: all)")
    made.add_argument("--json", type=Path, help="keep every measurement here; earlier ones there count too")
    made.add_argument("--work-dir", type=Path, help="keep the converted models here; made ones are taken as they are")
    made.add_argument("--debug", action="store_true", help="show the traceback of an error")
    for hidden in ("--child", "--work"):  # the child's: measure one thing and print it
        made.add_argument(hidden, help=argparse.SUPPRESS)
    made.add_argument("--started", type=float, help=argparse.SUPPRESS)
    return made


def main(argv: list[str]) -> int:
    """Runs every backend in processes of their own and prints the medians."""
    options = parser().parse_args(argv)
    if options.child:
        if options.child in LIMITS:
            result = measure_limit(options.child)
        else:
            result = measure(options.child, options.run_folder, Path(options.work), options.started)
        print("RESULT " + json.dumps(result))
        return 0
    if min(options.texts, options.peer_texts, options.single) < 1 or options.rounds < 0:
        raise ValueError("--texts, --peer-texts and --single must be at least 1")
    quiet_libraries()
    names = options.only or _installed(list(BACKENDS))
    with tempfile.TemporaryDirectory() as temporary:
        work = options.work_dir or Path(temporary)
        if (work / "plan.json").is_file():
            plan: Plan = json.loads((work / "plan.json").read_text())
        else:
            work.mkdir(exist_ok=True)
            plan = prepare(options.run_folder.resolve(), work, names, options)
        runs = _earlier(options, plan)
        for _ in range(options.rounds):
            _round([name for name in names if name in plan["counts"]], options, work, runs)
            if options.json:
                options.json.write_text(json.dumps({"counts": plan["counts"], "runs": runs}, indent=1))
    if runs:
        report(runs, plan)
    return 0


def _installed(names: list[str]) -> list[str]:
    from importlib.util import find_spec

    if find_spec("onnxruntime") is None or find_spec("onnx") is None:
        print("onnxruntime_dynamic_int8 is left out: pip install onnx onnxruntime", file=sys.stderr)
        names.remove("onnxruntime_dynamic_int8")
    return names


def _earlier(options: argparse.Namespace, plan: Plan) -> Runs:
    if not (options.json and options.json.exists()):
        return {}
    kept = json.loads(options.json.read_text())
    if kept["counts"] != plan["counts"]:
        raise ValueError(f"{options.json} holds measurements of other texts or backends: name another file")
    return kept["runs"]


def _round(
    names: list[str], options: argparse.Namespace, work: Path, runs: Runs
) -> None:
    """Every backend once, beginning with another one than in the round before."""
    number = len(runs.get(names[0], []))
    turn = number % len(names)
    limits = sorted({BACKENDS[name][1] for name in names})
    found = {}
    for name in [*limits, *names[turn:], *names[:turn]]:
        found[name] = _in_a_process(name, options.run_folder, work)
        shown = {key: value for key, value in found[name].items() if key != "labels"}
        print(f"round {number + 1}: {name} {json.dumps(shown)}", file=sys.stderr, flush=True)
    for name, result in found.items():  # a whole round counts, or nothing of it
        runs.setdefault(name, []).append(result)


def _in_a_process(name: str, run_folder: Path, work: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.inference", str(run_folder.resolve()), "--child", name]
    command += ["--work", str(work)]
    environment = os.environ | {"TOKENIZERS_PARALLELISM": "true", "TRANSFORMERS_VERBOSITY": "error"}
    result = subprocess.run(
        [*command, "--started", str(time.time())], env=environment, capture_output=True, text=True
    )
    lines = [line for line in result.stdout.splitlines() if line.startswith("RESULT ")]
    if result.returncode or not lines:
        last = (result.stderr.strip().splitlines() or ["no message"])[-1]
        raise RuntimeError(f"{name} failed: {last}")
    return json.loads(lines[-1].removeprefix("RESULT "))


def report(runs: Runs, plan: Plan) -> None:
    """Prints one line a backend: medians over the rounds, ratios to the fp32 pipeline, labels compared.

    The ratio of texts a second is to the faster of the two pipelines, one by one or in batches.
    """
    limit = {
        precision: median(result["operations_per_second"] for result in runs[precision])
        for precision in LIMITS
        if precision in runs
    }
    for precision, reached in limit.items():
        print(f"arithmetic limit, {precision}: {reached / 1e12:.3g} T operations a second")
    middle = {
        name: {key: median(r[key] for r in results) for key in results[0] if key != "labels"}
        for name, results in runs.items()
        if name in BACKENDS
    }
    pipelines = [middle[name] for name in ("pipeline_fp32", "pipeline_fp32_batched") if name in middle]
    wait = min((figures["latency_ms"] for figures in pipelines), default=float("nan"))
    rate = max((figures["texts_per_second"] for figures in pipelines), default=float("nan"))
    print(f"medians of {len(next(iter(runs.values())))} rounds")
    print(
        "| backend | one text, ms | x | texts | texts/s | x | share of the limit | first prediction, s | then MiB "
        "| peak MiB | weights, MB | tested | accuracy | agreement |\n|" + "---|" * 14
    )
    for name, figures in middle.items():
        count = plan["counts"][name]
        tested = min(count, len(plan["labels"]))
        labels = np.asarray(runs[name][0]["labels"][:tested])
        accuracy = (labels == plan["labels"][:tested]).mean()
        agreement = (labels == plan["original"][:tested]).mean()
        share = plan["operations_per_text"][name] * figures["texts_per_second"] / limit[BACKENDS[name][1]]
        print(
            f"| {name} | {figures['latency_ms']:.2f} | {wait / figures['latency_ms']:.2f} | {count} "
            f"| {figures['texts_per_second']:.0f} | {figures['texts_per_second'] / rate:.2f} "
            f"| {share:.0%} | {figures['first_prediction_s']:.2f} | {figures['first_prediction_mib']:.0f} "
            f"| {figures['peak_mib']:.0f} | {figures['weights_mb']:.1f} | {tested} | {accuracy:.4f} "
            f"| {agreement:.2%} |"
        )


if __name__ == "__main__":
    sys.exit(run(main))
