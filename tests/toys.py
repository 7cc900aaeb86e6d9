"""A toy of each thing that a registry holds, added from outside as somebody else's package would."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np

from demos.tab import Row, Tab
from grokaem.audio.feature import Feature, Frames
from grokaem.audio.scales import COEFFICIENTS
from grokaem.corpora import Corpus, Part
from grokaem.corpora.built_in import BuiltIn
from grokaem.corpora.classes import keep_classes
from grokaem.memory.lever import Lever, Setting
from grokaem.registry import Entry, Registry
from grokaem.topics.documents import rows_to_one
from grokaem.topics.method import Asked, Method


@contextlib.contextmanager
def added(registry: Registry[Entry], entry: Entry) -> Iterator[Entry]:
    """The registry with one entry more."""
    registry.add(entry)
    try:
        yield entry
    finally:
        registry.remove(entry.key)


def _by_length(texts: list[str], n_topics: int) -> np.ndarray:
    topic = np.array([len(text) % n_topics for text in texts])
    return rows_to_one(np.eye(n_topics)[topic])


def _fit_by_length(asked: Asked):
    words = [(word, 1.0) for word in asked.terms.vocabulary]
    topics = [words[number :: asked.n_topics][: asked.top_words] for number in range(asked.n_topics)]
    return {"topics": topics, "document_topics": _by_length(asked.texts, asked.n_topics), "arrays": {}}


TOPIC_MODEL = Method(
    key="length",
    title="Length",
    weighting="count",
    embeds=False,
    fit=_fit_by_length,
    transform=lambda fitted, documents, embeddings: _by_length(documents, fitted.n_topics),
    about="documents by their length",
    topics_from="the number of characters",
    takes="none",
    choose="never",
)


def _level(sample_rate: int, frames: Frames, **settings: object):
    import torch

    class Level(torch.nn.Module):
        n_features, hop_length = 1, frames.hop_length

        def forward(self, waveform):
            window = frames.win_length // 2
            padded = torch.nn.functional.pad(waveform, (window, window))
            blocks = padded.unfold(-1, 2 * window, frames.hop_length)
            return blocks.square().mean(dim=-1).unsqueeze(-2)

    return Level()


AUDIO_FEATURE = Feature("level", "Level", _level, "mean square of a window", "the tests", scale=COEFFICIENTS)


def _rhymes() -> Corpus:
    words = {"cat": "mat hat sat", "dog": "log fog bog"}
    texts = [f"the {key} saw a {word} in {place}" for key, value in words.items() for word in value.split()
             for place in ("town", "the north", "a dream", "june")]  # fmt: skip
    labels = [int(text.startswith("the dog")) for text in texts]
    parts = [Part(texts[start::3], labels[start::3], texts[start::3]) for start in range(3)]
    return Corpus("rhymes", "text", list(words), *parts, revision="written here", license=CORPUS.licence)


CORPUS = BuiltIn(
    "rhymes",
    "text",
    "Rhymes",
    "CC0",
    load=lambda classes, fold: keep_classes(_rhymes(), classes),
    offered=True,
    about="a cat and a dog",
    parts="8 / 8 / 8",
    classes=2,
)


def _without_highest_layers(model, settings):
    model.bert.encoder.layer = model.bert.encoder.layer[: -settings.value("drop_layers")]
    return model


LEVER = Lever(
    key="drop_layers",
    name="Fewer layers",
    flag="--drop-layers",
    kind="fewer weights",
    saves="the highest layers",
    costs="accuracy",
    chosen="the task needs no more",
    refused="all layers fit",
    needs=("attention",),
    setting=Setting("drop_layers", 0, "leave out the highest layers", options={"type": int, "metavar": "N"}),
    value=1,
    apply=_without_highest_layers,
)


def _hello(page):
    import gradio as gr

    with gr.Blocks(analytics_enabled=False) as demo:
        gr.Textbox(label="Say hello")
    return demo


TAB = Tab("hello", "Hello", _hello, (Row("Hello", "a greeting", "nothing"),))
