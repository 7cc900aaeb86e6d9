"""A plan as a notebook for Colab or Kaggle: clone, install, look at the card, plan for it, train, export, publish.

Every cell is plain Python, so that the notebook runs wherever Jupyter does; those that start a command show what it
prints as it comes. Run a second time it goes on where it stopped.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from grokaem.address import REPOSITORY
from grokaem.atomic import write_text

PARAMETERS = """\
REPOSITORY = {repository!r}
INSTALL = True  # False where the requirements are installed already
DATA = []  # flags of your own data, such as ["--dataset", "reviews.csv"] or ["--dataset", "owner/name"]
MORE = []  # further flags of training/finetune.py, such as ["--epochs", "3"]
REPO_ID = ""  # where the export is published, as "owner/name"; nowhere if empty. The token is read from HF_TOKEN"""

CLONE = """\
import os, subprocess, sys
from pathlib import Path

def run(*words, keep=False):
    \"\"\"Runs a command of the project and shows its output, or keeps it.\"\"\"
    print("$", *words, flush=True)
    process = subprocess.Popen(words, cwd="grokaem", text=True, stdout=subprocess.PIPE,
                               stderr=None if keep else subprocess.STDOUT)
    lines = []
    for line in process.stdout:
        lines.append(line)
        if not keep:
            print(line, end="", flush=True)
    if process.wait():
        raise SystemExit(f"the command ended with {process.returncode}: see its last lines above.")
    return "".join(lines)

if not Path("grokaem").is_dir():
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", REPOSITORY, "grokaem"], check=True)
print("code:", subprocess.run(["git", "log", "-1", "--format=%h of %cs"], cwd="grokaem", text=True,
                              capture_output=True).stdout.strip())"""

INSTALLATION = """\
if INSTALL:
    run(sys.executable, "-m", "pip", "install", "--quiet", "-r", "requirements.txt")
    run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "-e", ".")"""

CARD = """\
import torch

if torch.cuda.is_available():
    free, whole = (size / 2**20 for size in torch.cuda.mem_get_info())
    card = torch.cuda.get_device_properties(0)
    print(f"{{card.name}}: {{whole:,.0f}} MiB, {{free:,.0f}} of them free; the plan was made for {planned}")
    where = ["--device", "cuda", "--budget", f"{{min(free + {context}, whole):.0f}}MiB"]
    if (card.major, card.minor) < (8, 0):  # neither bf16 nor tf32, and before Turing no int8 either
        where += ["--gpu", "t4" if (card.major, card.minor) >= (7, 5) else "v100"]
else:
    print("no graphics card here: in Colab choose Runtime, Change runtime type; in Kaggle Settings, Accelerator.")
    print("What follows trains on the processor.")
    where = ["--device", "cpu"]"""

PLAN = """\
import json, shlex

answer = json.loads(run(sys.executable, "-m", "grokaem", "plan", *{words!r}, *where, "--no-table", "--json",
                        keep=True))
if answer["command"] is None:
    raise SystemExit("Nothing on the checklist fits here: take a smaller model, shorter inputs or a larger card.")
told = answer["chosen"] or answer
print(f"planned peak: {{told['peak_mib']:,.0f}} MiB")
print(answer["command"])
flags = shlex.split(answer["command"])[2:]  # without: python training/finetune.py"""

TRAIN = """\
run(sys.executable, "training/finetune.py", *flags, *DATA, *MORE, "--output-dir", "runs/notebook", "--resume")
report = json.loads(Path("grokaem/runs/notebook/run.json").read_text(encoding="utf-8"))
print(report["metrics"])
print(report["memory"])"""

EXPORT = """\
run(sys.executable, "exporting/export.py", "runs/notebook", "--overwrite")"""

PUBLISH = """\
if REPO_ID:
    run(sys.executable, "exporting/export.py", "runs/notebook", "--push", "--repo-id", REPO_ID)
else:
    print("REPO_ID is empty: nothing was published. The export is in grokaem/runs/notebook/export.")"""


def notebook(words: Sequence[str], title: str, planned: str, context_mib: float, repository: str = REPOSITORY) -> dict:
    """The notebook as nbformat 4 has it, which Jupyter, Colab and Kaggle open.

    Args:
        words (sequence of str): of ``grokaem plan``: model, shape, batch and levers, without a device or a budget.
        title (str): what it trains, for a reader.
        planned (str): the card and the peak that the plan was made for.
        context_mib (float): memory of the CUDA context, which the card that is met has given away already.
        repository (str, optional): where the project is cloned from. (Default: its address)
    """
    cells = [
        _text(f"# {title}\n\nPlanned for {planned}. Run the cells from top to bottom; run again, they go on where "
              "they stopped. Your token for the Hub, if you publish, belongs into the secret `HF_TOKEN`."),
        _code(PARAMETERS.format(repository=repository), tags=["parameters"]),
        _text("## The project"), _code(CLONE), _code(INSTALLATION, tags=["install"]),
        _text("## The card that this session got"), _code(CARD.format(planned=planned, context=context_mib)),
        _text("## The plan for it"), _code(PLAN.format(words=list(words))),
        _text("## Training"), _code(TRAIN),
        _text("## Export, quantized, with its accuracy proven"), _code(EXPORT),
        _text("## Publishing"), _code(PUBLISH),
    ]  # fmt: skip
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"nbformat": 4, "nbformat_minor": 5, "cells": cells,
            "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}, "accelerator": "GPU"}}  # fmt: skip


def write_notebook(path: Path, content: dict) -> None:
    """Writes a notebook, whole or not at all.

    Raises:
        ValueError: the name does not end in .ipynb, or a file or folder lies there.
    """
    check_path(path)
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def check_path(path: Path) -> None:
    """Says before the work that a notebook cannot be written there.

    Raises:
        ValueError: the name does not end in .ipynb, or a file or folder lies there.
    """
    if path.suffix != ".ipynb":
        raise ValueError(f"--notebook {path}: give a file name that ends in .ipynb.")
    if path.exists():
        raise ValueError(f"--notebook {path}: there is such a file already; give another name, or remove it.")


def _text(source: str) -> dict:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def _code(source: str, tags: Sequence[str] = ()) -> dict:
    metadata = {"tags": list(tags)} if tags else {}
    return {"cell_type": "code", "metadata": metadata, "source": source, "outputs": [], "execution_count": None}
