"""Dictionary definitions of eight kinds of things: the free corpus that travels with the library.

The extract lies beside this file with its licence. It is written anew from the pinned package (make examples):

    python -m grokaem.corpora.definitions
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from grokaem.corpora import archive
from grokaem.corpora.built_in import BuiltIn
from grokaem.corpora.corpus import Corpus, Documents
from grokaem.corpora.labelled_rows import NO_PART, labelled_texts
from grokaem.corpora.own_data import make_corpus
from grokaem.corpora.packages import Package, fetch
from grokaem.corpora.splitting import digest

PACKAGE = Package(
    name="wordnet-base",
    version="1:3.0-37",
    filename="wordnet-base_1%3a3.0-37_all.deb",
    sha256="61060d960f9ada8fa120872312eccd3ecebfbab8c4579e4f5a74e1cf67620752",
    megabytes=7,
    content_sha256="02663b6009d66ee65a96d6286feb6143b21d3e8576b4304b9b48dd86dc9f235f",
)
FOLDER = Path(__file__).with_name("extract")
TABLE, LICENCE = FOLDER / "definitions.csv", FOLDER / "definitions-licence.txt"
# Class -> the synset (its place in data.noun of WordNet 3.0) of which its entries are kinds or instances. Chosen
# because topic models tell them apart, though birds and trees share the words for colours and continents.
CLASSES = {
    "birds": "01503061",
    "cities": "08524735",
    "clothes": "03051540",
    "dishes": "07557434",
    "games": "00455599",
    "instruments": "03800933",
    "minerals": "14662574",
    "trees": "13104059",
}
ENTRIES = 125  # of a class at most
CHARACTERS = (60, 300)  # of a definition
LEFT_OUT = {"Jerusalem", "Kerbala", "drag"}  # what they say would draw the eye away from the topics
_NOUNS = "usr/share/wordnet/data.noun"
_COPYRIGHT = "usr/share/doc/wordnet-base/copyright"


def rows() -> list[tuple[str, str]]:
    """The extract: (text, class), the text a word and its definition."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["label"]) for row in csv.DictReader(file)]


def documents() -> Documents:
    """The definitions with the kind of thing each is of."""
    texts, labels = zip(*rows(), strict=True)
    return Documents("definitions", list(texts), list(labels), list(CLASSES))


def load(classes: list[str] | None = None) -> Corpus:
    """Reads the definitions, split by the hash of the text.

    Args:
        classes (list of str, optional): keep only these. (Default: all eight)
    """
    numbered = ((number, text, label, NO_PART) for number, (text, label) in enumerate(rows(), 1))
    cleaned = labelled_texts("definitions", numbered, "label")
    return make_corpus(
        "definitions",
        cleaned,
        [digest(text) for text in cleaned.inputs],
        name="definitions",
        task="text",
        revision=f"{PACKAGE.name}=={PACKAGE.version} extract sha256:{digest(TABLE.read_bytes())}",
        classes=classes,
        language="en",
        license=DEFINITIONS.licence,
    )


def extract() -> tuple[str, str]:
    """What the two files hold, from the package.

    Of each class come the longest definitions, for a few words name no topic.

    Returns:
        tuple: the table, as CSV; the licence.
    """
    nouns = archive.read_member(fetch(PACKAGE), _NOUNS).decode("utf-8")
    entries, narrower = _synsets(nouns)
    written = io.StringIO(newline="")
    table = csv.writer(written, lineterminator="\n")
    table.writerow(["text", "label"])
    for label, root in CLASSES.items():
        texts = {entries[place] for place in _below(root, narrower) if entries[place]}
        longest = sorted(texts, key=lambda text: (-len(text), text))[:ENTRIES]
        table.writerows([text, label] for text in sorted(longest))
    licence = archive.read_member(fetch(PACKAGE), _COPYRIGHT).decode("utf-8")
    about = f"{TABLE.name} is an extract of {_NOUNS} in {PACKAGE.name} {PACKAGE.version}, which has this licence."
    return written.getvalue(), f"{about}\n\n{licence}"


def _synsets(nouns: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Place -> "word: definition", "" where it is not wanted; place -> the places of what is narrower.

    Source: wndb(5WN), the format of data.noun.
    """
    entries, narrower = {}, {}
    for line in nouns.splitlines():
        if line.startswith("  "):  # the licence
            continue
        data, _, told = line.partition(" | ")
        fields, told = data.split(), told.strip()
        shortest, longest = CHARACTERS
        word = fields[4].replace("_", " ")
        fits = shortest <= len(told) <= longest and word not in LEFT_OUT
        entries[fields[0]] = f"{word}: {told}" if fits else ""
        pointers = fields[4 + 2 * int(fields[3], 16) + 1 :]  # after the words and the number of pointers
        for symbol, place, *_ in zip(*[iter(pointers)] * 4, strict=False):
            if symbol in ("@", "@i"):  # a kind of, an instance of
                narrower.setdefault(place, []).append(fields[0])
    return entries, narrower


def _below(root: str, narrower: dict[str, list[str]]) -> set[str]:
    """The places of all that is narrower than a synset."""
    found, left = set(), [root]
    while left:
        new = set(narrower.get(left.pop(), ())) - found
        found |= new
        left += new
    return found


def main() -> None:
    """Writes the extract and its licence."""
    table, licence = extract()
    FOLDER.mkdir(exist_ok=True)
    TABLE.write_text(table, encoding="utf-8")
    LICENCE.write_text(licence, encoding="utf-8")
    print(f"{TABLE} and {LICENCE.name} written")


DEFINITIONS = BuiltIn(
    "definitions",
    "text",
    "Dictionary",
    "WordNet 3.0 (free for any purpose, with its notice)",
    load=lambda classes, fold: load(classes),
    documents=documents,
    offered=True,
    free=True,
    about="definitions of eight kinds of things, from WordNet 3.0, English",
    parts="698 / 106 / 174",
    classes=len(CLASSES),
)

if __name__ == "__main__":
    main()
