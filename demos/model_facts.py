"""What a served model tells of itself, from its run.json and parity.json: how it was made, what it lost and costs."""

from __future__ import annotations

import html
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.components.plot import PlotData

from demos.plots import plot
from demos.served_model import ServedModel, read_json
from demos.wording import say, text
from grokaem.charts import Names, matrix
from grokaem.curves import curves
from grokaem.figure import SEQUENTIAL, Axis
from grokaem.plain_text import terminal

MANY_LABELS = 30  # from here on a confusion matrix has no names beside it


def add_panel(served: ServedModel) -> None:
    """Lays out the folded panel in the block that is open, where a model is served.

    Args:
        served (ServedModel): the tab's classifier.
    """
    if served.name() is None:
        return
    with gr.Accordion(text("About this model"), open=False, elem_id=f"{served.task}-model") as panel:
        table = gr.HTML("", elem_id=f"{served.task}-model-facts")
        with gr.Row():
            loss = gr.Plot(label=text("Loss in training"), elem_id=f"{served.task}-model-loss", visible=False)
            confusion = gr.Plot(
                label=text("Confusion on the test part"), elem_id=f"{served.task}-model-confusion", visible=False
            )

    def tell() -> list[Any]:
        found = facts(served.folder())
        drawn = [draw_loss(found), draw_confusion(found)]
        return [as_table(found), *(gr.Plot(value=each, visible=each is not None) for each in drawn)]

    # no queue: it reads two small files
    panel.expand(tell, None, [table, loss, confusion], queue=False, api_visibility="private")


def facts(folder: Path | None) -> dict[str, dict[str, Any]]:
    """The two records of a served model: ``run`` and ``parity``; empty where there is none.

    Args:
        folder (Path or None): of the export; None where nothing is on this machine yet.
    """
    if folder is None:
        return {"run": {}, "parity": {}}
    beside = folder.parent / "run.json" if folder.name == "export" else folder / "run.json"
    return {"run": read_json(beside), "parity": read_json(folder / "parity.json")}


def as_table(found: Mapping[str, dict[str, Any]]) -> str:
    """The facts as an HTML table of two columns, in the visitor's language; what is not recorded is left out."""
    rows = [*_making(found["run"]), *_outcome(found["parity"])]
    if not rows:
        nothing = say("Its folder has no run.json and no parity.json here; those of the Hub come with the first text.")
        return f'<p class="fine">{html.escape(nothing)}</p>'
    lines = "".join(
        f'<tr><th scope="row">{html.escape(name)}</th><td>{html.escape(terminal(value))}</td></tr>'
        for name, value in rows
    )
    return f'<table class="facts"><tbody>{lines}</tbody></table>'


Fact = tuple[str, str]  # a name, and what it is


def _making(run: dict[str, Any]) -> list[Fact]:
    """How it was trained."""
    rows = []
    base, data = _entry(run, "base_model").get("name"), _entry(run, "data")
    if base and data.get("name"):
        rows.append((say("Fine-tuned"), say("{base} on {data}", base=_last(base), data=_last(data["name"]))))
    sizes = {part: _number(_entry(data, "sizes"), part) for part in ("train", "validation", "test")}
    if None not in sizes.values():
        told = say(
            "{train} to learn from, {validation} to choose by, {test} to be tested on",
            **{part: int(size or 0) for part, size in sizes.items()},
        )
        rows.append((say("Examples"), told))
    if (taken := _number(_entry(run, "memory"), "measured_peak_mib")) is not None:
        predicted = _number(_entry(run, "memory"), "predicted_peak_mib")
        told = say("{taken} MiB measured", taken=f"{taken:,.0f}")
        if predicted is not None:
            told += ", " + say("{told} MiB told before", told=f"{predicted:,.0f}")
        rows.append((say("Memory to train"), told))
    if (seconds := _number(run, "seconds")) is not None:
        rows.append((say("Time to train"), say("{minutes} min", minutes=f"{seconds / 60:,.1f}")))
    return rows


def _outcome(parity: dict[str, Any]) -> list[Fact]:
    """What the export scores and costs, beside the original."""
    rows = []
    export, original, gate = _entry(parity, "export"), _entry(parity, "original"), _entry(parity, "gate")
    if (accuracy := _number(export, "accuracy")) is not None:
        rows.append((say("Test accuracy"), _beside(f"{accuracy:.4f}", _number(original, "accuracy"), ".4f")))
    flips, n = _number(parity, "flips"), _number(parity, "n")
    if flips is not None and n is not None:
        rows.append((say("Answers that changed by quantizing"), say("{flips} of {n}", flips=int(flips), n=int(n))))
    if (size := _number(export, "bytes")) is not None:
        full = _number(original, "bytes")
        rows.append((say("Size in MB"), _beside(f"{size / 1e6:,.1f}", None if full is None else full / 1e6, ",.1f")))
    if (one := _number(export, "latency_ms_b1")) is not None:
        told = [say("{one} ms for one", one=f"{one:,.1f}")]
        if (many := _number(export, "items_per_second")) is not None:
            told.append(say("{many} a second", many=f"{many:,.0f}"))
        if cpu := _entry(parity, "runtime").get("cpu"):
            told.append(str(cpu))
        rows.append((say("Speed"), ", ".join(told)))
    if isinstance(parity.get("method"), str):
        rows.append((say("Method"), parity["method"]))
    if isinstance(gate.get("passed"), bool) and (most := _number(gate, "max_drop")) is not None:
        verdict = say("passed") if gate["passed"] else say("not passed")
        rows.append((say("Gate"), say("at most {most} of the accuracy may be lost", most=f"{most:g}") + ": " + verdict))
    return rows


def _beside(export: str, original: float | None, form: str) -> str:
    """The export's figure beside the original's, where that is recorded."""
    return export if original is None else say("{export}, the original {original}", export=export,
                                               original=format(original, form))  # fmt: skip


def draw_loss(found: Mapping[str, dict[str, Any]]) -> PlotData | None:
    """The loss over the steps of training; None where fewer than two are recorded."""
    curve = found["run"].get("loss_curve")
    try:
        steps, losses = np.array(curve, dtype=np.float64).reshape(-1, 2).T
    except (TypeError, ValueError):
        return None
    if len(steps) < 2:
        return None
    return plot(curves(steps, {say("loss"): losses}, Axis(say("step")), Axis(say("loss")), height=300))


def draw_confusion(found: Mapping[str, dict[str, Any]]) -> PlotData | None:
    """How often a class was taken for another, as shares of the true class; None where it is not recorded."""
    try:
        counts = np.array(found["run"].get("confusion"), dtype=np.float64)
    except (TypeError, ValueError):
        return None
    if counts.ndim != 2 or not counts.size or counts.shape[0] != counts.shape[1]:
        return None
    names = [str(name) for name in _entry(found["run"], "data").get("label_names") or []]
    if len(names) != len(counts):
        names = [str(number) for number in range(len(counts))]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    shown = len(names) <= MANY_LABELS
    return plot(
        matrix(
            shares,
            Names(say("true class"), names, shown=shown),
            Names(say("answer"), names, shown=shown),
            value_title=say("share"),
            bounds=(0, 1),
            colours=SEQUENTIAL,
            height=min(640, 200 + 34 * len(names)),
        )
    )


def _entry(record: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = record.get(key)
    return value if isinstance(value, dict) else {}


def _number(record: Mapping[str, Any], key: str) -> float | None:
    value = record.get(key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _last(name: object) -> str:
    """The last part of a name, which may be a folder of the machine where it was trained."""
    return Path(str(name)).name
