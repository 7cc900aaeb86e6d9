"""The planner's answer: its shape, the figures of a prediction in it, and how a terminal shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from grokaem.memory.gpus import AS_OF

if TYPE_CHECKING:
    from grokaem.memory.gpu_plan import GpuRow, Largest
    from grokaem.memory.predict import Prediction


class Figures(TypedDict):
    """A prediction for a reader; the time of a step as a multiple of plain fp32's."""

    peak_mib: float
    components_mib: dict[str, float]
    relative_step_time: float


class LeverRow(TypedDict):
    """What one lever alone changes."""

    lever: str
    peak_mib: float
    change_percent: float
    step_time: float


class Plan(Figures):
    """The whole answer, JSON-able; ``chosen`` are the settings that fit, with their figures and reasons."""

    base_model: str
    task: str
    device: str
    processes: int
    sharding: str
    settings: dict[str, object]
    tensor_peak_mib: float
    budget_mib: float | None
    fits: bool | None
    student: str | None
    levers: list[LeverRow]
    chosen: dict[str, Any] | None
    command: str | None
    words: list[str]
    gpu: str | None
    largest: Largest | None
    gpus: list[GpuRow] | None


def figures(prediction: Prediction, plain: Prediction) -> Figures:
    """The figures of a prediction; ``plain`` is that of plain fp32 training with the same batch."""
    return {
        "peak_mib": round(prediction.peak_mib, 1),
        "components_mib": {name: round(value, 1) for name, value in prediction.components_mib.items()},
        "relative_step_time": round(prediction.seconds / plain.seconds, 3),
    }


def lever_row(name: str, item: Prediction, baseline: Prediction) -> LeverRow:
    """What a lever, whose prediction is ``item``, changes of what was asked for."""
    return {
        "lever": name,
        "peak_mib": round(item.peak_mib, 1),
        "change_percent": round(100 * (item.peak_mib / baseline.peak_mib - 1), 1),
        "step_time": round(item.seconds / baseline.seconds, 3),
    }


def describe(answer: Plan) -> str:
    """The answer for a terminal."""
    lines = [f"{answer['base_model']} on {answer['device']}, peak {answer['peak_mib']:,.0f} MiB:"]
    lines += [f"  {name.replace('_', ' '):18}{value:10,.1f}" for name, value in answer["components_mib"].items()]
    lines += [f"  {'step time':18}{answer['relative_step_time']:10.2f}  x plain fp32"]
    if answer["levers"]:
        lines += ["", f"{'each lever alone':44}{'peak MiB':>9} {'saves':>7} {'time':>6}"]
        lines += [
            f"{row['lever']:44}{row['peak_mib']:9,.0f} {-row['change_percent']:6.0f}% {row['step_time']:5.2f}x"
            for row in answer["levers"]
        ]
    if answer["budget_mib"] is not None:
        verdict = "fits" if answer["fits"] else "does not fit"
        lines += ["", f"As asked it {verdict} into {answer['budget_mib']:,.0f} MiB."]
        if answer["chosen"] is None:
            smaller = answer["student"] or "a smaller model"
            lines += [f"Nothing on the checklist fits: take {smaller} or shorter inputs."]
        else:
            chosen = answer["chosen"]
            lines += [
                f"Fastest that fits ({chosen['stage']}): peak {chosen['peak_mib']:,.0f} MiB, step time "
                f"{chosen['relative_step_time']:.2f} x plain fp32."
            ]
            lines += [f"  + {why}" for why in chosen["reasons"]]
            lines += [f"  - {why}" for why in chosen["refused"]]
    lines += _of_cards(answer)
    if answer["command"]:
        lines += ["", answer["command"]]
    return "\n".join(lines)


def _of_cards(answer: Plan) -> list[str]:
    """The largest run that fits, and the cards that hold this one."""
    lines = []
    if (extent := answer["largest"]) is not None:
        named = "the largest batch in one pass" if extent["what"] == "batch" else "the longest inputs"
        fits = f"{extent['value']:g}, peak {extent['peak_mib']:,.0f} MiB" if extent["value"] else "none"
        lines += ["", f"Into {extent['budget_mib']:,.0f} MiB fit as asked, {named}: {fits}."]
    if answer["gpus"] is not None:
        lines += ["", f"{f'cards as of {AS_OF}':36}{'MiB':>8} {'peak':>8}  held"]
        for row in answer["gpus"]:
            peak = "" if row["peak_mib"] is None else f"{row['peak_mib']:,.0f}"
            held = row["stage"] or ("not by anything on the checklist" if not row["note"] else "")
            said = " ".join(filter(None, [held, *row["flags"]])) + (f" ({row['note']})" if row["note"] else "")
            lines.append(f"{row['gpu'] + ': ' + row['title']:36}{row['memory_mib']:8,} {peak:>8}  {said.strip()}")
    return lines
