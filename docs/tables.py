"""Makes the tables of docs/ that come from the registries, between the markers where they stand.

python -m docs.tables    # writes them; a test compares (make tables)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grokaem.corpora.packages import Package

DOCS = Path(__file__).resolve().parent
END = "<!-- end of table -->"


@dataclass(frozen=True)
class Table:
    """A table of docs/.

    Attributes:
        name (str): of the table, in its marker.
        page (str): the file that holds it.
        heads (sequence of str): the columns' names.
        rows (callable): makes the rows, a cell a column; each is Markdown.
    """

    name: str
    page: str
    heads: Sequence[str]
    rows: Callable[[], Iterable[Sequence[str]]]

    @property
    def start(self) -> str:
        """The line before the table."""
        return f"<!-- {self.name}: made by docs/tables.py -->"

    def markdown(self) -> str:
        """The table between its markers."""
        lines = [self.heads, ["---"] * len(self.heads), *self.rows()]
        return "\n".join([self.start, *(f"| {' | '.join(cells)} |" for cells in lines), END])


def topic_models() -> Iterable[Sequence[str]]:
    """A row a topic model."""
    from grokaem.topics import MODELS

    for model in MODELS.values():
        yield f"`{model.key}`", model.about, model.topics_from, model.takes, model.choose


def audio_features() -> Iterable[Sequence[str]]:
    """A row a feature; those that are told alike share one."""
    from grokaem.audio.feature_list import FEATURES

    alike: dict[tuple[str, str], list[str]] = {}
    for feature in FEATURES.values():
        alike.setdefault((feature.about, feature.source), []).append(feature.key)
    for (about, source), keys in alike.items():
        yield f"`{' '.join(keys)}`", about, source


def data_sets() -> Iterable[Sequence[str]]:
    """A row a labelled data set."""
    from grokaem.corpora.built_in import BUILT_IN

    for data in BUILT_IN.values():
        if data.load:
            yield f"`{data.key}`", data.task, data.about, data.parts, str(data.classes), data.licence


def packages() -> Iterable[Sequence[str]]:
    """A row for what is fetched together, and whose data it holds."""
    from grokaem.corpora.built_in import BUILT_IN

    holds: dict[tuple, list[str]] = {}
    for data in BUILT_IN.values():
        if data.packages:
            holds.setdefault(data.packages, []).append(f"`{data.key}`")
    for fetched, keys in holds.items():
        megabytes = f"{sum(package.megabytes for package in fetched)} MB"
        once = ", once for both" if len(keys) == 2 else ", once for all" if len(keys) > 2 else ""
        yield ", ".join(keys), _spelled(fetched), megabytes + once


def _spelled(fetched: Sequence[Package]) -> str:
    """Names, version and form; packages of one version are told together."""
    forms = {".deb": "Debian", ".whl": "wheel", ".gz": "source archive"}
    together: dict[str, list[str]] = {}
    for package in fetched:
        version = f"{package.version} ({forms[Path(package.filename).suffix]})"
        together.setdefault(version, []).append(package.name)
    return "; ".join(f"{', '.join(names)} {version}" for version, names in together.items())


def levers() -> Iterable[Sequence[str]]:
    """A row a lever of memory."""
    from grokaem.memory.checklist import CHECKLIST

    for lever in CHECKLIST.values():
        yield lever.name, f"`{lever.flag}`", lever.kind, lever.saves, lever.costs


def gpus() -> Iterable[Sequence[str]]:
    """A row a graphics card, by its memory."""
    from grokaem.memory.gpus import GPUS

    for card in sorted(GPUS.values(), key=lambda card: (card.memory_mib, card.title)):
        offers = [name for name, has in (("bf16", card.bf16), ("tf32", card.bf16), ("int8", card.int8)) if has]
        memory = f"{card.memory_mib:,}"
        yield f"`{card.key}`", card.title, memory, card.architecture, ", ".join(["fp16", *offers]), card.note


def tabs() -> Iterable[Sequence[str]]:
    """The rows of each tab of the page."""
    from demos.tab import TABS

    for tab in TABS.values():
        yield from tab.about


TABLES = (
    Table(
        "topic models", "topics.md", ("name", "what it is", "topics from", "time it takes", "choose it"), topic_models
    ),
    Table("audio features", "audio.md", ("name", "what it is", "from"), audio_features),
    Table(
        "data sets",
        "data.md",
        ("name", "task", "what it is", "train / validation / test", "classes", "licence"),
        data_sets,
    ),
    Table("packages of the data sets", "data.md", ("name", "package", "download"), packages),
    Table("levers", "memory_checklist.md", ("lever", "flag", "what it trades", "saves", "costs"), levers),
    Table(
        "cards",
        "memory_checklist.md",
        ("`--gpu`", "card", "MiB, as nvidia-smi shows", "architecture", "arithmetic beside fp32", "note"),
        gpus,
    ),
    Table("tabs", "app.md", ("tab", "in", "out"), tabs),
)


def with_tables(page: str, text: str) -> str:
    """The text of a page with its tables as the registries have them.

    Args:
        page (str): the file's name.
        text (str): what it holds.

    Raises:
        ValueError: a table's markers are not there.
    """
    for table in (each for each in TABLES if each.page == page):
        before, start, rest = text.partition(table.start)
        _, end, after = rest.partition(END)
        if not start or not end:
            raise ValueError(f"docs/{page} has no place for the table: write {table.start} and {END} where it belongs.")
        text = before + table.markdown() + after
    return text


def main() -> None:
    """Writes every table into its page."""
    for page in sorted({table.page for table in TABLES}):
        path = DOCS / page
        text = path.read_text(encoding="utf-8")
        made = with_tables(page, text)
        if made != text:
            path.write_text(made, encoding="utf-8")
            print(f"docs/{page} written")


if __name__ == "__main__":
    main()
