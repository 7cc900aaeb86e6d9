"""Base models of many kinds through the commands: trained, exported and asked, or refused before any training."""

import json
import shutil

import numpy as np
import pytest
import soundfile
import torch
from scipy.special import softmax

from exporting.run_source import Run
from exporting.text_source import TextSource
from grokaem import inference
from tests.conftest import run_script

TEXTS = ["a warm and honest film that stays with you 7", "a noisy mess that forgets its own story 8",
         "funny from the first minute to the last 3", "two dull hours and not one good joke 4"]  # fmt: skip
LEARN = ["--learning-rate", "1e-2", "--epochs", 3, "--no-preflight"]
LORA = ["--lora-rank", 4, "--learning-rate", "2e-2", "--epochs", 4]
KINDS = {
    "bert_without_pooler": [],
    "bert_five_labels": [],
    "albert": [],
    "bart": [],
    "roberta": ["--sequence-length", 514],
    "deberta_v1": [],
    "qwen2_pad_in_tokenizer_only": [],
}
LEARNERS = ("bert_without_pooler", "bert_five_labels", "qwen2_pad_in_tokenizer_only")


def finetune(home, base, *flags):
    words = ["--base-model", base, "--output-dir", "run", "--export", *flags]
    return run_script("training/finetune.py", *words, cwd=home)


def asked(home, run, inputs):
    """The scores that ``grokaem predict`` prints, shape (n, labels), in the order of the run's labels."""
    done = run_script("grokaem predict", run, *inputs, cwd=home)
    assert done.returncode == 0, done.stderr
    names = json.loads((home / run / "config.json").read_text())["id2label"]
    rows = [json.loads(line)["scores"] for line in done.stdout.splitlines()]
    return np.array([[row[names[str(number)]] for number in range(len(names))] for row in rows])


def by_transformers(run, texts):
    """The logits of the trained weights by transformers alone."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(run)
    model = AutoModelForSequenceClassification.from_pretrained(run, dtype="float32").eval()
    with torch.inference_mode():
        logits = [model(**tokenizer(text, return_tensors="pt")).logits for text in texts]
    return torch.cat(logits).numpy()


@pytest.mark.slow
@pytest.mark.case("R1")
@pytest.mark.parametrize("name", list(KINDS))
def test_a_text_model_is_trained_exported_and_answers(case_models, case_inputs, tmp_path, name):
    data = case_inputs / "reviews.csv"
    done = finetune(tmp_path, case_models / name, "--dataset", data, *LEARN, *KINDS[name])
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr[-2000:]
    report = json.loads((tmp_path / "run" / "run.json").read_text())
    parity = json.loads((tmp_path / "run" / "export" / "parity.json").read_text())
    assert parity["gate"]["passed"] and parity["original"]["accuracy"] == report["metrics"]["accuracy"]
    logits, found = by_transformers(tmp_path / "run", TEXTS), asked(tmp_path, "run", TEXTS)
    assert np.abs(found - softmax(logits, axis=1)).max() <= 0.1, parity["method"]
    assert report["data"]["label_names"] == ["bad", "good"]
    if name in LEARNERS:  # the others are too small to learn these texts in three passes
        assert report["metrics"]["accuracy"] > 0.9 and list(found.argmax(axis=1)) == [1, 0, 1, 0]


@pytest.mark.case("R1")
@pytest.mark.parametrize("name", ["bert_without_pooler", "qwen2_pad_in_tokenizer_only"])
def test_the_graph_of_a_text_model_gives_its_logits(case_models, tmp_path, name):
    """The quick twin: the model as it is, with a new head, converted and asked in this process."""
    from transformers import AutoModelForSequenceClassification

    base = shutil.copytree(case_models / name, tmp_path / "base")
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=3)
    if model.config.pad_token_id is None:
        model.config.pad_token_id = 1
    with torch.no_grad():
        for weight in model.parameters():  # random ones are small: the answers would hardly differ
            weight.mul_(4 if weight.ndim > 1 else 1)
    model.save_pretrained(base)
    source = TextSource(Run(base, {"task": "text", "config": {"sequence_length": 128}}))
    (tmp_path / "export").mkdir()
    source.convert(tmp_path / "export")
    source.write_rest(tmp_path / "export")
    meant = by_transformers(base, TEXTS)
    spread = meant.std(axis=0).max()
    assert spread > 1e-3, "texts must differ for the model, or nothing is tested"
    assert np.abs(inference.load(tmp_path / "export").logits(TEXTS) - meant).max() < 0.05 * spread


@pytest.mark.slow
@pytest.mark.case("L5")
@pytest.mark.parametrize("eight_bits", [False, True])
def test_what_is_new_beside_an_adapter_is_exported(case_models, case_inputs, tmp_path, eight_bits):
    data = ["--dataset", case_inputs / "reviews.csv", "--output-dir", "run"]
    words = ["--base-model", case_models / "bert_without_pooler", *LORA, *["--load-in-8bit"][: eight_bits]]
    done = run_script("training/finetune.py", *data, *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    done = run_script("exporting/export.py", "run", "--precision", "int8-weight", cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads((tmp_path / "run" / "run.json").read_text())
    parity = json.loads((tmp_path / "run" / "export" / "parity.json").read_text())
    assert parity["original"]["accuracy"] == report["metrics"]["accuracy"] > 0.7
    assert abs(parity["export"]["accuracy"] - report["metrics"]["accuracy"]) <= 0.01
    found = asked(tmp_path, "run", TEXTS)
    assert list(found.argmax(axis=1)) == [1, 0, 1, 0]


@pytest.mark.case("R6")
@pytest.mark.case("L22")
@pytest.mark.parametrize(
    "name, told",
    [
        ("modernbert", "is a modernbert, which Optimum Intel cannot convert"),
        ("bert_without_tokenizer", "there is no tokenizer beside the weights"),
    ],
)
def test_a_text_model_that_cannot_is_refused_before_training(case_models, case_inputs, tmp_path, name, told):
    done = finetune(tmp_path, case_models / name, "--dataset", case_inputs / "reviews.csv", *LEARN)
    assert done.returncode == 2 and told in done.stderr, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1 and "training on" not in done.stdout
    assert not list(tmp_path.iterdir())


SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
CONVOLVED = {"conv_dim": (16, 16, 16), "conv_stride": (5, 4, 4), "conv_kernel": (10, 8, 8), "classifier_proj_size": 16,
             "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2}  # fmt: skip


def hearing(folder, kind):
    """A tiny random encoder of sounds, without a head, as it would be found."""
    import transformers

    torch.manual_seed(0)
    if kind == "AST":
        from grokaem.audio.torchaudio_loader import load_torchaudio

        load_torchaudio()
        transformers.ASTModel(
            transformers.ASTConfig(**SMALL, max_length=64, num_mel_bins=32)
        ).save_pretrained(folder)
        transformers.ASTFeatureExtractor(max_length=64, num_mel_bins=32).save_pretrained(folder)
        return folder
    config = getattr(transformers, f"{kind}Config")(**SMALL, **CONVOLVED)
    getattr(transformers, f"{kind}Model")(config).save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(folder)
    return folder


@pytest.mark.slow
@pytest.mark.case("R6")
@pytest.mark.parametrize("kind", ["Wav2Vec2", "WavLM", "Hubert", "AST"])
def test_a_sound_model_is_trained_exported_and_answers(case_inputs, tmp_path, kind):
    """The quick twin is tests/exporting/test_audio_encoders.py."""
    import transformers

    base = hearing(tmp_path / "base", kind)
    flags = ["--task", "audio", "--dataset", case_inputs / "sounds", "--max-seconds", "0.5", "--batch-size", 4]
    done = finetune(tmp_path, base, *flags, "--learning-rate", "3e-3", "--epochs", 8, "--no-preflight")
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr[-2000:]
    parity = json.loads((tmp_path / "run" / "export" / "parity.json").read_text())
    assert parity["gate"]["passed"]
    files = [case_inputs / "sounds" / label / "speaker0" for label in ("low", "high")]
    files = [sorted(folder.glob("*.wav"))[0] for folder in files]
    extractor = transformers.AutoFeatureExtractor.from_pretrained(tmp_path / "run")
    model = transformers.AutoModelForAudioClassification.from_pretrained(tmp_path / "run", dtype="float32").eval()
    heard = [soundfile.read(file, dtype="float32")[0][:8000] for file in files]
    with torch.inference_mode():
        given = [extractor(clip, sampling_rate=16000, return_tensors="pt") for clip in heard]
        meant = softmax(torch.cat([model(**one).logits for one in given]).numpy(), axis=1)
    found = asked(tmp_path, "run", files)
    assert np.abs(found - meant).max() <= 0.1, parity["method"]
    assert np.abs(meant[0] - meant[1]).max() > 0.1, "sounds must differ for the model, or nothing is tested"
