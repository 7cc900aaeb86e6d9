"""Sound files that try to hurt a reader, for hostile_families.py."""

from __future__ import annotations

import io
import random
import struct
import wave

# Where a WAV file's header holds sizes, format, channels, rate, bytes a second, bytes a frame, bits.
FIELDS = [
    (4, "<I"), (16, "<I"), (20, "<H"), (22, "<H"), (24, "<I"), (28, "<I"), (32, "<H"), (34, "<H"), (40, "<I"),
]  # fmt: skip
MAGIC = [b"fLaC", b"OggS\0\2", b"ID3\4\0", b"\xff\xfb\x90\0", b"FORM\0\0\0\1AIFF", b"RF64"]


def good_sound(rate: int = 16000, seconds: float = 1.0) -> bytes:
    """A tone as a WAV file."""
    import numpy as np

    samples = 0.4 * np.sin(2 * np.pi * 440 * np.arange(int(rate * seconds)) / rate)
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, rate, 0, "NONE", ""))
        sound.writeframes((samples * 32767).astype("<i2").tobytes())
    return file.getvalue()


def header(chance: random.Random) -> tuple[bytes, str]:
    """A WAV file with one field of its header overwritten, and the ending of its name."""
    data = bytearray(good_sound(seconds=0.3))
    place, form = chance.choice(FIELDS)
    large = [2**31, 2**32 - 1, 200_000_033] if form == "<I" else []
    struct.pack_into(form, data, place, chance.choice([0, 1, 3, 255, 65535, *large]))
    return bytes(data), ".wav"


def lying(chance: random.Random) -> tuple[bytes, str]:
    """A file that is no sound, not the sound that it says, or a sound of impossible numbers; and its ending."""
    import numpy as np
    import soundfile

    kind = chance.choice(["cut", "text", "magic", "nan", "loud", "one", "flac", "ending", "channels"])
    if kind == "cut":
        return good_sound()[: chance.randrange(1, 400)], ".wav"
    if kind == "text":
        return b"this is no sound", chance.choice([".wav", ".flac", ".mp3", ".ogg"])
    if kind == "magic":
        return chance.choice(MAGIC) + chance.randbytes(3000), chance.choice([".wav", ".flac", ".mp3", ".ogg"])
    if kind == "ending":
        return good_sound(), chance.choice([".flac", ".mp3", ".ogg"])
    file = io.BytesIO()
    if kind == "flac":
        soundfile.write(file, np.zeros(16000), 16000, format="FLAC")
        data = bytearray(file.getvalue())
        data[21:26] = bytes([data[21] | 15]) + b"\xff" * 4  # 2**36 - 1 samples
        return bytes(data), ".flac"
    samples = {"nan": np.full(8000, np.nan), "loud": np.full(8000, 1e30), "one": np.ones(1)}
    soundfile.write(file, samples.get(kind, np.ones((800, 200))), 16000, format="WAV", subtype="FLOAT")
    return file.getvalue(), ".wav"
