"""Fine-tuned classifiers on a CPU, and what surrounds them: data, features, topic models, memory, the Hub.

    import grokaem

    classifier = grokaem.load("owner/name")               # an export folder, a run folder or a Hub id; no torch
    classifier.predict(["A joy from start to end."])

What is named here is imported on first use; everything else is reached by its subpackage, as in
``from grokaem.audio.features import make``.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grokaem.audio.features import make as make_features
    from grokaem.audio.reading import read_waveform
    from grokaem.corpora import Corpus, read_documents
    from grokaem.corpora import load as load_corpus
    from grokaem.embedding import Embedder
    from grokaem.hub import download, publish
    from grokaem.inference import load
    from grokaem.topics import TopicModel
    from grokaem.topics import fit as fit_topics

__version__ = "0.1.0"
__all__ = [
    "Corpus",
    "Embedder",
    "TopicModel",
    "download",
    "fit_topics",
    "load",
    "load_corpus",
    "make_features",
    "publish",
    "read_documents",
    "read_waveform",
]
_PLACES = {  # where a name lives, and what it is called there
    "Corpus": ("grokaem.corpora", "Corpus"),
    "Embedder": ("grokaem.embedding", "Embedder"),
    "TopicModel": ("grokaem.topics", "TopicModel"),
    "download": ("grokaem.hub", "download"),
    "fit_topics": ("grokaem.topics", "fit"),
    "load": ("grokaem.inference", "load"),
    "load_corpus": ("grokaem.corpora", "load"),
    "make_features": ("grokaem.audio.features", "make"),
    "publish": ("grokaem.hub", "publish"),
    "read_documents": ("grokaem.corpora", "read_documents"),
    "read_waveform": ("grokaem.audio.reading", "read_waveform"),
}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, member = _PLACES[name]
    value = globals()[name] = getattr(import_module(module), member)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
