"""Publishes a TF-IDF model to the Hub, with its card: upload, download again, compare every byte, predict once.

grokaem select-features reviews.csv --save my_model
python -m exporting.publish_tfidf my_model --repo-id owner/name --dry-run       # what would go
python -m exporting.publish_tfidf my_model --repo-id owner/name                 # HF_TOKEN, login or --token-file
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from exporting.own_files import check_own
from exporting.public_copy import copy_files, staging_folder, warn_about_paths
from exporting.report_checks import CARD_KEYS_TFIDF, read_report
from exporting.tfidf_types import WordsConfig
from grokaem.atomic import write_text
from grokaem.command_line import run
from grokaem.plain_text import terminal

if TYPE_CHECKING:
    from exporting.publication import Publication
    from exporting.tfidf_types import WordsRun
    from grokaem.inference.word_classifier import WordClassifier


def main(argv: list[str]) -> int:
    """Runs the command; see the module's docstring for examples."""
    from exporting.own_card import read_card
    from exporting.publication import Publication, add_arguments

    parser = argparse.ArgumentParser(
        prog="python -m exporting.publish_tfidf",
        allow_abbrev=False,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="made by grokaem select-features --save")
    parser.add_argument("--repo-id", required=True, help="Hub repository, owner/name, or name for one of your own")
    parser.add_argument("--push", action="store_true", help="publish, as this command does without --dry-run too")
    add_arguments(parser)
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options = parser.parse_args(argv)
    from exporting.card_metadata import is_on_hub
    from grokaem import hub, inference
    from grokaem.inference.word_classifier import WordClassifier

    asked = Publication.of(options, dry_run=options.dry_run, card=read_card(options.card))
    classifier = inference.load(options.folder) if options.folder.is_dir() else None
    if not isinstance(classifier, WordClassifier):
        raise ValueError(f"{options.folder} is no TF-IDF model: grokaem select-features DATA --save makes one.")
    check_own(classifier.export.path, "words")
    remedy = "put it back as it was, or save the model again"
    config = read_report(classifier.export.path / "config.json", WordsConfig, CARD_KEYS_TFIDF, remedy)
    if asked.card:
        asked.card.check_datasets(is_on_hub(_data(config)))
    token = hub.find_token(token_file=options.token_file)
    asked.check(token, new=False)
    publish(classifier, asked, asked.target("", "", token), token)
    return 0


def publish(classifier: WordClassifier, asked: Publication, repo_id: str, token: str | None) -> None:
    """Publishes a TF-IDF model and proves that what the Hub serves is what was meant.

    Args:
        classifier (WordClassifier): the model.
        asked (Publication): how.
        repo_id (str): the repository.
        token (str, optional): Hub token.
    """
    from exporting.eval_results import write_eval_results
    from exporting.publication import describe_outcome
    from exporting.tfidf_card import example_word, tfidf_card
    from grokaem import hub, inference

    if asked.card:
        warn_about_paths(asked.card.prose)
    with staging_folder(classifier.export.path) as place, tempfile.TemporaryDirectory() as cache:
        folder = place / "model"
        copy_files(classifier.export.path, folder, "words")
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        write_text(folder / "README.md", tfidf_card(config, repo_id, asked.card))
        write_eval_results(folder, _data(config), config["test"]["recommended"])
        published = asked.send(folder, repo_id, "Publish the model", token)
        if asked.dry_run:
            return
        assert published.commit is not None  # only a dry run has none
        copy = hub.verify_published(repo_id, published.commit, folder, cache_dir=cache, token=token)
        given: list = [example_word(config)]
        answer = inference.load(copy).predict(given)[0]
    print(
        f"{describe_outcome(published)}; every file downloaded and compared; it predicts: {terminal(answer.label)}",
        flush=True,
    )

def _data(config: WordsConfig) -> WordsRun:
    """The data as ``run.json`` records it."""
    return {**config["data"], "revision": config["revision"], "sizes": {"test": config["n_test"]}}


if __name__ == "__main__":
    sys.exit(run(main))
