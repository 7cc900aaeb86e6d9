"""The settings that fit a budget and cost the least time."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

from grokaem.memory.checklist import find_lever
from grokaem.memory.predict import Prediction, PredictOptions, predict
from grokaem.memory.settings import MemorySettings
from grokaem.memory.situation import Situation
from grokaem.memory.support import LeverSupport
from grokaem.memory.workload import Workload

if TYPE_CHECKING:
    from grokaem.memory.trace import Trace

# What is tried, from what changes training least to what changes it most; each is added to the settings asked for.
STAGES: tuple[tuple[str, tuple[dict, ...]], ...] = (
    ("the same training", ({},)),
    ("8-bit Adam", ({"optimizer": "adamw8bit"}, {"optimizer": "adamw8bit", "embeddings_32bit": False})),
    (
        "weights in bf16, rounded at random",
        ({"optimizer": "adamw8bit", "embeddings_32bit": False, "precision": "bf16-pure"},),
    ),
    (
        "one moment for each row of the embeddings",
        ({"optimizer": "adamw8bit", "embeddings_by_row": True, "precision": "bf16-pure"},),
    ),
    (
        "frozen embeddings",
        ({"optimizer": "adamw8bit", "precision": "bf16-pure", "freeze": "embeddings"},),
    ),
    ("LoRA", ({"lora_rank": 8},)),
    ("LoRA on bf16 or int8 weights", ({"lora_rank": 8, "precision": "bf16-pure"},)),
    ("LoRA on int8 weights", ({"lora_rank": 8, "load_in_8bit": True},)),
)

# BatchNorm takes mean and deviation from the examples of one pass: of fewer they say little.
FEWEST_WITH_BATCH_NORM = 4


@dataclass(frozen=True)
class Choice:
    """What the solver chose.

    Attributes:
        prediction (Prediction): of the chosen settings.
        stage (str): how far it had to go.
        tried (int): settings it compared.
        refused (dict): key of a lever -> why this model does not take it.
    """

    prediction: Prediction
    stage: str
    tried: int
    refused: dict[str, str] = dataclasses.field(default_factory=dict)


class Predictions:
    """Predictions of one model and shape, each made once.

    Args:
        name (str): what the user called the model.
        device (str): ``"cpu"`` or ``"cuda"``.
    """

    def __init__(self, name: str, device: str) -> None:
        self.name, self.device = name, device
        self._known: dict[MemorySettings, Prediction] = {}

    def __call__(self, settings: MemorySettings) -> Prediction:
        """The prediction for these settings."""
        if settings not in self._known:
            # Beyond two passes nothing but the time of a step changes.
            passes = min(2, settings.gradient_accumulation_steps)
            same = settings.replace(gradient_accumulation_steps=passes)
            if same not in self._known:
                self._known[same] = self._predict(same)
            self._known[settings] = self._more_passes(self._known[same], settings)
        return self._known[settings]

    def _predict(self, settings: MemorySettings) -> Prediction:
        raise NotImplementedError

    def _seconds(self, trace: Trace, settings: MemorySettings) -> float:
        from grokaem.memory.step_time import seconds

        return seconds(trace, settings, self.device)

    def _more_passes(self, prediction: Prediction, settings: MemorySettings) -> Prediction:
        took = self._seconds(prediction.trace, settings)
        return dataclasses.replace(prediction, settings=settings, seconds=took)


class Predictor(Predictions):
    """Predictions of one workload, from steps that are recorded now.

    Args:
        work (Workload): model and shapes.
        device (str): ``"cpu"`` or ``"cuda"``.
        later (Workload, optional): of all steps after the first, where they see shorter inputs; the first meets no
            state of the optimizer yet. (Default: any step may see the longest)
        **options: of :func:`grokaem.memory.predict.predict`.
    """

    def __init__(
        self, work: Workload, device: str, later: Workload | None = None, **options: Unpack[PredictOptions]
    ) -> None:
        super().__init__(work.name, device)
        self.work, self.later, self.options = work, later, options

    def _predict(self, settings: MemorySettings) -> Prediction:
        if self.later is None:
            return predict(self.work, settings, self.device, **self.options)
        first = predict(self.work, settings, self.device, first_step=True, **self.options)
        later = predict(self.later, settings, self.device, **self.options)
        return max(first, later, key=lambda prediction: prediction.peak_mib)


def cheapest(
    wanted: MemorySettings,
    budget_mib: float,
    predictor: Predictions,
    situation: Situation,
    *,
    may_change_precision: bool = False,
    progress: Callable[[str], object] = lambda _: None,
) -> Choice | None:
    """Finds the settings that fit and whose step takes the least time.

    The effective batch stays exactly what was asked for: the passes of a step are made smaller and more. What is
    asked for is never taken back. Settings that train something else (fewer bits, fewer weights) are tried only
    when nothing before them fits. A lever that the model does not take is left out.

    Args:
        wanted (MemorySettings): what was asked for.
        budget_mib (float): the peak must not be above.
        predictor (Predictor): remembers what has been predicted.
        situation (Situation): what applies.
        may_change_precision (bool, optional): the precision was not asked for, so autocast and pure bf16 may be
            chosen too. (Default: False)
        progress (callable, optional): told what is being tried. (Default: nobody)

    Returns:
        Choice: or None if nothing fits.

    Raises:
        ValueError: the model cannot be followed, or does not take what was asked for.
    """
    tried = 0
    support = LeverSupport(predictor, wanted)
    for stage, changes in STAGES:
        best: Prediction | None = None
        bases = [with_change(wanted, change, situation, may_change_precision) for change in changes]
        followed = []
        for base in filter(None, bases):
            members = list(families(base, situation, may_change_precision))
            tried += 1
            # The most frugal member in the smallest passes, with a margin, for it need not be the very least.
            least = (
                support.predict(in_passes_of(pass_sizes(member, situation)[-1], member))
                for member in reversed(members)
            )
            frugal = next((prediction for prediction in least if prediction is not None), None)
            if frugal is None or frugal.peak_mib > 1.05 * budget_mib:
                continue
            for family in members:
                progress(f"{stage}: {' '.join(family.flags())}")
                prediction = support.predict(family)
                if prediction is not None:
                    followed.append(prediction)
        # More passes only take longer: a family whose single pass is slower than the best so far is out.
        for family in sorted(followed, key=lambda prediction: prediction.seconds):
            if best is not None and family.seconds >= best.seconds:
                break
            progress(f"{stage}: {' '.join(family.settings.flags())}")
            sizes = pass_sizes(family.settings, situation)
            found, count = _largest_fitting(sizes, family.settings, budget_mib, predictor)
            tried += count
            if found is not None and (best is None or found.seconds < best.seconds):
                best = found
        if best is not None:
            return Choice(best, stage, tried, support.refused)
    return None


def with_change(
    wanted: MemorySettings, change: dict, situation: Situation, may_change_precision: bool
) -> MemorySettings | None:
    """What was asked for with a change of :data:`STAGES`, as far as it may be made; None where it cannot."""
    change = dict(change)
    if not may_change_precision:
        change.pop("precision", None)
    if wanted.optimizer not in ("adamw", "adamw8bit") and "optimizer" in change:
        change.pop("optimizer")
        change.pop("embeddings_32bit", None)
        change.pop("embeddings_by_row", None)
    if "lora_rank" in change and not find_lever("lora").applies(situation):
        return None
    of_tables = change.get("freeze") == "embeddings" or "embeddings_by_row" in change
    if of_tables and not situation.embeddings:
        return None
    if change.get("precision") == "bf16-pure" and not find_lever("pure_bf16").applies(situation):
        return None
    if "load_in_8bit" in change and not find_lever("int8_lora").applies(situation):
        return None
    if wanted.lora_rank:
        change.pop("lora_rank", None)
    if wanted.freeze not in ("none", 0):
        change.pop("freeze", None)
    return wanted.replace(**change)


def families(
    base: MemorySettings, situation: Situation, may_change_precision: bool
) -> Iterator[MemorySettings]:
    """The exact levers in every combination, with the whole batch in one pass."""
    whole = base.replace(micro_batch_size=base.effective_batch_size, gradient_accumulation_steps=1)
    precisions = [base.precision]
    if may_change_precision and base.precision == "fp32" and (situation.fast_bf16 or situation.device == "cuda"):
        precisions.append(situation.autocast)
    dropouts = [base.attention_dropout_off]
    if not base.attention_dropout_off and situation.attention and situation.drops_attention:
        dropouts.append(True)
    for precision in precisions:
        for off in dropouts:
            for again in [False, True] if not base.gradient_checkpointing else [True]:
                yield whole.replace(precision=precision, attention_dropout_off=off, gradient_checkpointing=again)


def pass_sizes(family: MemorySettings, situation: Situation) -> list[int]:
    """The examples that one pass may have, largest first: the divisors of the batch."""
    batch = family.effective_batch_size
    if family.optimizer_in_backward:
        return [batch]  # it cannot accumulate
    least = min(batch, FEWEST_WITH_BATCH_NORM) if situation.batch_norm else 1
    return [size for size in range(batch, 0, -1) if batch % size == 0 and size >= least]


def _largest_fitting(
    sizes: list[int], family: MemorySettings, budget_mib: float, predictor: Predictions
) -> tuple[Prediction | None, int]:
    """The fewest passes that fit: bisection over the sizes of a pass, largest first."""

    def predicted(size: int) -> Prediction:
        return predictor(in_passes_of(size, family))

    first = predicted(sizes[0])
    if first.peak_mib <= budget_mib:
        return first, 1
    if len(sizes) == 1 or predicted(sizes[-1]).peak_mib > budget_mib:
        return None, min(2, len(sizes))
    low, high = 0, len(sizes) - 1  # sizes[low] does not fit, sizes[high] does
    count = 2
    while high - low > 1:
        middle = (low + high) // 2
        count += 1
        if predicted(sizes[middle]).peak_mib <= budget_mib:
            high = middle
        else:
            low = middle
    return predicted(sizes[high]), count


def in_passes_of(size: int, family: MemorySettings) -> MemorySettings:
    """The family with passes of so many examples."""
    batch = family.effective_batch_size
    return family.replace(micro_batch_size=size, gradient_accumulation_steps=batch // size)
