"""Predicts the memory of a fine-tuning run and finds the fastest settings that fit, before anything runs.

grokaem plan                                                    # MiniLM, 32 texts of 128 tokens
grokaem plan --base-model bert-base-uncased --budget 2GB
grokaem plan --base-model bert-large-uncased --sequence-length 512 --device cuda --budget 8GB
grokaem plan --base-model bert-large-uncased --gpu t4 --largest batch
grokaem plan --base-model bert-large-uncased --batch-size 64 --gpus    # which of the known cards hold it
grokaem plan --base-model bert-base-uncased --gpu colab --notebook train.ipynb
grokaem plan --base-model wide_resnet --depth 28 --widen-factor 10 --budget 4GB --json
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grokaem import kinds
from grokaem.command_line import quiet_libraries, run
from grokaem.flags import Own, add_own_flags, take_own
from grokaem.memory.cuda_account import CONTEXT_MIB
from grokaem.memory.gpu_plan import LARGEST, find_largest, for_card, on_the_card, rank_gpus
from grokaem.memory.gpus import GPUS
from grokaem.memory.notebook import check_path, notebook, write_notebook
from grokaem.memory.plan_answer import Plan, describe, figures, lever_row
from grokaem.memory.settings import MemorySettings, add_settings_arguments, from_arguments
from grokaem.plain_text import terminal
from grokaem.processor import cpu_multiplies_bf16

if TYPE_CHECKING:
    from grokaem.memory.gpus import Gpu
    from grokaem.memory.predict import Prediction
    from grokaem.memory.situation import Situation
    from grokaem.memory.solver import Predictions, Predictor
    from grokaem.memory.workload import Workload

DEFAULT_MODEL = "minilm-l6"
UNITS = {"": 1, "B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
UNITS |= {"K": 2**10, "M": 2**20, "G": 2**30}
Progress = Callable[[str], object]  # takes a line about what is being predicted


def main(argv: list[str]) -> int:
    """Runs the command; see the module's docstring for examples."""
    arguments = parser().parse_args(argv)
    if arguments.notebook:
        check_path(arguments.notebook)
    answer = plan(arguments, progress=_progress_printer(arguments.base_model, arguments.json))
    print(json.dumps(answer, indent=2) if arguments.json else describe(answer))
    if arguments.notebook and answer["command"]:
        write_notebook(arguments.notebook, as_notebook(answer))
        print(f"notebook: {arguments.notebook}", file=sys.stderr)
    return 0 if answer["fits"] is not False or answer["chosen"] else 1


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(prog="grokaem plan", description=str(__doc__).splitlines()[0], allow_abbrev=False)
    result.add_argument("--base-model", default=DEFAULT_MODEL, metavar="NAME",
                        help="built-in architecture, local folder or Hub id (default: %(default)s)")
    result.add_argument("--num-labels", type=int, default=2, help="classes (default: %(default)s)")
    add_own_flags(result, _owners())
    add_settings_arguments(result, precision=None)
    result.add_argument("--processes", type=int, default=1, metavar="N", help="processes that train together")
    result.add_argument("--sharding", choices=("none", "fsdp"), default="none",
                        help="fsdp: weights, gradients and state are split over the processes")
    result.add_argument("--device", choices=("cpu", "cuda"), help="(default: cpu; with --gpu or --gpus cuda)")
    result.add_argument("--gpu", choices=tuple(GPUS), help="this card: its memory, its context, its arithmetic")
    result.add_argument("--gpus", action="store_true", help="which of the known cards hold it, by their memory")
    result.add_argument("--largest", choices=LARGEST, help="the largest that fits as asked into the budget or the card")
    result.add_argument("--context", type=parse_bytes, metavar="SIZE",
                        help="memory of the CUDA context (default: 500MiB; nvidia-smi shows yours)")
    result.add_argument("--budget", type=parse_bytes, metavar="SIZE", help="e.g. 8GB, 1.25GiB: find what fits")
    result.add_argument("--no-table", action="store_true", help="leave out the table of single levers")
    result.add_argument("--notebook", type=Path, metavar="FILE", help="write a notebook for Colab or Kaggle that "
                        "plans for the card it gets, trains, exports and publishes")
    result.add_argument("--json", action="store_true", help="print JSON only")
    result.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return result  # fmt: skip


def _owners() -> dict[str, tuple[str, type[Own]]]:
    """The flags of each kind."""
    return {key: (kind.title, kind.resolved("workload").flags) for key, kind in kinds.KINDS.items()}


def plan(arguments: argparse.Namespace, progress: Progress | None = None) -> Plan:
    """The whole answer as plain values.

    Args:
        arguments (argparse.Namespace): of :func:`parser`.
        progress (callable, optional): called with a line about what is being predicted. (Default: nobody)

    Returns:
        dict: ``peak_mib, tensor_peak_mib, components_mib, relative_step_time, fits, levers, chosen, command``
        and what was asked.
    """
    from grokaem.memory.architectures import STUDENTS, find_model, make_workload, short_name
    from grokaem.memory.solver import Predictor, cheapest
    from grokaem.memory.support import LeverSupport

    arguments = on_the_card(arguments)
    settings = _checked_settings(arguments)
    cls, config = find_model(arguments.base_model)
    shape = take_own(arguments, _owners(), cls.task)
    work = make_workload(cls, arguments.base_model, config, arguments.num_labels, shape)
    situation = find_situation(work, arguments.device, arguments.processes)
    if arguments.gpu:
        situation = for_card(situation, GPUS[arguments.gpu])
    settings.check_statistics(situation.batch_norm)
    progress = progress or (lambda _: None)
    context = None if arguments.context is None else arguments.context / 2**20

    def predictor_of(context_mib: float | None, work: Workload = work) -> Predictor:
        return Predictor(work, arguments.device, processes=arguments.processes, sharding=arguments.sharding,
                         context_mib=context_mib if context is None else context)  # fmt: skip

    predictor = predictor_of(context)
    progress("the settings asked for")
    prediction = LeverSupport(predictor, settings).predict(settings)
    assert prediction is not None  # of what was asked for it is a prediction, or an error
    plain = predictor(MemorySettings(settings.effective_batch_size))
    budget = None if arguments.budget is None else arguments.budget / 2**20
    choice = None
    if budget is not None:
        choice = cheapest(
            settings, budget, predictor, situation,
            may_change_precision=arguments.precision is None, progress=progress,
        )  # fmt: skip
    final = settings if choice is None else choice.prediction.settings
    levers = [] if arguments.no_table else single_levers(
        settings, predictor, situation, progress, GPUS.get(arguments.gpu or "")
    )
    extent = None
    if arguments.largest and budget is not None:

        def of_length(length: float) -> Workload:
            assert cls.length is not None
            return make_workload(cls, arguments.base_model, config, arguments.num_labels,
                                 {**shape, cls.length.name: length})  # fmt: skip

        extent = find_largest(arguments.largest, work, settings, budget, predictor_of, of_length, progress)
    cards = None
    if arguments.gpus:
        cards = rank_gpus(work, settings, situation, predictor_of,
                          may_change_precision=arguments.precision is None, progress=progress)  # fmt: skip
    student = STUDENTS.get(short_name(arguments.base_model))
    if levers and student:
        with contextlib.suppress(ValueError):  # it reads shorter inputs
            smaller = with_student(student, shape, arguments.num_labels, predictor, settings)
            levers.insert(0, (f"A distilled student, {student}", smaller))
    return {
        "base_model": arguments.base_model, "task": work.task, "device": arguments.device,
        "processes": arguments.processes, "sharding": arguments.sharding,
        "settings": settings.as_dict(),
        **figures(prediction, plain), "tensor_peak_mib": round(prediction.tensor_peak_mib, 1),
        "budget_mib": None if budget is None else round(budget, 1),
        "fits": None if budget is None else prediction.peak_mib <= budget,
        "student": student,
        "levers": [lever_row(name, item, prediction) for name, item in levers],
        "chosen": None if choice is None else {
            **final.as_dict(), "stage": choice.stage, "tried": choice.tried, **figures(choice.prediction, plain),
            **reasons(final, situation, choice.refused),
        },
        "command": None if budget is not None and choice is None else command(arguments, work, final),
        "words": _model_words(arguments, work) + _asked_flags(arguments, settings),
        "gpu": arguments.gpu, "largest": extent, "gpus": cards,
    }  # fmt: skip


def _checked_settings(arguments: argparse.Namespace) -> MemorySettings:
    settings = from_arguments(arguments)
    settings.check_device(arguments.device)
    if arguments.processes < 1:
        raise ValueError(f"--processes must be at least 1, got {arguments.processes}.")
    if arguments.sharding == "fsdp" and arguments.processes < 2:
        raise ValueError("--sharding fsdp splits over processes: add --processes 2 or more.")
    return settings


def single_levers(
    settings: MemorySettings, predictor: Predictions, situation: Situation, progress: Progress, card: Gpu | None = None
) -> list[tuple[str, Prediction]]:
    """The effect of every lever alone on the settings asked for; those left out do not apply, or not to this card."""
    from grokaem.memory.checklist import levers

    rows: list[tuple[str, Prediction]] = []
    for item in levers():
        if not item.applies(situation):
            continue
        for name, change in item.rows_alone(settings, situation.device):
            try:
                changed = settings.replace(**change)
                if changed != settings and (card is None or card.refused(changed) is None):
                    progress(name)
                    rows.append((name, predictor(changed)))
            except Exception as error:  # not with this model, or not together with what was asked for
                if isinstance(error, MemoryError):
                    raise
    return rows


def with_student(
    name: str, shape: dict[str, Any], num_labels: int, predictor: Predictor, settings: MemorySettings
) -> Prediction:
    """What the same settings need with a distilled model instead."""
    from grokaem.memory.architectures import workload
    from grokaem.memory.solver import Predictor

    smaller = workload(name, num_labels=num_labels, **shape)
    return Predictor(smaller, predictor.device, **predictor.options)(settings.replace(freeze="none"))


def find_situation(work: Workload, device: str, processes: int = 1) -> Situation:
    """What of the checklist applies to this model on this device."""
    from grokaem.memory.situation import Situation

    network = work.normalises_batches
    return Situation(
        device=device, architecture=work.model_type, attention=not network, batch_norm=network,
        embeddings=work.embeddings, fast_bf16=device == "cuda" or cpu_multiplies_bf16(), processes=processes,
        drops_attention=drops_attention(work.config),
    )  # fmt: skip


def drops_attention(config: object) -> bool:
    """Whether a model of this configuration drops attention weights in training."""
    names = ("attention_probs_dropout_prob", "attention_dropout")
    return any(getattr(config, name, 0.0) for name in names)


def reasons(
    settings: MemorySettings, situation: Situation, refused: dict[str, str] | None = None
) -> dict[str, list[str]]:
    """One line for every lever, taken (``reasons``) or not (``refused``): its name and why."""
    from grokaem.memory.checklist import explain_levers

    explained = explain_levers(settings, situation, refused)
    lines = {"reasons": [], "refused": []}
    for item, taken, why in explained:
        lines["reasons" if taken else "refused"].append(f"{item.name}: {why}")
    return lines


def command(arguments: argparse.Namespace, work: Workload, settings: MemorySettings) -> str:
    """The command line that trains with these settings."""
    words = ["python", "training/finetune.py", "--task", work.task, *_model_words(arguments, work)]
    return shlex.join(words + settings.flags())


def _model_words(arguments: argparse.Namespace, work: Workload) -> list[str]:
    from grokaem.memory.architectures import HUB_IDS

    name: str = arguments.base_model
    return ["--base-model", HUB_IDS.get(name, name), *work.words()]


def _asked_flags(arguments: argparse.Namespace, settings: MemorySettings) -> list[str]:
    """The settings as flags; the precision only if it was asked for, so that another card may choose another."""
    flags = settings.flags()
    if arguments.precision is None:
        place = flags.index("--precision")
        del flags[place : place + 2]
    return flags


def as_notebook(answer: Plan) -> dict:
    """A plan as a notebook, which plans again for the card that it meets."""
    told = answer["chosen"] or answer
    card = GPUS[answer["gpu"]] if answer["gpu"] else None
    where = card.title if card else {"cuda": "a graphics card", "cpu": "a processor"}[answer["device"]]
    context = told["components_mib"]["runtime"] if answer["device"] == "cuda" else CONTEXT_MIB
    planned = f"{where}, peak {told['peak_mib']:,.0f} MiB"
    return notebook(answer["words"], f"Fine-tuning {answer['base_model']} in the memory there is", planned, context)


def parse_bytes(text: str) -> int:
    """``"8GB"`` -> 8,000,000,000; ``"1.25GiB"`` -> 1,342,177,280; a bare number is bytes.

    Raises:
        ValueError: not a size.
    """
    number = text.strip().rstrip("BbKkMmGgIi ")
    unit = text.strip()[len(number):].strip().upper()
    try:
        size = float(number) * UNITS[unit]
    except (ValueError, KeyError):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 8GB or 1.25GiB.") from None
    if not 0 < size < 2**63:  # nor NaN
        raise argparse.ArgumentTypeError(f"{text!r} is no amount of memory: give more than nothing, such as 8GB.")
    return round(size)


def _progress_printer(model: str, as_json: bool) -> Callable[[str], None]:
    """Shows what is being predicted; one line at the start where the output is for a program or a file."""
    rewrites = sys.stderr.isatty() and not as_json
    first = [f"predicting training steps of {terminal(model)}, the levers one by one: seconds to minutes, by its size"]

    def show(what: str) -> None:
        if rewrites:
            print(f"\r\033[Kpredicting {what}", end="", file=sys.stderr, flush=True)
        elif first:
            print(first.pop(), file=sys.stderr, flush=True)

    return show


if __name__ == "__main__":
    quiet_libraries()
    sys.exit(run(main))
