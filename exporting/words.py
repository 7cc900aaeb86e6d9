"""Publishes a TF-IDF model to the Hub, with its card: upload, download again, compare every byte, predict once.

python text/select_features.py reviews.csv --save my_model
python exporting/words.py my_model --repo-id owner/name --dry-run       # what would go
python exporting/words.py my_model --repo-id owner/name                 # HF_TOKEN, login or --token-file
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run by path: make the repository root importable
    sys.path[0] = str(Path(__file__).resolve().parents[1])
from command_line import run
from plain_text import markdown

SHOWN = 12  # words of each class on the card


def main(argv: list[str]) -> int:
    """Runs the command; see the module's docstring for examples."""
    parser = argparse.ArgumentParser(
        prog="words.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="made by text/select_features.py --save")
    parser.add_argument("--repo-id", required=True, help="Hub repository, owner/name")
    parser.add_argument("--hub-private", action="store_true", help="make a new repository private")
    parser.add_argument("--dry-run", action="store_true", help="print files, bytes and card; send nothing")
    parser.add_argument("--token-file", type=Path, help="file with the Hub token (default: HF_TOKEN or login)")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options = parser.parse_args(argv)
    import hub
    import inference

    classifier = inference.load(options.folder) if options.folder.is_dir() else None
    if classifier is None or not classifier.export.counts_words:
        raise ValueError(f"{options.folder} is no TF-IDF model: python text/select_features.py DATA --save makes one")
    token = hub.find_token(token_file=options.token_file)
    with tempfile.TemporaryDirectory() as staged:
        folder = Path(staged) / "model"
        shutil.copytree(classifier.export.path, folder)
        (folder / "README.md").write_text(card(classifier.export.config, options.repo_id), encoding="utf-8")
        if options.dry_run:
            plan = hub.publish(folder, options.repo_id, private=options.hub_private, dry_run=True, token=token)
            print(plan.describe())
            return 0
        hub.check_write_access(options.repo_id, token=token)
        published = hub.publish(
            folder, options.repo_id, private=options.hub_private, message="Publish the model", token=token
        )
        with tempfile.TemporaryDirectory() as cache:
            copy = hub.verify_published(options.repo_id, published.commit, folder, cache_dir=cache, token=token)
            answer = inference.load(copy).predict([next(iter(classifier.export.config["top"].values()))[0][0]])[0]
    state = "published" if published.changed else "already up to date"
    print(f"{state}: {published.url} at {published.commit[:12]}; every file downloaded and compared; "
          f"it predicts: {answer.label}")  # fmt: skip
    return 0


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
