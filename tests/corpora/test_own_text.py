import csv
import hashlib
import io
import json
import os
import re

import pytest

from grokaem import corpora

SENTENCES = [(f"the {'good' if i % 2 else 'bad'} film number {i}", "pos" if i % 2 else "neg") for i in range(200)]
RUSSIAN = [
    (f"{'Хороший' if i % 2 else 'Плохой'} фильм, номер {i}, смотрели вечером", ["нет", "да"][i % 2])
    for i in range(200)
]
FRENCH = [(f"Le café très {'bon' if i % 2 else 'mauvais'} numéro {i}, déjà à côté", str(i % 2)) for i in range(200)]


def as_csv(rows, header=("text", "label"), **options):
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n", **options)
    writer.writerows([header, *rows])
    return buffer.getvalue()


@pytest.fixture
def write(tmp_path):
    def write(name, content, encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


def examples(corpus):
    return sorted(
        (text, corpus.label_names[label])
        for part in (corpus.train, corpus.validation, corpus.test)
        for text, label in zip(part.inputs, part.labels, strict=True)
    )


def as_parquet(rows):
    import pyarrow
    import pyarrow.parquet

    buffer = io.BytesIO()
    table = pyarrow.table({"text": [r[0] for r in rows], "label": [r[1] for r in rows]})
    pyarrow.parquet.write_table(table, buffer)
    return buffer.getvalue()


def as_jsonl(rows):
    return "\n".join(json.dumps({"text": t, "label": x}, ensure_ascii=False) for t, x in rows)


FORMATS = {
    "a.csv": as_csv,
    "a.tsv": lambda rows: as_csv(rows, delimiter="\t"),
    "a.jsonl": as_jsonl,
    "a.json": lambda rows: json.dumps([{"text": t, "label": x} for t, x in rows]),
    "a.parquet": as_parquet,
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_holds_the_same_rows(write, name):
    tricky = [*SENTENCES, ('with "quotes", a comma\tand\na line break \u2028 too', "pos"), ("  spaces  ", "neg")]
    corpus = corpora.load(str(write(name, FORMATS[name](tricky))))
    assert examples(corpus) == sorted((text.strip(), label) for text, label in tricky)
    assert corpus.task == "text" and corpus.name == "a" and corpus.label_names == ["neg", "pos"]
    assert any("text is column 'text'" in note for note in corpus.notes)


def test_the_part_is_the_hash_of_the_text_whatever_stands_around_it(write):
    corpus = corpora.load(str(write("a.csv", as_csv(SENTENCES))))
    for name, part in (("train", corpus.train), ("validation", corpus.validation), ("test", corpus.test)):
        shares = {int(hashlib.sha256(text.encode()).hexdigest(), 16) % 10 for text in part.inputs}
        assert shares == {"test": {0, 1}, "validation": {2}, "train": set(range(3, 10))}[name]
    fewer = corpora.load(str(write("b.csv", as_csv(SENTENCES[150:20:-1]))))
    assert set(fewer.test.inputs) <= set(corpus.test.inputs) and set(fewer.train.inputs) <= set(corpus.train.inputs)


def test_revision_is_the_files_digest(write):
    path = write("a.csv", as_csv(SENTENCES))
    assert corpora.load(str(path)).revision == f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


@pytest.mark.parametrize(
    ("header", "options", "expected"),
    [
        (("text", "label"), {}, True),
        (("Review", "Sentiment"), {}, True),
        (("label", "whatever"), {}, "swapped"),
        (("a", "b"), {}, False),
        (("a", "b"), {"text_column": "a"}, True),
        (("a", "b"), {"label_column": "b"}, True),
        (("a", "b"), {"label_column": "a"}, "swapped"),
    ],
)
def test_columns(write, header, options, expected):
    path = write("a.csv", as_csv([row[::-1] if expected == "swapped" else row for row in SENTENCES], header))
    if expected:
        corpus = corpora.load(str(path), **options)
        assert examples(corpus) == sorted(SENTENCES)
        assert "text is column" in corpus.notes[0]
    else:
        with pytest.raises(ValueError, match="cannot tell the text column .* among 'a', 'b': .*--text-column"):
            corpora.load(str(path), **options)


def test_both_columns_given_need_no_announcement(write):
    path = write("a.csv", as_csv([(i, *row) for i, row in enumerate(SENTENCES)], ("id", "t", "l")))
    corpus = corpora.load(str(path), text_column="t", label_column="l")
    assert corpus.notes == [] and examples(corpus) == sorted(SENTENCES)


@pytest.mark.parametrize(
    ("rows", "encoding", "said"),
    [
        (RUSSIAN, "utf-8", None), (RUSSIAN, "utf-8-sig", None), (RUSSIAN, "utf-16", "UTF-16"),
        (RUSSIAN, "utf-32", "UTF-32"), (RUSSIAN, "cp1251", "Windows-1251"), (RUSSIAN, "koi8-r", "KOI8-R"),
        (FRENCH, "utf-16", "UTF-16"), (FRENCH, "latin-1", "Western"), (FRENCH, "cp1252", "Western"),
    ],
)  # fmt: skip
def test_encodings_are_read_or_announced(write, rows, encoding, said):
    corpus = corpora.load(str(write("a.csv", as_csv(rows), encoding)))
    assert examples(corpus) == sorted(rows)
    assert [note for note in corpus.notes if "text is column" not in note] == [
        note for note in corpus.notes if said and said in note
    ]
    assert bool(said) == any(said in note for note in corpus.notes if said)


@pytest.mark.parametrize("content", [as_csv(RUSSIAN).encode("utf-16-le"), b"\x89PNG\r\n\x1a\n\0\0\0\xff" * 9])
def test_what_is_no_text_is_refused(write, content):
    with pytest.raises(ValueError, match="is not a text file"):
        corpora.load(str(write("a.csv", content)))


def test_empty_and_repeated_rows_are_dropped_and_counted(write):
    rows = [*SENTENCES[:50], ("", ""), ("   ", "pos"), ("", "neg"), *SENTENCES[50:], *SENTENCES[:4]]
    corpus = corpora.load(str(write("a.csv", as_csv(rows))))
    assert examples(corpus) == sorted(SENTENCES)
    assert "dropped 3 empty rows of a.csv (first: row 52)" in corpus.notes
    assert "dropped 4 repeated rows of a.csv (first: row 205)" in corpus.notes


def test_conflicting_rows_are_dropped_and_named(write):
    corpus = corpora.load(str(write("a.csv", as_csv([*SENTENCES, (SENTENCES[7][0], "neg")]))))
    assert examples(corpus) == sorted(SENTENCES[:7] + SENTENCES[8:])
    assert any("different labels (first: rows 9 and 202)" in note for note in corpus.notes)


def broken(rows, number, row):
    return [*rows[: number - 2], row, *rows[number - 2 :]]


NAN = '{"text": "no label", "label": NaN}'
ASIDE = {
    "missing label": ("a.csv", as_csv(broken(SENTENCES, 7, ("no label here", ""))), "row 7", "no label .*fill it in"),
    "nan label": ("a.csv", as_csv(broken(SENTENCES, 9, ("no label", "nan"))), "row 9", "no label in column 'label'"),
    "short row": ("a.csv", as_csv(broken(SENTENCES, 5, ("only text",))), "row 5", "no cell for column 'label'"),
    "json nan": ("a.jsonl", as_jsonl(SENTENCES) + "\n" + NAN, "row 201", "no label"),
    "json list": ("a.jsonl", as_jsonl([*SENTENCES, ("two labels", ["a", "b"])]), "row 201", "list as its label"),
    "json text": ("a.jsonl", as_jsonl([*SENTENCES, ({"a": 1}, "pos")]), "row 201", "a dict in column 'text'"),
    "parquet null": ("a.parquet", as_parquet([*SENTENCES, ("no label", None)]), "row 201", "no label"),
    "too many cells": (
        "a.csv", as_csv(SENTENCES) + "a text, with a comma,pos\n", "row 202", "3 cells where the header has 2: put",
    ),
    "open quote": ("a.csv", as_csv(SENTENCES) + '"never closed,pos\n', "row 202", "quotation mark"),
    "open quote on top": ("a.csv", as_csv(broken(SENTENCES, 2, ("@", "pos"))).replace("@", '"never'), "row 2", "quot"),
    "bad json": ("a.jsonl", as_jsonl(SENTENCES) + "\n{'text': 1}", "row 201", "is not JSON"),
    "deep json": ("a.jsonl", as_jsonl(SENTENCES) + "\n" + "[" * 100_000, "row 201", "nested too deeply"),
    "long number": ("a.jsonl", as_jsonl(SENTENCES) + '\n{"text": ' + "9" * 9999 + "}", "row 201", "number too long"),
    "no object": ("a.jsonl", as_jsonl(SENTENCES) + "\n[1, 2]", "row 201", "not an object"),
    "bytes": ("a.csv", as_csv(RUSSIAN).encode() + b"caf\xe9,da\n", "row 202", "bytes that are not UTF-8"),
    "bytes of JSON": ("a.jsonl", as_jsonl(RUSSIAN).encode() + b'\n{"text": "caf\xe9"}', "row 201", "not UTF-8"),
    "nul": ("a.csv", as_csv(SENTENCES * 5) + "a\0b,pos\n", "row 1002", "NUL"),
}  # fmt: skip


@pytest.mark.parametrize("case", ASIDE)
def test_a_bad_row_is_set_aside_and_named_and_the_others_are_read(write, case):
    name, content, row, said = ASIDE[case]
    corpus = corpora.load(str(write(name, content)))
    ((where, reason),) = corpus.set_aside
    assert where == row and re.search(said, reason) and "\n" not in reason
    assert any(f"set aside 1 item of {name} (first: {row}" in note for note in corpus.notes)
    assert examples(corpus) == sorted(RUSSIAN if "bytes" in case else SENTENCES)


def test_a_file_most_of_whose_rows_are_bad_is_refused(write):
    path = write("a.csv", "text,label\n" + "well, this has a comma,pos\n" * 5 + "fine,pos\n")
    with pytest.raises(ValueError, match="5 items of a.csv cannot be used and 1 can; row 2: 3 cells where .* has 2"):
        corpora.load(str(path))


BAD = {
    "one class": ("a.csv", as_csv([(t, "pos") for t, _ in SENTENCES]), "only one class, 'pos'"),
    "empty file": ("a.csv", "", "is empty"),
    "blank file": ("a.csv", "\n \n", "is empty"),
    "header only": ("a.csv", "text,label\n", "no usable example"),
    "only empty rows": ("a.csv", "text,label\n,\n,pos\n", "no usable example"),
    "same column twice": ("a.csv", as_csv([], ("text", "text")), "cannot tell the label column"),
    "label twice": ("a.csv", as_csv([], ("text", "label", "label")) , "two columns named 'label'"),
    "nothing but conflicts": ("a.csv", as_csv([(t, y) for t, _ in SENTENCES for y in "ab"]),
                              r"no usable example \(dropped 200 texts of a.csv that came with different labels"),
    "no table": ("a.jsonl", "[1, 2]", "row 1 .* not an object"),
    "bad parquet": ("a.parquet", "PAR1 this is not", "is not a readable Parquet file"),
    "spreadsheet": ("a.xlsx", "PK", "is not a table that is read here: save it as .csv"),
    "too few": ("a.csv", as_csv(SENTENCES[:4]), "too few examples"),
    "cut array": ("a.json", '[{"text": "a", "label": "b"}, {', "line 1 .* is not JSON"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence_naming_file_and_remedy(write, case):
    name, content, said = BAD[case]
    path = write(name, content)
    with pytest.raises(ValueError, match=said) as caught:
        corpora.load(str(path))
    assert name in str(caught.value) and str(path.parent) not in str(caught.value)
    assert "\n" not in str(caught.value) and ": " in str(caught.value)


@pytest.mark.case("R4")
def test_a_class_that_cannot_be_trained_is_left_out_and_named(write):
    test_share = next(t for t in map("rare {}".format, range(99)) if in_share(t, {0, 1}))
    corpus = corpora.load(str(write("a.csv", as_csv([*SENTENCES, (test_share, "rare")]))))
    ((name, reason),) = corpus.set_aside
    assert name == "class 'rare'" and "too few examples (1)" in reason and "at least 10" in reason
    assert corpus.label_names == ["neg", "pos"] and examples(corpus) == sorted(SENTENCES)
    with pytest.raises(ValueError, match=r"class 'rare' of c.csv has too few examples \(1\).*at least 10"):
        corpora.load(str(write("c.csv", as_csv([*SENTENCES[1::2], (test_share, "rare")]))))
    train_share = next(t for t in map("rare {}".format, range(99)) if in_share(t, set(range(3, 10))))
    corpus = corpora.load(str(write("b.csv", as_csv([*SENTENCES, (train_share, "rare")]))))
    assert sum("no example of 'rare'" in note for note in corpus.notes) == 2


def in_share(text, shares):
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % 10 in shares


def test_missing_columns_and_files(write, tmp_path):
    path = str(write("a.csv", as_csv(SENTENCES)))
    with pytest.raises(ValueError, match="no column 'Text': give --text-column one of 'text', 'label'"):
        corpora.load(path, text_column="Text")
    with pytest.raises(ValueError, match="no column 'y': give --label-column"):
        corpora.load(path, label_column="y")
    with pytest.raises(ValueError, match="both text and label"):
        corpora.load(path, text_column="text", label_column="text")
    with pytest.raises(FileNotFoundError, match="there is no file or folder .*nothing.csv: check the name"):
        corpora.load(str(tmp_path / "nothing.csv"))
    with pytest.raises(FileNotFoundError, match="rewiews.csv"):
        corpora.load("rewiews.csv")
    with pytest.raises(ValueError, match="is text and the task is audio"):
        corpora.load(path, task="audio")


def test_labels_that_are_numbers_are_sorted_as_numbers(write):
    rows = [(f"{text} {stars}", stars) for stars in (10, 9, 1, 2) for text, _ in SENTENCES]
    corpus = corpora.load(str(write("a.jsonl", as_jsonl(rows))))
    assert corpus.label_names == ["1", "2", "9", "10"]
    with_hole = as_parquet([(text, float(stars)) for text, stars in rows])
    assert corpora.load(str(write("a.parquet", with_hole))).label_names == ["1", "2", "9", "10"]


def test_class_names_kept_beside_a_parquet_file_are_used(tmp_path):
    from datasets import ClassLabel, Dataset, Features, Value

    features = Features({"text": Value("string"), "label": ClassLabel(names=["bad", "good"])})
    data = Dataset.from_dict(
        {"text": [t for t, _ in SENTENCES], "label": [int(x == "pos") for _, x in SENTENCES]}, features=features
    )
    data.to_parquet(tmp_path / "a.parquet")
    assert corpora.load(str(tmp_path / "a.parquet")).label_names == ["bad", "good"]


def test_semicolons_and_unquoted_tsv_are_announced(write):
    corpus = corpora.load(str(write("a.csv", as_csv(SENTENCES, delimiter=";"))))
    assert examples(corpus) == sorted(SENTENCES) and any("';'" in note for note in corpus.notes)
    lines = "text\tlabel\n" + "".join(f"{t}\t{x}\n" for t, x in [*SENTENCES, ('"odd" one', "pos")])
    corpus = corpora.load(str(write("a.tsv", lines)))
    assert ('"odd" one', "pos") in examples(corpus) and any("quotation marks" in note for note in corpus.notes)


def test_classes_filter_on_own_data(write):
    rows = [*SENTENCES, *((f"a third thing {i}", "third") for i in range(40))]
    corpus = corpora.load(str(write("a.csv", as_csv(rows))), classes=["third", "neg"])
    assert corpus.label_names == ["neg", "third"] and {label for _, label in examples(corpus)} == {"neg", "third"}


def test_documents_from_files(write):
    lines = corpora.read_documents(str(write("a.txt", "one document\n\n  another  \n")))
    assert lines.texts == ["one document", "another"] and lines.labels is None
    assert lines.notes == ["dropped 1 empty row of a.txt"]
    table = corpora.read_documents(str(write("a.csv", as_csv(SENTENCES))))
    assert list(zip(table.texts, table.labels, strict=True)) == SENTENCES and table.label_names == ["neg", "pos"]
    alone = corpora.read_documents(str(write("b.csv", as_csv([(t,) for t, _ in SENTENCES], ("words",)))))
    assert alone.texts == [t for t, _ in SENTENCES] and alone.labels is None
    cyrillic = corpora.read_documents(str(write("c.txt", "\n".join(t for t, _ in RUSSIAN), "cp1251")))
    assert cyrillic.texts == [t for t, _ in RUSSIAN] and "Windows-1251" in cyrillic.notes[0]
    for name, content, said in (
        ("d.txt", " \n", "is empty"), ("d.csv", "words,more\na,b\n", "--text-column"), ("d.csv", "text\n", "no text")
    ):  # fmt: skip
        with pytest.raises(ValueError, match=said):
            corpora.read_documents(str(write(name, content)))


@pytest.mark.case("F16")
@pytest.mark.parametrize("name", ["pipe.csv", "pipe.txt", "pipe.jsonl"])
def test_a_pipe_is_called_one(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(ValueError, match="is a pipe or a device, .*: save its content as a file"):
        corpora.read_documents(str(tmp_path / name))
    (tmp_path / "link.csv").symlink_to("nowhere.csv")
    with pytest.raises(FileNotFoundError, match="is a link to nothing|there is no file"):
        corpora.read_documents(str(tmp_path / "link.csv"))


@pytest.mark.case("F12")
def test_keys_that_differ_by_case_are_one_column_unless_an_object_has_both(write):
    rows = [{"Text" if i % 3 == 0 else "text": t, "Label" if i % 3 == 0 else "label": y}
            for i, (t, y) in enumerate(SENTENCES)]  # fmt: skip
    corpus = corpora.load(str(write("a.jsonl", "\n".join(map(json.dumps, rows)))))
    assert examples(corpus) == sorted(SENTENCES) and not corpus.set_aside
    assert any("keys 'Text' and 'text' are one column of a.jsonl" in note for note in corpus.notes)
    rows = [*rows[:3], *rows[4::3], {"Text": "a", "text": "b", "label": "pos"}]
    apart = corpora.load(str(write("b.jsonl", "\n".join(map(json.dumps, rows)))), text_column="text")
    assert not any("'Text' and 'text'" in note for note in apart.notes)


@pytest.mark.case("F12")
def test_an_object_without_the_columns_is_set_aside_with_its_keys(write):
    content = as_jsonl(SENTENCES) + '\n{"body": "a text", "class": "pos"}\n{}\n'
    corpus = corpora.load(str(write("a.jsonl", content)), text_column="text", label_column="label")
    ((where, reason),) = corpus.set_aside
    assert where == "row 201" and "no key 'text' or 'label' among its keys 'body', 'class'" in reason
    assert "dropped 1 empty row of a.jsonl (first: row 202)" in corpus.notes


@pytest.mark.case("F16")
def test_one_object_of_columns_is_a_table(write):
    texts, labels = zip(*SENTENCES, strict=True)
    corpus = corpora.load(str(write("a.json", json.dumps({"text": texts, "label": labels}))))
    assert examples(corpus) == sorted(SENTENCES)
    assert "a.json is one object: read as a table of 200 rows" in corpus.notes


@pytest.mark.case("F17")
@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (("good", "good\u200b", "bad"), r"cannot be seen, are taken as 2: 'good', 'good\u200b'"),
        (("caf\xe9", "cafe\u0301", "x"), r"are taken as 2: 'cafe\u0301', 'café'"),
        (("True", "TRUE", "False"), "are taken as 2: 'TRUE', 'True'"),
        (("1", "01", "2"), "one number in other writing are taken as 2: '01', '1'"),
        (("1", "+1", "1e0", "\u0661", "2"), "are taken as 4: '+1', '1', '1e0', '\u0661'"),
        (("NA", "None", "x"), "'NA', 'None' of a.csv are classes, as written"),
    ],
)
def test_labels_that_look_like_one_class_are_said(write, labels, said):
    rows = [(text, labels[i % len(labels)]) for i, (text, _) in enumerate(SENTENCES)]
    corpus = corpora.load(str(write("a.csv", as_csv(rows))))
    assert sorted(corpus.label_names) == sorted(labels)
    assert any(said in note for note in corpus.notes)


@pytest.mark.case("F17")
def test_numbers_too_large_are_said_to_be_one_class(write):
    lines = [f'{{"text": {json.dumps(t)}, "label": {("1e999", "Infinity", "5")[i % 3]}}}'
             for i, (t, _) in enumerate(SENTENCES)]  # fmt: skip
    corpus = corpora.load(str(write("a.jsonl", "\n".join(lines))))
    assert corpus.label_names == ["5", "inf"]
    assert any("134 labels of a.jsonl are Infinity or a number too large" in note for note in corpus.notes)
    assert not any("Infinity" in note for note in corpora.load(str(write("b.csv", as_csv(SENTENCES)))).notes)


@pytest.mark.case("F16")
@pytest.mark.parametrize("label", [lambda i: f"{i * 0.37:.3f}", str, lambda i: f"user{i // 1.6:.0f}"])
def test_a_column_of_numbers_or_ids_is_no_label(write, label):
    rows = [(text, label(i)) for i, (text, _) in enumerate(SENTENCES)]
    with pytest.raises(ValueError, match=r"different labels in 200 examples \(.*no classes: name another column"):
        corpora.load(str(write("a.csv", as_csv(rows))))


def test_a_class_whose_texts_all_stand_under_other_labels_is_named_with_the_cause(write):
    twice = [(t, y.title()) for t, y in SENTENCES[:12]]  # six Pos, six Neg: what is spelled so is elsewhere too
    rows = [*SENTENCES, *twice, (SENTENCES[20][0], "n/a"), ("", "nothing"), (" ", "nothing")]
    corpus = corpora.load(str(write("a.csv", as_csv(rows))))
    assert corpus.label_names == ["neg", "pos"] and len(examples(corpus)) == 200 - 13
    named = dict(corpus.set_aside)
    assert list(named) == ["class 'Neg'", "class 'Pos'", "class 'n/a'", "class 'nothing'"]
    assert named["class 'Pos'"] == (
        "no example left, since each of its 6 examples stands under other labels too ('pos'): 'pos' looks like it, so "
        "spell them alike if they are one"
    )
    assert "its only example stands" in named["class 'n/a'"] and named["class 'n/a'"].endswith(
        "('neg'): keep one label for each of them"
    )
    assert "no text in any of its rows (2)" in named["class 'nothing'"]
    (note,) = [note for note in corpus.notes if "different labels" in note]
    assert "dropped 13 texts" in note and "the labels of 12 of them differ by case" in note
    assert "(first: 'Neg', 'neg'), which is the likely cause" in note


def test_what_is_lost_is_told_by_each_way_of_reading(write, tmp_path):
    for index, (text, label) in enumerate([*SENTENCES[:100], *[(t, "Pos") for t, _ in SENTENCES[1:9:2]]]):
        (tmp_path / "d" / label).mkdir(parents=True, exist_ok=True)
        (tmp_path / "d" / label / f"{index}.txt").write_text(text)
    corpus = corpora.load(str(tmp_path / "d"))
    assert "'pos' looks like it" in dict(corpus.set_aside)["class 'Pos'"]
    assert any("all 4 differ by case" in note for note in corpus.notes)
    with pytest.raises(ValueError, match="class 'Pos' of d has no example left.*spell them alike"):
        corpora.load(str(tmp_path / "d"), classes=["neg", "Pos"])
    parts = [*((t, y, "test" if i % 4 == 0 else "train") for i, (t, y) in enumerate(SENTENCES)),
             (SENTENCES[4][0].upper(), "other", "train")]  # fmt: skip
    corpus = corpora.load(str(write("p.csv", as_csv(parts, ("text", "label", "split")))))
    assert "its only example stands in the validation or test part" in dict(corpus.set_aside)["class 'other'"]
    with pytest.raises(ValueError, match=r"only one class, 'pos' \(class 'Pos' has no example left"):
        corpora.load(str(write("o.csv", as_csv([(t, "pos") for t, _ in SENTENCES] + [(SENTENCES[0][0], "Pos")]))))


@pytest.mark.parametrize("rows, distinct", [(20, 10), (300, 30), (300, 300)])
def test_a_column_of_ids_is_called_that_where_the_texts_repeat(write, rows, distinct):
    table = [(i, f"film number {i % distinct}", i % 2) for i in range(rows)]
    path = write("a.csv", as_csv(table, ("id", "text", "label")))
    with pytest.raises(ValueError, match=f"{rows} different labels in {rows} examples.*no classes.*--label-column"):
        corpora.load(str(path), label_column="id")


def test_names_that_begin_as_our_folders_do_are_not_asked_for_on_the_hub(tmp_path, monkeypatch):
    from grokaem.corpora import hub_data

    asked = []
    monkeypatch.setattr(hub_data, "load", lambda name, **_: asked.append(name))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.csv").write_text("text,label\n" + "".join(f"text {i},{'ab'[i % 2]}\n" for i in range(100)))
    for read in (
        lambda: corpora.load("runs/x"),
        lambda: corpora.load("mine.csv", also_train_on="exports/x"),
        lambda: corpora.read_documents("runs/x"),
        lambda: corpora.check_columns("runs/x"),
    ):
        with pytest.raises(FileNotFoundError, match=rf"no file or folder \w+/x here \(looked in {tmp_path}\): "):
            read()
    assert not asked
    with pytest.raises(AttributeError):  # of the data set that is none
        corpora.load("owner/name")
    assert asked == ["owner/name"]
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "x.csv").write_bytes((tmp_path / "mine.csv").read_bytes())
    assert len(corpora.load("runs/x.csv").train)


def test_columns_are_checked_by_the_header_alone(write):
    path = write("a.csv", "text,label\none,a,more,than two\ntwo\n")
    corpora.check_columns(str(path), "text", "label")
    corpora.check_columns(str(path))
    corpora.check_columns("owner/name", "anything")  # of a data set of the Hub nothing is known yet
    with pytest.raises(ValueError, match="a.csv has no column 'y'"):
        corpora.check_columns(str(path), "text", "y")
    with pytest.raises(ValueError, match="leave out --label-column"):
        corpora.check_columns(str(path.parent), None, "y")
