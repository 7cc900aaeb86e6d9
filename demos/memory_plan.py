"""The planner's answer for the memory tab and for programs: bars by lever, what fits, the command that trains."""

from __future__ import annotations

import contextlib
import shlex
from typing import TypedDict

from demos.memory_models import find_model
from demos.numbers import number, whole
from grokaem.memory.kept_model import KeptModel
from grokaem.memory.settings import MemorySettings

PRECISIONS = ("auto", "fp32", "bf16")  # auto leaves it to the planner
UNITS = {"mb": 1e6, "gb": 1e9, "mib": 2**20, "gib": 2**30}


class Bar(TypedDict):
    """What a training step needs with one lever turned, MiB; ``relative_step_time`` is a multiple of plain fp32's."""

    lever: str
    peak_mib: float
    components_mib: dict[str, float]
    relative_step_time: float
    fits: bool


class Recommended(TypedDict):
    """The fastest settings that fit: how far the planner had to go, flags, and the reason for each lever taken."""

    stage: str
    flags: list[str]
    bar: Bar
    reasons: list[str]


class MemoryPlan(TypedDict):
    """The whole answer; the first bar is what was asked for, and ``recommended`` is null where nothing fits."""

    model: str
    task: str
    batch_size: int
    length: float
    precision: str
    budget_mib: float
    bars: list[Bar]
    recommended: Recommended | None
    command: str
    plan_command: str


def answer(name: str, batch_size: int, length: float, precision: str, budget_mib: float) -> MemoryPlan:
    """What training needs as asked and with each lever alone, and what fits.

    Args:
        name (str): a chip's key or name, or a model that was traced.
        batch_size (int): examples of an optimizer step.
        length (float): tokens of a text, or seconds of a clip.
        precision (str): one of :data:`PRECISIONS`.
        budget_mib (float): MiB of the training process beyond its imports.

    Raises:
        ValueError: no such model, or inputs that the page does not take.
    """
    from grokaem.memory.architectures import HUB_IDS
    from grokaem.memory.checklist import levers_between
    from grokaem.memory.plan import reasons, single_levers
    from grokaem.memory.predict import Prediction
    from grokaem.memory.solver import cheapest

    model = _known(name)
    model.check(batch_size, length)
    if precision not in PRECISIONS:
        raise ValueError(f"There is no precision {precision!r} here; choose auto, fp32 or bf16.")
    free, situation, predictor = precision == "auto", model.situation, model.predictor(length)
    asked = MemorySettings(batch_size, precision="fp32" if free else precision)
    plain = predictor(MemorySettings(batch_size)).seconds

    def bar(lever: str, item: Prediction) -> Bar:
        parts = {part: round(value, 1) for part, value in item.components_mib.items()}
        return {"lever": lever, "peak_mib": round(item.peak_mib, 1), "components_mib": parts,
                "relative_step_time": round(item.seconds / plain, 3), "fits": item.peak_mib <= budget_mib}  # fmt: skip

    bars = [bar("As asked", predictor(asked))]
    if (smaller := _student(model)) is not None and length in smaller.record["lengths"]:
        with contextlib.suppress(ValueError):
            bars.append(bar(f"A distilled student, {smaller.record['base_model']}", smaller.predictor(length)(asked)))
    bars += [bar(lever, item) for lever, item in single_levers(asked, predictor, situation, lambda _: None)]
    choice = cheapest(asked, budget_mib, predictor, situation, may_change_precision=free)
    name = model.record["base_model"]
    words = ["--base-model", HUB_IDS.get(name, name), *model.words(length)]
    recommended: Recommended | None = None
    command = ""
    if choice is not None:
        settings = choice.prediction.settings
        turned = {lever.name for lever in levers_between(asked, settings)}  # not what was asked for
        why = reasons(settings, situation, choice.refused)["reasons"]
        recommended = {"stage": choice.stage, "flags": settings.flags(), "bar": bar("Recommended", choice.prediction),
                       "reasons": [line for line in why if line.split(": ")[0] in turned]}  # fmt: skip
        task = model.record["task"]
        command = shlex.join(["python", "training/finetune.py", "--task", task, *words, *settings.flags()])
    told = [] if free else ["--precision", precision]
    ask = ["grokaem", "plan", *words, "--batch-size", str(batch_size), *told, "--budget", f"{budget_mib:.0f}MiB"]
    return {
        "model": name, "task": model.record["task"], "batch_size": batch_size, "length": length,
        "precision": precision, "budget_mib": round(budget_mib, 1), "bars": bars, "recommended": recommended,
        "command": command, "plan_command": shlex.join(ask),
    }  # fmt: skip


def plan_memory(
    model: str,
    batch_size: int | str = 32,
    length: float | str = 128,
    precision: str = "auto",
    budget: float | str = "2GB",
) -> MemoryPlan:
    """Predicts the memory of a fine-tuning run on a CPU, lever by lever, and finds the fastest settings that fit.

    Args:
        model: bert-base, bert-large, distilbert, minilm, xlm-roberta or wide-resnet.
        batch_size: examples of an optimizer step, 1 to 128.
        length: tokens of a text, a multiple of 16 up to 512; of wide-resnet seconds of a clip, 1, 2, 4 or 8.
        precision: auto (the planner may choose), fp32 or bf16.
        budget: such as 2GB or 1.25GiB; a bare number is GB.

    Returns:
        Bars by lever in MiB, recommended settings with their reasons, and the command that trains with them.
    """
    return answer(model, whole(batch_size), number(length), precision, parse_budget(budget))


def parse_budget(value: object) -> float:
    """MiB of ``"2GB"``, ``"512 MiB"``, or a bare number of GB.

    Raises:
        ValueError: no amount of memory.
    """
    words = str(value).strip()
    digits = words.rstrip("BbGgMmIi ")
    unit = words[len(digits):].strip().lower() or "gb"
    try:
        size = number(digits) * UNITS[unit]
    except (KeyError, ValueError):
        size = 0.0
    if size <= 0:
        raise ValueError(f"{words[:40]!r} is no amount of memory; give one such as 2GB or 512MiB.") from None
    return size / 2**20


def _known(name: str) -> KeptModel:
    from demos.memory_models import offered

    model = find_model(name)
    if model is None:
        keys = ", ".join(chip.key for chip in offered())
        raise ValueError(f"The model {name[:60]} is not known here; choose one of {keys}.")
    return model


def _student(model: KeptModel) -> KeptModel | None:
    """The kept model that was distilled from this one or its like, if there is one."""
    from grokaem.memory.architectures import STUDENTS, short_name

    student = STUDENTS.get(short_name(model.record["base_model"]))
    return find_model(student) if student else None
