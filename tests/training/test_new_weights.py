"""What no checkpoint gave the model is trained and is in the run folder, whatever else is frozen."""

import shutil

import pytest


def logits(model, tokenizer, texts):
    import torch

    batch = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    with torch.inference_mode():
        return model.eval()(**batch).logits.float()


def reloaded(folder):
    """The run folder as exporting reads it, by transformers and peft alone where there is an adapter."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    from exporting.merge_adapter import merge
    from exporting.run_source import read_run

    adapter = (folder / "adapter_config.json").is_file()
    model = merge(read_run(folder)) if adapter else AutoModelForSequenceClassification.from_pretrained(folder)
    return model, AutoTokenizer.from_pretrained(folder)


LORA = ["--lora-rank", 4, "--learning-rate", "2e-2", "--epochs", 4, "--precision", "fp32"]


@pytest.mark.case("L5")
@pytest.mark.parametrize(
    "flags",
    [
        pytest.param(LORA, id="lora"),
        pytest.param([*LORA, "--load-in-8bit"], id="8 bits"),
        pytest.param([*LORA, "--freeze", 1], id="lora and frozen", marks=pytest.mark.slow),
        pytest.param(
            [*LORA, "--optimizer", "adamw8bit", "--embeddings-by-row"], id="by row", marks=pytest.mark.slow
        ),
        pytest.param(["--freeze", 2, "--precision", "fp32"], id="frozen", marks=pytest.mark.slow),
    ],
)
def test_run_folder_holds_the_trained_model(train, case_models, case_inputs, flags):
    import torch

    model, data = case_models / "bert_without_pooler", case_inputs / "reviews.csv"
    done = train(*flags, model=model, data=data)
    trained = done.training.task.model
    again, tokenizer = reloaded(done.folder)
    texts = [line.split(",")[0] for line in data.read_text().splitlines()[1:41]]
    meant = logits(trained, tokenizer, texts)
    torch.testing.assert_close(logits(again, tokenizer, texts), meant, rtol=1e-4, atol=1e-5)
    pooler = again.bert.pooler.dense.weight
    assert not torch.equal(pooler, torch.zeros_like(pooler))
    if "--lora-rank" in flags:
        wrapped = trained.base_model.model.bert.pooler.dense
        assert not torch.equal(wrapped.modules_to_save.default.weight, wrapped.original_module.weight), "it trains"


@pytest.mark.case("L5")
def test_a_single_weight_that_is_new_is_kept_too(train, case_models, case_inputs, tmp_path):
    """One vector of a layer is missing from the base: no module that peft could save is new in whole."""
    import torch
    from safetensors.torch import load_file, save_file

    base = shutil.copytree(case_models / "bert_without_pooler", tmp_path / "base")
    weights = load_file(base / "model.safetensors")
    del weights["bert.embeddings.LayerNorm.bias"]
    save_file(weights, base / "model.safetensors", metadata={"format": "pt"})
    done = train(*LORA, "--epochs", 1, model=base, data=case_inputs / "reviews.csv")
    again, tokenizer = reloaded(done.folder)
    trained = done.training.task.model.base_model.model.bert.embeddings.LayerNorm.bias
    assert trained.abs().max() > 0, "it trains: it began at 0"
    assert torch.equal(again.bert.embeddings.LayerNorm.bias, trained)
    texts = ["a warm and honest film", "two dull hours"]
    meant = logits(done.training.task.model, tokenizer, texts)
    torch.testing.assert_close(logits(again, tokenizer, texts), meant, rtol=1e-4, atol=1e-5)


@pytest.mark.case("L5")
def test_a_head_for_other_labels_gives_way_to_a_new_one(train, case_models, case_inputs):
    """R1's bert_five_labels, and a head of as many labels that are others."""
    import json

    from transformers import AutoModelForSequenceClassification

    done = train("--max-steps", 2, model=case_models / "bert_five_labels", data=case_inputs / "reviews.csv")
    assert "head was trained for 5 other labels (LABEL_0, " in done.told
    assert json.loads((done.folder / "config.json").read_text())["id2label"] == {"0": "bad", "1": "good"}
    again = train("--max-steps", 1, name="again", model=done.folder, data=case_inputs / "reviews.csv")
    assert "other labels" not in again.told, "the same labels: training goes on with the head there is"
    renamed = done.folder / "config.json"
    renamed.write_text(renamed.read_text().replace('"bad"', '"worse"').replace('"good"', '"better"'))
    other = train("--max-steps", 1, name="other", model=done.folder, data=case_inputs / "reviews.csv")
    assert "head was trained for 2 other labels (worse, better)" in other.told
    first, second = (
        AutoModelForSequenceClassification.from_pretrained(run.folder).classifier.weight
        for run in (again, other)
    )
    assert (first - second).abs().max() > 1e-3, "a new head"
