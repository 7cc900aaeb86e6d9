"""The memory tab: its answers are the planner's, its page follows every move, and what it cannot do it says."""

import json
import os
import subprocess
import sys

import pytest

from demos import memory_models
from demos.drawn import drawn
from demos.memory_measured import told_and_measured
from demos.memory_plan import answer, parse_budget, plan_memory
from demos.memory_planner import BEGINS, draw, show, verdict
from demos.served_model import ServedModel
from demos.wording import speaking
from grokaem.memory import plan, step_time
from grokaem.memory.architectures import find_model, make_workload
from grokaem.memory.plan import parser
from grokaem.memory.predict import predict
from grokaem.memory.settings import MemorySettings

SMALL = "minilm"


@pytest.mark.parametrize(
    ("batch", "tokens", "precision", "budget"),
    [(32, 128, "auto", "0.3GB"), (6, 48, "fp32", "0.5GB")],
)
def test_every_bar_and_what_is_recommended_is_the_planners(monkeypatch, batch, tokens, precision, budget):
    for module in (plan, step_time):  # the page plans for a processor that multiplies bf16
        monkeypatch.setattr(module, "cpu_multiplies_bf16", lambda: True)
    words = ["--base-model", "minilm-l6", "--batch-size", str(batch), "--sequence-length", str(tokens)]
    words += ["--budget", budget] + (["--precision", precision] if precision != "auto" else [])
    told = plan.plan(parser().parse_args(words))
    shown = plan_memory(SMALL, str(batch), tokens, precision, budget)
    asked, *bars = shown["bars"]
    assert (asked["peak_mib"], asked["components_mib"]) == (told["peak_mib"], told["components_mib"])
    assert asked["fits"] == told["fits"]
    assert {bar["lever"]: bar["peak_mib"] for bar in bars} == {row["lever"]: row["peak_mib"] for row in told["levers"]}
    chosen, recommended = told["chosen"], shown["recommended"]
    assert chosen is not None and recommended is not None
    assert recommended["stage"] == chosen["stage"]
    assert recommended["reasons"] and set(recommended["reasons"]) <= set(chosen["reasons"])
    settings = MemorySettings.from_dict({key: chosen[key] for key in MemorySettings().as_dict()})
    assert recommended["flags"] == settings.flags()
    assert recommended["bar"]["components_mib"] == chosen["components_mib"]
    assert recommended["bar"]["relative_step_time"] == chosen["relative_step_time"]
    assert shown["command"] == told["command"]


@pytest.mark.parametrize("chip", memory_models.offered(), ids=lambda chip: chip.key)
def test_what_is_kept_of_each_model_is_what_the_planner_predicts_now(chip):
    kept = memory_models.find_model(chip.key)
    assert kept is not None
    length = kept.record["lengths"][len(kept.record["lengths"]) // 3]
    words = [word.removeprefix("--").replace("-", "_") for word in kept.words(length)]
    flags = dict(zip(words[::2], words[1::2], strict=True))
    cls, config = find_model(chip.name)
    work = make_workload(cls, chip.name, config, 2, {name: int(value) for name, value in flags.items()})
    settings = MemorySettings(5, 2, gradient_checkpointing=True, precision="bf16")
    known, told = kept.predictor(length)(settings), predict(work, settings)
    assert known.components_mib == told.components_mib
    assert known.seconds == step_time.seconds(told.trace, settings, "cpu", fast_bf16=True)


def test_an_answer_needs_no_torch():
    code = (
        "import sys\nfrom demos.memory_plan import plan_memory\n"
        f"plan_memory({SMALL!r}, 32, 128, 'auto', '1GB')\nassert not {{'torch', 'transformers'}} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_a_larger_budget_never_needs_more_of_the_checklist():
    stages = [plan_memory(SMALL, 32, 128, "auto", f"{size}GB")["recommended"] for size in (0.09, 0.2, 0.5, 2, 9)]
    times = [1e9 if stage is None else stage["bar"]["relative_step_time"] for stage in stages]
    assert times == sorted(times, reverse=True)


def test_nothing_fits_into_nothing():
    told = plan_memory(SMALL, 32, 128, "auto", "1MiB")
    assert told["recommended"] is None and told["command"] == ""
    assert "nothing on the checklist fits" in verdict(told)
    with speaking("ru"):
        assert "ни один рычаг" in verdict(told)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("gpt-9", 32, 128, "auto", "2GB"), "not known here; choose one of"),
        ((SMALL, 0, 128, "auto", "2GB"), "give 1 to 128"),
        ((SMALL, "many", 128, "auto", "2GB"), "is no number"),
        ((SMALL, 2.5, 128, "auto", "2GB"), "no whole number"),
        ((SMALL, 32, 100, "auto", "2GB"), "give 96"),
        ((SMALL, 32, "nan", "auto", "2GB"), "is no number"),
        ((SMALL, 32, 128, "fp64", "2GB"), "choose auto, fp32 or bf16"),
        ((SMALL, 32, 128, "auto", "much"), "no amount of memory"),
        ((SMALL, 32, 128, "auto", "-1GB"), "no amount of memory"),
    ],
)
def test_a_wrong_input_is_one_sentence(arguments, says):
    with pytest.raises(ValueError, match=says):
        plan_memory(*arguments)


def test_budgets_are_read_as_people_write_them():
    assert parse_budget("1.5 GiB") == 1536 and parse_budget("512mib") == 512
    assert parse_budget(2) == parse_budget("2GB") == parse_budget("2,0") == 2e9 / 2**20


def test_the_example_is_what_is_asked_at_first():
    batch, tokens, budget, precision = BEGINS
    told = answer(memory_models.offered()[0].key, batch, tokens, precision, budget * 1e9 / 2**20)
    figure = json.loads(draw(told).plot)
    assert len(figure["data"][0]["y"]) == len(told["bars"]) + 1
    assert drawn("memory")["sentence"] == verdict(told)


def test_a_model_that_is_forgotten_says_so():
    with pytest.raises(ValueError, match="follow its steps again"):
        show("someone/gone", "", 32, 128, 4, 2, "auto")


def test_a_name_that_is_none_is_refused_before_a_process_starts(monkeypatch):
    monkeypatch.setattr(memory_models, "_run", lambda *_: pytest.fail("it started"))
    for name in ("--help", "../etc", "a b", ""):
        with pytest.raises(ValueError, match="give a Hub id"):
            memory_models.trace_model(name, None, lambda done, of: None)


def _instead(monkeypatch, code):
    """Another program in place of the one that records; what the page then does is what is tested."""
    monkeypatch.setattr(memory_models, "_command", lambda *_: [sys.executable, "-c", code])


def test_steps_are_told_and_the_record_is_remembered(monkeypatch):
    kept = memory_models.find_model(SMALL)
    assert kept is not None
    record, told = json.dumps({**kept.record, "base_model": "a/b"}), []
    says = "".join(f"print('{done}/2', file=sys.stderr);" for done in (1, 2))
    _instead(monkeypatch, f"import sys; {says} print({record!r})")
    memory_models.trace_model("a/b", None, lambda done, of: told.append((done, of)))
    assert told[-1] == (2, 2)
    assert answer("a/b", 32, 128, "auto", 1000)["model"] == "a/b"


def test_an_error_of_the_process_is_said_in_the_pages_words(monkeypatch):
    _instead(monkeypatch, "import sys; sys.exit('error: --base-model x/y: the Hub did not give its config.json; ...')")
    with pytest.raises(ValueError, match="The Hub gave no config.json"):
        memory_models.trace_model("x/y", None, lambda done, of: None)


def test_cancelling_ends_the_process(monkeypatch, tmp_path):
    class Cancelled(BaseException):
        pass

    started = tmp_path / "started"

    def cancel(done, of):
        if started.exists() and started.read_text():
            raise Cancelled

    wait = "import os, pathlib, time; pathlib.Path({!r}).write_text(str(os.getpid())); time.sleep(600)"
    _instead(monkeypatch, wait.format(str(started)))
    with pytest.raises(Cancelled):
        memory_models.trace_model("x/z", None, cancel)
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)


def test_told_and_measured_are_those_of_the_run(tmp_path, monkeypatch):
    export = tmp_path / "run" / "export"
    export.mkdir(parents=True)
    record = {"base_model": {"name": "who/minilm"}, "memory": {"predicted_peak_mib": 900.2, "measured_peak_mib": 882.4}}
    (tmp_path / "run" / "run.json").write_text(json.dumps(record))
    monkeypatch.setenv("MODEL_ID", str(export))
    assert "minilm: 900 MiB told before its training, 882 MiB taken" in told_and_measured((ServedModel("text"),))
    (tmp_path / "run" / "run.json").write_text("{}")
    assert told_and_measured((ServedModel("text"),)) == ""
