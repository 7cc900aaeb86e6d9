"""Everyday tables, texts and folders that were split, read or refused wrongly; and files that unpack to gigabytes."""

import csv
import io
import json
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from grokaem import corpora
from grokaem.corpora.splitting import group_near_duplicates, normal_form
from tests.conftest import ROOT, run_script

PARTS = ("train", "validation", "test")


def items(corpus):
    return {name: getattr(corpus, name).inputs for name in PARTS}


def rows(count, start=0):
    return [(f"{'a fine' if i % 2 else 'a dull'} film number {i}", "good" if i % 2 else "bad")
            for i in range(start, start + count)]  # fmt: skip


def write(path, table, header=("text", "label"), **options):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, **options).writerows([header, *table])
    return str(path)


# -- L9, L10: what is equal to a model stands on one side


@pytest.mark.case("L9")
def test_random_labels_of_near_repeats_stay_a_coin(case_inputs, tmp_path):
    done = run_script(
        "grokaem select-features", case_inputs / "near_repeats.csv", "--scorers", "linear", "--json", "a.json",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "a.json").read_text())
    assert 0.38 <= told["test"]["all"] <= 0.62 and 0.38 <= told["test"]["recommended"] <= 0.62
    assert all(0.38 <= row["accuracy"] <= 0.62 for row in told["results"])


@pytest.mark.case("L9")
def test_near_repeats_share_a_part_and_unlike_texts_keep_theirs(tmp_path):
    alone = rows(300)
    before = corpora.load(write(tmp_path / "a.csv", alone))
    variants = [(v, y) for t, y in alone[:40] for v in (t.upper(), t.replace(" ", " \u00a0"), f"«{t}…»", t.title())]
    after = corpora.load(write(tmp_path / "b.csv", alone + variants))
    place = {}
    for part, texts in items(after).items():
        for text in texts:
            place.setdefault(normal_form(text), set()).add(part)
    assert all(len(parts) == 1 for parts in place.values())
    assert sum(len(texts) for texts in items(after).values()) == 300 + 160
    for part, texts in items(before).items():
        unlike = {text for text, _ in alone[40:]}
        assert unlike & set(texts) == unlike & set(items(after)[part])
    assert any("160 texts of b.csv differ from another by case" in note for note in after.notes)


@pytest.mark.case("L9")
@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("Straße nach Köln!", "STRASSE nach Ko\u0308ln", True), ("ﬁne", "FINE", True), ("wi-fi", "wi fi", True),
     ("plan 1", "plan 2", False), ("🙂", "🎉", False), ("की", "का", False), ("soft\u00adhyphen", "softhyphen", True)],
)  # fmt: skip
def test_what_counts_as_equal(one, other, same):
    assert len(set(group_near_duplicates([one, other]))) == (1 if same else 2)


@pytest.mark.case("L10")
def test_equal_samples_stay_together_in_whatever_file(case_inputs, tmp_path):
    corpus = corpora.load(str(case_inputs / "sound_twins"))
    place = {}
    for part, files in items(corpus).items():
        for file in files:
            place.setdefault(file.stem, set()).add(part)
    assert len(place) == 48 and all(len(parts) == 1 for parts in place.values())
    assert sum(len(files) for files in items(corpus).values()) == 96


@pytest.mark.case("L10")
def test_equal_samples_of_other_depth_channels_and_silence_are_equal(tmp_path):
    from grokaem.corpora.sounds import groups_of_sounds

    samples = np.rint(np.random.default_rng(0).uniform(-0.5, 0.5, 200_000) * 32768) / 32768
    quiet = np.zeros(70_000)
    written = {
        "a.wav": (samples, "PCM_16"), "b.flac": (samples, "PCM_24"), "c.wav": (samples, "FLOAT"),
        "d.aiff": (np.stack([samples, samples], 1), "PCM_16"),
        "e.wav": (np.concatenate([quiet, samples, quiet]), "PCM_16"),
        "other.wav": (np.concatenate([samples[:100_000], quiet, samples[100_000:]]), "PCM_16"),
        "silence.wav": (quiet, "PCM_16"),
    }  # fmt: skip
    for name, (data, subtype) in written.items():
        soundfile.write(tmp_path / name, data, 16000, subtype=subtype)
    groups = groups_of_sounds([tmp_path / name for name in written])
    assert len(set(groups[:5])) == 1 and len(set(groups)) == 3


@pytest.mark.case("L9")
def test_further_training_data_brings_no_near_repeat_of_what_is_tested(tmp_path):
    first = corpora.load(write(tmp_path / "a.csv", rows(200)))
    shouted = [(text.upper() + "!", y) for text, y in rows(220)]
    both = corpora.load(str(tmp_path / "a.csv"), also_train_on=write(tmp_path / "b.csv", shouted))
    held = {normal_form(text) for text in first.test.inputs + first.validation.inputs}
    assert not held & {normal_form(text) for text in both.train.inputs}
    assert len(both.train) == len(first.train) + 220 - len(held)


# -- L14: lines


@pytest.mark.case("L14")
def test_only_line_feed_and_carriage_return_end_a_line(case_inputs, tmp_path):
    assert len(corpora.read_documents(str(case_inputs / "lines.txt")).texts) == 48
    path = tmp_path / "a.txt"
    path.write_bytes("one\rtwo\r\nthree\nfour\x0b\x0c\x1c\x1d\x1e\x85\u2029still".encode())
    texts = corpora.read_documents(str(path)).texts
    assert [text[:4] for text in texts] == ["one", "two", "thre", "four"] and texts[3].endswith("still")
    table = write(tmp_path / "a.csv", [(f"a\x0cb\x85c\u2028 {i}",) for i in range(9)], ("text",), lineterminator="\n")
    assert len(corpora.read_documents(table).texts) == 9


@pytest.mark.case("L14")
def test_pasted_lines_end_where_lines_of_a_file_do(case_inputs):
    from demos.topic_input import Asked, collect_documents

    text = (case_inputs / "lines.txt").read_text(encoding="utf-8")
    documents, _, _ = collect_documents(Asked("lines", text), corpora.read_documents, [])
    assert len(documents) == 48


# -- L15: the user's parts, and columns that hold no texts


@pytest.mark.case("L15")
def test_a_column_of_lists_is_refused_in_a_sentence(case_inputs, tmp_path):
    import pyarrow
    import pyarrow.parquet

    with pytest.raises(ValueError, match="row 1: a list in column 'messages', not a text: write the text itself"):
        corpora.load(str(case_inputs / "chat.jsonl"))
    with pytest.raises(ValueError, match="a list in column 'messages', not a text"):
        corpora.read_documents(str(case_inputs / "chat.jsonl"), text_column="messages")
    table = pyarrow.table({"messages": [[{"role": "user", "content": t}] for t, _ in rows(99)], "label": ["a"] * 99})
    pyarrow.parquet.write_table(table, tmp_path / "chat.parquet")
    with pytest.raises(ValueError, match="column 'messages' of chat.parquet holds lists or objects, not texts"):
        corpora.load(str(tmp_path / "chat.parquet"))


@pytest.mark.case("L15")
def test_the_users_split_is_used_and_announced(case_inputs):
    path = case_inputs / "split_column.csv"
    corpus = corpora.load(str(path))
    wanted = {part: [] for part in PARTS}
    for row in csv.DictReader(path.open(encoding="utf-8")):
        wanted[row["split"]].append(row["text"])
    assert items(corpus) == wanted
    assert "the parts are those of column 'split' of split_column.csv" in corpus.notes


@pytest.mark.case("L15")
@pytest.mark.parametrize(
    ("column", "words", "sizes"),
    [("Split", ("Training", "val", "testing"), (120, 40, 40)), ("partition", (" TRAIN", "dev", "test "), (120, 40, 40)),
     ("subset", ("train", "train", "test"), None), ("set", ("train", "valid", "valid"), None),
     ("split", ("north", "south", "east"), None)],
)  # fmt: skip
def test_other_words_for_the_parts_and_parts_that_are_missing(tmp_path, column, words, sizes):
    table = [(*row, words[(i // 2 % 5 > 2) + (i // 2 % 5 > 3)]) for i, row in enumerate(rows(200))]
    corpus = corpora.load(write(tmp_path / "a.csv", table, ("text", "label", column)))
    found = {part: set(texts) for part, texts in items(corpus).items()}
    said = " | ".join(corpus.notes)
    if sizes:
        assert tuple(len(found[part]) for part in PARTS) == sizes
    elif "north" in words:
        assert "does not hold train, validation and test: it is not used" in said
    else:
        last = {text for text, _, word in table if word == words[2]}
        assert found["test"] == last and found["validation"] and found["train"]
        assert "no validation part: a tenth of train" in said or "its validation part is the test" in said


@pytest.mark.case("L15")
def test_equals_across_the_users_parts_are_dropped_from_train_and_named(tmp_path):
    table = [(*row, ("train", "train", "train", "validation", "test")[i // 2 % 5]) for i, row in enumerate(rows(200))]
    held = [row for row in table if row[2] != "train"]
    repeated = [(text.upper() + "!", label, "train") for text, label, _ in held[:7]]
    other_label = [(held[8][0], "good" if held[8][1] == "bad" else "bad", "train")]
    corpus = corpora.load(write(tmp_path / "a.csv", table + repeated + other_label, ("text", "label", "split")))
    assert tuple(map(len, items(corpus).values())) == (120, 40, 40)
    assert not {normal_form(t) for t in corpus.train.inputs} & {normal_form(t) for t, *_ in held}
    assert any("dropped 8 examples of the training part" in note and "row 202" in note for note in corpus.notes)


@pytest.mark.case("L15")
def test_a_row_of_no_part_is_set_aside(tmp_path):
    table = [(*row, PARTS[(i // 2 % 5 > 2) + (i // 2 % 5 > 3)]) for i, row in enumerate(rows(200))]
    table[10] = (*table[10][:2], "later")
    table[11] = (*table[11][:2], "")
    corpus = corpora.load(write(tmp_path / "a.csv", table, ("text", "label", "split")))
    assert [name for name, _ in corpus.set_aside] == ["row 12", "row 13"]
    assert "none of train" in corpus.set_aside[0][1] and sum(map(len, items(corpus).values())) == 198


@pytest.mark.case("F11")
@pytest.mark.parametrize(
    ("header", "cells"),
    [(("is_test",), ("0", "0", "1")), (("Is Test",), ("False", "False", "TRUE")), (("is_train",), ("1", "1", "0")),
     (("in_test", "is_valid"), ("00", "01", "10")), (("is_train", "is_validation"), ("10", "01", "00")),
     (("split",), ("train", "train", "eval")), (("split",), ("train", "Eval", "test")),
     (("usage",), ("train", "train", "hold-out")), (("isholdout",), ("n", "n", "y"))],
)  # fmt: skip
def test_rows_that_the_user_holds_out_are_tested_however_he_says_so(tmp_path, header, cells):
    which = [(i // 2 % 5 > 2) + (i // 2 % 5 > 3) for i in range(200)]
    table = [(*row, *(cells[part] if len(header) > 1 else [cells[part]]))
             for row, part in zip(rows(200), which, strict=True)]  # fmt: skip
    corpus = corpora.load(write(tmp_path / "a.csv", table, ("text", "label", *header)))
    found = {part: set(texts) for part, texts in items(corpus).items()}
    of = [{row[0] for row, part in zip(table, which, strict=True) if part == k} for k in range(3)]
    assert found["test"] == of[2] and not corpus.set_aside
    assert found["validation"] == of[1] if cells[0] != cells[1] else of[1] <= found["train"] | found["validation"]
    assert any(note.startswith("the parts are those") and header[0] in note for note in corpus.notes)


@pytest.mark.case("F11")
def test_flags_that_say_nothing_or_two_things(tmp_path):
    table = [(*row, i // 2 % 5 == 4, i // 2 % 5 == 3) for i, row in enumerate(rows(200))]
    table[4], table[5] = (*table[4][:2], "", 0), (*table[5][:2], 1, 1)
    corpus = corpora.load(write(tmp_path / "a.csv", table, ("text", "label", "is_test", "is_dev")))
    assert [name for name, _ in corpus.set_aside] == ["row 6", "row 7"] and len(corpus.test) == 40
    assert "neither 1 nor 0" in corpus.set_aside[0][1] and "at once" in corpus.set_aside[1][1]
    table = [(*row, "north") for row in rows(200)]
    other = corpora.load(write(tmp_path / "b.csv", table, ("text", "label", "is_test")))
    assert any("column 'is_test' of b.csv does not say yes or no: it is not used" in note for note in other.notes)


# -- R4, R10, R2


@pytest.mark.case("R4")
def test_select_features_leaves_a_rare_class_out_and_names_it(case_inputs, tmp_path):
    done = run_script(
        "grokaem select-features", case_inputs / "rare.csv", "--scorers", "chi2", "--save", "model", "--html", "a.html",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "1 item set aside" in done.stderr and "class 'rare'" in done.stderr and "recommended" in done.stdout
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert config["id2label"] == {"0": "bad", "1": "good"} and (tmp_path / "a.html").is_file()


@pytest.mark.slow
@pytest.mark.case("R4")
def test_training_leaves_bad_rows_out_and_ends_with_1(case_inputs, tiny_bert, tmp_path):
    text = (case_inputs / "reviews.csv").read_text(encoding="utf-8")
    (tmp_path / "a.csv").write_text(text + "no label,\none, two, three,good\n", encoding="utf-8")
    done = run_script(
        "training/finetune.py", "--dataset", "a.csv", "--base-model", tiny_bert, "--max-steps", 2,
        "--output-dir", "run", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "2 items set aside" in done.stderr and "row 402" in done.stderr and "row 403" in done.stderr
    report = json.loads((tmp_path / "run" / "run.json").read_text())
    assert sum(report["data"]["sizes"].values()) == 400 and str(tmp_path) not in json.dumps(report["data"])


@pytest.mark.case("R10")
def test_a_first_line_that_names_the_separator(case_inputs, tmp_path):
    corpus = corpora.load(str(case_inputs / "excel.csv"))
    assert corpus.label_names == ["bad", "good"] and sum(map(len, items(corpus).values())) == 60
    assert corpus.train.inputs[0].startswith(("a warm", "funny", "the cast", "two dull", "the plot", "a noisy"))
    for mark, start in (("|", "\ufeffSEP=|\r\n"), ("\t", '"sep=\t"\n')):
        path = Path(write(tmp_path / "a.csv", rows(100), delimiter=mark))
        path.write_text(start + path.read_text(encoding="utf-8"), encoding="utf-8")
        assert sum(map(len, items(corpora.load(str(path))).values())) == 100


@pytest.mark.case("R10")
def test_a_folder_of_texts_is_read_with_its_parts(case_inputs, tmp_path):
    folder = case_inputs / "folder_of_texts"
    corpus = corpora.load(str(folder))
    assert corpus.task == "text" and corpus.label_names == ["neg", "pos"]
    assert sorted(corpus.test.inputs) == sorted(path.read_text() for path in folder.glob("test/*/*.txt"))
    assert sorted(corpus.train.inputs + corpus.validation.inputs) == sorted(
        path.read_text() for path in folder.glob("train/*/*.txt")
    )
    assert len(corpora.read_documents(str(folder)).texts) == 80
    for i, (text, label) in enumerate(rows(100)):
        place = tmp_path / "own" / label / "deeper"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{i}.txt").write_text(text)
    (tmp_path / "own" / "good" / "empty.txt").write_text("")
    (tmp_path / "own" / "good" / "picture.txt").write_bytes(b"\x89PNG\0\0\0")
    corpus = corpora.load(str(tmp_path / "own"))
    assert sorted(sum(items(corpus).values(), [])) == sorted(text for text, _ in rows(100))
    assert [name for name, _ in corpus.set_aside] == ["good/empty.txt", "good/picture.txt"]


@pytest.mark.case("R2")
def test_a_home_folder_in_the_middle_of_a_flag_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path / "x.csv", rows(100))
    assert sum(map(len, items(corpora.load("~/x.csv")).values())) == 100
    assert len(corpora.read_documents("~/x.csv").texts) == 100
    with pytest.raises(FileNotFoundError, match="there is no file or folder"):
        corpora.load("~nobody_of_that_name/x.csv")


@pytest.mark.case("P7")
def test_what_is_said_of_a_file_names_it_without_its_folder(tmp_path):
    folder = tmp_path / "secret"
    folder.mkdir()
    path = write(folder / "own.csv", [*rows(200), ("", "good"), rows(1)[0], ("no label", ""), rows(1)[0]])
    corpus = corpora.load(path)
    documents = corpora.read_documents(path)
    said = json.dumps([corpus.describe(), corpus.set_aside, documents.notes, documents.set_aside, documents.name])
    assert "secret" not in said and "own.csv" in said and corpus.describe()["name"] == "own"


# -- P4: limits before decoding

HOARD = """
import json, resource, sys
from grokaem import corpora
from grokaem.corpora import documents, json_rows, own_text, parquet_rows, separated_rows
import pyarrow, pyarrow.parquet, pyarrow.compute
before, said = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, []
for path in sys.argv[2:]:
    for read in (corpora.read_documents, corpora.load):
        try:
            read(path, limits=getattr(corpora, sys.argv[1]))
            told = "read"
        except ValueError as error:
            told = "refused: " + str(error)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
        said.append([path, told, grown])
print(json.dumps(said))
"""


def hoard(limits, paths):
    """For each file, as documents and as labelled texts, what a reader says and the MiB its process had grown by."""
    done = subprocess.run(
        [sys.executable, "-c", HOARD, limits, *map(str, paths)], cwd=ROOT, capture_output=True, text=True, timeout=200,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30)),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.case("P4")
@pytest.mark.parametrize("limits", ["PAGE", "COMMAND"])
def test_thirty_million_rows_in_200_kb(case_inputs, limits):
    documents, words = hoard(limits, [case_inputs / "bomb.parquet"])
    assert "bomb.parquet has 30,000,000 rows; at most" in documents[1] and documents[2] < 512
    assert "bomb.parquet has 30,000,000 rows; at most" in words[1] and words[2] < 512


def bombs(folder):
    import pyarrow
    import pyarrow.parquet

    def parquet(name, table, **options):
        pyarrow.parquet.write_table(table, folder / name, compression="zstd", **options)

    same = pyarrow.array(np.zeros(9_000_000, np.int32))
    text = pyarrow.DictionaryArray.from_arrays(same, pyarrow.array(["the river and the town council vote"]))
    parquet("below_the_rows.parquet", pyarrow.table({"text": text, "label": text}))
    long = pyarrow.DictionaryArray.from_arrays(same[:5000], pyarrow.array(["word " * (6 << 20)]))
    parquet("long_text.parquet", pyarrow.table({"text": long, "label": long}))
    parquet("lists.parquet", pyarrow.table({"text": [["a"] * 300_000] * 30, "label": ["x"] * 30}))
    parquet("columns.parquet", pyarrow.table({f"c{i}": pyarrow.array([1]) for i in range(10_500)}))
    with open(folder / "one_line.csv", "wb") as file:
        file.write(b"text,label\n")
        file.truncate(1 << 30)
    with open(folder / "one_line.txt", "wb") as file:
        for _ in range(300):
            file.write(b"word " * 200_000)
    (folder / "columns.csv").write_text(",".join(f"c{i}" for i in range(100_000)) + "\n" + ",".join("1" * 100_000))
    (folder / "deep.json").write_text('[{"text": ' + "[" * 100_000)
    (folder / "quotes.csv").write_text("text,label\n" + '"\n' + "a,b\n" * 1_500_000)
    (folder / "commas.csv").write_text("text,label\n" + "," * (7 << 20) + "\nfine,good\n")
    (folder / "keys.jsonl").write_text("".join(json.dumps({f"k{i}": 1, "text": "a"}) + "\n" for i in range(20_000)))
    (folder / "lists.jsonl").write_text('{"text": [' + ",".join(["[]"] * 1_000_000) + '], "label": "a"}\n')


@pytest.mark.slow
@pytest.mark.case("P4")
def test_other_files_that_unpack_to_much_add_little(tmp_path):
    bombs(tmp_path)
    told = hoard("PAGE", sorted(tmp_path.iterdir()))
    below = ("below_the_rows.parquet", "long_text.parquet", "one_line.csv")
    told += hoard("COMMAND", [tmp_path / name for name in below])
    for path, said, grown in told:
        assert grown < 512, (path, said[:200], grown)
        assert said == "read" or said.startswith("refused:") and str(tmp_path) not in said, (path, said[:200])
    assert sum(said != "read" for _, said, _ in told) > 18


@pytest.mark.case("P4")
def test_a_command_reads_what_is_large_and_honest(tmp_path):
    path = write(tmp_path / "a.csv", rows(110_000))
    assert sum(map(len, items(corpora.load(path)).values())) == 110_000
    with pytest.raises(ValueError, match="more than 100,000 rows, which is the limit: keep fewer rows, or use the com"):
        corpora.load(path, limits=corpora.PAGE)


# -- bad rows and labels


def test_labels_of_one_number_are_one_class_and_near_names_are_said(tmp_path):
    table = [(t, {"good": ("1", "1.0", " 1 ")[i % 3], "bad": "0"}[y]) for i, (t, y) in enumerate(rows(200))]
    corpus = corpora.load(write(tmp_path / "a.csv", table))
    assert corpus.label_names == ["0", "1"] and any("1.0 is 1" in note for note in corpus.notes)
    table = [(t, {"good": ("Good", "good ")[i // 2 % 2], "bad": "bad"}[y]) for i, (t, y) in enumerate(rows(200))]
    corpus = corpora.load(write(tmp_path / "b.csv", table))
    assert corpus.label_names == ["Good", "bad", "good"]
    assert any("differ by case or spaces alone" in note and "'Good', 'good'" in note for note in corpus.notes)


def test_half_a_surrogate_pair_in_a_label_can_be_written(tmp_path):
    lines = [json.dumps({"text": t, "label": {"good": "\ud83d", "bad": "<b>"}[y]}) for t, y in rows(200)]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    done = run_script(
        "grokaem select-features", "a.jsonl", "--scorers", "chi2", "--k", "all", "--json", "a.json", "--html", "a.html",
        "--save", "model", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;" in page and "<td><b>" not in page


def test_escapes_in_labels_do_not_reach_the_terminal(case_inputs, tmp_path):
    done = run_script("grokaem select-features", case_inputs / "markup.csv", "--scorers", "chi2", cwd=tmp_path)
    assert done.returncode == 0 and "\x1b" not in done.stdout + done.stderr and "bad\\x1b[31m" in done.stdout


def test_columns_without_a_name_do_not_matter(tmp_path):
    table = [(*row, "", "") for row in rows(100)]
    corpus = corpora.load(write(tmp_path / "a.csv", table, ("text", "label", "", "")))
    assert sum(map(len, items(corpus).values())) == 100 and corpus.set_aside == []


@pytest.mark.parametrize("broken", [1, 80])
def test_a_file_in_two_encodings_is_read_where_it_is_utf8(tmp_path, broken):
    good = "text,label\n" + "".join(f"Хороший фильм {i},{'да нет'.split()[i % 2]}\n" for i in range(100))
    bad = "".join(f"Плохо смотрели вечером {i},да\n" for i in range(broken))
    (tmp_path / "a.csv").write_bytes(good.encode() + bad.encode("cp1251"))
    corpus = corpora.load(str(tmp_path / "a.csv"))
    assert corpus.label_names == ["да", "нет"] and sum(map(len, items(corpus).values())) == 100
    assert [name for name, _ in corpus.set_aside] == [f"row {102 + i}" for i in range(broken)]


def test_blanks_before_quotation_marks_and_two_byte_order_marks(tmp_path):
    text = "\ufeff\ufefftext, label\n" + "".join(f'"{t}, indeed", "{y}"\n' for t, y in rows(100))
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    corpus = corpora.load(str(tmp_path / "a.csv"), text_column="text", label_column="label")
    assert corpus.label_names == ["bad", "good"] and corpus.train.inputs[0].endswith(", indeed")


def test_code_page_866_is_told_from_the_others(tmp_path):
    table = [(f"{'Хороший' if i % 2 else 'Плохой'} фильм, номер {i}, смотрели вечером", "да нет".split()[i % 2])
             for i in range(100)]  # fmt: skip
    buffer = io.StringIO()
    csv.writer(buffer).writerows([("text", "label"), *table])
    (tmp_path / "a.csv").write_bytes(buffer.getvalue().encode("cp866"))
    corpus = corpora.load(str(tmp_path / "a.csv"))
    assert sorted(sum(items(corpus).values(), [])) == sorted(text for text, _ in table)
    assert any("866" in note for note in corpus.notes)


@pytest.mark.case("L20")
@pytest.mark.parametrize("content", ["", "{", "[1]", '["a"]', "null"])
def test_kept_words_that_are_broken_are_computed_again(tmp_path, monkeypatch, content):
    from grokaem.text.words import WordSettings, words_of

    monkeypatch.setenv("GROKAEM_CACHE", str(tmp_path))
    settings = WordSettings(stems=True)
    first = words_of(["boats were sailing", "a boat sails"], settings)
    (kept,) = (tmp_path / "words").rglob("*.json")
    kept.write_text(content)
    assert words_of(["boats were sailing", "a boat sails"], settings) == first == ["boat sail", "boat sail"]
    assert json.loads(kept.read_text()) == first


@pytest.mark.case("L20")
def test_words_are_told_where_nothing_can_be_kept(tmp_path, monkeypatch):
    from grokaem.text.words import WordSettings, words_of

    (tmp_path / "words").write_text("a file where the folder should be")
    monkeypatch.setenv("GROKAEM_CACHE", str(tmp_path))
    assert words_of(["boats were sailing"], WordSettings(stems=True)) == ["boat sail"]


@pytest.mark.case("L2")
def test_a_word_model_answers_eight_threads_as_it_answers_one(case_inputs):
    from concurrent.futures import ThreadPoolExecutor

    from grokaem.text.cross_validation import Vocabulary, make_pipeline
    from grokaem.text.tfidf_model import from_pipeline
    from grokaem.text.words import WordSettings, words_of

    settings = WordSettings(stems=True, lemmas=True)
    corpus = corpora.load(str(case_inputs / "reviews.csv"))
    documents = words_of(corpus.train.inputs, settings, keep=False)
    model = from_pipeline(make_pipeline(Vocabulary()).fit(documents, corpus.train.labels), settings)
    alone = [model.logits([text]) for text in corpus.test.inputs[:40]]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            together = list(pool.map(lambda text: model.logits([text]), corpus.test.inputs[:40]))
            assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


@pytest.mark.case("P4")
@pytest.mark.parametrize(
    ("name", "start"),
    [("a.csv", "text,label\n"), ("a.tsv", "text\tlabel\n"), ("a.jsonl", ""), ("a.txt", "a\n"),
     ("b.jsonl", '{"text": "a", "label": "b"}\n')],
)  # fmt: skip
def test_blank_lines_are_counted(tmp_path, name, start):
    (tmp_path / name).write_text(start + "\n" * 200_000 + '{"text": "a", "label": "b"}\n')
    with pytest.raises(ValueError, match="100,00[01]? rows"):
        corpora.read_documents(str(tmp_path / name), limits=corpora.PAGE)


@pytest.mark.case("P4")
def test_the_page_reads_within_its_own_limits(case_inputs, monkeypatch):
    import app
    from demos import topic_modelling, word_features

    readers = []

    def seen(*arguments):
        readers.extend(argument for argument in arguments if callable(argument))
        if len(readers) > 1:
            raise RuntimeError("both panels were asked for")

    monkeypatch.setattr(word_features, "create_demo", lambda load, at_hand: seen(load))
    monkeypatch.setattr(topic_modelling, "create_demo", lambda read, *rest: seen(read))
    with pytest.raises(RuntimeError, match="both panels"):
        app.create_app()
    for read in readers:
        with pytest.raises(ValueError, match="30,000,000 rows; at most 100,000 are read"):
            read(str(case_inputs / "bomb.parquet"))


@pytest.mark.case("L14")
def test_topics_of_lines_count_them_and_name_a_bad_row(case_inputs, tmp_path):
    text = (case_inputs / "lines.txt").read_bytes() + b"caf\xe9\n"
    (tmp_path / "lines.txt").write_bytes(text)
    done = run_script("grokaem topics", tmp_path / "lines.txt", "--models", "nmf", "--topics", 3, cwd=tmp_path)
    assert done.returncode == 1 and done.stdout.startswith("lines: 48 documents")
    assert "row 49: bytes that are not UTF-8" in done.stderr and str(tmp_path) not in done.stdout
