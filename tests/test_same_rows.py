"""One file, read by what trains on it and by what predicts its rows: the same texts under the same numbers."""

import json

import pytest

from grokaem.corpora.documents import read_lines
from grokaem.corpora.tables import read_table
from grokaem.inference.rows import BadRow, Rows
from tests.conftest import run_script
from tests.inference.exports import text_export

LONG = "é" * 4096  # what comes after it is no longer where an encoding is looked for first
TABLES = {
    "bare carriage returns.csv": b"text,label\rone,a\r\rtwo,b\r",
    "bare carriage returns.tsv": b'text\tlabel\rsaid "one\ta\rtwo\tb\r',
    "bare carriage returns.jsonl": b'{"text": "one"}\r{"text": "two"}\r\r{"text": "three"}',
    "all line ends.txt": "one\rtwo\r\nthree\n\nfour\u2028and\x0bmore\x85too".encode(),
    "excel.csv": b"sep=;\ntext;label\na, b;x\nc;y\n",
    "excel in capitals.csv": b'"SEP=|"\r\ntext|label\r\na, b|x\r\n',
    "excel with a mark.csv": "\ufeffsep=;\ntext;label\nä;x\n".encode(),
    "excel in utf-16.csv": "sep=\t\ntext\tlabel\nä\tx\n".encode("utf-16"),
    "commas.tsv": b"text,label\none,a\ntwo,b\n",
    "blanks before quotes.csv": b'label, text\na, "one, two"\nb,  three\n c, four "five"\n',
    "utf-8 with a mark.csv": "\ufefftext,label\nä,x\n".encode(),
    "utf-8 with two marks.csv": "\ufeff\ufefftext,label\nä,x\n".encode(),
    "utf-16 le.csv": b"\xff\xfe" + "text,label\nä\u0a0d,x\n".encode("utf-16-le"),
    "utf-16 be.jsonl": b"\xfe\xff" + '{"text": "\u0d0aä"}\n'.encode("utf-16-be"),
    "utf-32.csv": "text,label\nä,x\n".encode("utf-32"),
    "windows-1251.csv": "text,label\nСовершенно скучный фильм,плохо\nДобрый и тёплый,хорошо\n".encode("cp1251"),
    "dos.txt": "Совершенно скучный фильм\nДобрый и тёплый".encode("cp866"),
    "latin.jsonl": '{"text": "été à la plage"}\n'.encode("cp1252"),
    "one bad row.csv": f"text,label\n{LONG},x\n".encode() + b"\xff\xfe,y\nlast,z\n",
    "an early NUL.csv": b"text,label\nfirst,x\na\0b,y\nlast,z\n",
    "an early NUL.txt": b"first\na\0b\nlast\n",
    "an early NUL in windows-1251.csv": "text,label\nСовершенно скучный фильм,плохо\na\0,b\n".encode("cp1251"),
    "a late NUL.csv": f"text,label\n{LONG},x\n".encode() + b"a\0b,y\nlast,z\n",
    "a late NUL.txt": f"{LONG}\n".encode() + b"a\0b\nlast\n",
    "a late NUL.jsonl": json.dumps({"text": LONG}).encode() + b'\n{"text": "a\0b"}\n{"text": "last"}\n',
    "a quotation mark that never closes.csv": b'text,label\none,a\n"two,b\nthree,c\n',
    "ragged.csv": b"label,text\na,one\nb\nc,two,,\nd,three,x\n\ne,\n",
    "one array.jsonl": b'[{"text": "one"}, {"text": "two"}, 3]',
    "one array.json": b'\xef\xbb\xbf[\n{"id": 1}, {"text": "two"}]',
    "text not in the first object.jsonl": b'{"id": 1}\n[1]\nnull\n{"text": "two"}\n{"text": null}\n{"text": NaN}\n',
    "keys of other case.jsonl": b'{"text": "one"}\n{"Text": "two"}\n{" TEXT": "three"}\n{"body": "four"}\n{}\n',
    "one object of lists.json": b'{"text": ["one", "two", null], "label": ["a", "b", "c"]}',
    "one object of columns.json": b'{"text": {"0": "one", "1": "two", "2": "x"}, "y": {"0": "a", "1": "b", "2": 3}}',
    "one object of rows.json": b'{"a": {"text": "one"}, "b": {"text": "two"}}',
    "rows inside an object.json": b'{"version": 1, "data": [{"text": "one"}, {"text": "two"}, 3]}',
    "objects in lines.json": b'{"text": "one"}\n{"text": "two"}',
    "a comma inside a quoted name.csv": b'"label, or class";text\na, b;one\nc;two\n',
    "half a pair.jsonl": b'{"text": "\\ud83d"}\n{"text": "a\\u0000b"}\n{"text": true}\n{"text": 1.0}\n',
}
REFUSED = {
    "utf-16 without a mark.csv": "text,label\na,b\n".encode("utf-16-le"),
    "utf-16 of one line.txt": "one line".encode("utf-16-be"),
    "a zip file.csv": b"PK\x03\x04" + bytes(range(256)) * 12,
    "chinese.csv": ("text,label\n" + "今天天气很好我们去公园,好\n" * 9).encode("gbk"),
    "a line without an end.csv": b"text,label\n" + b"x" * ((8 << 20) + 1),
    "a line without an end.jsonl": b'{"text": "' + b"x" * (8 << 20) + b'"}',
    "a line without an end.txt": b"x\n" + b"x" * ((8 << 20) + 1),
    "nothing but blanks.csv": b" \n \n",
    "half a utf-16.txt": b"\xff\xfe" + b"a\0\n\0\x00\xd8",
    "an array that breaks off.jsonl": b'[{"text": "one"}, {"te',
}


def of_training(path):
    table = read_lines(path) if path.suffix == ".txt" else read_table(path)
    texts = {}
    for number, (value,) in table.rows("text"):
        text = str(value).strip() if value is not None and value == value else ""
        if text:
            texts[number] = text
    return texts, {int(name.split()[1]) for name, _ in table.set_aside}


def of_prediction(path):
    rows = Rows(path)
    found = list(rows.read("text" if rows.columns else None))
    texts = {number: text.strip() for number, text in found if isinstance(text, str) and text.strip()}
    aside = {number for number, text in found if isinstance(text, BadRow)}
    return {number: text for number, text in texts.items() if number not in aside}, aside


@pytest.mark.parametrize("name", TABLES)
def test_training_and_prediction_read_the_same_rows(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(TABLES[name])
    texts, aside = of_training(path)
    assert texts
    assert of_prediction(path) == (texts, aside)


def test_what_the_rows_are(tmp_path):
    """The two could agree and be wrong."""
    wanted = {
        "bare carriage returns.csv": {2: "one", 4: "two"},
        "all line ends.txt": {1: "one", 2: "two", 3: "three", 5: "four\u2028and\x0bmore\x85too"},
        "excel.csv": {2: "a, b", 3: "c"},
        "blanks before quotes.csv": {2: "one, two", 3: "three", 4: 'four "five"'},
        "windows-1251.csv": {2: "Совершенно скучный фильм", 3: "Добрый и тёплый"},
        "a late NUL.csv": {2: LONG, 4: "last"},
        "one array.jsonl": {1: "one", 2: "two"},
        "keys of other case.jsonl": {1: "one", 2: "two", 3: "three"},
        "one object of lists.json": {1: "one", 2: "two"},
        "one object of columns.json": {1: "one", 2: "two", 3: "x"},
        "one object of rows.json": {1: "one", 2: "two"},
        "rows inside an object.json": {1: "one", 2: "two"},
        "objects in lines.json": {1: "one", 2: "two"},
        "a comma inside a quoted name.csv": {2: "one", 3: "two"},
        "utf-16 le.csv": {2: "ä\u0a0d"},
    }
    for name, texts in wanted.items():
        path = tmp_path / name
        path.write_bytes(TABLES[name])
        assert of_prediction(path)[0] == texts, name


UNSEEN = {
    "zero width": "\u200b\u200c\u200d",
    "byte order mark": "\ufeff",
    "word joiner": "\u2060",
    "soft hyphen": "\u00ad \u00ad",
    "controls": "\x1b\x7f\x85",
    "wide spaces": "\u2003\u3000\u00a0\u2028",
    "directions": "\u202e\u2066",
    "fillers": "\u3164\u2800\ufe0f",
}


@pytest.mark.parametrize("ending", ["csv", "jsonl", "txt"])
def test_a_text_of_which_nothing_can_be_seen_is_an_empty_one(tmp_path, ending):
    from grokaem import topics
    from grokaem.corpora.documents import from_file
    from grokaem.corpora.labelled_rows import NO_PART, labelled_texts
    from grokaem.inference.bulk import _classify

    given = [("seen", "first"), *UNSEEN.items(), ("with both", "a\u200bb"), ("a family", "\U0001f468\u200d\U0001f469")]
    path = tmp_path / f"a.{ending}"
    if ending == "csv":
        content = "text,label\n" + "".join(f'"{text}",{name}\n' for name, text in given)
    elif ending == "jsonl":
        content = "".join(json.dumps({"text": text, "label": name}) + "\n" for name, text in given)
    else:
        content = "".join(f"{text}\n" for _, text in given)
    path.write_text(content, encoding="utf-8")
    left = ["first", "a\u200bb", "\U0001f468\u200d\U0001f469"]
    assert from_file(path).texts == left
    if ending != "txt":
        table = read_table(path)
        rows = labelled_texts("a", ((n, t, y, NO_PART) for n, (t, y) in table.rows("text", "label")), "label")
        assert rows.inputs == left and rows.notes[0].startswith(f"dropped {len(UNSEEN)} empty rows")
    asked = []
    taken = list(Rows(path).read(None if ending == "txt" else "text"))
    results = _classify(taken, lambda texts: asked.extend(texts) or texts)
    assert asked == left
    # A line of spaces is no row of plain lines.
    assert sum(answer is None for *_, answer in results) == len(UNSEEN) - (ending == "txt")
    fitted = topics.fit("nmf", ["a cat purrs", "a dog barks", *UNSEEN.values()], 2)
    assert fitted.notes[0].startswith(f"{len(UNSEEN)} empty documents")


def test_a_text_file_of_which_nothing_can_be_seen_is_set_aside(tmp_path):
    from grokaem import corpora

    for number in range(120):
        place = tmp_path / "mine" / ("good" if number % 2 else "bad")
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}.txt").write_text(f"text number {number}")
    (tmp_path / "mine" / "bad" / "blank.txt").write_text("\u200b \n")
    corpus = corpora.load(str(tmp_path / "mine"))
    assert corpus.set_aside == [("bad/blank.txt", "blank.txt holds no text: write some or remove it")]
    assert len(corpus.train) + len(corpus.validation) + len(corpus.test) == 120


@pytest.mark.parametrize("name", UNSEEN)
def test_a_text_on_the_command_line_of_which_nothing_can_be_seen_is_told(tmp_path, name, capsys, monkeypatch):
    from grokaem.inference import predict
    from grokaem.inference.text_classifier import TextClassifier

    asked = []
    monkeypatch.setattr(TextClassifier, "predict", lambda self, texts: asked.extend(texts) or texts)
    (pair,) = predict._answers(object.__new__(TextClassifier), [UNSEEN[name]])
    assert pair == (UNSEEN[name], "there is no text to classify") and not asked


@pytest.mark.parametrize("name", REFUSED)
def test_both_refuse_in_a_sentence(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(REFUSED[name])
    for read in (of_training, of_prediction):
        with pytest.raises(ValueError, match=r"\w{4,}.*: .*\w{4,}") as caught:
            read(path)
        assert path.name in str(caught.value) and not isinstance(caught.value, UnicodeError)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_standard_input_is_read_as_a_file_is(tmp_path, codec, end, monkeypatch, capsys):
    import io
    import sys
    from types import SimpleNamespace

    from grokaem.inference import predict

    raw = io.BufferedReader(io.BytesIO(end.join(["one", "", "zwei ä\u2028b"]).encode(codec)))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=raw))
    assert list(predict._inputs(["first", "-"])) == ["first", "one", "zwei ä\u2028b"]


def test_the_command_says_how_it_read_a_file(tmp_path):
    text_export(tmp_path / "model")
    (tmp_path / "a.csv").write_bytes(TABLES["windows-1251.csv"])
    done = run_script("grokaem predict", "model", "--input", "a.csv", "--output", "o.jsonl", cwd=tmp_path)
    assert done.returncode == 0 and "read as Windows-1251 (Cyrillic)" in done.stderr
    lines = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["input"] for line in lines] == ["Совершенно скучный фильм", "Добрый и тёплый"]
