"""An export that exists already: whose it is, and whether it is what would be made now."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypedDict

from exporting.report_checks import PARITY, read_report
from exporting.report_types import ParityReport
from exporting.run_source import Run, read_run
from grokaem import ownership
from grokaem.flags import option

REMEDY = "--overwrite makes it anew, --output-dir chooses another folder"


class Settings(TypedDict):
    """What an export is made with; see :func:`exporting.export.export_run`."""

    precision: str
    max_drop: float
    max_score_change: float
    calibration_samples: int
    onnx: bool


# What an export is made with unless one says otherwise.
DEFAULTS: Settings = {
    "precision": "auto",
    "max_drop": 0.005,
    "max_score_change": 0.1,
    "calibration_samples": 300,
    "onnx": False,
}
LIMITS = ("max_drop", "max_score_change")  # an export that keeps within a smaller one keeps within this one too


def existing_export(
    run_folder: str | Path, output_dir: str | Path | None = None, **asked: object
) -> Path | None:
    """The export that exists and is what would be made, so that going on does not make it again.

    Args:
        run_folder (str or Path): the run.
        output_dir (str or Path, optional): the export folder. (Default: ``<run_folder>/export``)
        **asked: settings of :func:`exporting.export.export_run`. (Default: its own, but for ``max_score_change``)

    Returns:
        Path or None: the folder; None where there is no export.

    Raises:
        ValueError: the export that is there was made of another run, or with other settings.
    """
    run_ = read_run(run_folder)
    folder = Path(output_dir) if output_dir else run_.path / "export"
    if not (folder / "parity.json").is_file():
        return None
    parity = check_same_run(run_, folder)
    # An export of commit 8fe415f has no bound of scores: it is asked about only where somebody asks for one.
    unasked = {name: value for name, value in DEFAULTS.items() if name != "max_score_change"}
    if difference := _difference(folder, parity, unasked | asked):
        raise ValueError(f"{folder} {difference}: {REMEDY}.")
    return folder


def check_same_run(run: Run, folder: Path) -> ParityReport:
    """Refuses an export that was made of another run, or of the same before its report was changed.

    Args:
        run (Run): the run.
        folder (Path): the export.

    Returns:
        dict: the export's ``parity.json``.

    Raises:
        ValueError: it was; or the run's weights changed since training.
    """
    from exporting.run_checks import (  # numpy, which --help does without
        check_recorded_accuracy,
        check_weights,
    )

    parity = read_report(folder / "parity.json", ParityReport, PARITY, REMEDY)
    weights = check_weights(run)
    if "run" in parity:
        same = parity["run"]["weights"] == weights
    else:  # made by commit 8fe415f, which did not say of what: only its place does
        own_place = folder.resolve() == (run.path / "export").resolve()
        same = own_place and parity["original"]["weight_bytes"] == run.weight_bytes
    if not same:
        raise ValueError(f"{folder} holds the export of another run than {run.path}: {REMEDY}.")
    check_recorded_accuracy(run, folder, parity)
    return parity


def _difference(folder: Path, parity: ParityReport, asked: dict[str, Any]) -> str | None:
    """What of the settings asked for an export does not meet, as the rest of a sentence."""
    from exporting.quantization import attempts_for

    made: dict[str, Any] = {name: value for name, value in DEFAULTS.items() if name not in LIMITS}
    made |= {name: value for name, value in parity["gate"].items() if name in LIMITS}
    # An export of commit 8fe415f does not record how many samples it was calibrated with.
    made |= (ownership.read(folder) or {}).get("settings") or {"calibration_samples": asked["calibration_samples"]}
    if parity["method"] not in attempts_for(asked["precision"]):
        return f"was made in {parity['method']}, and --precision {asked['precision']} is asked for"
    if asked["onnx"] and "onnx" not in parity:
        return "holds no ONNX file, and --also onnx is asked for"
    if "max_score_change" not in made and "max_score_change" in asked:
        # Commit 8fe415f did not bound it: the largest change of any score is at least as large.
        largest = parity.get("max_score_difference")
        if largest is None or largest > asked["max_score_change"]:
            return "was made without a bound on how far scores may move (--max-score-change)"
        made["max_score_change"] = largest
    for name, value in asked.items():
        if name in ("precision", "onnx"):
            continue
        larger = name in LIMITS and made[name] > value
        other = name not in LIMITS and value not in (DEFAULTS[name], made[name])
        if larger or other:
            return f"was made with {option(name)} {made[name]:g}, and {option(name)} {value:g} is asked for"
    return None
