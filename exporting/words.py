"""Publishes a TF-IDF model to the Hub, with its card: upload, download again, compare every byte, predict once.

python text/select_features.py reviews.csv --save my_model
python exporting/words.py my_model --repo-id owner/name --dry-run       # what would go
python exporting/words.py my_model --repo-id owner/name                 # HF_TOKEN, login or --token-file
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if __package__ in (None, ""):  # run by path: make the repository root importable
    sys.path[0] = str(Path(__file__).resolve().parents[1])
from atomic import write_text
from command_line import run
from exporting.public_copy import copy_files, staged
from plain_text import markdown, terminal

if TYPE_CHECKING:
    from exporting.publication import Publication
    from inference.word_classifier import WordClassifier

SHOWN = 12  # words of each class on the card


def main(argv: list[str]) -> int:
    """Runs the command; see the module's docstring for examples."""
    from exporting.publication import Publication, add_arguments

    parser = argparse.ArgumentParser(
        prog="words.py",
        allow_abbrev=False,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="made by text/select_features.py --save")
    parser.add_argument("--repo-id", required=True, help="Hub repository, owner/name, or name for one of your own")
    parser.add_argument("--push", action="store_true", help="publish, as this command does without --dry-run too")
    parser.add_argument("--hub-private", action="store_true", help="make a new repository private")
    parser.add_argument("--dry-run", action="store_true", help="print files, bytes and card; send nothing")
    add_arguments(parser)
    parser.add_argument("--token-file", type=Path, help="file with the Hub token (default: HF_TOKEN or login)")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options = parser.parse_args(argv)
    import hub
    import inference

    asked = Publication(
        options.repo_id,
        private=options.hub_private,
        tag=options.tag,
        message=options.message,
        pull_request=options.pull_request,
        dry_run=options.dry_run,
    )
    classifier = inference.load(options.folder) if options.folder.is_dir() else None
    if classifier is None or not classifier.export.counts_words:
        raise ValueError(f"{options.folder} is no TF-IDF model: python text/select_features.py DATA --save makes one")
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
    import hub
    import inference
    from exporting.eval_results import write_eval_results
    from exporting.publication import told

    with staged(classifier.export.path) as place:
        folder = place / "model"
        copy_files(classifier.export.path, folder)
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        write_text(folder / "README.md", card(config, repo_id))
        data = config["data"] | {"revision": config["revision"], "sizes": {"test": config["n_test"]}}
        write_eval_results(folder, data, config["test"]["recommended"])
        published = asked.send(folder, repo_id, "Publish the model", token)
        if asked.dry_run:
            return
        with tempfile.TemporaryDirectory() as cache:
            copy = hub.verify_published(repo_id, published.commit, folder, cache_dir=cache, token=token)
            answer = inference.load(copy).predict([next(iter(config["top"].values()))[0][0]])[0]
    print(
        f"{told(published)}; every file downloaded and compared; it predicts: {terminal(answer.label)}", flush=True
    )


def card(config: dict[str, Any], repo_id: str) -> str:
    """The model card, from ``config.json`` alone.

    Args:
        config (dict): of a folder that ``text/select_features.py --save`` wrote.
        repo_id (str): where it is published.
    """
    from exporting.card_metadata import of_words

    data, chosen = config["data"], config["recommended"]
    labels = ", ".join(f"**{markdown(name)}**" for name in data["label_names"])
    named = markdown(data["name"])
    top = "\n".join(
        f"| {markdown(name)} | {markdown(', '.join(word for word, _ in words[:SHOWN]))} |"
        for name, words in config["top"].items()
    )
    return f"""{of_words(config, repo_id)}

# Words of {named}

Classifies texts as {labels} by {chosen["features"]:,.0f} of {config["n_features"]:,} words (TF-IDF, a linear support
vector machine), chosen by {chosen["scorer"]} inside {config["n_folds"]} cross-validation folds.

| | accuracy |
|---|---|
| cross-validation, {config["n_documents"]:,} texts | {chosen["accuracy"]:.4f} ± {chosen["accuracy_std"]:.4f} |
| test part, {config["n_test"]:,} texts, seen once | {config["test"]["recommended"]:.4f} |
| the same with all words | {config["test"]["all"]:.4f} |

## How to use it

```bash
python inference/predict.py {repo_id} "A text."
```

## The words of each class

| class | words |
|---|---|
{top}

## Limits

It counts words and knows nothing of their order beyond runs of {config["ngrams"][1]}. Its scores rank the classes; they
are not calibrated probabilities. Data: {named}, {markdown(config["revision"])}.
"""


if __name__ == "__main__":
    sys.exit(run(main))
