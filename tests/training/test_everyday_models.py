"""Models as they are found: other heads, padding, positions, arithmetic, tokenizers that are not there."""

import json
import shutil

import numpy as np
import pytest

from training.finetune import main


def refused(tmp_path, *flags):
    """The sentence with which a run is refused; nothing is left behind."""
    folder = tmp_path / "refused"
    with pytest.raises(ValueError) as error:
        main([str(flag) for flag in [*flags, "--output-dir", folder]])
    assert not folder.exists() and not list(tmp_path.glob(".refused*"))
    return str(error.value)


@pytest.mark.case("L22")
def test_without_a_tokenizer_nothing_is_trained(case_models, case_inputs, tmp_path):
    data = ["--dataset", case_inputs / "reviews.csv"]
    told = refused(tmp_path, *data, "--base-model", case_models / "bert_without_tokenizer")
    assert "there is no tokenizer beside the weights" in told
    foreign = shutil.copytree(case_models / "bert_without_tokenizer", tmp_path / "foreign")
    for name in ("tokenizer.json", "tokenizer_config.json"):  # more tokens than its table has rows
        shutil.copy(case_models / "roberta" / name, foreign / name)
    assert "they do not belong together" in refused(tmp_path, *data, "--base-model", foreign)
    (foreign / "tokenizer.json").write_text("{}")
    assert "its tokenizer cannot be read" in refused(tmp_path, *data, "--base-model", foreign)


@pytest.mark.case("L22")
def test_a_vocabulary_of_another_language_is_refused(case_models, tmp_path):
    data = tmp_path / "russian.csv"
    rows = [f"{word} {i},{label}\n" for i in range(60) for word, label in (("жёлтый щегол", "a"), ("чёрный уж", "b"))]
    data.write_text("text,label\n" + "".join(rows), encoding="utf-8")
    told = refused(tmp_path, "--dataset", data, "--base-model", case_models / "bert_without_pooler")
    assert "unknown to the vocabulary" in told and "language" in told


@pytest.mark.case("R1")
@pytest.mark.parametrize("padding", ["tokenizer only", "none"])
def test_a_decoder_is_told_what_padding_is(train, case_models, case_inputs, tmp_path, padding):
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    base = case_models / "qwen2_pad_in_tokenizer_only"
    if padding == "none":
        base = shutil.copytree(base, tmp_path / "base")
        settings = json.loads((base / "tokenizer_config.json").read_text())
        settings.pop("pad_token")
        (base / "tokenizer_config.json").write_text(json.dumps(settings))
    done = train("--max-steps", 3, "--precision", "fp32", model=base, data=case_inputs / "reviews.csv")
    assert ("padded with </s>" if padding == "none" else "given its tokenizer's, <pad>") in done.told
    model = AutoModelForSequenceClassification.from_pretrained(done.folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(done.folder)
    texts = ["a warm and honest film", "two dull hours and a noisy mess with a plot that drags on and on"]
    with torch.inference_mode():
        together = model(**tokenizer(texts, padding=True, return_tensors="pt")).logits
        alone = torch.cat([model(**tokenizer(text, return_tensors="pt")).logits for text in texts])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


@pytest.mark.case("R1")
def test_robertas_514_positions_are_512_tokens(train, case_models, case_inputs, tmp_path):
    base = shutil.copytree(case_models / "roberta", tmp_path / "base")
    settings = json.loads((base / "tokenizer_config.json").read_text())
    settings.pop("model_max_length", None)  # the model alone tells
    (base / "tokenizer_config.json").write_text(json.dumps(settings))
    data = tmp_path / "long.csv"
    rows = (case_inputs / "reviews.csv").read_text().splitlines()[1:61]
    data.write_text("text,label\n" + "".join(f"{'film ' * 600}{row}\n" for row in rows))
    flags = ["--sequence-length", 514, "--max-steps", 1, "--batch-size", 4, "--precision", "fp32"]
    done = train(*flags, model=base, data=data)
    assert "reads at most 512 tokens" in done.told
    assert done.report["config"]["sequence_length"] == 512


@pytest.mark.case("R1")
@pytest.mark.parametrize("name", ["deberta_v1", "modernbert"])
def test_on_a_processor_with_bf16(train, case_models, case_inputs, monkeypatch, name):
    monkeypatch.setattr("training.precision.cpu_multiplies_bf16", lambda: True)
    done = train("--max-steps", 1, "--batch-size", 4, model=case_models / name, data=case_inputs / "reviews.csv")
    assert "training on cpu in bf16" in done.told
    assert np.isfinite(done.report["metrics"]["loss"])


def test_arithmetic_that_a_model_cannot_take_gives_way_to_fp32(train, case_models, case_inputs, monkeypatch):
    """Only where nobody asked for it: then the sentence names the inputs that show it."""
    import functools

    import torch
    from transformers import BertForSequenceClassification

    genuine = BertForSequenceClassification.forward

    @functools.wraps(genuine)
    def forward(self, *args, **kwargs):
        if torch.is_autocast_enabled("cpu"):
            raise RuntimeError("value cannot be converted to type at::BFloat16 without overflow")
        return genuine(self, *args, **kwargs)

    monkeypatch.setattr(BertForSequenceClassification, "forward", forward)
    monkeypatch.setattr("training.precision.cpu_multiplies_bf16", lambda: True)
    inputs = {"model": case_models / "bert_without_pooler", "data": case_inputs / "reviews.csv"}
    done = train("--max-steps", 1, **inputs)
    assert "going on in fp32: it does not work in bf16" in done.told
    assert done.report["config"]["precision"] == "fp32"
    with pytest.raises(ValueError, match="preflight: the model cannot take training input .* without overflow"):
        train("--max-steps", 1, "--precision", "bf16", name="asked", **inputs)


@pytest.mark.case("R1")
def test_an_audio_spectrogram_transformer_trains(case_inputs, tmp_path):
    import torch
    from transformers import ASTConfig, ASTModel

    torch.manual_seed(0)
    small = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    ASTModel(ASTConfig(**small, max_length=128, num_mel_bins=64)).save_pretrained(tmp_path / "ast")
    settings = {"max_length": 128, "num_mel_bins": 64, "sampling_rate": 16000, "feature_size": 1}
    kind = {"feature_extractor_type": "ASTFeatureExtractor"}
    (tmp_path / "ast" / "preprocessor_config.json").write_text(json.dumps({**settings, **kind}))
    flags = ["--task", "audio", "--dataset", case_inputs / "sounds", "--base-model", tmp_path / "ast"]
    flags += ["--max-steps", 2, "--batch-size", 8, "--output-dir", tmp_path / "run"]
    assert main([str(flag) for flag in flags]) == 0
    assert json.loads((tmp_path / "run" / "run.json").read_text())["steps"] == 2
