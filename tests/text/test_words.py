"""The steps from a text to its words."""

import pytest

from grokaem.text.linguistics import analyse
from grokaem.text.words import WordSettings, vocabulary_by_step, words_of


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("GROKAEM_CACHE", str(tmp_path))
    return tmp_path


def test_every_step_is_a_switch_in_order():
    text = ["The Cats were running: 42 cats, well-known cats"]
    assert words_of(text, WordSettings(stop_languages=(), lower_case=False)) == [
        "The Cats were running cats well-known cats"
    ]
    assert words_of(text, WordSettings(numbers=True, stop_languages=("en",))) == ["cats running 42 cats known cats"]
    assert words_of(text, WordSettings(own_stop_words=("Cats",))) == ["running well-known"]
    assert words_of(text, WordSettings(lemmas=True)) == ["cat run cat well-known cat"]
    assert words_of(["generously general"], WordSettings(stems=True)) == ["generous general"]


def test_russian_lemmas_then_stems_make_fewer_words():
    texts = ["Красивые дома у красивых людей", "красота дома, домами гордятся люди"]
    settings = WordSettings("ru", lemmas=True, stems=True)
    sizes = {step: size for step, size, _ in vocabulary_by_step(texts, settings)}
    assert sizes["words"] > sizes["lemmas"] >= sizes["stems"]
    assert words_of(texts[:1], WordSettings("ru", lemmas=True)) == ["красивый дом красивый человек"]


def test_russian_parts_of_speech_and_names():
    texts = ["Иван быстро приехал в Москву"]
    assert words_of(texts, WordSettings("ru", parts_of_speech=("VERB",))) == ["приехал"]
    assert words_of(texts, WordSettings("ru", entities="remove")) == ["быстро приехал"]
    assert words_of(texts, WordSettings("ru", entities="apart")) == ["иван/name быстро приехал москву/name"]


def test_analysed_words_are_kept_and_read_again(own_cache, monkeypatch):
    settings = WordSettings("ru", lemmas=True)
    first = words_of(["слова и люди"], settings)
    assert len([path for path in (own_cache / "words").rglob("*") if path.is_file() and path.name != "tally"]) == 1
    monkeypatch.setattr("grokaem.text.words.analyse", lambda *_: [pytest.fail("looked up again")])
    monkeypatch.setattr(WordSettings, "check", lambda _: None)
    assert words_of(["слова и люди"], settings) == first


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (WordSettings("de", lemmas=True), "no dictionary for language 'de'"),
        (WordSettings("ru", parts_of_speech=("NOUNS",)), "no part of speech 'NOUNS'"),
        (WordSettings(stop_languages=("de",)), "no stop words for language 'de'"),
        (WordSettings(entities="drop"), "choose keep, apart or remove"),
    ],
)
def test_wrong_settings_are_told_before_any_text_is_read(settings, message):
    with pytest.raises(ValueError, match=message):
        words_of([], settings)


def test_missing_spacy_names_the_command():
    pytest.importorskip("pymorphy3")
    try:
        import spacy  # noqa: F401

        pytest.skip("spaCy is installed here")
    except ImportError:
        pass
    with pytest.raises(ValueError, match=r"pip install spacy=="):
        analyse(["a text"], "en", frozenset({"tags"}), ("NOUN",))
