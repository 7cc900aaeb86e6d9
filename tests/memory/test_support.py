"""A lever that a model does not take is left out of the plan, with a reason, for every architecture."""

import pytest

from grokaem.memory.architectures import workload
from grokaem.memory.plan import find_situation
from grokaem.memory.settings import MemorySettings
from grokaem.memory.solver import Predictor, cheapest
from grokaem.memory.support import LeverSupport


class Fake:
    """A model that refuses what it is told to."""

    name = "a model"

    def __init__(self, refuses):
        self.refuses, self.asked = refuses, []

    def __call__(self, settings):
        self.asked.append(settings)
        if self.refuses(settings):
            raise NotImplementedError("no such thing")
        return settings


def test_the_lever_at_fault_is_found_among_several_and_not_tried_again():
    fake = Fake(lambda s: s.gradient_checkpointing)
    support = LeverSupport(fake, MemorySettings(8))
    both = MemorySettings(4, 2, gradient_checkpointing=True, optimizer="adamw8bit")
    assert support.predict(both) is None
    assert support.refused == {"checkpointing": "no such thing"}
    tried = len(fake.asked)
    assert support.predict(both.replace(attention_dropout_off=True)) is None and len(fake.asked) == tried
    assert support.predict(both.replace(gradient_checkpointing=False)) is not None


def test_levers_that_only_fail_together_are_left_out_together():
    support = LeverSupport(Fake(lambda s: s.gradient_checkpointing and s.lora_rank), MemorySettings(8))
    assert support.predict(MemorySettings(8, gradient_checkpointing=True, lora_rank=8)) is None
    assert support.refused == {}
    assert support.predict(MemorySettings(8, lora_rank=8)) is not None


def test_what_was_asked_for_is_not_left_out():
    asked = MemorySettings(8, gradient_checkpointing=True)
    with pytest.raises(ValueError, match="a model cannot be predicted .*by hand"):
        LeverSupport(Fake(lambda s: s.gradient_checkpointing), asked).predict(asked)


def test_a_lack_of_memory_refuses_no_lever():
    class Starved(Fake):
        def __call__(self, settings):
            raise MemoryError

    with pytest.raises(MemoryError):
        LeverSupport(Starved(None), MemorySettings(8)).predict(MemorySettings(8, lora_rank=8))


@pytest.mark.case("L22")
@pytest.mark.parametrize("name", ["albert", "modernbert", "roberta"])
def test_a_plan_for_every_architecture(case_models, name):
    work = workload(str(case_models / name), sequence_length=32)
    predictor, situation = Predictor(work, "cpu"), find_situation(work, "cpu")
    wanted = MemorySettings(32)
    choice = cheapest(wanted, predictor(wanted).peak_mib + 60, predictor, situation)
    assert choice.stage == "the same training"
    if name == "albert":
        assert "no repeated blocks" in choice.refused["checkpointing"]


@pytest.mark.case("L22")
def test_asked_for_and_refused_names_the_lever(case_models):
    work = workload(str(case_models / "albert"), sequence_length=32)
    asked = MemorySettings(8, gradient_checkpointing=True)
    with pytest.raises(ValueError, match="--gradient-checkpointing: .*leave it off"):
        cheapest(asked, 500, Predictor(work, "cpu"), find_situation(work, "cpu"))


def test_the_first_step_meets_no_state():
    work = workload("minilm-l6", sequence_length=64)
    from grokaem.memory.predict import predict

    settings = MemorySettings(64)
    plain, first = (predict(work, settings, first_step=early) for early in (False, True))
    assert plain.components_mib["optimizer_state"] > 100  # two moments of 22.7 million weights
    assert first.peak_mib <= plain.peak_mib - 20


def test_a_batch_larger_than_the_data_is_the_data(capsys):
    from training.memory_choice import _of_the_data

    assert _of_the_data(MemorySettings(64, 2), 20) == MemorySettings(20, 1)
    assert "20 training inputs" in capsys.readouterr().out
    assert _of_the_data(MemorySettings(8, 4), 20) == MemorySettings(8, 3)
    assert _of_the_data(MemorySettings(8, 2), 20) == MemorySettings(8, 2)
