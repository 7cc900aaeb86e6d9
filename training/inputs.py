"""What a run is made from: corpus, base model and the user's part of the card; refused before the work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from grokaem.flags import option
from grokaem.plain_text import terminal

if TYPE_CHECKING:
    from exporting.own_card import OwnCard
    from grokaem.corpora import Corpus
    from grokaem.hub.base_model import BaseModel
    from training.config import FinetuneConfig
    from training.same_run import Beginnings


def read_own_card(config: FinetuneConfig) -> OwnCard | None:
    """What ``--card`` says; read once, before the work."""
    if config.card is None:
        return None
    from exporting.own_card import read_card
    from grokaem.corpora import names

    card = read_card(config.card)
    own = config.dataset in names() or Path(config.dataset).expanduser().exists()
    if card is not None:
        card.check_datasets(not own)
    return card


def check_sources(config: FinetuneConfig, folder: Path) -> None:
    """Refuses to replace what the run is made from, or the run of other data whose folder has the same default name.

    Args:
        config (FinetuneConfig): the settings.
        folder (Path): the run's folder.

    Raises:
        ValueError: either of them.
    """
    for flag in ("base_model", "dataset", "also_train_on"):
        source = getattr(config, flag)
        if source and folder.is_dir() and _place(source).is_relative_to(folder.resolve()):
            raise ValueError(f"--output-dir {folder} holds {option(flag)} {source}: give another folder.")
    report = folder / "run.json"
    if not (config.overwrite and config.output_dir == config.default_folder and report.is_file()):
        return
    try:
        before = dict(json.loads(report.read_text(encoding="utf-8"))["config"])
    except (OSError, ValueError, KeyError, TypeError):
        return  # no report of ours: that the folder is not replaced is for ownership to say
    for flag in ("base_model", "dataset"):
        now, then = getattr(config, flag), before.get(flag)
        if isinstance(then, str) and _place(now) != _place(then):
            raise ValueError(
                f"{folder} holds the run of another {option(flag)} ({then}), which would be lost: "
                "choose a folder of its own with --output-dir."
            )


def check_base(config: FinetuneConfig, base: BaseModel) -> list[str]:
    """Refuses a base model whose code may not run, or, where an export follows, one that none can be made of.

    Args:
        config (FinetuneConfig): the settings.
        base (BaseModel): downloaded and verified, or a folder of the user's.

    Returns:
        list of str: what the user should know of it.

    Raises:
        ValueError: either of them.
    """
    from training.remote_code import check_code

    notes = check_code(base, config.trust_remote_code, config.exports)
    if config.exports:
        from exporting.exportable import check_exportable

        check_exportable(config.task, base.folder, base.name)
    return notes


def load_inputs(
    config: FinetuneConfig, token: str | None, recorded: Beginnings
) -> tuple[Corpus, BaseModel | None]:
    """Corpus and base model, fetched if need be; those of an interrupted run at the revisions that it began with.

    Args:
        config (FinetuneConfig): the settings.
        token (str, optional): Hub token.
        recorded (Beginnings): what an interrupted run began with.

    Raises:
        ValueError: either cannot be trained with.
    """
    from grokaem import corpora
    from grokaem.hub.base_model import resolve, resolve_recorded
    from training.parts import check_parts

    base = None
    if not config.from_scratch:
        name, remote = config.base_model, config.trust_remote_code
        began = recorded.base_model
        base = resolve_recorded(name, began, remote, token) if began else resolve(name, remote, token)
        for note in check_base(config, base):
            print(terminal(note), flush=True)
    corpus = corpora.load_recorded(config.to_json(), recorded.data, token)
    if corpus.task != config.task:
        raise ValueError(f"--dataset {config.dataset} holds {corpus.task}: add --task {corpus.task}.")
    for note in [*corpus.notes, *check_parts(corpus)]:
        print(terminal(note), flush=True)
    return corpus, base


def _place(name: str) -> Path:
    return Path(name).expanduser().resolve()
