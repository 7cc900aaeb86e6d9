"""Russian aphorisms by topic, from Debian's fortunes: a small Russian corpus for topics and classification."""

from __future__ import annotations

from pathlib import PurePosixPath

from grokaem.corpora import archive
from grokaem.corpora.built_in import BuiltIn
from grokaem.corpora.corpus import Corpus
from grokaem.corpora.labelled_rows import NO_PART, labelled_texts
from grokaem.corpora.own_data import make_corpus
from grokaem.corpora.packages import Package, fetch
from grokaem.corpora.splitting import digest

PACKAGE = Package(
    name="fortunes-ru",
    version="1.52-3.1",
    filename="fortunes-ru_1.52-3.1_all.deb",
    sha256="2dc76af9c0e02e2926d36f88dcb685bb171fab8677e553a6def41efe8a551cc6",
    megabytes=1,
    content_sha256="9698afcf75b36e4bfd089a70dcccd40b51dd503b8f44ee32205987e935b3cf2e",
)
# Six of the 98 files: aphorisms on topics that can be told apart, none of them meant for adults only.
TOPICS = ("book", "friendship", "polit", "time", "war", "wealth")
_FOLDER = "usr/share/games/fortunes/ru"


def load(classes: list[str] | None = None) -> Corpus:
    """Reads the aphorisms, without the lines that name their authors.

    Args:
        classes (list of str, optional): keep only these topics. (Default: all six)

    Returns:
        Corpus: the label is the name of the file; parts by the hash of the text.
    """
    wanted = {f"{_FOLDER}/{topic}": topic for topic in TOPICS}
    rows = []
    for member, content in sorted(archive.members(fetch(PACKAGE), wanted.__contains__)):
        for entry in content.decode("utf-8").split("\n%\n"):
            if text := aphorism(entry):
                rows.append((len(rows) + 1, text, PurePosixPath(member).name, NO_PART))
    cleaned = labelled_texts("fortunes_ru", rows, "file")
    return make_corpus(
        "fortunes_ru",
        cleaned,
        [digest(text) for text in cleaned.inputs],
        name="fortunes_ru",
        task="text",
        revision=PACKAGE.revision,
        classes=classes,
        language="ru",
        license=FORTUNES_RU.licence,
    )


def aphorism(entry: str) -> str:
    """The words of an entry on one line, without the attribution that begins with two dashes."""
    lines = [line.strip() for line in entry.strip().splitlines()]
    return " ".join(line for line in lines if line and line != "%" and not line.startswith("--"))


FORTUNES_RU = BuiltIn(
    "fortunes_ru",
    "text",
    "Russian aphorisms",
    "GPL-2 (the package)",
    (PACKAGE,),
    load=lambda classes, fold: load(classes),
    offered=True,
    about="Russian aphorisms on six topics",
    parts="1,821 / 285 / 523",
    classes=len(TOPICS),
)
