"""A classifier that was trained elsewhere becomes a run folder, so that all that follows is the same.

Its card can then say what was measured here (accuracy on your data, what quantization costs), and says that
the training was not seen.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from exporting.run_source import Run, reorder_labels
from exporting.sources import SOURCES, find_source
from grokaem import kinds, ownership
from grokaem.atomic import temporary_folder
from grokaem.hub.base_model import MODEL_FILES
from grokaem.identity import LOCAL, DataIdentity, weights
from grokaem.scores import confusion, macro_f1, softmax
from grokaem.short_name import short

if TYPE_CHECKING:
    from exporting.report_types import Example
    from grokaem.corpora import Corpus
    from grokaem.flags import Own

NOT_THE_MODEL = ("README.md", "run.json", "parity.json", "export_failed.json", ownership.RECORD)
GENERIC = re.compile(r"LABEL_\d+")
EXAMPLES_PER_LABEL = 3
EXAMPLE_CHARACTERS = 200


def import_classifier(
    model: str,
    dataset: str,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    own_of: Callable[[str], Own] | None = None,
    token: str | None = None,
) -> Path:
    """Makes a run folder, ``runs/<model>-<data set>``, of a classifier and the data it is to be measured on.

    Args:
        model (str): Hub id, or a folder made by ``save_pretrained``.
        dataset (str): labelled data with the model's labels; see ``grokaem.corpora.load``.
        text_column (str, optional): its column of texts. (Default: recognised)
        label_column (str, optional): its column of labels. (Default: recognised)
        own_of (callable, optional): from the key of a kind to its own flags as they were given; raises where those of
            another kind were. (Default: none is given)
        token (str, optional): Hub token for a private model.

    Returns:
        Path: the run folder; complete, except for the metrics, which :func:`add_test_scores` adds once the test part
        has been scored. An earlier one of the same model and data is taken as it is.

    Raises:
        FileNotFoundError: there is no such model.
        ValueError: it is no classifier, or its labels are not those of the data.
    """
    from grokaem import corpora

    source, revision = _find(model, token)
    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    task = _task(config, model)
    own = own_of(task) if own_of else find_source(task).flags()
    settings: dict[str, object] = {"dataset": dataset, "text_column": text_column, "label_column": label_column}
    corpus = corpora.load(dataset, task=task, text_column=text_column, label_column=label_column, token=token)
    if corpus.task != task:
        raise ValueError(f"{model} classifies {task} and --dataset {dataset} holds {corpus.task}: name other data.")
    names = _matched_labels(config, corpus.label_names, model, dataset)
    corpus = reorder_labels(corpus, names)
    name = f"{short(model)}-{short(dataset)}"
    folder = Path("runs") / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(folder.parent, folder.name) as temporary:
        partial = temporary / folder.name
        partial.mkdir()
        for file in source.iterdir():
            kept = any(fnmatch(file.name, pattern) for pattern in MODEL_FILES) and file.name not in NOT_THE_MODEL
            if file.is_file() and kept:
                shutil.copyfile(file, partial / file.name)
        config.update(id2label=dict(enumerate(names)), label2id={label: i for i, label in enumerate(names)})
        (partial / "config.json").write_text(json.dumps(config, indent=1, ensure_ascii=False), encoding="utf-8")
        settings.update(find_source(task).adopted_settings(partial, own))
        report = {
            "name": name,
            "task": task,
            "adopted": True,
            "base_model": {"name": model, "revision": revision, "license": _license(source)},
            "data": corpus.describe(),
            "config": settings,
        }
        (partial / "run.json").write_text(json.dumps(report, indent=2, ensure_ascii=False), encoding="utf-8")
        ownership.record(partial, "run", weights=weights(partial))
        return _settle(partial, folder)


def _settle(partial: Path, folder: Path) -> Path:
    """Lets the folder appear, unless it holds something else than this model on these data already."""
    try:
        os.rename(partial, folder)  # only where there is nothing, or an empty folder
        return folder
    except OSError:
        if not folder.exists():
            raise
    try:
        old, new = (json.loads((path / "run.json").read_text(encoding="utf-8")) for path in (folder, partial))
    except (OSError, ValueError):
        old = new = {}
    if other := _other_run(old, new, folder, partial):
        raise ValueError(f"{folder} exists already and holds another run ({other}): move it away.")
    if old["config"].get("dataset") != new["config"].get("dataset"):  # the same data, which lie elsewhere now
        old["config"]["dataset"] = new["config"]["dataset"]
        ownership.write_text(folder / "run.json", json.dumps(old, indent=2, ensure_ascii=False))
    return folder


def _other_run(old: dict, new: dict, folder: Path, partial: Path) -> str | None:
    """What an earlier run was made of that the new one is not: weights, data or settings, wherever they lie."""
    if not new or not old.get("adopted"):
        return "one that was trained here, or none that can be read"
    if weights(folder) != weights(partial):
        return "of other weights"
    then, now = (DataIdentity.from_json(report["data"]) for report in (old, new))
    if changed := then.difference(now):
        return f"of other data, {changed}"
    settings = [{**report["config"], "dataset": None} for report in (old, new)]
    return None if settings[0] == settings[1] else "with other settings"


def add_test_scores(run: Run, logits: np.ndarray, corpus: Corpus) -> None:
    """Adds to ``run.json`` what the original scores on the test part: metrics, confusion, examples.

    Args:
        run (Run): the adopted run; its report changes too.
        logits (ndarray of shape (n, n_labels)): the original's, on the test part.
        corpus (Corpus): the data.
    """
    from importlib.metadata import version

    part, names = corpus.test, corpus.label_names
    labels, predicted = np.asarray(part.labels), logits.argmax(axis=1)
    counts = confusion(labels, predicted, len(names))
    shares = softmax(logits)[np.arange(len(labels)), labels]
    run.report.update(
        {
            "metrics": {
                "accuracy": float((predicted == labels).mean()),
                "macro_f1": macro_f1(counts),
                "loss": float(-np.log(np.maximum(shares, np.finfo(float).tiny)).mean()),
            },
            "confusion": counts.tolist(),
            "examples": _examples(part.inputs, labels, predicted, names) if kinds.find(run.task).shown else [],
            "versions": {package: version(package) for package in ("transformers", "torch", "openvino", "nncf")},
        }
    )
    ownership.write_text(run.path / "run.json", json.dumps(run.report, indent=2, ensure_ascii=False))


def _examples(texts: list[str], labels: np.ndarray, predicted: np.ndarray, names: list[str]) -> list[Example]:
    chosen: list[Example] = []
    for number, name in enumerate(names):
        right = np.flatnonzero((labels == number) & (predicted == number))
        short = [texts[i] for i in right if len(texts[i]) <= EXAMPLE_CHARACTERS]
        for text in short[:EXAMPLES_PER_LABEL]:
            chosen.append({"label": name, "text": text})
    return chosen


def _find(model: str, token: str | None) -> tuple[Path, str]:
    folder = Path(model).expanduser()
    revision = LOCAL
    if not folder.is_dir():
        if model.startswith((".", "/", "~")) or model.count("/") != 1:
            raise FileNotFoundError(
                f"there is no folder {model}: give a run folder, a folder of a classifier, or a Hub id (owner/name)."
            )
        from grokaem import hub
        from grokaem.hub.local import add_missing_folder, check_not_ours

        check_not_ours(model)
        with add_missing_folder(model):
            folder = hub.download(model, allow_patterns=MODEL_FILES, token=token)
        revision = folder.name
    if not (folder / "config.json").is_file():
        raise FileNotFoundError(f"{model} has no config.json: give a classifier made by save_pretrained.")
    if not any(folder.glob("*.safetensors")):
        raise ValueError(
            f"{model} has no *.safetensors weights, and pickled ones are not loaded: "
            "save the model again with save_pretrained."
        )
    return folder, revision


def _task(config: dict, model: str) -> str:
    # Names do not tell: Wav2Vec2ForSequenceClassification classifies sounds.
    found = config.get("architectures") or ["no architecture"]
    for key in SOURCES:
        if find_source(key).classifies(found[0]):
            return key
    raise ValueError(
        f"{model} is no classifier ({found[0]}): python training/finetune.py --base-model makes one of it."
    )


def _matched_labels(config: dict, wanted: list[str], model: str, dataset: str) -> list[str]:
    """The data set's label names in the order of the model's outputs."""
    given = config.get("id2label") or {str(i): f"LABEL_{i}" for i in range(2)}
    outputs = [given[key] for key in sorted(given, key=int)]
    by_name = {name.casefold(): name for name in wanted}
    if len(outputs) == len(wanted):
        if {name.casefold() for name in outputs} == set(by_name):
            return [by_name[name.casefold()] for name in outputs]
        if all(GENERIC.fullmatch(name) for name in outputs):
            print(f"the labels of {model} have no names: taken to be, in this order, {', '.join(wanted)}")
            return list(wanted)
    raise ValueError(
        f"{model} answers with {', '.join(outputs)} and --dataset {dataset} has {', '.join(wanted)}: "
        "give data with the model's labels."
    )


def _license(folder: Path) -> str | None:
    from grokaem import hub

    card = folder / "README.md"
    try:
        return hub.front_matter(card.read_text(encoding="utf-8")).get("license") if card.is_file() else None
    except ValueError:  # somebody else's card, with front matter that is no YAML
        return None
