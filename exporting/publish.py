"""Publishing a run's export: upload, download to a fresh cache, compare every byte, predict once."""

from __future__ import annotations

import tempfile
from pathlib import Path

from exporting.model_card import write_card, write_original_card
from exporting.public_copy import copy_files, staged
from exporting.source import Run, read_run
from ownership import write_text

SUFFIX = "-openvino-int8"


def push_target(name: str, repo_id: str | None, token: str | None) -> str:
    """The repository to publish to, checked to be writable before any work is done.

    Args:
        name (str): ``<base model>-<data set>``, for the default repository's name.
        repo_id (str, optional): the wanted repository; without an owner, one of the token's user.
            (Default: ``<name>-openvino-int8``)
        token (str, optional): Hub token.
    """
    import hub

    user = hub.whoami(token=token)
    target = repo_id or f"{name}{SUFFIX}"
    target = target if "/" in target else f"{user}/{target}"
    hub.check_write_access(target, token=token)
    return target


def planned_target(name: str, repo_id: str | None, token: str | None) -> str:
    """The repository that :func:`push_target` would choose; needs neither network nor token."""
    import hub

    if repo_id and "/" in repo_id:
        return repo_id
    try:
        user = hub.whoami(token=token)
    except hub.HubError:
        user = "your-name"
    return f"{user}/{repo_id or name + SUFFIX}"


def publish_run(
    run_folder: str | Path,
    repo_id: str,
    *,
    export_folder: Path | None = None,
    private: bool = False,
    original: bool = False,
    one_repository: bool = False,
    dry_run: bool = False,
    token: str | None = None,
) -> str:
    """Publishes a run's export and proves that what the Hub serves is what was meant.

    Args:
        run_folder (str or Path): the run.
        repo_id (str): Hub repository of the export.
        export_folder (Path, optional): its export. (Default: ``<run_folder>/export``)
        private (bool, optional): make new repositories private. (Default: ``False``)
        original (bool, optional): publish the unquantized weights in a repository beside it. (Default: ``False``)
        one_repository (bool, optional): publish them in the export's own repository. (Default: ``False``)
        dry_run (bool, optional): print files, bytes and cards; change and send nothing. (Default: ``False``)
        token (str, optional): Hub token.

    Returns:
        str: address of the published export.
    """
    run = read_run(run_folder)
    if original and run.report.get("adopted"):
        raise ValueError(
            f"{run.report['base_model']['name']} was not trained here: its weights are published by those who did; "
            "leave out --push-original and --layout"
        )
    export = export_folder or run.path / "export"
    # Put together elsewhere: the folders keep their cards, and what is published has names instead of paths.
    with staged(run.path) as place:
        copy = place / "export"
        copy_files(export, copy)
        if one_repository:
            copy_files(run.path, copy)
        return _publish_both(run, copy, repo_id, private, original, one_repository, dry_run, token)


def _publish_both(
    run: Run,
    export: Path,
    repo_id: str,
    private: bool,
    original: bool,
    one_repository: bool,
    dry_run: bool,
    token: str | None,
) -> str:
    sibling = None
    if original and not one_repository:
        sibling = repo_id.removesuffix(SUFFIX) if repo_id.endswith(SUFFIX) else f"{repo_id}-original"
    card = write_card(run.report, export, repo_id, sibling)
    if one_repository:
        _append_to_card(card, run, repo_id)
    if sibling:
        _publish_original(run, sibling, repo_id, private, dry_run, token)
    if dry_run:
        import hub

        plan = hub.publish(export, repo_id, private=private, dry_run=True, token=token)
        print(plan.describe(), flush=True)
        return plan.url
    return _publish(export, repo_id, run, private, token)


def _append_to_card(card: Path, run: Run, repo_id: str) -> None:
    model = "AutoModelForSequenceClassification"
    how = (
        f'`{model}.from_pretrained("{repo_id}")` of transformers loads them'
        if run.task == "text"
        else "`training/finetune.py` wrote them"
    )
    section = (
        f"\n## The unquantized weights\n\nThey are in this repository too, as `model.safetensors`; {how}.\n"
    )
    write_text(card, card.read_text(encoding="utf-8") + section)


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


def _publish_original(
    run: Run, repo_id: str, export_repo_id: str, private: bool, dry_run: bool, token: str | None
) -> None:
    import hub

    with staged(run.path) as folder:
        copy_files(run.path, folder)
        write_original_card(run.report, folder, repo_id, export_repo_id)
        if dry_run:
            plan = hub.publish(folder, repo_id, private=private, dry_run=True, token=token)
            print(plan.describe() + "\n", flush=True)
            return
        published = hub.publish(folder, repo_id, private=private, message="Publish the weights", token=token)
        with tempfile.TemporaryDirectory() as cache:
            hub.verify_published(repo_id, published.commit, folder, cache_dir=cache, token=token)
    print(f"published: {published.url} at {published.commit[:12]}", flush=True)
