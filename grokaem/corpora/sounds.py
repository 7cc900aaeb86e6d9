"""Sound files of the user: which can be read, and which hold the same samples."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from grokaem.corpora.splitting import representative_of_duplicates
from grokaem.file_hash import sha256_of

SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif", ".au")
HEARD_SECONDS = 30  # by which two sounds are compared
HEARD_SAMPLES = 1 << 22  # likewise, of all channels
_BLOCK = 1 << 16


def is_sound_file(path: Path) -> bool:
    """Whether the file's ending is one of a sound file."""
    return path.suffix.lower() in SUFFIXES


def check_sound(path: Path, name: str) -> None:
    """Makes sure that a sound file can be opened and has sound in it.

    Args:
        path (Path): the file.
        name (str): what to call it in messages.

    Raises:
        ValueError: it cannot, or has not.
    """
    import soundfile

    try:
        information = soundfile.info(_opened(path))
    except (soundfile.SoundFileError, OSError) as error:
        reason = str(error).split(": ", 1)[-1].strip().rstrip(".")
        raise ValueError(
            f"{name} is not a readable sound file ({reason}): convert it to WAV or remove it."
        ) from None
    if information.frames == 0:
        raise ValueError(f"{name} has no sound in it (0 samples): record it anew or remove it.")


def _opened(path: Path) -> bytes | Path:
    """The path as soundfile takes it; as bytes, since a name need not be UTF-8."""
    return os.fsencode(path) if os.name == "posix" else path


def samples_digest(path: Path) -> str:
    """A digest of the first half minute of samples, whatever file they lie in.

    It is that of the mean of the channels as 16-bit numbers, without silence at both ends: the same for WAV and
    FLAC, 16 and 24 bits, one channel and two equal ones, with and without a tail of zeros.

    Args:
        path (Path): a readable sound file.

    Returns:
        str: sha256 in hexadecimal; of the file itself where its samples cannot be read, or are all silent.
    """
    import numpy as np
    import soundfile

    found, waiting, any_sound = hashlib.sha256(), 0, False
    try:
        with soundfile.SoundFile(_opened(path)) as file:
            left = min(HEARD_SECONDS * file.samplerate, HEARD_SAMPLES // max(1, file.channels))
            while left > 0 and len(block := file.read(min(left, _BLOCK), dtype="float32", always_2d=True)):
                left -= len(block)
                mono = np.nan_to_num(block.mean(axis=1, dtype=np.float64))
                samples = np.clip(np.rint(mono * 32768), -32768, 32767).astype("<i2")
                loud = np.flatnonzero(samples)
                if not len(loud):
                    waiting += len(samples) if any_sound else 0
                    continue
                # Zeros are counted only when sound follows.
                found.update(bytes(2 * waiting))
                found.update(samples[0 if any_sound else loud[0] : loud[-1] + 1].tobytes())
                waiting, any_sound = len(samples) - loud[-1] - 1, True
    except (soundfile.SoundFileError, OSError, ValueError):
        return sha256_of(path)
    return found.hexdigest() if any_sound else sha256_of(path)


def groups_of_sounds(files: Sequence[Path], contents: Sequence[str] | None = None) -> list[str]:
    """A group for each file: the digest of its content, or of the first of those with the same samples.

    Args:
        files (sequence of Path): readable sound files.
        contents (sequence of str, optional): the sha256 of each. (Default: computed)
    """
    contents = contents or [sha256_of(path) for path in files]
    return representative_of_duplicates([samples_digest(path) for path in files], contents)
