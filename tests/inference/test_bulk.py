import csv
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from grokaem.inference import bulk, predict
from grokaem.inference.bulk_identity import identity_of
from grokaem.inference.bulk_output import BulkOutput
from grokaem.inference.prediction import Prediction
from grokaem.inference.rows import BadRow, Rows
from tests.conftest import OFFLINE, ROOT, run_script

LABELS = ["long", "short"]
AWKWARD = [
    "plain",
    'with "quotes", commas; and a\ttab',
    "two\nlines",
    "«кавычки» 你好 🙂",
    "  spaces around  ",
    "a\u2028separator that is no line break",
    "",
    "=1+1",
    "x" * 200_000,
]
NO_KEY = "it has no key 'text' among its keys 'other': name them alike in all rows"


def fake_predict(texts):
    return [
        Prediction(LABELS[len(text) < 10], {"long": len(text) % 7 / 7, "short": 1 - len(text) % 7 / 7}, 0.1)
        for text in texts
    ]


def write(path: Path, texts: list[str], column: str = "text") -> Path:
    if path.suffix in (".csv", ".tsv"):
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writerows([["id", column], *enumerate(texts)])
    elif path.suffix == ".jsonl":
        lines = [json.dumps({"id": i, column: text}, ensure_ascii=False) for i, text in enumerate(texts)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    elif path.suffix == ".parquet":
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.table({"id": list(range(len(texts))), column: texts}), path)
    else:
        path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return path


def classify(source: Path, output: Path, window: int = 4, predict=fake_predict, column="text", **settings):
    rows = Rows(source)
    column = None if rows.columns is None else column
    into = BulkOutput(output, identity_of(rows, column, source.parent), **settings)
    return bulk.classify_rows(rows, column, predict, LABELS, into, window=window)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_rows_are_those_of_the_reader_that_holds_all_in_memory(tmp_path, suffix):
    from grokaem.corpora.tables import read_table

    path = write(tmp_path / f"data{suffix}", AWKWARD)
    wanted = [(number, text or None) for number, (text,) in read_table(path).rows("text")]
    rows = list(Rows(path).read("text"))
    assert [text or "" for _, text in rows] == AWKWARD

    def led(pairs):  # the other reader lets blanks before a cell go, which training would strip anyway
        return [(number, text and text.lstrip(" ")) for number, text in pairs]

    assert led(rows) == led(wanted)


@pytest.mark.parametrize(
    "content, suffix, wanted",
    [
        ("a\n\n  \nb\r\nc", ".txt", [(1, "a"), (4, "b"), (5, "c")]),
        ("\ufeffid;text\n1;Grüße\n\n2;\n", ".csv", [(2, "Grüße"), (4, None)]),
        ('id\ttext\n1\t"an unclosed mark\n2\tb\n', ".tsv", [(2, '"an unclosed mark'), (3, "b")]),
        ('{"text": "a"}\n\n{"other": 1}\n{"text": 3}\n', ".jsonl", [(1, "a"), (3, NO_KEY), (4, "3")]),
    ],
)
@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
def test_numbers_blank_rows_and_encodings(tmp_path, content, suffix, wanted, codec):
    path = tmp_path / f"data{suffix}"
    path.write_bytes(content.encode(codec) if codec == "utf-8" else content.lstrip("\ufeff").encode(codec))
    rows = Rows(path)
    assert list(rows.read("text" if rows.columns else None)) == wanted
    assert rows.position == rows.total


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_every_row_is_answered_in_its_place(tmp_path, suffix):
    source = write(tmp_path / "data.csv", AWKWARD)
    done = classify(source, tmp_path / f"out{suffix}")
    assert (done.rows, done.empty) == (len(AWKWARD), 1)
    if suffix == ".csv":
        with open(tmp_path / "out.csv", newline="", encoding="utf-8") as file:
            found = list(csv.DictReader(file))
        assert list(found[0]) == ["row", "input", "label", "score long", "score short", "reason"]
        assert [row["input"] for row in found] == AWKWARD
    else:
        found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").split("\n")[:-1]]
        assert [row["input"] or "" for row in found] == AWKWARD
    assert [int(row["row"]) for row in found] == list(range(2, len(AWKWARD) + 2))
    for row, text in zip(found, AWKWARD, strict=True):
        assert (row["label"] or None) == (LABELS[len(text) < 10] if text else None)
    assert {file.name for file in tmp_path.iterdir()} == {"data.csv", f"out{suffix}"}


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
@pytest.mark.parametrize("survived", [0, 1, 3, 5])
@pytest.mark.parametrize("tail", [b"", b'{"row": 9, "inp'])
def test_goes_on_where_it_stopped(tmp_path, suffix, survived, tail):
    """Killed in window ``survived``, with half a line written that was never recorded: the same file results."""
    texts = [f"text {i} {'x' * (i % 13)}" for i in range(22)]
    source = write(tmp_path / "data.csv", texts)
    whole, broken = tmp_path / f"whole{suffix}", tmp_path / f"broken{suffix}"
    classify(source, whole)
    seen = []

    def dying(texts):
        if len(seen) == survived:
            raise KeyboardInterrupt
        seen.append(texts)
        return fake_predict(texts)

    with pytest.raises(KeyboardInterrupt):
        classify(source, broken, predict=dying)
    assert not broken.exists()
    partial = broken.with_name(broken.name + ".partial")
    with partial.open("ab") as file:
        file.write(tail)
    again = []

    def counting(texts):
        again.extend(texts)
        return fake_predict(texts)

    done = classify(source, broken, predict=counting)
    assert broken.read_bytes() == whole.read_bytes()
    assert again == texts[4 * survived :] and done.rows == len(texts) and done.resumed_at == 4 * survived


def test_an_unfinished_file_of_another_input_is_not_continued(tmp_path):
    source = write(tmp_path / "data.csv", [f"text {i}" for i in range(10)])

    def dying(texts):
        if "text 4" in texts:
            raise KeyboardInterrupt
        return fake_predict(texts)

    with pytest.raises(KeyboardInterrupt):
        classify(source, tmp_path / "out.csv", predict=dying)
    write(source, [f"another text {i}" for i in range(10)])
    with pytest.raises(ValueError, match="another input: --overwrite"):
        classify(source, tmp_path / "out.csv")
    assert classify(source, tmp_path / "out.csv", overwrite=True).rows == 10


def unfinished(source, output):
    """Classifies the first window of ten texts and dies."""

    def dying(texts):
        if "text 4" in texts:
            raise KeyboardInterrupt
        return fake_predict(texts)

    with pytest.raises(KeyboardInterrupt):
        classify(source, output, predict=dying)


def test_the_same_input_elsewhere_or_touched_is_the_same_and_one_byte_makes_it_another(tmp_path):
    texts = [f"text {i}" for i in range(10)]
    source, output = write(tmp_path / "data.csv", texts), tmp_path / "out.csv"
    unfinished(source, output)
    moved = tmp_path / "elsewhere" / "renamed.csv"
    moved.parent.mkdir()
    source.rename(moved)
    os.utime(moved, (1, 1))
    status = moved.stat()
    content = bytearray(moved.read_bytes())
    content[-3] ^= 1
    changed = write(tmp_path / "data.csv", [])
    changed.write_bytes(content)
    os.utime(changed, (1, 1))
    assert changed.stat().st_size == status.st_size
    with pytest.raises(ValueError, match="another input: --overwrite"):
        classify(changed, output)
    assert classify(moved, output).resumed_at == 4


def test_an_unfinished_file_of_an_earlier_version_goes_on(tmp_path):
    source, output = write(tmp_path / "data.csv", [f"text {i}" for i in range(10)]), tmp_path / "out.csv"
    unfinished(source, output)
    record = tmp_path / "out.csv.partial.json"
    kept = json.loads(record.read_text())
    status = source.stat()
    kept["identity"]["input"] = [str(source.resolve()), status.st_size, status.st_mtime_ns]
    record.write_text(json.dumps(kept))
    os.utime(source, (1, 1))
    with pytest.raises(ValueError, match="another input"):
        classify(source, output)
    os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert classify(source, output).resumed_at == 4


def test_the_sounds_that_a_list_names_belong_to_the_input(tmp_path):
    for name in ("here", "there", "other"):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "list.txt", ["a.wav", "gone.wav", "."])
        (tmp_path / name / "a.wav").write_bytes(b"1" if name != "other" else b"2")
    names = ("here", "there", "other")
    found = [identity_of(Rows(tmp_path / name / "list.txt"), None, tmp_path, True) for name in names]
    assert found[0] == found[1] and found[0].difference(found[2].to_json()) == "input"
    assert found[0].difference(found[1].to_json()) is None
    os.mkfifo(tmp_path / "here" / "gone.wav")  # is not read, which would never end
    assert identity_of(Rows(tmp_path / "here" / "list.txt"), None, tmp_path, True) == found[0]


FOREIGN = [
    b"my notes",
    b"{}",
    b'{"identity": {}}',
    b'{"identity": "me", "rows": 1, "bytes": 1}',
    b'{"identity": {}, "rows": true, "bytes": 1}',
    b'{"identity": {}, "rows": -1, "bytes": 1}',
    b'{"identity": {}, "rows": 1, "bytes": 1, "more": 1}',
    b'{"identity": {}, "rows": 1, "bytes": 1, "reasons": [1]}',
    b"[" * 100_000,
    b"\xff",
]


@pytest.mark.parametrize("content", FOREIGN, ids=range(len(FOREIGN)))
@pytest.mark.parametrize("overwrite", [False, True])
def test_files_of_the_users_with_the_names_of_unfinished_ones_stay(tmp_path, content, overwrite):
    source, output = write(tmp_path / "in.csv", ["a", "b"]), tmp_path / "o.csv"
    record = tmp_path / "o.csv.partial.json"
    record.write_bytes(content)
    with pytest.raises(ValueError, match=r"o\.csv\.partial\.json is in the way"):
        classify(source, output, overwrite=overwrite)
    assert sorted(os.listdir(tmp_path)) == ["in.csv", "o.csv.partial.json"]  # and no empty o.csv.partial
    (tmp_path / "o.csv.partial").write_text("my other notes")
    with pytest.raises(ValueError, match="is in the way"):
        classify(source, output, overwrite=overwrite)
    assert (tmp_path / "o.csv.partial").read_text() == "my other notes" and record.read_bytes() == content


@pytest.mark.parametrize("name", ["o.csv.partial", "o.csv.partial.json"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_links_pipes_and_folders_with_those_names_stay(tmp_path, name, overwrite):
    source, theirs = write(tmp_path / "in.csv", ["a", "b"]), tmp_path / "theirs"
    theirs.write_text("")
    for make in (lambda path: path.symlink_to(theirs), os.mkfifo, os.mkdir, lambda path: path.symlink_to("nowhere")):
        make(tmp_path / name)
        before = sorted(os.listdir(tmp_path))
        with pytest.raises(ValueError, match="is in the way"):
            classify(source, tmp_path / "o.csv", overwrite=overwrite)
        assert sorted(os.listdir(tmp_path)) == before and theirs.read_text() == ""
        (tmp_path / name).rmdir() if (tmp_path / name).is_dir() else (tmp_path / name).unlink()


@pytest.mark.case("L16")
@pytest.mark.parametrize(
    "name, content, words, others",
    [
        ("a.csv", b'text\nfine\n"never closed\nand on\n', "quotation mark", ["fine", "and on"]),
        ("a.csv", b'text\nfine\n"closed" late\nand on\n', "quotation mark", ["fine", "and on"]),
        ("a.csv", b"text\none, two\nthree\n", "2 cells", ["three"]),
        ("a.csv", "text,n\nfün,1\n".encode() + b"\xff\xfe,2\nand on,\xff\n", "not UTF-8", ["fün", "and on"]),
        ("a.jsonl", b'{"text": "a"}\n{"text": \n{"text": "b"}\n', "is not JSON", ["a", "b"]),
        ("a.jsonl", b'{"text": "a"}\n[1]\n{"text": "b"}\n', "is not an object", ["a", "b"]),
        ("a.jsonl", b'{"text": "a"}\n' + b"[" * 100_000 + b'\n{"text": "b"}\n', "nested too deeply", ["a", "b"]),
        ("a.jsonl", b'{"text": ["a"]}\n{"text": "b"}\n', "holds list", ["b"]),
        ("a.jsonl", b'not JSON\n{"text": "b"}\n', "is not JSON", ["b"]),
        ("a.txt", "fün\n".encode() + b"\xe9t\xe9\nand on\n", "not UTF-8", ["fün", "and on"]),
        ("a.txt", b"fine\r" + b"x" * 5000 + b"\0y\rand on\r", "NUL", ["fine", "and on"]),
    ],
)
def test_a_broken_row_takes_no_other_with_it(tmp_path, name, content, words, others):
    (tmp_path / name).write_bytes(content)
    rows = list(Rows(tmp_path / name).read("text"))
    bad = [row for row in rows if isinstance(row[1], BadRow)]
    assert len(bad) == 1 and words in bad[0][1] and "\n" not in bad[0][1]
    assert [text for _, text in rows if not isinstance(text, BadRow)] == others
    done = classify(tmp_path / name, tmp_path / "out.jsonl")
    assert (done.rows, done.set_aside) == (len(rows), 1)
    assert done.reasons == [[f"row {bad[0][0]}", bad[0][1]]]
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [(row["row"], bool(row["label"])) for row in found] == [(n, not isinstance(t, BadRow)) for n, t in rows]
    assert [row["reason"] for row in found if not row["label"]] == [bad[0][1]]


def test_a_row_that_the_model_refuses_is_set_aside_and_a_resumed_file_is_the_same(tmp_path):
    texts = [f"text {i}" for i in range(11)]
    source = write(tmp_path / "data.csv", texts)
    windows = []

    def refusing(texts, stop=99):
        windows.append(texts)
        if len(windows) == stop:
            raise KeyboardInterrupt
        if "text 5" in texts:
            raise RuntimeError("OpenVINO's words\nover two lines")
        return fake_predict(texts)

    done = classify(source, tmp_path / "whole.csv", predict=refusing)
    assert (done.rows, done.set_aside) == (11, 1)
    windows.clear()
    with pytest.raises(KeyboardInterrupt):
        classify(source, tmp_path / "broken.csv", predict=lambda texts: refusing(texts, stop=7))
    again = classify(source, tmp_path / "broken.csv")  # refuses nothing: the row is known to be set aside
    assert again.resumed_at == 8 and again.set_aside == 1 and again.reasons[0][0] == "row 7"
    assert (tmp_path / "whole.csv").read_bytes() == (tmp_path / "broken.csv").read_bytes()
    with open(tmp_path / "whole.csv", newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert [row["input"] for row in found] == texts
    assert found[5]["label"] == "" and "OpenVINO's words over two lines" in found[5]["reason"]


@pytest.mark.case("P11")
def test_texts_are_kept_byte_for_byte(tmp_path):
    texts = ["=HYPERLINK(\"https://elsewhere.example\")", "+1", " - a", "a\r\nb", "\ttab", "   ", "@x", "'quoted"]
    classify(write(tmp_path / "data.csv", texts), tmp_path / "out.csv")
    with open(tmp_path / "out.csv", newline="", encoding="utf-8") as file:
        assert [row["input"] for row in csv.DictReader(file)] == texts


@pytest.mark.case("R10")
@pytest.mark.parametrize("start", ["sep=;\n", '"sep=;"\r\n', "\ufeffsep=;\n"])
def test_the_separator_that_excel_names_is_used(tmp_path, start):
    (tmp_path / "a.csv").write_text(f"{start}text;label\na, b;x\nc;y\n", encoding="utf-8")
    rows = Rows(tmp_path / "a.csv")
    assert rows.columns == ["text", "label"]
    assert list(rows.read("text")) == [(2, "a, b"), (3, "c")]


@pytest.mark.case("L14")
def test_lines_of_a_file_end_where_its_lines_do(case_inputs):
    assert len(list(Rows(case_inputs / "lines.txt").read())) == 48


def test_a_full_disk_is_a_sentence_and_the_next_run_goes_on(tmp_path):
    source = write(tmp_path / "data.csv", [f"text {i} " + "x" * 90 for i in range(400)])
    program = f"""
import resource, sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from tests.inference import test_bulk
from grokaem import command_line
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
run = lambda _: test_bulk.classify(Path({str(source)!r}), Path({str(tmp_path / "out.csv")!r}))
sys.exit(command_line.run(run, []))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1, done.stderr
    assert "make room" in done.stderr and len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.glob(".*"))
    again = classify(source, tmp_path / "out.csv")
    assert again.resumed_at > 0 and again.rows == 400
    classify(source, tmp_path / "whole.csv")
    assert (tmp_path / "whole.csv").read_bytes() == (tmp_path / "out.csv").read_bytes()


@pytest.mark.parametrize(
    "name, content, words",
    [
        ("a.csv", b"text,text\na,b\n", "two columns named 'text'"),
        ("a.csv", b'"text', "row 1 .* names no columns"),
        ("a.csv", "\n,\n".encode("utf-16"), "names no columns"),
        ("a.csv", b"text\n" + b"x" * ((8 << 20) + 1), "a line of more than 8,388,608 characters"),
        ("a.txt", b"y\n" + b"x" * ((8 << 20) + 1), "a line of more than 8,388,608 characters"),
        ("a.jsonl", b'{"text": 1}\n' + b" " * ((8 << 20) + 1), "a line of more than 8,388,608 characters"),
        ("a.txt", b"a\0b", "is not a text file"),
        ("a.txt", b"", "is empty"),
        ("a.jsonl", b"\n\n", "is empty"),
        ("a.jsonl", b"nothing\n", "is not JSON"),
        ("a.parquet", b"PAR1 no", "not a readable Parquet file"),
        ("a.xlsx", b"PK", "save it as .csv"),
    ],
)
def test_a_broken_input_is_named_in_one_sentence(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=words) as caught:
        list(Rows(tmp_path / name).read("text"))
    assert "\n" not in str(caught.value)


def test_parquet_without_pyarrow_says_so(tmp_path, monkeypatch):
    path = write(tmp_path / "data.parquet", ["a"])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ValueError, match="pip install pyarrow"):
        Rows(path)


@pytest.mark.parametrize(
    "options, code, words",
    [
        (["--output", "o.csv"], 2, "together"),
        (["--input", "i.csv"], 2, "together"),
        (["a text", "--input", "i.csv", "--output", "o.csv"], 2, "together"),
        (["--input", "nowhere.csv", "--output", "o.csv"], 2, "there is no file"),
        (["--input", "i.csv", "--output", "o.xml"], 2, "end it in .jsonl or .csv"),
        (["--input", "i.csv", "--output", "there/o.csv"], 2, "there is no folder"),
        (["--input", "i.csv", "--output", "i.csv"], 2, "is the input"),
        (["--input", "i.csv", "--output", "i.csv", "--overwrite"], 2, "is the input"),
        (["--input", "l.txt", "--output", "i.csv"], 2, "exists already"),
        (["--input", "i.csv", "--output", "o.csv", "--text-column", "x"], 2, "no column 'x'"),
        (["--input", "l.txt", "--output", "o.csv", "--text-column", "x"], 2, "has no columns"),
    ],
)
def test_wrong_usage_before_any_model_is_loaded(tmp_path, options, code, words, monkeypatch, capsys):
    from grokaem import command_line

    monkeypatch.chdir(tmp_path)
    write(tmp_path / "i.csv", ["a"])
    write(tmp_path / "l.txt", ["a"])
    try:
        found = command_line.run(predict.main, ["no/model", *options])
    except SystemExit as exit:
        found = exit.code
    assert found == code and words in capsys.readouterr().err


SENTENCE = "a sentence of usual length, about as long as this one is"
STUB = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from grokaem.inference import bulk, bulk_output
from grokaem.inference.bulk_identity import BulkIdentity
from grokaem.inference.prediction import Prediction
from grokaem.inference.rows import BadRow, Rows
rows = Rows(Path({source!r}))
output = bulk_output.BulkOutput(Path({output!r}), BulkIdentity("a", None, "b"))
predict = lambda texts: [Prediction("a", {{"a": 0.5, "b": 0.5}}, 0.1) for _ in texts]
bulk.classify_rows(rows, "text", predict, ["a", "b"], output)
"""
COMMAND = """
import runpy, sys
sys.argv = ["grokaem", "predict", {model!r}, "--input", {source!r}, "--output", {output!r}]
try:
    runpy.run_module("grokaem", run_name="__main__")
except SystemExit as end:
    assert not end.code, end
"""
# Not getrusage: its peak knows the memory of the process that started this one, too.
PEAK = """
status = open("/proc/self/status").read()
print(next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM")))
"""


def peak_mib(tmp_path: Path, program: str, count: int, suffix: str, model: str = "") -> int:
    source, output = tmp_path / f"{count}{suffix}", tmp_path / f"{count}{suffix}.jsonl"
    write(source, [SENTENCE] * count)
    program = program.format(root=str(ROOT), source=str(source), output=str(output), model=model) + PEAK
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_memory_does_not_grow_with_the_rows(tmp_path, suffix):
    few, many = (peak_mib(tmp_path, STUB, count, suffix) for count in (10_000, 1_000_000))
    print(f"{suffix}: {few} MiB for 10,000 rows, {many} MiB for 1,000,000")
    assert many - few < 30, "a million rows of 60 bytes would be more than that even once"


@pytest.mark.slow
def test_memory_of_the_whole_command_does_not_grow_with_the_rows(text_run, tmp_path):
    few, many = (peak_mib(tmp_path, COMMAND, count, ".csv", str(text_run)) for count in (10_000, 1_000_000))
    print(f"grokaem predict: {few} MiB for 10,000 rows, {many} MiB for 1,000,000")
    assert many - few < 30


def test_command_survives_kill_9_and_needs_no_torch(text_run, news, tmp_path):
    texts = [text for text, _ in news] * 30
    source = write(tmp_path / "news.csv", texts)
    program = textwrap.dedent(f"""
        import runpy, sys
        for name in ("torch", "transformers", "optimum", "pandas", "datasets", "pyarrow"):
            sys.modules[name] = None
        sys.argv = ["grokaem", "predict", {str(text_run)!r}, "--input", "news.csv", "--output", "labels.jsonl"]
        runpy.run_module("grokaem", run_name="__main__")
    """)
    process = subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path, env={**os.environ, **OFFLINE})
    record = tmp_path / "labels.jsonl.partial.json"
    deadline = time.monotonic() + 200

    def begun():
        return record.exists() and json.loads(record.read_text())["rows"] > 0

    while not begun() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL and not (tmp_path / "labels.jsonl").exists()
    rows_before = json.loads(record.read_text())["rows"]
    done = run_script(
        "grokaem predict", text_run, "--input", source, "--output", "labels.jsonl", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert f"going on after {rows_before} rows" in done.stderr and "text is column 'text'" in done.stderr
    found = [json.loads(line) for line in (tmp_path / "labels.jsonl").read_text("utf-8").split("\n")[:-1]]
    assert [row["row"] for row in found] == list(range(2, len(texts) + 2))
    assert [row["input"] for row in found] == texts
    from grokaem import inference

    alone = inference.load(text_run).predict(texts[:20])
    for row, answer in zip(found, alone, strict=False):
        assert row["scores"] == pytest.approx(answer.scores, abs=0.02)
    assert done.stdout == ""
