"""Exports a classifier as an OpenVINO model that a CPU runs fast, and proves what the smaller model loses.

    python exporting/export.py runs/all-MiniLM-L6-v2-rotten_tomatoes-seed0
    python exporting/export.py RUN_FOLDER --precision int8 --max-drop 0.002
    python exporting/export.py owner/model --dataset reviews.csv       # a classifier that was trained elsewhere
    python exporting/export.py RUN_FOLDER --also onnx       # and a floating-point ONNX file beside it
    python exporting/export.py RUN_FOLDER --push            # and publish it to the Hub
    python exporting/export.py RUN_FOLDER --dry-run         # what --push would publish; sends nothing

Calibration sees the training part, the choice between attempts the validation part; the test part is
scored once, and its verdict decides whether there is an export folder at all.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

# numpy's BLAS may wait for ever for its threads once the process has been forked, and exporting forks; the heavy
# products here are torch's and OpenVINO's. Set before numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
if __package__ in (None, ""):  # run by path: make the repository root importable
    sys.path[0] = str(Path(__file__).resolve().parents[1])
from exporting.existing_export import DEFAULTS, Settings, existing_export
from grokaem import ownership
from grokaem.atomic import rename_into_place, temporary_folder
from grokaem.command_line import quiet_libraries, run
from grokaem.output_folder import check_replaceable, claimed, destination
from grokaem.set_aside import SetAside

if TYPE_CHECKING:
    from exporting.own_card import OwnCard
    from exporting.run_source import Run
    from grokaem.flags import Own


def main(argv: list[str]) -> int:
    """Runs the command; see the module's docstring for examples."""
    options = _parser().parse_args(argv)
    settings = _settings(options)
    from exporting.own_card import read_card
    from exporting.publication import from_options
    from exporting.publish import check_publication, publish_export
    from grokaem import hub

    card = read_card(options.card)
    asked = from_options(options, card)
    token = hub.find_token(token_file=options.token_file)
    if asked and options.dataset:
        asked.check(token, new=False)  # before the model is fetched
    run_folder = _run_folder(options, token)
    if card:
        _check_datasets(card, run_folder)
    folder, aside = None, SetAside("item")
    if asked and not options.overwrite:
        folder = existing_export(run_folder, options.output_dir, **settings)
    if asked:
        check_publication(asked, run_folder, folder, options.precision, token)
    if folder is not None:
        print(f"publishing the export that exists, {folder}: --overwrite makes it anew", flush=True)
    else:
        folder = export_run(
            run_folder, options.output_dir, **settings, overwrite=options.overwrite, card=card, token=token, aside=aside
        )
    if asked:
        publish_export(run_folder, folder, asked, token)
    return aside.report()


def _parser() -> argparse.ArgumentParser:
    from exporting.publication import add_push_arguments
    from exporting.sources import own_flags
    from grokaem.flags import add_own_flags

    parser = argparse.ArgumentParser(
        prog="export.py", allow_abbrev=False, description="Exports a classifier as a quantized OpenVINO model."
    )
    parser.add_argument(
        "model",
        metavar="RUN_FOLDER | MODEL_ID",
        help="folder made by training/finetune.py; or, with --dataset, a classifier's folder or Hub id",
    )
    parser.add_argument(
        "--dataset", help="labelled data for a MODEL_ID, to calibrate on and to measure what is lost"
    )
    parser.add_argument("--text-column", help="column of texts of --dataset (default: recognised)")
    parser.add_argument("--label-column", help="column of labels of --dataset (default: recognised)")
    parser.add_argument("--output-dir", type=Path, help="export folder (default: RUN_FOLDER/export)")
    _add_quantization(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace an existing export")
    add_own_flags(parser, own_flags())
    add_push_arguments(parser)
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


def _add_quantization(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--precision",
        default=DEFAULTS["precision"],
        choices=("auto", "int8", "int8-weight", "fp16", "fp32"),
        help="auto tries from the smallest up (default: %(default)s)",
    )
    parser.add_argument(
        "--max-drop",
        type=float,
        default=DEFAULTS["max_drop"],
        help="what the export may lose of accuracy, or of the run's --metric, as a share of 1 (default: %(default)s)",
    )
    parser.add_argument(
        "--max-score-change",
        type=float,
        default=DEFAULTS["max_score_change"],
        help="how far the scores of 99 %% of the validation examples may move, all of them where there are fewer than "
        "200 (default: %(default)s)",
    )
    parser.add_argument(
        "--calibration-samples",
        type=int,
        default=DEFAULTS["calibration_samples"],
        help="training examples that set the ranges of activations (default: %(default)s)",
    )


def _settings(options: argparse.Namespace) -> Settings:
    """How the export is made, as :func:`export_run` takes it."""
    if not 0 <= options.max_drop < 1:
        raise ValueError(f"--max-drop {options.max_drop:g}: give a share from 0 to 1, such as 0.005.")
    if not 0 <= options.max_score_change <= 1:
        raise ValueError(f"--max-score-change {options.max_score_change:g}: give a share from 0 to 1, such as 0.1.")
    if options.calibration_samples < 1:
        raise ValueError(f"--calibration-samples {options.calibration_samples}: give at least 1.")
    return {"precision": options.precision, "max_drop": options.max_drop,
            "max_score_change": options.max_score_change, "calibration_samples": options.calibration_samples,
            "onnx": "also" in options}  # fmt: skip


def _check_datasets(card: OwnCard, run_folder: Path) -> None:
    from exporting.card_metadata import is_on_hub
    from exporting.run_source import read_run

    card.check_datasets(is_on_hub(read_run(run_folder).report["data"]))


def _run_folder(options: argparse.Namespace, token: str | None) -> Path:
    """The run to export: the folder that is given, or one made of a classifier from elsewhere."""
    from exporting.run_source import read_run
    from grokaem.flags import option

    path = Path(options.model).expanduser()
    if (path / "run.json").is_file():
        if options.dataset:
            raise ValueError(f"{path} knows the data it was trained on: leave out --dataset.")
        idle = [name for name in ("text_column", "label_column", "max_seconds") if getattr(options, name, None)]
        _own_of(options, read_run(path).task)
        if idle:
            raise ValueError(f"{path} knows how it was trained: leave out {option(idle[0])}, which is for --dataset.")
        return path
    if not options.dataset:
        hint = "its data, with --dataset" if path.is_dir() or options.model.count("/") == 1 else "an existing one"
        raise FileNotFoundError(f"{options.model} is no run folder (no run.json in it): give {hint}.")
    from exporting.foreign_classifier import import_classifier

    own_of = functools.partial(_own_of, options)
    return import_classifier(
        options.model,
        options.dataset,
        text_column=options.text_column,
        label_column=options.label_column,
        own_of=own_of,
        token=token,
    )


def _own_of(options: argparse.Namespace, task: str) -> Own:
    """The given flags that only this kind understands; refuses those of another."""
    from exporting.sources import find_source, own_flags
    from grokaem.flags import take_own

    return find_source(task).flags(**take_own(options, own_flags(), task))


def export_run(
    run_folder: str | Path,
    output_dir: str | Path | None = None,
    *,
    precision: str = DEFAULTS["precision"],
    max_drop: float = DEFAULTS["max_drop"],
    max_score_change: float = DEFAULTS["max_score_change"],
    calibration_samples: int = DEFAULTS["calibration_samples"],
    onnx: bool = DEFAULTS["onnx"],
    overwrite: bool = False,
    card: OwnCard | None = None,
    token: str | None = None,
    aside: SetAside | None = None,
) -> Path:
    """Exports a run and measures the export against the original.

    Args:
        run_folder (str or Path): folder made by ``training/finetune.py``.
        output_dir (str or Path, optional): the export folder. (Default: ``<run_folder>/export``)
        precision (str, optional): a method of :mod:`exporting.quantization`, or ``auto``.
        max_drop (float, optional): of the run's metric that may be lost, as a share of 1.
        max_score_change (float, optional): see :func:`exporting.parity.score_change`.
        calibration_samples (int, optional): training examples for calibration.
        onnx (bool, optional): also write the unquantized model as ``model.onnx``. The defaults of these are
            :data:`exporting.existing_export.DEFAULTS`.
        overwrite (bool, optional): replace an existing export. (Default: ``False``)
        card (OwnCard, optional): the user's part of the card.
        token (str, optional): Hub token, for the private base model of an adapter.
        aside (SetAside, optional): takes the rows, files and classes of the data that could not be used.

    Returns:
        Path: the export folder.

    Raises:
        ValueError: the run cannot be read, its data or weights changed, or the export folder exists.
        RuntimeError: no attempt passed the gate; the attempts are in ``export_failed.json`` of the run. Or the
            weights are not those that ``run.json`` records.
    """
    from exporting.onnx_file import check_onnx
    from exporting.run_checks import check_label_numbers, check_weights
    from exporting.run_source import read_run

    run_ = read_run(run_folder)
    check_label_numbers(run_.path, run_)
    weights = check_weights(run_)
    output = destination(output_dir or run_.path / "export", inside=run_.path)
    settings: Settings = {
        "precision": precision,
        "max_drop": max_drop,
        "max_score_change": max_score_change,
        "calibration_samples": calibration_samples,
        "onnx": onnx,
    }
    with claimed(output):
        if overwrite:
            check_replaceable(output, "export", "move it away, or choose another --output-dir")
        elif output.exists() and any(output.iterdir()):
            raise ValueError(f"{output} exists already: --overwrite replaces it, --output-dir chooses another.")
        if onnx:
            check_onnx(run_.task)
        quiet_libraries()
        _make(run_, weights, output, settings, token, aside, card)
    print(f"export: {output}", flush=True)
    return output


def _make(
    run_: Run,
    weights: str,
    output: Path,
    settings: Settings,
    token: str | None,
    aside: SetAside | None,
    card: OwnCard | None,
) -> None:
    """Converts, chooses, proves, and puts the folder into its place."""
    from transformers.utils.logging import disable_progress_bar

    from exporting import speed
    from exporting.failed_attempts import remove_failure_record
    from exporting.foreign_classifier import add_test_scores
    from exporting.gate import choose, prove
    from exporting.merge_adapter import merge_if_adapter
    from exporting.model_card import write_card
    from exporting.parity import Bounds
    from exporting.run_checks import check_original
    from exporting.sources import find_source

    load = speed.machine_load()
    disable_progress_bar()
    corpus = run_.corpus(token)
    if aside is not None:
        aside.reasons += corpus.set_aside
    metric = run_.report["config"].get("metric", "accuracy")
    bounds = Bounds(settings["max_drop"], settings["max_score_change"], metric)
    with temporary_folder(output.parent, output.name) as partial:
        (partial / "fp32").mkdir()
        source = find_source(run_.task)(merge_if_adapter(run_, partial / "merged", token))
        print("converting to OpenVINO", flush=True)
        source.convert(partial / "fp32")
        original = source.original_logits(corpus.test.inputs)
        if "metrics" not in run_.report:
            add_test_scores(run_, original, corpus)
        check_original(source, original, corpus.test.inputs, corpus.test.labels)
        chosen = choose(source, corpus, partial, settings["precision"], bounds, settings["calibration_samples"])
        print("scoring the test part", flush=True)
        result = prove(source, corpus, original, chosen, bounds, load)
        result["run"] = {"weights": weights, "accuracy": run_.report["metrics"]["accuracy"]}
        if settings["onnx"]:
            result["onnx"] = source.write_onnx(corpus, original, chosen.folder)
        (chosen.folder / "parity.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        write_card(run_.report, chosen.folder, own=card)
        ownership.record(chosen.folder, "export", weights=weights, settings=settings)
        rename_into_place(chosen.folder, output)
        remove_failure_record(source)


if __name__ == "__main__":
    sys.exit(run(main))
