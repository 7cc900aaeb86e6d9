import pytest

from grokaem import hub

GOOD = """---
license: apache-2.0
language: [en, zh-Hant]
library_name: openvino
pipeline_tag: text-classification
base_model: sentence-transformers/all-MiniLM-L6-v2
base_model_relation: quantized
datasets: [rotten_tomatoes]
metrics: [accuracy]
tags: [openvino, int8]
model-index:
- name: a-model
  results:
  - task: {type: text-classification, name: Text Classification}
    dataset: {type: rotten_tomatoes, name: Rotten Tomatoes, split: test}
    metrics: [{type: accuracy, value: 0.83}]
---
# A model
"""


def test_a_full_card_passes_here_and_at_the_server(server):
    from huggingface_hub import HfApi, ModelCard

    data = hub.check_card(GOOD)
    assert data["model-index"][0]["results"][0]["metrics"][0]["value"] == 0.83
    assert ModelCard(GOOD).data.eval_results[0].metric_value == 0.83
    HfApi(endpoint=server.endpoint, token=server.token)._validate_yaml(GOOD)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("license: apache-2.0", "license: [", "line .*YAML"),
        ("license: apache-2.0", "license: Apache 2.0!", "license"),
        ("license: apache-2.0", "license: other", "license_name"),
        ("[en, zh-Hant]", "no", "language.*quotes"),
        ("[en, zh-Hant]", "English", "language"),
        ("pipeline_tag: text-classification", "pipeline_tag: [a, b]", "pipeline_tag"),
        ("sentence-transformers/all-MiniLM-L6-v2", "a/b/c", "base_model"),
        ("relation: quantized", "relation: shrunk", "base_model_relation"),
        ("base_model: sentence-transformers/all-MiniLM-L6-v2\n", "", "needs `base_model`"),
        ("tags: [openvino, int8]", "tags: openvino", "tags"),
        ("tags: [openvino, int8]", "tags: [1]", "tags"),
        ("- name: a-model", "- nom: a-model", "name"),
        ("task: {type: text-classification, name: Text Classification}", "task: {}", "task: type"),
        ("dataset: {type: rotten_tomatoes,", "dataset: {", "dataset: type"),
        ("dataset: {type: rotten_tomatoes,", "dataset: {type: rotten tomatoes,", "cannot be"),
        ("metrics: [{type: accuracy, value: 0.83}]", "metrics: [{type: accuracy}]", "value"),
        ("metrics: [{type: accuracy, value: 0.83}]", "metrics: []", "metrics"),
    ],
)
def test_a_broken_rule_is_named(old, new, words):
    assert old in GOOD
    with pytest.raises(hub.MetadataError, match=words) as caught:
        hub.check_card(GOOD.replace(old, new))
    assert "\n" not in str(caught.value)


def test_spaces():
    card = "---\ntitle: A\nemoji: x\ncolorFrom: red\ncolorTo: pink\nsdk: gradio\nsdk_version: '6.0'\n---\n"
    assert hub.check_card(card, "space")["sdk"] == "gradio"
    for old, new, words in [
        ("gradio", "flask", "sdk"),
        ("'6.0'", "6.0", "quotes"),
        ("red", "mauve", "colorFrom"),
        ("title: A", "title: A\nshort_description: " + "x" * 61, "60 characters"),
    ]:
        with pytest.raises(hub.MetadataError, match=words):
            hub.check_card(card.replace(old, new), "space")
    with pytest.raises(hub.MetadataError, match="needs one"):
        hub.check_card("# nothing", "space")


def test_no_front_matter_is_allowed_for_a_model():
    assert hub.check_card("# Only text\n---\nnot: metadata\n---\n") == {}
