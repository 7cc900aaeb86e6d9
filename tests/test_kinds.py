"""Kinds are objects: three tables with the same keys, and no code elsewhere that asks which kind it has."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporting.sources import SOURCES, find_source
from grokaem import kinds
from grokaem.memory.workload import Workload
from training.tasks import TASKS, find_task

ROOT = Path(__file__).resolve().parents[1]
TABLES = ("grokaem/kinds.py", "training/tasks.py", "exporting/sources.py")
ASKED = ("grokaem", "training", "exporting", "demos", "benchmarks", "app.py")
# Where a word that is a kind's key means something else: file, the words around it, why.
ALLOWED = {
    ("grokaem/charts.py", "'text':"): "a property of Plotly's",
    ("grokaem/curves.py", "'text':"): "a property of Plotly's",
    ("grokaem/figure.py", "'text':"): "a property of Plotly's",
    ("grokaem/corpora/labelled_rows.py", "column: str='text'"): "a column of a table",
    ("grokaem/corpora/rotten_tomatoes.py", "row['text']"): "a column of its file",
    ("grokaem/corpora/definitions.py", "row['text']"): "a column of its file",
    ("grokaem/stacked_bars.py", "'text': text"): "a property of Plotly's",
    ("demos/text_classification.py", "'text': question.text"): "a name in the page's address",
    ("demos/topic_layout.py", "parts['text']"): "a part of the tab: a document's text",
    ("demos/topic_modelling.py", "parts['text']"): "a part of the tab: a document's text",
    ("benchmarks/page_load.py", "'text': self._sentence()"): "an argument of the page's functions",
    ("exporting/foreign_classifier.py", "'text': text"): "an example in run.json",
    ("exporting/model_card.py", "item['text']"): "an example in run.json",
    ("exporting/publish.py", "['text']"): "an example in run.json",
    ("exporting/text_card.py", "'text'"): "an example in run.json",
    ("training/run_report.py", "'text': texts[i]"): "an example in run.json",
    ("benchmarks/hostile_families.py", "'text'"): "a form of hostile input",
    ("benchmarks/hostile_inputs.py", "'text'"): "a form of hostile input",
    ("benchmarks/hostile_page.py", "'text'"): "a form of hostile input",
    ("benchmarks/hostile_sounds.py", "'text'"): "a file that holds text under a sound's name",
}


def questions(source: str, keys: set[str]) -> Iterator[tuple[int, str]]:
    """(line, code) where a kind's key is compared with, matched, the key of a dictionary, or a default."""

    def named(*nodes: ast.AST | None) -> bool:
        """Whether one of the nodes is a key, or a collection written out that holds one."""
        return any(
            isinstance(node, ast.Constant) and node.value in keys
            or isinstance(node, ast.Tuple | ast.List | ast.Set) and named(*node.elts)
            for node in nodes
        )  # fmt: skip

    def asks(node: ast.AST) -> bool:
        if isinstance(node, ast.Compare):
            return named(node.left, *node.comparators)
        if isinstance(node, ast.MatchValue):
            return named(node.value)
        if isinstance(node, ast.Dict):
            return named(*node.keys)
        if isinstance(node, ast.Subscript):
            return named(node.slice)
        if isinstance(node, ast.arguments):
            return named(*node.defaults, *node.kw_defaults)
        if isinstance(node, ast.ClassDef):
            values = [item.value for item in node.body if isinstance(item, ast.Assign | ast.AnnAssign)]
            first = [value.args[:2] for value in values if isinstance(value, ast.Call)]
            return named(*values, *(argument for arguments in first for argument in arguments))
        if isinstance(node, ast.Call):
            given = [word.value for word in node.keywords if word.arg == "default"]
            fallback = getattr(node.func, "attr", getattr(node.func, "id", "")) in ("get", "getattr", "setdefault")
            return named(*given, *(node.args if fallback else ()))
        return False

    for node in ast.walk(ast.parse(source)):
        if asks(node):
            yield getattr(node, "lineno", 0), ast.unparse(node)


def allowed(file: str, code: str) -> bool:
    return any(file == name and words in code for name, words in ALLOWED)


def sources() -> Iterator[tuple[str, str]]:
    for top in ASKED:
        path = ROOT / top
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            if (name := file.relative_to(ROOT).as_posix()) not in TABLES:
                yield name, file.read_text(encoding="utf-8")


def test_the_three_tables_have_the_same_keys():
    assert list(TASKS) == list(SOURCES) == list(kinds.KINDS)
    assert all(key == kind.key for key, kind in kinds.KINDS.items())


def test_no_code_asks_which_kind_it_has():
    keys = set(kinds.KINDS)
    found = [
        f"{name}:{line}: {code.splitlines()[0][:100]}"
        for name, source in sources()
        for line, code in questions(source, keys)
        if not allowed(name, code)
    ]
    assert not found, "\n".join(found)


def test_every_exception_is_still_one():
    keys = set(kinds.KINDS)
    left = {(name, code) for name, source in sources() for _, code in questions(source, keys)}
    idle = [place for place in ALLOWED if not any(place[0] == name and place[1] in code for name, code in left)]
    assert not idle and all(ALLOWED.values())


@pytest.mark.parametrize(
    "source",
    [
        'if task == "text": pass',
        'if "audio" != run.task: pass',
        'if task in ("text", None): pass',
        'match task:\n    case "audio": pass',
        'FLAGS = {"text": 1}',
        'print(FLAGS["audio"])',
        'def f(task="text"): pass',
        'def f(*, task="text"): pass',
        'class A:\n    task: str = "text"',
        'class A:\n    task: str = flag("what", "text")',
        'parser.add_argument("--task", default="text")',
        'config.get("task", "text")',
    ],
)
def test_the_rule_sees_a_question(source):
    assert list(questions(source, {"text", "audio"}))


@pytest.mark.parametrize("source", ['load("r8", task="text")', 'Corpus("text")', 'print("text")', '{"a": "text"}'])
def test_the_rule_lets_a_kind_be_named(source):
    assert not list(questions(source, {"text", "audio"}))


@pytest.mark.parametrize("kind", kinds.KINDS.values(), ids=lambda kind: kind.key)
def test_what_a_kind_names_is_there(kind):
    classifier, workload = kind.resolved("classifier"), kind.resolved("workload")
    assert isinstance(workload, type) and issubclass(workload, Workload) and workload.task == kind.key
    for name in ("names_files", "at_once", "rows_at_once", "predict", "predict_given", "logits", "example"):
        assert hasattr(classifier, name), name
    assert kind.resolved("reader")(kind).kind is kind
    task, source = find_task(kind.key), find_source(kind.key)
    assert task.default_dataset and task.settings() and source.flags() and source.card.packages


def test_a_kind_that_is_not_there_is_told():
    for find in (kinds.find, find_task, find_source):
        with pytest.raises(ValueError, match="there is no task 'video': choose text or audio"):
            find("video")


def test_the_table_of_kinds_imports_nothing_of_ours():
    tree = ast.parse((ROOT / "grokaem" / "kinds.py").read_text())
    modules = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    modules += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert not [name for name in modules if name and name.split(".")[0] in ("grokaem", "training", "exporting")]
