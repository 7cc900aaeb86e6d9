"""FoxDot's samples: single strokes in the classes of the drum kits, most of them from another source each."""

from __future__ import annotations

from pathlib import PurePosixPath

from grokaem.corpora.built_in import BuiltIn
from grokaem.corpora.classes import keep_classes
from grokaem.corpora.corpus import Corpus
from grokaem.corpora.drums import LABELS
from grokaem.corpora.packages import Package, extract, is_sound
from grokaem.corpora.splitting import split
from grokaem.file_hash import sha256_of

PACKAGE = Package(
    name="FoxDot",
    version="0.9.0",
    filename="foxdot-0.9.0.tar.gz",
    sha256="f5d21aaab19c62965e5a5465ca646f1bd6274d16afd3392d7e652914194dffb1",
    megabytes=38,
)
# Folder to class. A folder stands for the character that plays it in FoxDot, whose Buffers.py says what that
# sounds like; where the files' names say otherwise (congas under "voice", hats under "noise", a kick under
# "distorted", keys under "wood shaker") the names are right. The other folders are no drums, or many.
_CLASSES = {
    "hihat": "a/lower _/hyphen _/equals _/colon n/lower n/upper",
    "cymbal": "_/tilde _/hash",
    "clap": "h/upper _/asterix",
    "snare": "d/upper i/lower i/upper o/lower o/upper t/lower u/lower",
    "kick": "a/upper v/lower v/upper w/upper x/lower x/upper",
    "tom": "m/lower m/upper",
    "handperc": "c/lower d/lower e/lower h/lower p/lower p/upper s/lower s/upper t/upper",
}
FOLDERS = {folder: label for label, folders in _CLASSES.items() for folder in folders.split()}


def load() -> Corpus:
    """Reads the samples; the group is the file's content.

    Returns:
        Corpus: inputs are paths of wav and aiff files; the labels are those of ``drums``.
    """
    root = extract(PACKAGE, _is_stroke, rename=_folder_and_name)
    files = sorted(path for path in root.rglob("*") if is_sound(path.name))
    labels = [LABELS.index(FOLDERS[path.parent.relative_to(root).as_posix()]) for path in files]
    return Corpus(
        name="foxdot",
        task="audio",
        label_names=LABELS,
        **split(files, labels, [sha256_of(path) for path in files]),
        revision=PACKAGE.revision,
        language="none",
        license=FOXDOT.licence,
    )


def _is_stroke(member: str) -> bool:
    return is_sound(member) and _folder_and_name(member).rpartition("/")[0] in FOLDERS


def _folder_and_name(member: str) -> str:
    return "/".join(PurePosixPath(member).parts[-3:])


FOXDOT = BuiltIn(
    "foxdot",
    "audio",
    "Drums and percussion",
    "CC-BY-SA-4.0",
    (PACKAGE,),
    load=lambda classes, fold: keep_classes(load(), classes),
    about="single strokes of drums and percussion, acoustic and electronic, in the classes of `drums`",
    parts="117 / 15 / 33",
    classes=len(LABELS),
)
