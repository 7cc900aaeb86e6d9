"""The model card of a TF-IDF model, from its ``config.json`` alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporting import card_metadata
from exporting.card_figures import BEATEN, label_table
from exporting.snippets import WORDS, install, literal
from grokaem import address
from grokaem.plain_text import markdown

if TYPE_CHECKING:
    from exporting.own_card import OwnCard
    from exporting.tfidf_types import Words, WordsConfig

SHOWN = 12  # words of each class on the card


def tfidf_card(config: WordsConfig, repo_id: str | None = None, own: OwnCard | None = None) -> str:
    """The model card.

    Args:
        config (dict): of a folder that ``grokaem select-features --save`` wrote.
        repo_id (str, optional): where it is published; without, its snippets are for its folder on this disk.
        own (OwnCard, optional): what the user says himself.
    """
    parts = [
        card_metadata.of_words(config, repo_id, own),
        f"# Words of {markdown(config['data']['name'])}",
        _introduction(config, own),
        own.prose if own else "",
        _results(config),
        _usage(config, repo_id),
        _words(config),
        _limits(config),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _introduction(config: WordsConfig, own: OwnCard | None) -> str:
    data, chosen = config["data"], config["recommended"]
    labels = ", ".join(f"**{markdown(name)}**" for name in config["id2label"].values())
    language = (own and own.language()) or data.get("language")
    known = f" (language: {markdown(language)})" if language and language != "unknown" else ""
    return (
        f"Classifies texts as {labels} by {chosen['features']:,.0f} of {config['n_features']:,} words (TF-IDF, a "
        f"linear support vector machine), chosen by {chosen['scorer']} inside {config['n_folds']} cross-validation "
        f"folds. It reads texts{known} of any length, and was trained on {config['n_documents']:,} texts of "
        f"{markdown(data['name'])}."
    )


def _results(config: WordsConfig) -> str:
    chosen, validated = config["recommended"], f"cross-validation, {config['n_documents']:,} texts"
    lines = [
        "## Results",
        "",
        "| | accuracy |",
        "|---|---|",
        f"| {validated} | {chosen['accuracy']:.4f} ± {chosen['accuracy_std']:.4f} |",
        f"| test part, {config['n_test']:,} texts, seen once | {config['test']['recommended']:.4f} |",
        f"| the same with all words | {config['test']['all']:.4f} |",
    ]
    share = config["test"].get("most_frequent")  # older folders lack it
    if share is not None:
        lines.append(f"| always the most frequent label | {share:.4f} |")
        if config["test"]["recommended"] <= share:
            lines += ["", BEATEN]
    if found := config.get("labels"):  # older folders lack it
        lines += ["", *label_table(found, "On the test part, label by label:")]
    return "\n".join(lines)


def _usage(config: WordsConfig, repo_id: str | None) -> str:
    parts = ["## How to use it"]
    if is_plain(config["words"]):
        where = "" if repo_id else ", in this folder"
        parts += [install(WORDS, None, repo_id), f"With numpy alone{where}:", _snippet(config, repo_id)]
        parts += ["On the command line, with grokaem:"]
    else:
        parts += ["Its words are looked up in dictionaries, which grokaem does:"]
    brought = address.install_command("" if is_plain(config["words"]) else "topics")
    given = literal(example_word(config))
    command = f"{brought}\ngrokaem predict {repo_id or 'FOLDER'} {given}"
    return "\n\n".join([*parts, f"```bash\n{command}\n```"])


def is_plain(words: Words) -> bool:
    """Whether a text becomes words by a pattern, lower case and a list of stop words alone.

    Args:
        words (dict): ``config.json``'s settings of :class:`grokaem.text.words.WordSettings`.
    """
    looked_up = words["lemmas"] or words["stems"] or words["parts_of_speech"] or words["entities"] != "keep"
    return not looked_up and not words["stop_languages"]


def _snippet(config: WordsConfig, repo_id: str | None) -> str:
    from grokaem.text.vectorize import WORDS, WORDS_AND_NUMBERS

    imports = "json, re, huggingface_hub, numpy" if repo_id else "json, re, numpy"
    folder = f'huggingface_hub.snapshot_download("{repo_id}")' if repo_id else '"."'
    pattern = WORDS_AND_NUMBERS if config["words"]["numbers"] else WORDS
    lowered = ".lower()" if config["words"]["lower_case"] else ""
    shortest, longest = config["ngrams"]
    return f"""```python
import {imports}
from collections import Counter
from safetensors.numpy import load_file
folder = {folder}
config, terms = (json.load(open(f"{{folder}}/{{name}}.json", encoding="utf-8")) for name in ("config", "vocabulary"))
model, stop_words = load_file(f"{{folder}}/words.safetensors"), config["words"]["own_stop_words"]
words = [word{lowered} for word in re.findall(r"{pattern}", {literal(example_word(config))})]
words = [word for word in words if word.lower() not in stop_words]
counts = Counter(" ".join(words[i:i + n]) for n in range({shortest}, {longest + 1}) for i in range(len(words) - n + 1))
values = numpy.array([1 + numpy.log(counts[term]) if term in counts else 0 for term in terms]) * model["idf"]
scores = model["weights"] @ (values / (numpy.linalg.norm(values) or 1)) + model["bias"]
print(config["id2label"][str(scores.argmax())])
```"""


def example_word(config: WordsConfig) -> str:
    """A word that the model knows, where any class has one.

    Args:
        config (dict): of a folder that ``grokaem select-features --save`` wrote.
    """
    return next((words[0][0] for words in config["top"].values() if words), "A text.")


def _words(config: WordsConfig) -> str:
    rows = (
        f"| {markdown(name)} | {markdown(', '.join(word for word, _ in words[:SHOWN]))} |"
        for name, words in config["top"].items()
    )
    return "\n".join(["## The words of each class", "", "| class | words |", "|---|---|", *rows])


def _limits(config: WordsConfig) -> str:
    data = config["data"]
    licence = data.get("license")
    known = f", licence {markdown(licence)}" if licence and licence != "unknown" else ""
    versions = config.get("versions")
    made = ", ".join(f"{name} {number}" for name, number in versions.items()) if versions else ""
    return (
        "## Limits\n\n"
        f"It counts words and knows nothing of their order beyond runs of {config['ngrams'][1]}. Its scores rank the "
        f"classes; they are not calibrated probabilities. Data: {markdown(data['name'])}, "
        f"{markdown(config['revision'])}{known}.{f' Made with {made}.' if made else ''}"
    )
