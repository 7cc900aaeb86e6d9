"""A plan as a notebook: what it holds, and that it runs from clone to publishing."""

from __future__ import annotations

import ast
import json
import os

import pytest

from grokaem.memory import plan
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def written(tiny_bert, tmp_path_factory):
    path = tmp_path_factory.mktemp("notebook") / "train.ipynb"
    assert plan.main(["--base-model", str(tiny_bert), "--sequence-length", "16", "--batch-size", "4", "--gpu", "colab",
                      "--no-table", "--notebook", str(path)]) == 0  # fmt: skip
    return path


def code_of(path):
    return ["".join(cell["source"]) for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]


def test_it_is_a_notebook_whose_cells_are_python_with_its_parameters_first(written):
    content = json.loads(written.read_text())
    assert content["nbformat"] == 4 and len({cell["id"] for cell in content["cells"]}) == len(content["cells"])
    first = next(cell for cell in content["cells"] if cell["cell_type"] == "code")
    assert first["metadata"]["tags"] == ["parameters"]
    names = {target.id for node in ast.parse(first["source"]).body for target in node.targets}
    assert names == {"REPOSITORY", "INSTALL", "DATA", "MORE", "REPO_ID"}
    for source in code_of(written):
        ast.parse(source)
    assert "Colab's free T4" in "".join(content["cells"][0]["source"])


def test_the_plan_in_it_leaves_the_precision_to_the_card(written):
    (source,) = [source for source in code_of(written) if '"plan"' in source]
    assert "'--batch-size', '4'" in source and "--precision" not in source


def test_a_file_that_is_there_or_another_ending_is_refused_before_the_work(written, tiny_bert, tmp_path):
    before = written.read_bytes()
    with pytest.raises(ValueError, match="there is such a file already; give another name, or remove it.$"):
        plan.main(["--base-model", str(tiny_bert), "--notebook", str(written)])
    with pytest.raises(ValueError, match="give a file name that ends in .ipynb.$"):
        plan.main(["--base-model", str(tiny_bert), "--notebook", str(tmp_path / "train.py")])
    assert written.read_bytes() == before


@pytest.mark.slow
def test_it_runs_from_the_clone_to_the_hub_and_again(written, news_csv, server, tmp_path):
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    content = nbformat.read(written, as_version=4)
    nbformat.validate(content)
    cell = next(cell for cell in content.cells if "parameters" in cell.metadata.get("tags", []))
    cell.source = "\n".join([
        f"REPOSITORY = {str(ROOT)!r}", "INSTALL = False", f"DATA = ['--dataset', {str(news_csv)!r}]",
        "MORE = ['--max-steps', '8']", "REPO_ID = 'me/news'",
    ])  # fmt: skip
    cell.source = cell.source.replace("me/", f"{server.user}/")
    for _ in range(2):  # the second time it goes on from what is there
        client = nbclient.NotebookClient(
            content, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
        )
        client.execute(env=dict(os.environ))
    printed = "".join(output.get("text", "") for each in content.cells for output in each.get("outputs", []))
    assert "planned peak" in printed and f"{server.user}/news" in printed
    assert (tmp_path / "grokaem" / "runs" / "notebook" / "export" / "parity.json").is_file()
