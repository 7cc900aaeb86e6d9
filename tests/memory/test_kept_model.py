"""What is kept of a model answers as the planner does, to the byte, at batches and lengths that were never recorded."""

import random

import pytest

from grokaem.memory import keep_model
from grokaem.memory.architectures import workload
from grokaem.memory.kept_model import pass_key, update_key
from grokaem.memory.predict import Prediction, predict
from grokaem.memory.settings import MemorySettings
from grokaem.memory.situation import Situation
from grokaem.memory.solver import Predictions, cheapest
from grokaem.memory.step_time import seconds
from grokaem.memory.trace import Trace

SETTINGS = (
    MemorySettings(8),
    MemorySettings(8, gradient_checkpointing=True, precision="bf16", optimizer="adamw8bit"),
    MemorySettings(8, attention_dropout_off=True, precision="bf16-pure", lora_rank=8),
    MemorySettings(8, optimizer_in_backward=True),
    MemorySettings(4, 2),
    MemorySettings(4, 2, gradient_checkpointing=True, precision="bf16", optimizer="adamw8bit"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from transformers import BertConfig

    path = tmp_path_factory.mktemp("small")
    shape = {"vocab_size": 700, "hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
             "intermediate_size": 96, "max_position_embeddings": 256}  # fmt: skip
    BertConfig.from_dict(shape).save_pretrained(path)
    return str(path)


@pytest.fixture(scope="module")
def kept(folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keep_model, "questions", lambda situation: iter(SETTINGS))
        return keep_model.keep_model(folder)


def test_predictions_are_the_planners(folder, kept):
    generator = random.Random(3)
    shapes = [(1, 256), (128, 16), (2, 48)]
    for settings in SETTINGS:
        batch, length = shapes.pop() if shapes else (generator.randint(2, 128), 16 * generator.randint(1, 16))
        settings = settings.replace(micro_batch_size=batch)
        told, known = predict(workload(folder, sequence_length=length), settings), kept.predictor(length)(settings)
        assert known.components_mib == told.components_mib, (batch, length, settings)
        assert known.seconds == seconds(told.trace, settings, "cpu", fast_bf16=True)


def test_more_passes_change_the_time_alone(folder, kept):
    settings = MemorySettings(4, 16)
    told, known = predict(workload(folder, sequence_length=64), settings), kept.predictor(64)(settings)
    assert known.components_mib == told.components_mib
    assert known.seconds == seconds(told.trace, settings, "cpu", fast_bf16=True)


def test_what_is_not_kept_is_refused(kept):
    with pytest.raises(ValueError, match="give 1 to 128"):
        kept.check(129, 128)
    with pytest.raises(ValueError, match="A length of 100 .* give 96"):
        kept.check(8, 100)


@pytest.mark.parametrize("precision", keep_model.PRECISIONS)
@pytest.mark.parametrize("network", [False, True])
def test_every_question_of_the_solver_is_kept(precision, network):
    """The settings that are recorded are those that the solver asks about, whatever a model needs."""
    situation = Situation(attention=not network, batch_norm=network, embeddings=not network)
    passes = {pass_key(settings) for settings in keep_model.questions(situation)}
    updates = {update_key(settings) for settings in keep_model.questions(situation)}
    asked = []

    class Anything(Predictions):
        """A model whose needs are drawn by chance, with some levers that do not help."""

        seed = 0

        def _predict(self, settings):
            asked.append(settings)
            drawn = random.Random(f"{self.seed} {settings}")
            helps = random.Random(f"{self.seed} {update_key(settings)}").random() < 0.3
            needs = {"activations": drawn.uniform(0, 1000) * settings.micro_batch_size / 8 + 9000 * (not helps)}
            return Prediction(settings, "cpu", 0, needs, drawn.random(), Trace())

    wanted = MemorySettings(8, precision=precision or "fp32")
    for seed in range(60):
        model = Anything("any", "cpu")
        model.seed = seed
        cheapest(wanted, 100, model, situation, may_change_precision=precision is None)
    found = {pass_key(settings) for settings in asked}
    assert found <= passes and {update_key(settings) for settings in asked} <= updates
    assert len(found) >= (4 if network else 20)
