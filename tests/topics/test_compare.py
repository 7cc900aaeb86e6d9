import json
import subprocess
import sys
from pathlib import Path

import pytest

from grokaem.topics import compare
from grokaem.topics.comparison_report import reasons_of_dashes
from grokaem.topics.scoring import best_number, candidates_for
from tests.conftest import started

ROOT = Path(__file__).resolve().parents[2]
KEYS = "model n_topics c_npmi u_mass c_uci c_v diversity stability nmi seconds peak_mib topics".split()


def run(*arguments):
    command = [*started("grokaem topics"), *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope="module")
def table(tmp_path_factory, corpus):
    path = tmp_path_factory.mktemp("corpus") / "documents.csv"
    rows = ["body,subject", *(f'"{text}",{label}' for text, label in zip(*corpus, strict=True))]
    path.write_text("\n".join(rows))
    return path


@pytest.mark.parametrize(
    "models", ["lda,nmf", pytest.param("lda,lsa,nmf,bertopic,bert+lda", marks=pytest.mark.slow)]
)
def test_models_to_json_and_html(table, tmp_path, models):
    output, report = tmp_path / "out" / "topics.json", tmp_path / "out" / "topics.html"
    done = run(
        *(
            table,
            "--models",
            models,
            "--topics",
            3,
            "--seeds",
            2,
            "--labels",
            "subject",
            "--text-column",
            "body",
        ),
        *("--json", output, "--html", report),
    )
    assert done.returncode == 0, done.stderr
    content = json.loads(output.read_text())
    results = {result["model"]: result for result in content["results"]}
    assert ",".join(results) == models
    for model, result in results.items():
        assert set(KEYS) <= set(result)
        assert result["n_topics"] == len(result["topics"]) == 3
        assert all(isinstance(result[key], float) for key in KEYS[2:11]), result
        assert -1 <= result["c_npmi"] <= 1 and 0 <= result["stability"] <= 1 and result["seconds"] > 0
        assert result["peak_mib"] > 50
        assert all(word and weight > 0 for topic in result["topics"] for word, weight in topic)
        assert model in done.stdout
        if model != "lsa":
            assert result["nmi"] > 0.9
    assert "not recommended" in done.stdout and "not recommended" in content["c_v_warning"]
    page = report.read_text()
    # Coherence twice; of each model word bars, map, classes, heat map, correlation.
    assert page.count('class="plotly-graph-div"') == 2 + 5 * len(results)
    assert "Topics in each class" in page and "<script src=" not in page


def test_without_labels_there_is_no_nmi(tmp_path, corpus, capsys):
    path = tmp_path / "documents.txt"
    path.write_text("\n".join(corpus[0]))
    output = tmp_path / "topics.json"
    assert compare.main([str(path), "--models", "nmf", "--topics", "3", "--json", str(output)]) == 0
    (result,) = json.loads(output.read_text())["results"]
    assert result["nmi"] is None and result["stability"] is None
    told = capsys.readouterr().out
    assert "–" in told and "trust NPMI" in told
    assert "NMI compares with known classes: --labels" in told and "stability compares runs: --seeds 2" in told
    labelled = ["good" if row % 2 else "bad" for row in range(len(corpus[0]))]
    assert not reasons_of_dashes(labelled, 2)


def test_auto_takes_the_number_with_the_best_npmi(table, tmp_path):
    output = tmp_path / "topics.json"
    assert (
        compare.main(
            [
                str(table),
                "--text-column",
                "body",
                "--models",
                "nmf",
                "--topics",
                "auto",
                "--json",
                str(output),
            ]
        )
        == 0
    )
    content = json.loads(output.read_text())
    scores = {int(number): score for number, score in content["npmi_by_topics"]["nmf"].items()}
    assert len(scores) > 1
    assert content["results"][0]["n_topics"] == max(scores, key=scores.get)


def test_the_search_prefers_fewer_topics_and_skips_unknown_scores():
    assert best_number({5: 0.1, 10: None, 15: 0.2, 20: 0.2}) == 15
    with pytest.raises(ValueError, match="more documents"):
        best_number({5: None})
    assert candidates_for(90) == [5, 10, 15]
    assert candidates_for(3) == [2, 3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--topics", "200"), "200 topics were asked for but only 90 documents"),
        (("--topics", "1"), "--topics 1"),
        (("--topics", "many"), "or auto"),
        (("--models", "nmf,gpt"), "bert+lda"),
        (("--seeds", "0"), "--seeds 0"),
        (("--max-documents", "-1"), "--max-documents -1: at least one"),
        (("--curve", "2,x"), "--curve 2,x: give numbers from 2 on"),
        (("--labels", "nothing"), "nothing"),
        (("--json", "/"), "is a folder"),
        (("--html", "/dev/null/report.html"), "/dev/null cannot be made"),
    ],
)
def test_wrong_usage_is_one_sentence(table, arguments, message):
    done = run(table, "--text-column", "body", *arguments)
    assert done.returncode == 2
    assert message in done.stderr and done.stderr.startswith("error: ") and done.stderr.count("\n") == 1


def test_a_missing_file(tmp_path):
    done = run(tmp_path / "absent.csv")
    assert done.returncode == 2 and "absent.csv" in done.stderr and "Traceback" not in done.stderr


def test_help_needs_no_heavy_import():
    code = (
        "import sys; from grokaem.topics.compare import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: print([name for name in ('numpy', 'sklearn', 'torch', 'plotly') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")
