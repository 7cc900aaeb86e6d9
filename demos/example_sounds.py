"""Sounds to try the audio tab on, made from formulas: nothing to fetch, nobody's recording."""

from __future__ import annotations

import functools
import hashlib
import tempfile
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np

from grokaem.atomic import new_file
from grokaem.cache import cache_folder

SAMPLE_RATE = 16000

# First three formants in Hz of vowels of an adult male speaker (Peterson & Barney 1952).
_FORMANTS = {
    "ee": (270, 2290, 3010),
    "eh": (530, 1840, 2480),
    "ah": (730, 1090, 2440),
    "oo": (300, 870, 2240),
}
_BANDWIDTHS = (60, 90, 150)  # Hz


def rising_tone(seconds: float = 3.0) -> np.ndarray:
    """A tone that rises from 80 Hz to 7 kHz, the same number of octaves every second; with two overtones."""
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    octaves = np.log2(7000 / 80)
    phase = 2 * np.pi * 80 * seconds / (octaves * np.log(2)) * (2 ** (octaves * time / seconds) - 1)
    frequency = 80 * 2 ** (octaves * time / seconds)
    # an overtone above half the sampling rate would fold back and draw a falling line that is not there
    overtones = [np.sin(k * phase) / k**2 * (k * frequency < SAMPLE_RATE / 2) for k in (1, 2, 3)]
    return _finish(sum(overtones))  # pyright: ignore[reportArgumentType]  # there are three


def vowels(seconds_each: float = 0.8) -> np.ndarray:
    """Four sung vowels: pulses of a falling pitch through three resonances each, the formants."""
    parts = []
    for formants in _FORMANTS.values():
        parts += [_sung(formants, (135, 105), seconds_each), np.zeros(int(0.08 * SAMPLE_RATE))]
    return _finish(np.concatenate(parts))


@functools.cache
def talkers(number: int = 6, n_vowels: int = 24) -> list[np.ndarray]:
    """Voices that sing vowels at random, each with a pitch and a size of its own: together, babble.

    Args:
        number (int, optional): voices. (Default: ``6``)
        n_vowels (int, optional): vowels of each, 0.1 to 0.3 s long, one in four followed by a pause.
            (Default: ``24``)

    Returns:
        list of ndarray: float64 at 16 kHz, shape (time,).
    """
    voices = []
    for seed in range(number):
        random = np.random.default_rng(seed)
        pitch, size = random.uniform(90, 240), random.uniform(0.9, 1.2)
        parts = []
        for _ in range(n_vowels):
            vowel = list(_FORMANTS.values())[random.integers(len(_FORMANTS))]
            sizes = tuple(size * hertz for hertz in vowel)
            slope = pitch * random.uniform(0.85, 1.15, 2)
            parts.append(random.uniform(0.4, 1) * _sung(sizes, tuple(slope), random.uniform(0.1, 0.3)))
            if random.random() < 0.25:
                parts.append(np.zeros(int(0.15 * SAMPLE_RATE)))
        voices.append(np.concatenate(parts))
    return voices


def _sung(formants: tuple[float, ...], pitch: tuple[float, float], seconds: float) -> np.ndarray:
    """One vowel: pulses whose pitch glides from one frequency in Hz to the other, through the formants."""
    n = int(seconds * SAMPLE_RATE)
    cycles = np.floor(np.cumsum(np.linspace(*pitch, n) / SAMPLE_RATE))
    voice = np.diff(cycles, prepend=0.0)
    time = np.arange(n)
    voice = _respond(voice, 0.9**time)  # the glottis: less energy the higher the frequency
    for centre, width in zip(formants, _BANDWIDTHS, strict=True):
        radius = np.exp(-np.pi * width / SAMPLE_RATE)
        angle = 2 * np.pi * centre / SAMPLE_RATE
        voice = _respond(voice, (1 - radius) * radius**time * np.sin((time + 1) * angle) / np.sin(angle))
    fade = np.minimum(1, np.minimum(np.arange(n), np.arange(n)[::-1]) / (0.03 * SAMPLE_RATE))
    return fade * voice / np.abs(voice).max()


def _respond(signal: np.ndarray, impulse: np.ndarray) -> np.ndarray:
    """What a filter with this answer to an impulse makes of a signal, in the signal's length.

    The filters here have one or two poles, whose answers are formulas: importing scipy for its lfilter took longer
    than all the sounds together, before the page was there.
    """
    size = len(signal) + len(impulse)
    return np.fft.irfft(np.fft.rfft(signal, size) * np.fft.rfft(impulse, size), size)[: len(signal)]


def drums(seconds: float = 4.0, beats_per_minute: int = 100) -> np.ndarray:
    """A bar or two of kick, snare and closed hi-hat, each a decaying tone, noise, or both."""
    random = np.random.default_rng(0)
    time = np.arange(int(0.35 * SAMPLE_RATE)) / SAMPLE_RATE
    noise = random.standard_normal(len(time))
    sweep = 2 * np.pi * np.cumsum(50 + 110 * np.exp(-time / 0.03)) / SAMPLE_RATE
    kick = np.sin(sweep) * np.exp(-time / 0.12)
    snare = (0.5 * np.sin(2 * np.pi * 190 * time) + 0.6 * noise) * np.exp(-time / 0.07)
    hat = np.diff(noise, n=2, append=[0, 0]) * np.exp(-time / 0.02) * 0.15
    track = np.zeros(int(seconds * SAMPLE_RATE) + len(time))
    eighth = 30 / beats_per_minute  # seconds
    for step in range(int(seconds / eighth)):
        start = int(step * eighth * SAMPLE_RATE)
        for instrument, plays in ((kick, step % 4 == 0), (snare, step % 4 == 2), (hat, True)):
            if plays:
                track[start : start + len(time)] += instrument
    return _finish(track[: int(seconds * SAMPLE_RATE)])


SOUNDS: dict[str, Callable[[], np.ndarray]] = {"vowels": vowels, "drums": drums, "rising_tone": rising_tone}


def write_sounds(folder: Path | None = None) -> list[Path]:
    """Writes the sounds as WAV files, those that are not there yet.

    Args:
        folder (Path, optional): where. (Default: in the project's cache folder, by the version of this file)

    Returns:
        list of Path: one a sound, in the order of ``SOUNDS``.
    """
    if folder is None:
        # a changed formula must not find the sounds of the old one
        folder = cache_folder("sounds") / hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
    try:
        return _written(folder)
    except OSError:  # a cache that is full or read-only must not keep the page from starting
        return _written(Path(tempfile.mkdtemp(prefix="grokaem-sounds-")))


def _written(folder: Path) -> list[Path]:
    paths = []
    for name, make in SOUNDS.items():
        path = folder / f"{name}.wav"
        if not path.exists() or not path.stat().st_size:
            # written aside, then renamed: two apps that start at once must not see half a file
            with new_file(path) as part, wave.open(str(part), "wb") as file:
                file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))  # mono, 16 bits
                file.writeframes(np.round(make() * 32767).astype("<i2").tobytes())
        paths.append(path)
    return paths


def _finish(sound: np.ndarray) -> np.ndarray:
    """Scales to a peak of 0.8 and fades the two ends for 10 ms, so that a player does not click."""
    fade = np.minimum(
        1, np.minimum(np.arange(len(sound)), np.arange(len(sound))[::-1]) / (0.01 * SAMPLE_RATE)
    )
    return 0.8 * fade * sound / np.abs(sound).max()
