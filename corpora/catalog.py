"""From a name or a path to a corpus."""

from __future__ import annotations

from corpora.corpus import Corpus, Documents

BUILT_IN = {
    "rotten_tomatoes": "text",
    "reuters_r8": "text",
    "20newsgroups": "text",
    "drums": "audio",
}


def names(task: str | None = None) -> list[str]:
    """The built-in data sets.

    Args:
        task (str, optional): only those for ``"text"`` or ``"audio"``. (Default: all)

    Returns:
        list of str: names that :func:`load` takes.
    """
    return [name for name, kind in BUILT_IN.items() if task in (None, kind)]


def load(
    name_or_path: str,
    *,
    task: str | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
    fold: int = 0,
    revision: str | None = None,
    classes: list[str] | None = None,
) -> Corpus:
    """Loads a labelled data set, split into train, validation and test."""
    if name_or_path == "rotten_tomatoes":
        from corpora import rotten_tomatoes

        return rotten_tomatoes.load()
    if name_or_path in ("reuters_r8", "20newsgroups"):
        from corpora import single_label_text

        return single_label_text.load(name_or_path, classes)
    if name_or_path == "drums":
        from corpora import drums

        return drums.load(fold)
    raise ValueError(f"no data set named {name_or_path}: the built-in ones are {', '.join(names())}")


def read_documents(
    name_or_path: str, *, text_column: str | None = None, label_column: str | None = None
) -> Documents:
    """Reads texts for topic modelling."""
    corpus = load(name_or_path, task="text")
    parts = (corpus.train, corpus.validation, corpus.test)
    return Documents(
        corpus.name,
        [text for part in parts for text in part.inputs],
        [corpus.label_names[label] for part in parts for label in part.labels],
        corpus.label_names,
        corpus.notes,
    )
