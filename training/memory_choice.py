"""Which memory settings a run trains with, why, and what they are predicted to need."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grokaem.memory.checklist import find_lever, levers, levers_between
from grokaem.memory.lever import Lever
from grokaem.memory.settings import MemorySettings
from grokaem.memory.situation import Situation
from training.config import FinetuneConfig, budget_bytes
from training.learning_rate import default_learning_rate
from training.precision import Precision, choose_precision, use_fast_matmul
from training.processes import broadcast_from_main, is_main, world_size

if TYPE_CHECKING:
    from grokaem.memory.solver import Predictor
    from grokaem.memory.workload import Workload
    from training.records import TakenLever
    from training.run_folder import RunFolder
    from training.task import Task

MIB = 2**20
AUTO_SHARE = 0.9  # of what is free; the rest is for other processes


@dataclass(frozen=True)
class MemoryChoice:
    """The levers of a run.

    Attributes:
        settings (MemorySettings): in force.
        checklist (list of dict): every lever turned: ``step, value, reason``.
        predicted_mib (float): predicted peak, None where the model cannot be predicted.
        budget_mib (float): None where none was given.
    """

    settings: MemorySettings
    checklist: list[TakenLever]
    predicted_mib: float | None = None
    budget_mib: float | None = None

    def with_lever(self, lever: Lever, settings: MemorySettings, reason: str) -> MemoryChoice:
        """The choice after one more lever of the checklist."""
        entry: TakenLever = {"step": lever.key, "value": lever.value_in(settings), "reason": reason}
        return replace(self, settings=settings, checklist=[*self.checklist, entry])

    def to_json(self) -> dict[str, object]:
        """As plain values, for the partial folder of a run under way."""
        return {**vars(self), "settings": self.settings.as_dict()}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> MemoryChoice:
        """What :meth:`to_json` gave."""
        return cls(**{**content, "settings": MemorySettings.from_dict(content["settings"])})


class Planner:
    """The planner's view of a run: its workload, its device, what applies, predictions each made once.

    Args:
        task (TextTask or AudioTask): after its training set was read.
        device (str): cuda, mps or cpu.
    """

    def __init__(self, task: Task, device: str):
        self.task, self.device = task, device

    @functools.cached_property
    def work(self) -> Workload:
        """Model and shapes."""
        return self.task.workload()

    @functools.cached_property
    def situation(self) -> Situation:
        """What of the checklist applies."""
        from grokaem.memory.plan import find_situation

        return find_situation(self.work, self.device, world_size())

    @functools.cached_property
    def predictor(self) -> Predictor:
        """Predictions, remembered."""
        from grokaem.memory.solver import Predictor

        device = "cuda" if self.device == "cuda" else "cpu"
        return Predictor(self.work, device, later=self._later() if device == "cpu" else None, processes=world_size())

    def _later(self) -> Workload | None:
        """What the steps after the first see, in a run that ends before it comes to long texts again."""
        return self.task.later_workload()

    def components(self, settings: MemorySettings) -> dict[str, float]:
        """Predicted MiB by component."""
        told = dict(self.predictor(settings).components_mib)
        if self.task.averaged:
            told["parameters"] *= 2  # the moving average of the weights
        return told

    def peak_mib(self, settings: MemorySettings) -> float:
        """Predicted peak."""
        return sum(self.components(settings).values())


def choose_levers(config: FinetuneConfig, folder: RunFolder, planner: Planner) -> tuple[MemoryChoice, float]:
    """The levers of the run and its learning rate, the same on all processes; says them.

    An interrupted run goes on with the levers it had come to.

    Args:
        config (FinetuneConfig): the run's.
        folder (RunFolder): its folder, in which an interrupted run left its choice.
        planner (Planner): predicts what levers take.

    Returns:
        tuple: the choice, and the learning rate.
    """
    precision = choose_precision(config.precision, planner.device)
    matmul = use_fast_matmul(planner.device, precision)
    record, choice = record_path(folder.partial), None
    if is_main():
        interrupted = config.resume and record.is_file()
        content = json.loads(record.read_text()) if interrupted else None
        choice = MemoryChoice.from_json(content) if content else choose_settings(config, planner, precision)
    choice = broadcast_from_main(choice)
    assert choice is not None  # the main process has chosen
    reason = next(row["reason"] for row in choice.checklist if row["step"] in ("precision", "pure_bf16"))
    print(f"training on {planner.device} in {choice.settings.precision}: {reason}; {matmul}", flush=True)
    return choice, config.learning_rate or default_learning_rate(
        planner.task.default_learning_rate(), choice.settings
    )


def choose_settings(config: FinetuneConfig, planner: Planner, precision: Precision) -> MemoryChoice:
    """Settles the levers: those asked for, or with ``--memory-budget`` the fastest that fit, and says why.

    Args:
        config (FinetuneConfig): what was asked for.
        planner (Planner): predicts.
        precision (Precision): the arithmetic chosen for the device.

    Raises:
        ValueError: levers that the model cannot take, or a budget that nothing fits.
    """
    asked = _of_the_data(config.memory.replace(precision=precision.name), len(planner.task.corpus.train.inputs))
    if asked.optimizer_in_backward and world_size() > 1:
        raise ValueError("--optimizer-in-backward updates before the processes agree: train in one process.")
    asked.check_statistics(batch_norm=config.from_scratch)
    checklist: list[TakenLever] = [{"step": "precision", "value": asked.precision, "reason": precision.reason}]
    checklist.extend(
        {"step": item.key, "value": item.value_in(asked), "reason": "asked for"}
        for item in _taken(asked)
    )
    checklist += _around_the_model(config, planner.device)
    if config.memory_budget is not None:
        return _within_budget(config, planner, asked, precision, checklist)
    try:
        predicted = planner.peak_mib(asked)
    except Exception as error:
        # The planner knows fewer models than can be trained; without a budget nothing depends on it.
        print(f"memory not predicted: {' '.join(str(error).split())[:200]}", flush=True)
        return MemoryChoice(asked, checklist)
    print(f"predicted peak memory: {predicted:.0f} MiB beside the program", flush=True)
    return MemoryChoice(asked, checklist, predicted)


def _of_the_data(settings: MemorySettings, inputs: int) -> MemorySettings:
    """A batch that is larger than the data is the data."""
    if world_size() > 1 or not 0 < inputs < settings.effective_batch_size:
        return settings
    size = min(settings.micro_batch_size, inputs)
    passes = -(-inputs // size)
    print(f"a step of {settings.effective_batch_size} is more than the {inputs} training inputs: it takes them all")
    return settings.replace(micro_batch_size=size, gradient_accumulation_steps=passes)


def _within_budget(
    config: FinetuneConfig,
    planner: Planner,
    asked: MemorySettings,
    precision: Precision,
    checklist: list[TakenLever],
) -> MemoryChoice:
    from grokaem.memory.solver import cheapest

    assert config.memory_budget is not None
    budget = free_bytes(planner.device) * AUTO_SHARE if config.memory_budget == "auto" else None
    budget = (budget_bytes(config.memory_budget) if budget is None else budget) / MIB
    kept = planner.components(asked)["parameters"] / 2 if planner.task.averaged else 0.0
    free = config.precision == "auto"
    start = asked.replace(precision="fp32") if free and asked.precision == "bf16" else asked
    choice = cheapest(
        start, budget - kept, planner.predictor, planner.situation, may_change_precision=free
    )
    if choice is None:
        raise ValueError(
            f"--memory-budget {config.memory_budget}: nothing on the checklist fits {config.base_model} "
            f"into {budget:.0f} MiB; take a smaller model, shorter inputs or a larger budget."
        )
    settings, predicted = choice.prediction.settings, choice.prediction.peak_mib + kept
    print(
        f"budget {budget:.0f} MiB beside the program: predicted peak {predicted:.0f} MiB with "
        f"{' '.join(settings.flags())} ({choice.stage}; {choice.tried} settings compared)",
        flush=True,
    )
    for key, why in choice.refused.items():
        print(f"  left out, {find_lever(key).name}: {why}", flush=True)
    checklist = [entry for entry in checklist if entry["step"] != "precision"]
    if not any(item.key in ("precision", "pure_bf16") for item in levers_between(asked, settings)):
        checklist.insert(0, {"step": "precision", "value": settings.precision, "reason": precision.reason})
    for item in levers_between(asked, settings):
        print(f"  {item.name}: {item.chosen}", flush=True)
        checklist.append(
            {"step": item.key, "value": item.value_in(settings), "reason": f"fastest within the budget: {item.chosen}"}
        )
    return MemoryChoice(settings, checklist, predicted, budget)


def _taken(settings: MemorySettings) -> list[Lever]:
    """The steps that settings take, but precision, which is told anyway."""
    own = ("precision", "pure_bf16", "micro_batch")
    return [item for item in levers() if item.key not in own and item.taken(settings)]


def _around_the_model(config: FinetuneConfig, device: str) -> list[TakenLever]:
    """The steps that change no tensor of the model."""
    told: list[TakenLever] = []
    if config.preflight:
        told.append({"step": "preflight", "value": True, "reason": find_lever("preflight").chosen})
    if config.own.grouped:
        told.append({"step": "bucketing", "value": True, "reason": find_lever("bucketing").saves + " is saved"})
    pinned = device == "cuda" if config.pin_memory is None else config.pin_memory
    reason = find_lever("host").chosen if device == "cuda" else find_lever("host").refused
    told.append(
        {
            "step": "host",
            "value": {"workers": config.dataloader_workers, "pin_memory": pinned},
            "reason": reason,
        }
    )
    told.append(
        {"step": "what_runs_where", "value": config.logging_steps, "reason": find_lever("what_runs_where").chosen}
    )
    return told


def free_bytes(device: str) -> int:
    """What the machine, or the GPU, can still give."""
    if device == "cuda":
        import torch

        return torch.cuda.mem_get_info()[0]
    from grokaem.process_memory import available_bytes

    return available_bytes()


def record_path(partial: Path) -> Path:
    """Where a run under way keeps its choice, so that ``--resume`` goes on with it."""
    return partial / "memory.json"
