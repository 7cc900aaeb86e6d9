"""Publishing a run's export: upload, download to a fresh cache, compare every byte, predict once."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from exporting.model_card import write_card, write_original_card
from exporting.source import Run, read_run

SUFFIX = "-openvino-int8"


def push_target(name: str, repo_id: str | None, token: str | None) -> str:
    """The repository to publish to, checked to be writable before any work is done.

    Args:
        name (str): ``<base model>-<data set>``, for the default repository's name.
        repo_id (str, optional): the wanted repository. (Default: ``<user of the token>/<name>-openvino-int8``)
        token (str, optional): Hub token.
    """
    import hub

    user = hub.whoami(token=token)
    target = repo_id or f"{user}/{name}{SUFFIX}"
    hub.check_write_access(target, token=token)
    return target


def publish_run(
    run_folder: str | Path,
    repo_id: str,
    *,
    export_folder: Path | None = None,
    private: bool = False,
    original: bool = False,
    token: str | None = None,
) -> str:
    """Publishes a run's export and proves that what the Hub serves is what was meant.

    Args:
        run_folder (str or Path): the run.
        repo_id (str): Hub repository of the export.
        export_folder (Path, optional): its export. (Default: ``<run_folder>/export``)
        private (bool, optional): make new repositories private. (Default: ``False``)
        original (bool, optional): publish the unquantized weights beside it. (Default: ``False``)
        token (str, optional): Hub token.

    Returns:
        str: address of the published export.
    """
    run = read_run(run_folder)
    export = export_folder or run.path / "export"
    sibling = None
    if original:
        sibling = repo_id.removesuffix(SUFFIX) if repo_id.endswith(SUFFIX) else f"{repo_id}-original"
    write_card(run.report, export, repo_id, sibling)
    if sibling:
        _publish_original(run, sibling, repo_id, private, token)
    return _publish(export, repo_id, run, private, token)


def _publish(folder: Path, repo_id: str, run: Run, private: bool, token: str | None) -> str:
    import hub
    import inference

    published = hub.publish(folder, repo_id, private=private, message="Publish the export", token=token)
    with tempfile.TemporaryDirectory() as cache:
        copy = hub.verify_published(repo_id, published.commit, folder, cache_dir=cache, token=token)
        classifier = inference.load(copy)
        answer = classifier.predict([_example(run, classifier)])[0]
    state = "published" if published.changed else "already up to date"
    print(
        f"{state}: {published.url} at {published.commit[:12]}; every file downloaded and compared; "
        f"it predicts: {answer.label}",
        flush=True,
    )
    return published.url


def _example(run: Run, classifier):
    if run.task == "text":
        return (run.report["examples"] or [{"text": "a text"}])[0]["text"]
    import numpy as np

    return np.zeros(classifier.sample_rate, dtype=np.float32)


def _publish_original(run: Run, repo_id: str, export_repo_id: str, private: bool, token: str | None) -> None:
    import hub

    with tempfile.TemporaryDirectory(dir=run.path.parent, prefix=f".{run.path.name}.original.") as staged:
        folder = Path(staged)
        for file in run.path.iterdir():
            if file.is_file() and file.name != "export_failed.json":
                _link(file, folder / file.name)
        write_original_card(run.report, folder, repo_id, export_repo_id)
        published = hub.publish(folder, repo_id, private=private, message="Publish the weights", token=token)
        with tempfile.TemporaryDirectory() as cache:
            hub.verify_published(repo_id, published.commit, folder, cache_dir=cache, token=token)
    print(f"published: {published.url} at {published.commit[:12]}", flush=True)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)  # weights are heavy: no second copy where the disk allows
    except OSError:
        shutil.copy2(source, target)
