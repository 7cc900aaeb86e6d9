"""What a graphics card answers to: which of them hold a run, and the largest run that one holds."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, TypedDict

from grokaem.memory.gpus import GPUS, Gpu
from grokaem.memory.settings import MemorySettings, from_arguments

if TYPE_CHECKING:
    from grokaem.memory.situation import Situation
    from grokaem.memory.solver import Predictor
    from grokaem.memory.workload import Workload

LARGEST = ("batch", "length")
MOST_EXAMPLES = 65_536  # of a batch that is still looked at


class GpuRow(TypedDict):
    """Whether one card holds a run: as asked (``fits``), or with which levers of the checklist."""

    gpu: str
    title: str
    memory_mib: int
    fits: bool
    peak_mib: float | None
    stage: str | None
    flags: list[str]
    note: str


class Largest(TypedDict):
    """The largest batch, or the longest inputs, that a budget holds; None where not even the least fits."""

    what: str
    value: float | None
    peak_mib: float | None
    budget_mib: float


def on_the_card(arguments: argparse.Namespace) -> argparse.Namespace:
    """The arguments with what a card by name implies: CUDA, its context, its memory as the budget.

    Raises:
        ValueError: it contradicts another flag, or there is nothing to look into.
    """
    told = argparse.Namespace(**vars(arguments))
    if (arguments.gpu or arguments.gpus) and arguments.device == "cpu":
        named = "--gpu" if arguments.gpu else "--gpus"
        raise ValueError(f"--device cpu and {named} contradict each other: leave one out.")
    told.device = arguments.device or ("cuda" if arguments.gpu or arguments.gpus else "cpu")
    if arguments.gpu:
        card = GPUS[arguments.gpu]
        if why := card.refused(from_arguments(arguments)):
            raise ValueError(why)
        told.context = arguments.context or round(card.context_mib * 2**20)
        told.budget = min(arguments.budget or card.memory_mib * 2**20, card.memory_mib * 2**20)
    if arguments.largest and told.budget is None:
        raise ValueError("--largest needs something to fit into: add --gpu NAME or --budget SIZE.")
    return told


def find_largest(
    what: str,
    work: Workload,
    settings: MemorySettings,
    budget_mib: float,
    predictor_of: Callable[[float | None, Workload], Predictor],
    of_length: Callable[[float], Workload],
    progress: Callable[[str], object],
) -> Largest:
    """The largest batch in one pass, or the longest inputs, that fit as asked.

    Args:
        what (str): one of :data:`LARGEST`.
        work (Workload): model and shapes.
        settings (MemorySettings): what was asked for.
        budget_mib (float): the peak must not be above.
        predictor_of (callable): MiB of a CUDA context or None, and a workload -> its predictor.
        of_length (callable): a length -> the workload with inputs of that length.
        progress (callable): told what is being predicted.

    Raises:
        ValueError: the model's inputs have one length.
    """
    if what == "batch":
        predictor = predictor_of(None, work)

        def peak_of_batch(size: int) -> float:
            progress(f"batches of {size}")
            return predictor(settings.replace(micro_batch_size=size, gradient_accumulation_steps=1)).peak_mib

        return largest(what, peak_of_batch, budget_mib, 1, MOST_EXAMPLES)
    if work.length is None:
        raise ValueError(f"--largest length: {work.name} reads inputs of one length: use --largest batch.")
    unit, most = work.length.unit, work.length.most

    def peak_of_length(units: int) -> float | None:
        progress(f"inputs of {units * unit:g}")
        try:
            longer = of_length(round(units * unit, 6) if unit != int(unit) else units)
        except ValueError:  # the model reads no more
            return None
        return predictor_of(None, longer)(settings).peak_mib

    return largest(what, peak_of_length, budget_mib, unit, round(most / unit))


def for_card(situation: Situation, card: Gpu) -> Situation:
    """The situation on a card, whose arithmetic decides what of the checklist applies."""
    return dataclasses.replace(situation, device="cuda", fast_bf16=card.bf16, int8_products=card.int8)


def rank_gpus(
    work: Workload,
    settings: MemorySettings,
    situation: Situation,
    predictor_of: Callable[[float], Predictor],
    *,
    may_change_precision: bool,
    progress: Callable[[str], object] = lambda _: None,
) -> list[GpuRow]:
    """Which cards hold a run, by their memory, the smallest first.

    Args:
        work (Workload): model and shapes.
        settings (MemorySettings): what was asked for.
        situation (Situation): what of the checklist applies to the model.
        predictor_of (callable): MiB of a CUDA context -> the predictor on such a card; cards of one context share it.
        may_change_precision (bool): the precision was not asked for.
        progress (callable, optional): told what is being tried. (Default: nobody)
    """
    from grokaem.memory.solver import cheapest

    predictors = {context: predictor_of(context) for context in {card.context_mib for card in GPUS.values()}}
    rows = []
    for card in sorted(GPUS.values(), key=lambda card: (card.memory_mib, card.title)):
        row: GpuRow = {"gpu": card.key, "title": card.title, "memory_mib": card.memory_mib, "fits": False,
                       "peak_mib": None, "stage": None, "flags": [], "note": card.note}  # fmt: skip
        if why := card.refused(settings):
            rows.append({**row, "note": why})
            continue
        progress(card.title)
        predictor = predictors[card.context_mib]
        asked = predictor(settings)
        if asked.peak_mib <= card.memory_mib:
            rows.append({**row, "fits": True, "peak_mib": round(asked.peak_mib, 1), "stage": "as asked"})
            continue
        choice = cheapest(settings, card.memory_mib, predictor, for_card(situation, card),
                          may_change_precision=may_change_precision, progress=progress)  # fmt: skip
        if choice is not None:
            found = choice.prediction
            row.update(peak_mib=round(found.peak_mib, 1), stage=choice.stage, flags=found.settings.flags())
        rows.append(row)
    return rows


def largest(what: str, peak_of: Callable[[int], float | None], budget_mib: float, unit: float, most: int) -> Largest:
    """The largest size that a budget holds: doubled while it fits, then halved in between.

    Args:
        what (str): ``batch`` or ``length``.
        peak_of (callable): a number of units -> the peak in MiB, which grows with it; None where the model takes no
            more.
        budget_mib (float): the peak must not be above.
        unit (float): what one unit is: an example, a token, a tenth of a second.
        most (int): units beyond which nobody looks.
    """
    peaks: dict[int, float] = {}

    def fits(size: int) -> bool:
        peak = peak_of(size)
        if peak is None or peak > budget_mib:
            return False
        peaks[size] = peak
        return True

    if not fits(1):
        return {"what": what, "value": None, "peak_mib": None, "budget_mib": round(budget_mib, 1)}
    low = 1
    while low < most and fits(min(2 * low, most)):
        low = min(2 * low, most)
    high = min(2 * low, most + 1)  # does not fit, or nobody looks
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    value = round(low * unit, 6)
    return {"what": what, "value": value, "peak_mib": round(peaks[low], 1), "budget_mib": round(budget_mib, 1)}
