"""Hostile inputs through every tab and every command that takes their form: what they add, and how each one ends.

    python -m benchmarks.hostile_inputs                        # 510 inputs, seed 0, a table family x surface
    python -m benchmarks.hostile_inputs --count 51 --seed 7 --json hostile.json

A command runs in a fork of this process, which has imported its libraries; the page is the real app, asked over HTTP.
Peak memory and seconds are compared with those of a good input of the same action. The verdict: no input adds more
than 512 MiB or 10 s, none ends in a traceback, a crash, or a message that names no remedy.
"""

from __future__ import annotations

import argparse
import html
import json
import os
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TypedDict

# Before numpy is imported: its threads do not live through a fork.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")
os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", GRADIO_ANALYTICS_ENABLED="False")

from benchmarks.hostile_families import Hostile, Maker, Value, rows, write_table
from benchmarks.hostile_page import Ending, Page, judged
from benchmarks.hostile_sounds import good_sound
from grokaem.set_aside import SetAside

ADDED_MIB, ADDED_SECONDS = 512, 10.0
LONGEST = 60.0  # seconds after which an action is stopped
MOST_MEMORY = 3 << 30  # bytes a forked command may reserve beyond what it begins with
PRELOADED = (
    "numpy scipy.sparse sklearn.decomposition sklearn.linear_model sklearn.feature_selection pyarrow.parquet soundfile "
    "torch grokaem.corpora grokaem.topics.scoring grokaem.text.selection_experiment grokaem.audio.extract "
    "grokaem.inference grokaem.memory.plan training.finetune exporting.export"
).split()


class Action(TypedDict):
    """An input on a surface, and how it ended beside a good one; see :class:`benchmarks.hostile_page.Ending`."""

    family: str
    surface: str
    value: str
    seconds: float
    mib: float
    how: str
    said: str


def in_a_fork(main: Callable[[list[str]], int], words: list[str], folder: Path) -> Ending:
    """Runs a command's ``main`` in a fork, its memory and seconds limited."""
    output = folder / "output"
    before = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    start = time.perf_counter()
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        for number, name in enumerate(("/dev/null", output, output)):
            os.dup2(os.open(name, os.O_RDWR | os.O_CREAT | (os.O_APPEND if number else 0)), number)
        held = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_DATA, (held + MOST_MEMORY, held + MOST_MEMORY))
        os.chdir(folder)
        code = 99
        try:
            from grokaem.command_line import run

            code = run(main, words)
        except SystemExit as error:
            code = error.code or 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code if isinstance(code, int) else 1)
    status, usage = _wait(child, start)
    seconds = time.perf_counter() - start
    said = output.read_text(errors="replace") if output.exists() else ""
    output.unlink(missing_ok=True)
    peak = max(0.0, usage.ru_maxrss / 1024 - before / 2**20)
    if os.WIFSIGNALED(status):
        how = "stopped" if seconds > LONGEST else f"signal {os.WTERMSIG(status)}"
    elif os.WEXITSTATUS(status) == 0:
        how = "traceback" if "Traceback" in said else "done"
    else:
        how = judged(said)
    return Ending(seconds, peak, how, said[-300:])


def _wait(child: int, start: float) -> tuple[int, resource.struct_rusage]:
    while True:
        done, status, usage = os.wait4(child, os.WNOHANG)
        if done:
            return status, usage
        if time.perf_counter() - start > LONGEST:
            for signalled in (child, -child):
                try:
                    os.kill(signalled, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            _, status, usage = os.wait4(child, 0)
            return status, usage
        time.sleep(0.01)


class Commands:
    """The commands, in forks of this process, each with a folder to write to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.model = folder / "words"
        for name in PRELOADED:
            import_module(name)
        finetune, export = import_module("training.finetune"), import_module("exporting.export")
        # Reading is what is tried here: a training or an export of a good input would take minutes.
        vars(finetune)["_train"] = lambda config, *_: Path(config.output_dir)
        vars(export)["export_run"] = lambda *_, **__: folder
        self.mains = {
            "topics": import_module("grokaem.topics.compare").main,
            "select-features": import_module("grokaem.text.select_features").main,
            "audio features": import_module("grokaem.audio.extract").main,
            "predict": import_module("grokaem.inference.predict").main,
            "plan": import_module("grokaem.memory.plan").main,
            "finetune": finetune.main,
            "export": export.main,
        }
        table = write_table(folder / "good.csv", ["text", "label"], rows(120))
        few = ["--scorers", "chi2", "--folds", 2, "--k", "all"]
        made = self.run("select-features", [table, *few, "--save", self.model])
        if made.how != "done":
            raise RuntimeError(f"the model to predict with could not be made: {made.said}")

    def run(self, name: str, words: Sequence[object]) -> Ending:
        """One command with these words."""
        place = Path(tempfile.mkdtemp(dir=self.folder))
        return in_a_fork(self.mains[name], [str(word) for word in words], place)

    def actions(self, form: str, value: Value) -> dict[str, Callable[[], Ending]]:
        """What the commands do with a value of that form."""
        few = ["--scorers", "chi2", "--folds", 2, "--k", "all"]
        times = value if isinstance(value, int) else 0
        good = self.folder / "good.csv"
        sound = self.folder / "good.wav"
        words: dict[str, list[tuple[str, Sequence[object]]]] = {
            "table": [
                ("topics", [value, "--models", "nmf,lsa", "--topics", 3]),
                ("select-features", [value, *few]),
                ("predict", [self.model, "--input", value, "--output", "out.csv"]),
                ("finetune", ["--dataset", value]),
            ],
            "sound": [("audio features", [value, "--output", "out.npz"])],
            "text": [("predict", [self.model, "--", value])],
            "number": [
                ("topics", [good, "--models", "nmf", f"--topics={value}"]),
                ("select-features", [good, *few[:4], f"--k={value}"]),
                ("plan", ["--base-model", "wide_resnet", "--no-table", f"--max-seconds={value}"]),
                ("finetune", ["--dataset", good, f"--epochs={value}", f"--learning-rate={value}"]),
                ("export", [self.model, f"--max-drop={value}"]),
                ("audio features", [sound, "--output", "out.npz", f"--sample-rate={value}"]),
            ],
            "repetition": [
                ("topics", [good, "--topics", 3, "--models", ",".join(["nmf"] * times)]),
                (
                    "select-features",
                    [good, "--folds", 2, "--k", "all", "--scorers", ",".join(["chi2"] * times)],
                ),
                ("predict", [self.model, *["a river and a town"] * times]),
                ("audio features", [*[sound] * times, "--output", "out.npz"]),
            ]
            if form == "repetition"
            else [],
        }
        words["path"] = [
            *words["table"],
            *words["sound"],
            ("export", [value]),
            ("predict (model)", [value, "a text"]),
            ("plan", ["--base-model", value]),
        ]
        apart = f" ({form})" if form in ("text", "number", "repetition") else ""
        return {
            name + apart: lambda name=name, each=each: self.run(name.removesuffix(" (model)"), each)
            for name, each in words[form]
        }


GOOD: dict[str, Value] = {"text": "a river and a town", "number": "3", "repetition": 1}


def main() -> int:
    """Prints the table; 1 where the verdict does not hold."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=510, help="inputs (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the inputs (default: 0)")
    parser.add_argument("--json", type=Path, help="write every action here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "good.wav").write_bytes(good_sound())
        (folder / "inputs").mkdir()
        inputs = Maker(folder / "inputs", options.seed).inputs(options.count)
        commands = Commands(folder)
        with Page(folder, commands.model) as page:
            actions = _all(inputs, commands, page, folder, options.json)
    counts = _table(actions)
    aside = SetAside("action")
    for each in actions:
        if each["how"] not in ("done", "refused"):
            where = f"{each['family']} in {each['surface']}, {each['value']:.80}"
            aside.add(where, f"{each['how']}: {each['said'][-200:]}")
    print(
        f"{len(inputs)} inputs, {len(actions)} actions: "
        + ", ".join(f"{n} {how}" for how, n in counts.most_common())
    )
    for key, unit in (("mib", "MiB"), ("seconds", "s")):
        worst = max(actions, key=lambda each: each[key])
        print(f"most added: {worst[key]:.1f} {unit}, {worst['family']} in {worst['surface']}")
    if options.json:
        options.json.write_text(json.dumps(actions, indent=1, ensure_ascii=True))
    return aside.report()


def _all(
    inputs: list[Hostile], commands: Commands, page: Page, folder: Path, into: Path | None
) -> list[Action]:
    good: dict[str, Value] = {
        **GOOD,
        "table": folder / "good.csv",
        "sound": folder / "good.wav",
        "path": folder / "good.csv",
    }
    usual: dict[tuple[str, str], Ending] = {}
    for form, value in good.items():
        for _ in range(2):  # the second time caches are warm, as they are for what is compared
            for surface, act in (commands.actions(form, value) | page.actions(form, value)).items():
                usual[form, surface] = act()
    actions: list[Action] = []
    for place, given in enumerate(inputs):
        if place % 25 == 0 and into:
            into.write_text(json.dumps(actions, indent=1))  # what an interrupted run has found
        for surface, act in (
            commands.actions(given.form, given.value) | page.actions(given.form, given.value)
        ).items():
            ending, like = act(), usual[given.form, surface]
            seconds, mib = ending.seconds - like.seconds, ending.mib - like.mib
            if ending.how in ("done", "refused") and (seconds > ADDED_SECONDS or mib > ADDED_MIB):
                ending.how = "slow" if seconds > ADDED_SECONDS else "memory"
            actions.append({"family": given.family, "surface": surface, "value": ascii(str(given.value)[:200]),
                         "seconds": seconds, "mib": mib, "how": ending.how, "said": ending.said})  # fmt: skip
        if sys.stderr.isatty() or place % 10 == 0:
            print(f"{place + 1}/{len(inputs)}", end="\r" if sys.stderr.isatty() else "\n", file=sys.stderr)
    return actions


def _table(actions: list[Action]) -> Counter:
    """Prints family x surface: done + refused, and after a stroke what was wrong."""
    surfaces = list(dict.fromkeys(each["surface"] for each in actions))
    print(f"| family | {' | '.join(surfaces)} |\n|---{'|---' * len(surfaces)}|")
    for family in dict.fromkeys(each["family"] for each in actions):
        cells = []
        for surface in surfaces:
            found = Counter(
                each["how"] for each in actions if (each["family"], each["surface"]) == (family, surface)
            )
            wrong = sum(found.values()) - found["done"] - found["refused"]
            cells.append(
                f"{found['done']} + {found['refused']}" + (f" / {wrong}" if wrong else "") if found else ""
            )
        print(f"| {html.escape(family)} | " + " | ".join(cells) + " |")
    return Counter(each["how"] for each in actions)


if __name__ == "__main__":
    sys.exit(main())
