"""Publishing a run's export: upload, download to a fresh cache, compare every byte, predict once."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from exporting.eval_results import write_eval_results
from exporting.existing_export import REMEDY, check_same_run
from exporting.model_card import write_card, write_original_card
from exporting.own_files import check_own, check_report
from exporting.public_copy import copy_files, own_places, staging_folder, warn_about_paths
from exporting.publication import Publication, describe_outcome
from exporting.quantization import attempts_for
from exporting.report_checks import (
    CARD_KEYS_EXPORT,
    CARD_KEYS_RUN,
    CARD_KEYS_TRAINING,
    PARITY,
    check_complete,
    read_report,
)
from exporting.report_types import ParityReport, RunReport
from exporting.run_checks import check_label_numbers
from exporting.run_source import Run, read_run
from exporting.sources import find_source
from grokaem.ownership import write_text
from grokaem.plain_text import terminal


def publish_run(
    run: Run, asked: Publication, repo_id: str, export_folder: Path | None = None, token: str | None = None
) -> str:
    """Publishes a run's export and proves that what the Hub serves is what was meant.

    The publication was checked before the work, by :func:`check_publication`.

    Args:
        run (Run): the run.
        asked (Publication): how.
        repo_id (str): the repository that :meth:`Publication.target` gave.
        export_folder (Path, optional): its export. (Default: ``<run>/export``)
        token (str, optional): Hub token.

    Returns:
        str: address of the published export.
    """
    export_folder = export_folder or run.path / "export"
    check_files(run, asked, export_folder)
    if asked.card:
        warn_about_paths(asked.card.prose)
    # Put together elsewhere: the folders keep their cards, and what is published has names instead of paths.
    with staging_folder(run.path) as place:
        copy, places = place / "export", own_places(run.report)
        copy_files(export_folder, copy, "export", places)
        if asked.one_repository:
            copy_files(run.path, copy, "run", places, asked.card and asked.card.examples)
        sibling = asked.original_of(repo_id)
        card = write_card(run.report, copy, repo_id, sibling, asked.card)
        write_eval_results(copy, run.report["data"], _scores(copy)["accuracy"])
        if asked.one_repository:
            _append_to_card(card, run, repo_id)
        if sibling:
            asked.check_sending(copy, repo_id, token)  # before any of the two is sent
            _publish_original(run, asked, sibling, repo_id, token)
        return _publish_export(run, asked, copy, repo_id, token)


def check_publication(
    asked: Publication, run_folder: Path, finished: Path | None, precision: str, token: str | None
) -> None:
    """Finds, before an export is made, everything that can be known to be wrong with its publication.

    Args:
        asked (Publication): how.
        run_folder (Path): the run.
        finished (Path, optional): an export that exists and will be published as it is.
        precision (str): ``--precision``; where it leaves a choice, the name of the method is not known yet.
        token (str, optional): Hub token.

    Raises:
        ValueError: as :meth:`Publication.check` and :func:`check_files`.
    """
    run = read_run(run_folder)
    check_files(run, asked, finished)
    attempts = attempts_for(precision)
    method = method_of(finished) if finished else attempts[0] if len(attempts) == 1 else None
    asked.check(token, run.report["name"], method, new=finished is None)


def publish_export(run_folder: Path, folder: Path, asked: Publication, token: str | None) -> None:
    """Publishes an export; its repository's name has the method that was chosen, so it is checked once more.

    Args:
        run_folder (Path): the run.
        folder (Path): its export.
        asked (Publication): how.
        token (str, optional): Hub token.
    """
    run, method = read_run(run_folder), method_of(folder)
    asked.check(token, run.report["name"], method, new=False)
    publish_run(run, asked, asked.target(run.report["name"], method, token), folder, token)


def method_of(export: Path) -> str:
    """The method that an export was made by."""
    return read_report(export / "parity.json", ParityReport, PARITY, REMEDY)["method"]


def check_files(run: Run, asked: Publication, export: Path | None) -> None:
    """Makes sure that what would be published is what our commands wrote, of one and the same run.

    Args:
        run (Run): the run.
        asked (Publication): how.
        export (Path, optional): its export, where there is one already.

    Raises:
        ValueError: a file was changed, or is none of ours in an export; the export is of another run; or see
            :func:`check_trained_here`.
    """
    check_trained_here(run, asked)
    check_report(run.path, "run.json", "run")
    again = "put it back as it was, or train again"
    if "metrics" in run.report or export is not None:  # an adopted run gets them from its export
        required = CARD_KEYS_RUN if run.report.get("adopted") else (*CARD_KEYS_RUN, *CARD_KEYS_TRAINING)
        check_complete(run.report, RunReport, required, run.path / "run.json", again)
    if asked.original or asked.one_repository:
        check_own(run.path, "run")
        check_label_numbers(run.path, run)
    if export is not None:
        check_own(export, "export")
        check_label_numbers(export, run)
        check_complete(check_same_run(run, export), ParityReport, CARD_KEYS_EXPORT, export / "parity.json", REMEDY)


def check_trained_here(run: Run, asked: Publication) -> None:
    """Refuses to publish weights that others trained.

    Raises:
        ValueError: the run stands for a model that was trained elsewhere.
    """
    if (asked.original or asked.one_repository) and run.report.get("adopted"):
        raise ValueError(
            f"{run.report['base_model']['name']} was not trained here: its weights are published by those who did; "
            "leave out --push-original and --layout."
        )


def _scores(export: Path) -> dict[str, float]:
    return json.loads((export / "parity.json").read_text(encoding="utf-8"))["export"]


def _append_to_card(card: Path, run: Run, repo_id: str) -> None:
    how = find_source(run.task).card.loaded_by(repo_id)
    section = (
        f"\n## The unquantized weights\n\nThey are in this repository too, as `model.safetensors`; {how}.\n"
    )
    write_text(card, card.read_text(encoding="utf-8") + section)


def _publish_export(run: Run, asked: Publication, folder: Path, repo_id: str, token: str | None) -> str:
    from grokaem import hub, inference

    # The place to download to again is made first: that there is none is no news for after the upload.
    with tempfile.TemporaryDirectory() as cache:
        published = asked.send(folder, repo_id, "Publish the export", token)
        if asked.dry_run:
            return published.url
        assert published.commit is not None  # only a dry run has none
        copy = hub.verify_published(repo_id, published.commit, folder, cache_dir=cache, token=token)
        classifier = inference.load(copy)
        examples = run.report.get("examples") or []
        answer = classifier.predict([examples[0]["text"] if examples else classifier.example()])[0]
    print(
        f"{describe_outcome(published)}; every file downloaded and compared; it predicts: {terminal(answer.label)}",
        flush=True,
    )
    return published.url


def _publish_original(
    run: Run, asked: Publication, repo_id: str, export_repo_id: str, token: str | None
) -> None:
    from grokaem import hub

    with staging_folder(run.path) as folder, tempfile.TemporaryDirectory() as cache:
        copy_files(run.path, folder, "run", own_places(run.report), asked.card and asked.card.examples)
        write_original_card(run.report, folder, repo_id, export_repo_id, asked.card)
        write_eval_results(folder, run.report["data"], run.report["metrics"]["accuracy"])
        published = asked.send(folder, repo_id, "Publish the weights", token)
        if asked.dry_run:
            return
        assert published.commit is not None  # only a dry run has none
        hub.verify_published(repo_id, published.commit, folder, cache_dir=cache, token=token)
    print(describe_outcome(published), flush=True)
