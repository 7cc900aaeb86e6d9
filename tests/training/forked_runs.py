"""Trains the same thing again and again, in children of one process that has only imported; prints what came of it.

    python tests/training/forked_runs.py FOLDER '{"text": {"flags": ["--epochs", "3"], "kills": ["step 3", "end 4"]}}'

Of each case the first child is left alone. Then, for each kill (``step 3``: as the step after step 3 begins; ``end 4``:
as the evaluation behind step 4 begins), one is killed (-9) and another goes on with --resume. As many threads as
OMP_NUM_THREADS says, and no arithmetic before the fork: threads of the parent's would be missing in the children.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from training import audio_task, finetune, preflight, recipe, run_report, text_task  # noqa: E402, F401

METHODS = {"step": "take_step", "end": "end_epoch"}


def train(flags: list[str], order: Path, kill: str | None) -> None:
    """One run; notes the examples of each step it takes, and dies where it is told to."""
    take_step = recipe.Training.take_step

    def noting(self, step, batches):
        with open(order, "a", encoding="utf-8") as file:
            file.write(json.dumps([self.progress.step, step.passes]) + "\n")
        take_step(self, step, batches)

    recipe.Training.take_step = noting
    if kill is not None:
        method, at = METHODS[kill.split()[0]], int(kill.split()[1])
        genuine = getattr(recipe.Training, method)

        def dying(self, *args):
            if self.progress.step == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return genuine(self, *args)

        setattr(recipe.Training, method, dying)
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")
    os._exit(finetune.main(flags))


def child(flags: list[str], order: Path, kill: str | None = None) -> int:
    """Runs it in a child; its exit status, negative for a signal."""
    process = os.fork()
    if not process:
        try:
            train(flags, order, kill)
        finally:
            os._exit(70)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def result(folder: Path, order: Path) -> dict[str, object]:
    """What must be equal to the bit."""
    report = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    told = {key: report[key] for key in ("metrics", "validation", "loss_curve", "steps", "epochs_run", "confusion")}
    weights = (folder / "model.safetensors").read_bytes()
    steps = dict(json.loads(line) for line in order.read_text(encoding="utf-8").splitlines())
    return {**told, "weights": hashlib.sha256(weights).hexdigest(), "order": sorted(steps.items())}


def compare(home: Path, flags: list[str], kills: list[str]) -> dict[str, dict[str, object]]:
    """The moment of the kill, or "whole" -> the result."""
    home.mkdir()
    flags = [*flags, "--save-seconds", "0", "--no-preflight", "--precision", "fp32", "--output-dir"]
    found = {}
    for kill in (None, *kills):
        name = (kill or "whole").replace(" ", "-")
        folder, order = home / name, home / f"{name}.order"
        if kill is not None:
            assert child([*flags, str(folder)], order, kill) == -signal.SIGKILL, f"{kill}: not reached"
        again = ["--resume"] if kill else []
        status = child([*flags, str(folder), *again], order)
        assert status == 0, f"{kill}: exit status {status}"
        found[kill or "whole"] = result(folder, order)
    return found


def main() -> None:
    """Prints a dictionary: case -> what :func:`compare` found."""
    home, cases = Path(sys.argv[1]), json.loads(sys.argv[2])
    print(json.dumps({case: compare(home / case, **told) for case, told in cases.items()}))


if __name__ == "__main__":
    main()
