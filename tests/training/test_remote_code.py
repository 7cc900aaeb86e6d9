"""A base model with Python code of its own, from the Hub: announced, or refused before it runs."""

import json
import shutil

import pytest

from tests.conftest import run_script
from tests.hub_server import HubServer
from tests.test_journey import environment

CODE = '''
import torch
from transformers import PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput

class TinyConfig(PretrainedConfig):
    model_type = "tiny-own"

    def __init__(self, vocab_size=300, hidden_size=16, **more):
        self.vocab_size, self.hidden_size = vocab_size, hidden_size
        super().__init__(**more)

class TinyClassifier(PreTrainedModel):
    config_class = TinyConfig
    base_model_prefix = "table"

    def __init__(self, config):
        super().__init__(config)
        self.table = torch.nn.Embedding(config.vocab_size, config.hidden_size)
        self.score = torch.nn.Linear(config.hidden_size, config.num_labels)
        self.post_init()

    def forward(self, input_ids=None, attention_mask=None, token_type_ids=None, labels=None):
        seen = attention_mask[..., None].to(self.table.weight.dtype)
        logits = self.score((self.table(input_ids) * seen).sum(1) / seen.sum(1))
        loss = None if labels is None else torch.nn.functional.cross_entropy(logits.float(), labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)
'''


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with HubServer(tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest.fixture(scope="module")
def published(server, case_models, tmp_path_factory):
    """``ada/own-code`` on the loopback Hub."""
    import torch
    from safetensors.torch import save_file

    folder = shutil.copytree(case_models / "bert_without_pooler", tmp_path_factory.mktemp("own") / "own-code")
    (folder / "tiny.py").write_text(CODE)
    maps = {"AutoConfig": "tiny.TinyConfig", "AutoModelForSequenceClassification": "tiny.TinyClassifier"}
    settings = {"model_type": "tiny-own", "vocab_size": 300, "hidden_size": 16, "auto_map": maps, "pad_token_id": 0}
    (folder / "config.json").write_text(json.dumps(settings))
    save_file({"table.weight": torch.randn(300, 16)}, folder / "model.safetensors", metadata={"format": "pt"})
    # Our own client does not publish code, so the files are put there as their owner's git would.
    server.put(f"{server.user}/own-code", {path.name: path.read_bytes() for path in folder.iterdir()})
    return f"{server.user}/own-code"


@pytest.mark.case("R5")
@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ([], "add --trust-remote-code"),
        (["--trust-remote-code", "--export"], "leave out --export"),
        (["--trust-remote-code"], "hf download"),
    ],
    ids=["not trusted", "with export", "from the Hub"],
)
def test_refused_before_training(server, published, case_inputs, tmp_path, flags, words):
    data = ["--dataset", case_inputs / "reviews.csv", "--base-model", published, "--output-dir", "run"]
    env = environment(server, tmp_path)
    done = run_script("training/finetune.py", *data, *flags, cwd=tmp_path, env=env)
    assert done.returncode == 2 and words in done.stderr, done.stderr[-2000:]
    assert "training on" not in done.stdout and not list(tmp_path.glob("*run*"))
