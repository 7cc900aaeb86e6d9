"""Asterisk's spoken prompts: the same sentences in five languages, by four speakers."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from grokaem.corpora.built_in import BuiltIn
from grokaem.corpora.classes import keep_classes
from grokaem.corpora.corpus import Corpus
from grokaem.corpora.packages import Package, extract, is_sound
from grokaem.corpora.splitting import split

VERSION = "1.6.1-1"
# Of each package: the sha256 of the archive, that of its files (packages.content_digest), megabytes.
_PINS = {
    "en": (
        "2be3ea287d83299d143815fa804f11179a75b7affd4a758b98b55f5afc18a35d",
        "25ac6409df8df686eee4fa2554c84b8436f4a3652df5d801df691fe2578e55e7",
        19,
    ),
    "es": (
        "9283a09a6d56fccdcc2bcfe86c48f0f844289cfbd46a3184d8785a6f7f569903",
        "289fd9c3c684db9eafbea735156f44d25b6a40fc2c7f69c5aa2c3fb44e850094",
        24,
    ),
    "fr": (
        "8d4e1bc32ed5ba7fbda40841ca1825ed20cc6232724a473c90f8bb0e53e6073e",
        "f88a8b6f956a1c47e4dad9f37341a3e72ab0e02b461c4d749ce7bb6c1db8002a",
        19,
    ),
    "it": (
        "5a26638089e134b8ac39363fe249c5c93c50cd8bfdc9b2499ae61ec4a35e2fcb",
        "2e6b2a3759d12b8295955010dec88f92a7f1f9455602bd6c7be8e8d86b74ce47",
        19,
    ),
    "ru": (
        "ccbfaebfa450b7a9ddf644ae0f3d1e9017d5df7c0aebe816e946345589d38201",
        "674581debf254232c286a233e192f5a6022ebdeecdca6b87626912c0fddd3113",
        19,
    ),
}
# Language and speaker: the English and the Spanish prompts are one woman's voice.
LABELS = {"en": "en-Allison", "es": "es-Allison", "fr": "fr-June", "it": "it-Carlo", "ru": "ru-IvrvoiceRU"}
PACKAGES = {
    language: Package(
        name=f"asterisk-core-sounds-{language}-wav",
        version=VERSION,
        filename=f"asterisk-core-sounds-{language}-wav_{VERSION}_all.deb",
        sha256=sha256,
        megabytes=megabytes,
        content_sha256=content_sha256,
    )
    for language, (sha256, content_sha256, megabytes) in _PINS.items()
}
_NO_VOICE = re.compile(r"^silence/|(^|/)(beep|beeperr|ascending-2tone|descending-2tone)\.wav$")
_WAV_HEADER_BYTES = 64  # a file no longer than this is a header without samples; one Russian prompt is


def load() -> Corpus:
    """Reads the prompts of all five languages, 8 kHz.

    The group is the prompt, so a sentence that is trained in one language is not tested in another. Clips of
    silence and of tones hold no voice and are left out.

    Returns:
        Corpus: parts by :func:`grokaem.corpora.splitting.part_of` the prompt's name.
    """
    inputs, labels, groups, silent = [], [], [], 0
    for index, package in enumerate(PACKAGES.values()):
        folder = extract(package, is_sound, rename=prompt_of)
        for path in sorted(folder.rglob("*.wav")):
            prompt = path.relative_to(folder).as_posix()
            if _NO_VOICE.search(prompt) or path.stat().st_size <= _WAV_HEADER_BYTES:
                silent += 1
                continue
            inputs.append(path)
            labels.append(index)
            groups.append(prompt.removesuffix(".wav"))
    return Corpus(
        name="voices",
        task="audio",
        label_names=list(LABELS.values()),
        **split(inputs, labels, groups),
        revision="; ".join(package.revision for package in PACKAGES.values()),
        language="multilingual",
        license=VOICES.licence,
        notes=[f"left out {silent} clips of voices that are silence, tones or empty"],
    )


def prompt_of(member: str) -> str:
    """The prompt's path below the speaker's folder, which follows ``sounds`` in the package."""
    parts = PurePosixPath(member).parts
    return "/".join(parts[parts.index("sounds") + 2 :])


VOICES = BuiltIn(
    "voices",
    "audio",
    "Spoken prompts",
    "CC-BY-SA-3.0 (en, es, fr), CC-BY-3.0 (it, ru)",
    tuple(PACKAGES.values()),
    load=lambda classes, fold: keep_classes(load(), classes),
    about="spoken telephone prompts, 8 kHz, five languages, four speakers",
    parts="1,853 / 297 / 610",
    classes=len(LABELS),
)
