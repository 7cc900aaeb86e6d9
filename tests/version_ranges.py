"""The library with every extra at one end of the ranges of pyproject.toml, in an environment of its own.

python -m tests.version_ranges lowest         # a quarter of an hour, and gigabytes: old PyTorch comes with CUDA
python -m tests.version_ranges highest        # what the package index has today
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from exporting.space_environment import found_links
from tests.conftest import OFFLINE, ROOT
from tests.inference.exports import sound_export, text_export

RESOLUTIONS = {"lowest": "lowest-direct", "highest": "highest"}
# Every extra's commands, on the small inputs of `inputs`; what follows reads what an earlier one wrote.
COMMANDS = [
    ["predict", "text", "a warm and honest film"],
    ["predict", "sound", "low.wav"],
    ["topics", "notes.txt", "--topics", "4", "--json", "topics.json", "--html", "topics.html"],
    ["select-features", "notes.csv", "--save", "words", "--html", "words.html"],
    ["select-features", "notes.csv", "--lemmas", "--stems"],
    ["select-features", "russian.csv", "--language", "ru", "--lemmas", "--stems"],
    ["predict", "words", "rain over the hills"],
    ["audio-features", "low.wav", "high.flac", "--output", "sounds.npz"],
    ["audio-features", "low.wav", "--features", "mfcc", "--deltas", "2", "--normalize", "--output", "sounds.csv"],
    *(["audio-features", "low.wav", "--features", name, "--output", f"{name}.parquet"]
      for name in ("gfcc", "bfcc", "pncc", "logmel")),
    ["plan", "--budget", "500MB"],
    ["plan", "--base-model", "wide_resnet", "--budget", "200MB", "--json"],
]  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.version_ranges", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("end", choices=RESOLUTIONS)
    parser.add_argument("--environment", type=Path, help="kept and brought up to date (default: a temporary one)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        environment = options.environment or home / "environment"
        install(environment, options.end, home / "versions.txt")
        inputs(home)
        failed = [words for words in COMMANDS if not works(environment, words, home)]
    print(f"{len(COMMANDS) - len(failed)} of {len(COMMANDS)} commands work")
    return 1 if failed else 0


def install(environment: Path, end: str, versions: Path) -> None:
    """The checkout and its extras, resolved and installed by uv: pip takes minutes to resolve the low end."""
    uv, python = [sys.executable, "-m", "uv", "--quiet"], environment / "bin" / "python"
    extras = [word for name in ("topics", "audio", "plan") for word in ("--extra", name)]
    wanted = ["--resolution", RESOLUTIONS[end], "--no-header", "--no-annotate", "--output-file", versions]
    links = found_links()
    subprocess.run([*uv, "pip", "compile", "pyproject.toml", *extras, *wanted, *links], cwd=ROOT, check=True)
    subprocess.run([*uv, "venv", "--allow-existing", "--python", sys.executable, environment], check=True)
    subprocess.run([*uv, "pip", "sync", "--python", python, *links, versions], check=True)
    subprocess.run([*uv, "pip", "install", "--python", python, "--no-deps", "--reinstall", ROOT], check=True)
    print(*versions.read_text().split(), sep="\n", flush=True)


def inputs(home: Path) -> None:
    """Texts of two classes, in English and in Russian, two sounds, and an export of each kind."""
    rng = np.random.default_rng(0)
    english = ("the cats and dogs played in gardens", "stocks were falling when the markets closed")
    russian = ("кошки и собаки играли в садах", "акции падали перед закрытием рынков")
    nouns = ("story", "evening", "report", "children", "winter", "office")
    rows = [(text, *rng.choice(nouns, 2)) for text in english * 100]
    (home / "notes.txt").write_text("\n".join(" ".join(row) for row in rows))
    table = [f"{' '.join(row)} {number},{number % 2}" for number, row in enumerate(rows)]
    (home / "notes.csv").write_text("\n".join(["text,label", *table]))
    table = [f"{russian[number % 2]} {number},{number % 2}" for number in range(200)]
    (home / "russian.csv").write_text("\n".join(["text,label", *table]), encoding="utf-8")
    times = np.arange(16000) / 16000
    for name, frequency in (("low.wav", 150), ("high.flac", 2500)):
        tone = 0.4 * np.sin(2 * np.pi * frequency * times)
        soundfile.write(home / name, tone + 0.01 * rng.standard_normal(16000), 16000)
    text_export(home / "text")
    sound_export(home / "sound")


def works(environment: Path, words: list[str], home: Path) -> bool:
    """Whether the command ends well; says so, with its last lines where it does not."""
    variables = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [environment / "bin" / "grokaem", *words], cwd=home, capture_output=True, text=True,
        env={**variables, **OFFLINE, "GROKAEM_CACHE": str(home / "cache")},
    )  # fmt: skip
    print(json.dumps({"command": words, "code": done.returncode}), flush=True)
    if done.returncode:
        print(done.stderr[-2000:], flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
