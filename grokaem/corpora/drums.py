"""Hydrogen drum kits: single drum strokes in seven classes, the audio default."""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath

from grokaem.corpora.built_in import BuiltIn
from grokaem.corpora.classes import keep_classes
from grokaem.corpora.corpus import Corpus
from grokaem.corpora.packages import Package, extract, is_sound
from grokaem.corpora.splitting import split

PACKAGE = Package(
    name="hydrogen-drumkits",
    version="2017.09.19~dfsg-1",
    filename="hydrogen-drumkits_2017.09.19~dfsg-1_all.deb",
    sha256="6ea3c6df9a67762e2362f946c695e619859126b19fbccf32a2e8f07dfd03b2f4",
    megabytes=143,
    content_sha256="e144774a3f92dec18c6bf0e9a43bb12252417bb6a07a3a79dde1a0d77710fad6",
)
FOLDS = 5
LABELS = ["clap", "cymbal", "handperc", "hihat", "kick", "snare", "tom"]

# The file's name says what was struck. The first rule that matches decides: "snare-snappy" is no finger
# snap, "Cowbell" no bell of a cymbal. The two-letter names are those of two kits whose drumkit.xml spells
# them out (BJA_Pacific: BL ride bell, CB crash; Millo_MultiLayered3: ho open hi-hat, sr snare roll, ...).
_RULES = [
    ("hihat", r"hat|hh|^ho_"),
    (
        "handperc",
        r"agogo|bongo|cajon|clave|conga|cowbell|mc_cb|djembe|fingersnap|maraca|shake|tambourine|woodblock",
    ),
    ("cymbal", r"crash|ride|splash|china|cra_|paistebell|^(?:bl|cb2?|cc|rc|rd2?)_"),
    ("clap", r"clap"),
    ("snare", r"snare|(?<!t)rim|sidestick|^(?:rs|sd|sn\d?|sr)_|_sn_|_sn$"),
    ("kick", r"kick|bassdrum|^bd|_bd|_k_|_k$"),
    ("tom", r"(?<!s)tom|^(?:ft|t[12]|tm2?)_"),
]


def label_of(name: str) -> str | None:
    """The class of a clip.

    Args:
        name (str): the file's name.

    Returns:
        str, optional: one of ``LABELS``; None where the name does not say, or says something else.
    """
    stem = PurePosixPath(name).stem.lower()
    return next((label for label, pattern in _RULES if re.search(pattern, stem)), None)


def load(fold: int = 0) -> Corpus:
    """Reads the clips whose name says what they are; whole kits are held out.

    Kits are sorted by name; the kits whose index modulo 5 is ``fold`` are the test part.

    Args:
        fold (int, optional): 0 to 4. (Default: 0)

    Returns:
        Corpus: inputs are paths of wav, flac and aiff files, groups the names of the kits.

    Raises:
        ValueError: there is no such fold.
    """
    if fold not in range(FOLDS):
        raise ValueError(f"drums has no fold {fold}: choose one from 0 to {FOLDS - 1}.")
    folder = extract(PACKAGE, is_sound, rename=_kit_and_name)
    files = sorted(path for path in folder.glob("*/*") if is_sound(path.name))
    labelled = [(path, label) for path in files if (label := label_of(path.name))]
    kits = [path.parent.name for path, _ in labelled]
    part = kit_parts(kits, fold)
    return Corpus(
        name="drums",
        task="audio",
        label_names=LABELS,
        **split(
            [path for path, _ in labelled],
            [LABELS.index(label) for _, label in labelled],
            kits,
            [part[kit] for kit in kits],
        ),
        revision=PACKAGE.revision,
        split_rule=f"kits-fold-{fold}",
        language="none",
        license=DRUMS.licence,
        notes=[
            f"left out {len(files) - len(labelled)} of {len(files)} clips of drums whose names do not say the class",
            f"fold {fold} of {FOLDS} tests the kits {', '.join(k for k in sorted(part) if part[k] == 'test')}",
        ],
    )


def kit_parts(kits: list[str], fold: int) -> dict[str, str]:
    """The part of each kit.

    Validation kits are taken from those that are not tested, in the order of the sha256 of their names,
    until they hold a tenth of the clips that are left; the kits differ so much in size (11 to 120 clips)
    that a share of the kits would sometimes be half of the clips.

    Args:
        kits (list of str): the kit of every clip.
        fold (int): which kits are tested.

    Returns:
        dict: kit to ``"train"``, ``"validation"`` or ``"test"``.
    """
    part = {kit: "test" if index % FOLDS == fold else "train" for index, kit in enumerate(sorted(set(kits)))}
    left = sum(part[kit] == "train" for kit in kits)
    held_out = 0
    for kit in sorted(part, key=lambda name: hashlib.sha256(name.encode()).hexdigest()):
        if part[kit] == "train" and 10 * held_out < left:
            part[kit] = "validation"
            held_out += kits.count(kit)
    return part


def _kit_and_name(member: str) -> str:
    return "/".join(PurePosixPath(member).parts[-2:])


DRUMS = BuiltIn(
    "drums",
    "audio",
    "Drum strokes",
    "per kit: GPL-2, GPL-2+, CC-BY-3.0, CC-BY-SA-3.0, CC0 (see the package's copyright file)",
    (PACKAGE,),
    load=lambda classes, fold: keep_classes(load(fold), classes),
    folds=FOLDS,
    about="single drum strokes from 13 kits",
    parts="by fold, 581 clips",
    classes=len(LABELS),
)
