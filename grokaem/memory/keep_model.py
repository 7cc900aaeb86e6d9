"""Records a model's steps once, so that every batch and length can be predicted without torch.

python -m grokaem.memory.keep_model bert-base-uncased             # the record as JSON, progress on standard error
python -m grokaem.memory.keep_model wide_resnet --lengths 1 4
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import gcd
from typing import TYPE_CHECKING, Any, cast

from grokaem.memory.checklist import levers
from grokaem.memory.kept_model import KeptModel, KeptRecord, KeptWork, pass_key, shape_key, update_key
from grokaem.memory.moments import Moments, Sizes
from grokaem.memory.predict import predict
from grokaem.memory.settings import MemorySettings
from grokaem.memory.situation import Situation
from grokaem.memory.solver import STAGES, families, in_passes_of, with_change
from grokaem.memory.trace import Trace
from grokaem.plain_text import as_reason

if TYPE_CHECKING:
    from grokaem.memory.growth_recorder import Growth, Notes
    from grokaem.memory.workload import Workload

MOST_BATCH = 128
LENGTH_STEP = 16
MOST_LENGTH = 512
PRIMES = (*(n for n in range(5, 160) if all(n % d for d in range(2, n))),)
PRECISIONS = (None, "fp32", "bf16")  # that can be asked for; None leaves the choice to the planner
Progress = Callable[[int, int], object]  # steps recorded, and of how many


def keep_model(
    name: str,
    *,
    lengths: Sequence[float] = (),
    ones: bool = True,
    progress: Progress = lambda done, of: None,
    **shape: Any,
) -> KeptModel:
    """Records every step that the planner can ask about a model.

    Batch and length are set to primes, which no other size of the model has as a factor: how often they divide the
    size of a tensor says how it grows. Some predictions are then compared with the planner's.

    Args:
        name (str): as :func:`grokaem.memory.architectures.workload` takes it.
        lengths (sequence of float, optional): that are wanted. (Default: of texts every multiple of 16 up to 512
            tokens that the model reads; of sounds 1 second)
        ones (bool, optional): record passes of one example apart; else they are told as larger ones are, which is
            a few small copies too much, in half the time. (Default: True)
        progress (callable, optional): told how many steps are recorded, and of how many. (Default: nobody)
        **shape: what else the flags of its kind say.

    Returns:
        KeptModel: batches of 1 to 128.

    Raises:
        ValueError: no such model, or its sizes do not grow in this way.
    """
    return _Keeper(name, lengths, shape, ones, progress).keep()


class _Keeper:
    """One model's record in the making; the arguments are those of :func:`keep_model`."""

    def __init__(
        self, name: str, wanted: Sequence[float], shape: dict[str, Any], ones: bool, progress: Progress
    ) -> None:
        self.name, self.shape, self.ones, self.progress = name, shape, ones, progress
        first = self._workload(None)
        self.task, length = first.task, first.length
        self.by_length = length is not None and length.by_powers
        limit = min(MOST_LENGTH, first.most_length or MOST_LENGTH)
        step = LENGTH_STEP if limit >= 4 * LENGTH_STEP else 1
        self.lengths = list(wanted) or (list(range(step, limit + 1, step)) if self.by_length else [1.0])
        batch, prime = _primes(_numbers(first.config.to_dict()) | {limit}, limit)
        self.shapes = [float(prime)] if self.by_length else self.lengths
        lengths = [int(length) for length in self.lengths] if self.by_length else [1]
        self.moments = Moments(Sizes(batch, prime if self.by_length else None), lengths, gcd(*lengths))
        self.works: dict[str, int] = {}
        self.refused: dict[str, str] = {}
        self.derivable: dict[tuple[str, ...], bool] = {}

    def keep(self) -> KeptModel:
        from grokaem.memory.plan import find_situation

        situation = dataclasses.replace(find_situation(self._workload(None), "cpu"), fast_bf16=True)
        asked = list(questions(situation))
        shown = self._workload(self.shapes[0]).words()
        record: KeptRecord = {
            "base_model": self.name, "task": self.task,
            "words": ["{length}" if word == f"{self.shapes[0]:g}" else word for word in shown],
            "lengths": self.lengths, "most_batch": MOST_BATCH, "by_length": self.by_length, "ones": self.ones,
            "situation": dataclasses.asdict(situation), "passes": {}, "updates": {}, "parts": [], "works": [],
            "refused": self.refused,
        }  # fmt: skip
        self._record(record, asked)
        record["parts"] = [list(part) for part in self.moments.parts]
        record["works"] = [json.loads(work) for work in self.works]
        model = KeptModel(record)
        self._compare(model, asked)
        return model

    def _record(self, record: KeptRecord, asked: list[MemorySettings]) -> None:
        passes = {pass_key(settings): settings for settings in asked}
        updates = {update_key(settings): settings for settings in asked}
        done, total = 0, (1 + self.ones) * len(self.shapes) * len(passes) + len(updates)
        # A batch of one is another step: what is contiguous then needs no copies.
        for shape, one in itertools.product(self.shapes, (False, True) if self.ones else (False,)):
            work = self._workload(shape)
            batches = range(1, 2) if one else range(2, MOST_BATCH + 1)
            found = record["passes"].setdefault(shape_key(None if self.by_length else shape, one), {})
            for key, settings in passes.items():
                if key not in found:
                    self._unless_refused(key, settings, partial(self._keep_pass, work, settings, batches, found))
                self.progress(done := done + 1, total)
        for key, settings in updates.items():
            update = partial(self._keep_update, self._workload(self.shapes[0]), settings, record["updates"])
            self._unless_refused(key, settings, update)
            self.progress(done := done + 1, total)

    def _workload(self, length: float | None) -> Workload:
        from grokaem.memory.architectures import find_model, make_workload

        cls, config = find_model(self.name)
        shape = dict(self.shape)
        if length is not None and cls.length is not None:
            shape[cls.length.name] = int(length) if cls.length.by_powers else length
        return make_workload(cls, self.name, config, 2, shape)

    def _unless_refused(self, key: str, settings: MemorySettings, record: Callable[[], object]) -> None:
        try:
            record()
        except MemoryError:
            raise
        except Exception as error:
            if settings.replace(micro_batch_size=1) == MemorySettings(1):
                raise
            self.refused[key] = as_reason(" ".join(str(error).split()))[:200] or type(error).__name__

    def _trace(self, work: Workload, settings: MemorySettings) -> tuple[Trace, Notes]:
        from grokaem.memory.fake_step import trace_step
        from grokaem.memory.growth_recorder import GrowthRecorder, Notes

        notes, sizes = Notes(), self.moments.sizes
        return trace_step(work, settings, record=lambda copies: GrowthRecorder(copies, sizes, notes)), notes

    def _keep_pass(
        self, work: Workload, settings: MemorySettings, batches: range, found: dict[str, list]
    ) -> None:
        """Keeps a pass alone, and what it is as one of several; that is recorded once for each set of weights."""
        from grokaem.memory.growth_recorder import as_one_of_several

        one = settings.replace(micro_batch_size=self.moments.sizes.batch if len(batches) > 1 else 1,
                               gradient_accumulation_steps=1)  # fmt: skip
        if one.optimizer_in_backward:  # with the whole step in it
            trace, notes = self._trace(work, one)
            found[pass_key(one)] = self._pass(trace, notes, 0, trace.marks["end"], batches)
            return
        one = one.replace(optimizer="sgd", embeddings_by_row=False)  # state and update are recorded apart
        trace, notes = self._trace(work, one)
        marks = trace.marks
        if any(storage.i or storage.j for storage in self.moments.alive(trace, marks["optimizer"])):
            raise ValueError("something of the pass outlives it.")
        found[pass_key(one)] = self._pass(trace, notes, marks["forward"], marks["optimizer"], batches)
        several, sort = one.replace(gradient_accumulation_steps=2), (update_key(one), *work.words(), str(batches))
        trace = as_one_of_several(trace, notes)
        derived = self._pass(trace, notes, trace.marks["gradients"], trace.marks["optimizer"], batches)
        if not self.derivable.get(sort):
            trace, notes = self._trace(work, several)
            recorded = self._pass(trace, notes, trace.marks["gradients"], trace.marks["optimizer"], batches)
            self.derivable[sort] = recorded == derived
            derived = recorded
        found[pass_key(several)] = derived

    def _pass(self, trace: Trace, notes: Notes, start: int, end: int, batches: range) -> list:
        """The moments of a pass, and its works."""
        moments = [self.moments.at(trace, position) for position in self.moments.fullest(trace, start, end, batches)]
        return [moments, self._work(trace, notes, "forward"), self._work(trace, notes, "backward")]

    def _keep_update(self, work: Workload, settings: MemorySettings, found: dict[str, list]) -> None:
        """Keeps the fullest moment before the pass, what the state adds, the fullest of the update, its work."""
        plain = settings.replace(micro_batch_size=self.moments.sizes.batch, gradient_accumulation_steps=1,
                                 gradient_checkpointing=False, attention_dropout_off=False)  # fmt: skip
        trace, _ = self._trace(work, plain)
        marks, done, batches = trace.marks, trace.work["optimizer"], range(1, 2)
        flops = {dtype: [[int(number), 0, 0]] for dtype, number in done.flops.items()}
        update = self._kept_work({"flops": flops, "moved": done.moved, "kernels": done.kernels})
        if settings.optimizer_in_backward:
            found[update_key(settings)] = [None, None, None, update]
            return
        before, forward = (self.moments.alive(trace, marks[name]) for name in ("state", "forward"))
        state = forward - Counter({each: n for each, n in before.items() if each.kind != "optimizer_state"})
        full = self.moments.fullest(trace, 0, marks["forward"], batches)[0]
        late = self.moments.fullest(trace, marks["optimizer"], marks["end"], batches) or [marks["optimizer"] - 1]
        ends = self.moments.at(trace, full), self.moments.keep(state), self.moments.at(trace, late[0])
        found[update_key(settings)] = [*ends, update]

    def _work(self, trace: Trace, notes: Notes, phase: str) -> int:
        amounts, work = notes.amounts.get(phase, {}), trace.work[phase]
        flops = {dtype: _amount(amounts[dtype]) for dtype in work.flops}
        moved = _amount(amounts.get("", Counter()))
        return self._kept_work({"flops": flops, "moved": moved, "kernels": work.kernels})

    def _kept_work(self, work: KeptWork) -> int:
        return self.works.setdefault(json.dumps(work), len(self.works))

    def _compare(self, model: KeptModel, asked: list[MemorySettings]) -> None:
        """Compares predictions of a few batches and lengths with the planner's."""
        some = asked[:: max(1, len(asked) // 4)]
        for number, settings in enumerate(some):
            length = self.lengths[(5 * number + 2) % len(self.lengths)]
            settings = settings.replace(micro_batch_size=(1 if self.ones else 2, 3, 16, 64)[number % 4])
            try:
                known = model.predictor(length)(settings)
            except ValueError:
                continue  # the model does not take it
            told = predict(self._workload(length), settings)
            if known.components_mib != told.components_mib:
                raise ValueError(
                    f"the memory of {self.name} does not grow evenly with its inputs: ask grokaem plan for each shape."
                )


def questions(situation: Situation) -> Iterator[MemorySettings]:
    """Settings of every sort that the planner predicts to answer a question, once with one pass and once with more.

    Args:
        situation (Situation): what applies to the model.
    """
    for precision in PRECISIONS:
        wanted, free = MemorySettings(8, precision=precision or "fp32"), precision is None
        for _, changes in STAGES:
            for base in (with_change(wanted, change, situation, free) for change in changes):
                for family in [] if base is None else families(base, situation, free):
                    yield family
                    yield in_passes_of(4, family)
        for lever in levers():
            for _, change in lever.rows_alone(wanted, "cpu") if lever.applies(situation) else []:
                yield wanted.replace(**change)


def _amount(counted: Growth) -> list[list[int]]:
    return [[number, i, j] for (i, j), number in sorted(counted.items()) if number]


def _numbers(values: object) -> set[int]:
    """All whole numbers in a configuration."""
    if isinstance(values, dict):
        return set().union(*map(_numbers, values.values()))
    if isinstance(values, list | tuple):
        return set().union(*map(_numbers, values))
    return {values} if isinstance(values, int) and not isinstance(values, bool) else set()


def _primes(avoid: set[int], limit: int) -> tuple[int, int]:
    """Two primes that divide none of these numbers, the second within a limit."""
    fit = [prime for prime in PRIMES if all(number % prime or not number for number in avoid)]
    batch = next(prime for prime in fit if prime > 130)
    return batch, max(prime for prime in fit if prime <= limit and prime < 130)


def main(argv: list[str]) -> int:
    """Prints the record of a model."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0], allow_abbrev=False)
    parser.add_argument("name", help="built-in architecture, local folder or Hub id")
    parser.add_argument("--lengths", type=float, nargs="*", default=[], help="seconds of a clip, or tokens of a text")
    parser.add_argument("--no-ones", action="store_true", help="tell passes of one example as larger ones")
    parser.add_argument("--depth", type=int, help="of wide_resnet")
    parser.add_argument("--widen-factor", type=int, help="of wide_resnet")
    options = vars(parser.parse_args(argv))
    shape = {key: options[key] for key in ("depth", "widen_factor") if options[key] is not None}
    lengths = [int(length) if length.is_integer() else length for length in options["lengths"]]

    def told(done: int, of: int) -> None:
        print(f"{done}/{of}", file=sys.stderr, flush=True)

    model = keep_model(options["name"], lengths=lengths, ones=not options["no_ones"], progress=told, **shape)
    print(json.dumps(cast(dict, model.record), separators=(",", ":")))
    return 0


if __name__ == "__main__":
    from grokaem.command_line import quiet_libraries, run

    quiet_libraries()
    sys.exit(run(main))
