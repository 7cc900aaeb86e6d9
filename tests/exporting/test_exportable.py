"""A base model that no export can be made of is refused before it is trained; others are not."""

import pytest

from exporting.exportable import EXPORTABLE_EXTRACTORS, check_exportable
from grokaem import command_line
from training import finetune


@pytest.fixture
def whisper(tmp_path):
    from transformers import WhisperConfig, WhisperFeatureExtractor

    WhisperConfig().save_pretrained(tmp_path / "whisper")
    WhisperFeatureExtractor().save_pretrained(tmp_path / "whisper")
    (tmp_path / "whisper" / "model.safetensors").write_bytes(b"never read")
    return tmp_path / "whisper"


@pytest.mark.case("R6")
@pytest.mark.parametrize("name", ["albert", "bart", "bert_xlmr_tokenizer", "qwen2_pad_in_tokenizer_only", "roberta"])
def test_kinds_that_can_be_converted(case_models, name):
    check_exportable("text", case_models / name, name)


@pytest.mark.case("R6")
def test_a_kind_that_cannot_be_converted_is_refused_before_training(case_models, case_inputs, tmp_path, capsys):
    words = ["--dataset", case_inputs / "reviews.csv", "--base-model", case_models / "modernbert", "--export"]
    assert command_line.run(finetune.main, [*map(str, words), "--output-dir", str(tmp_path / "run")]) == 2
    assert "is a modernbert, which Optimum Intel cannot convert" in (said := capsys.readouterr().err)
    assert "leave out --export and --push, or take another base model" in said
    assert not list(tmp_path.iterdir())


@pytest.mark.case("R6")
def test_an_extractor_that_has_no_graph_is_refused_before_training(whisper, case_inputs, tmp_path, capsys):
    words = ["--task", "audio", "--dataset", case_inputs / "sounds", "--base-model", whisper, "--export"]
    assert command_line.run(finetune.main, [*map(str, words), "--output-dir", str(tmp_path / "run")]) == 2
    assert "what its WhisperFeatureExtractor does to a waveform cannot be exported" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["whisper"]


@pytest.mark.parametrize("config, told", [
    ("[]", "its config.json is no object of settings: save the model again."),
    ("{", "its config.json cannot be read (Expecting"),
    ("{}", "its config.json names no model_type, without which it cannot be exported"),
    ('{"model_type": 3}', "its config.json names no model_type"),
])  # fmt: skip
def test_settings_that_are_none_are_said_in_a_sentence(config, told, case_inputs, tmp_path, capsys):
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "config.json").write_text(config)
    (tmp_path / "base" / "model.safetensors").write_bytes(b"never read")
    words = ["--dataset", case_inputs / "reviews.csv", "--base-model", tmp_path / "base", "--export"]
    assert command_line.run(finetune.main, [*map(str, words), "--output-dir", str(tmp_path / "run")]) == 2
    assert told in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["base"]


def test_what_is_heard_is_what_the_graph_has(whisper):
    import torch
    from transformers import AutoFeatureExtractor, Wav2Vec2FeatureExtractor

    from grokaem.audio.torchaudio_loader import load_torchaudio

    load_torchaudio()
    from transformers import ASTFeatureExtractor

    from exporting.audio_graph import with_front_end

    made = [Wav2Vec2FeatureExtractor(), ASTFeatureExtractor()]
    assert [type(extractor).__name__ for extractor in made] == list(EXPORTABLE_EXTRACTORS)
    for extractor in made:
        with_front_end(torch.nn.Identity(), extractor)
    with pytest.raises(ValueError, match="cannot be exported"):
        with_front_end(torch.nn.Identity(), AutoFeatureExtractor.from_pretrained(whisper))
