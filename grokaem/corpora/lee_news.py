"""The Lee corpus: 300 news stories that come with gensim, without labels."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from grokaem.corpora.built_in import BuiltIn
from grokaem.corpora.corpus import Documents


def lee_news() -> Documents:
    """About 300 news articles of the Australian Broadcasting Corporation, which gensim carries for its tests.

    Raises:
        ValueError: gensim is not installed.
    """
    specification = find_spec("gensim")  # found, not imported: that would take a second
    if specification is None:
        raise ValueError("lee_news comes with gensim, which is not installed: run `pip install gensim`.")
    assert specification.submodule_search_locations is not None  # gensim is a package
    path = Path(specification.submodule_search_locations[0]) / "test" / "test_data" / "lee_background.cor"
    if not path.exists():
        raise ValueError("this gensim has no test data, where lee_news lies: run `pip install gensim==4.4.0`.")
    lines = path.read_text(encoding="utf-8").split("\n")
    return Documents("lee_news", [line.strip() for line in lines if line.strip()])


LEE_NEWS = BuiltIn(
    "lee_news",
    "text",
    "News stories",
    "copyright Australian Broadcasting Corporation; within gensim, LGPL-2.1",
    documents=lee_news,
    offered=True,
    about="news stories of 2001, English",
)
