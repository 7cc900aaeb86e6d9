import math
import random

import pytest

from grokaem.topics.coherence import EPSILON, MEASURES, WINDOWS, Reference, coherence
from grokaem.topics.quality import agreement, diversity, stability

WORDS = [f"w{number}" for number in range(30)]


def brute_force(topic, texts, measure):
    """The definition, counted over every window one by one."""
    size = WINDOWS[measure]
    windows = []
    for text in texts:
        if text and size is None:
            windows.append(set(text))
        elif text:
            windows += [set(text[start : start + size]) for start in range(max(1, len(text) - size + 1))]

    def share(*words):
        return sum(all(word in window for word in words) for window in windows) / len(windows)

    def ratio(one, other):
        return math.log((share(one, other) + EPSILON) / (share(one) * share(other)))

    def npmi(one, other):
        joint = share(one, other)
        return 1.0 if joint == 1 else ratio(one, other) / -math.log(joint + EPSILON)

    topic = [word for word in topic if share(word) > 0]
    if len(topic) < 2:
        return None
    pairs = [(one, other) for place, one in enumerate(topic) for other in topic[:place]]
    if measure == "u_mass":
        values = [math.log((share(one, other) + EPSILON) / share(other)) for one, other in pairs]
    elif measure == "c_uci":
        values = [ratio(*pair) for pair in pairs]
    elif measure == "c_npmi":
        values = [npmi(*pair) for pair in pairs]
    else:
        vectors = [[npmi(one, other) for other in topic] for one in topic]
        whole = [sum(column) for column in zip(*vectors, strict=True)]
        values = [
            sum(a * b for a, b in zip(vector, whole, strict=True)) / math.hypot(*vector) / math.hypot(*whole)
            for vector in vectors
        ]
    return sum(values) / len(values)


@pytest.fixture(scope="module")
def corpus():
    chance = random.Random(1)
    # Lengths on both sides of both windows, empty documents, words that repeat within a window.
    lengths = [0, 1, 2, 9, 10, 11, 12, 50, 109, 110, 111, 180]
    texts = [[chance.choice(WORDS[:25]) for _ in range(length)] for length in lengths * 2]
    topics = [chance.sample(WORDS, 6) for _ in range(6)] + [["w26", "w1"], ["w1", "absent"], []]
    return texts, topics


@pytest.mark.parametrize("measure", MEASURES)
def test_equals_the_definition_counted_window_by_window(corpus, measure):
    texts, topics = corpus
    scores = coherence(topics, Reference(texts), (measure,)).by_topic[measure]
    for topic, score in zip(topics, scores, strict=True):
        expected = brute_force(topic, texts, measure)
        assert (score is None) == (expected is None)
        if expected is not None:
            assert score == pytest.approx(expected, abs=1e-9)


def test_a_repeated_word_stays_in_the_window_while_one_copy_does():
    # gensim's counter drops "a" from the second window, because one copy of it left.
    text = ["a", "a", *["x"] * 8, "b"]
    counts, windows = Reference([text]).counts(["a", "b"], 10)
    assert windows == 2
    assert counts.tolist() == [[2, 1], [1, 1]]


def test_words_outside_the_corpus_are_counted_and_left_out():
    reference = Reference([["a", "b", "c"], ["a", "b"]])
    with_absent = coherence([["a", "zebra", "b"], ["zebra", "yak"]], reference)
    assert with_absent.absent == ["zebra", "yak"]
    alone = coherence([["a", "b"]], reference)
    for measure in MEASURES:
        assert with_absent.by_topic[measure] == [alone.by_topic[measure][0], None]
        assert with_absent.means[measure] == alone.means[measure]


@pytest.mark.parametrize("texts", [[], [[]], [["a"]], [["a", "b"]], [["a", "b"]] * 5, [["a"], ["b"]]])
@pytest.mark.parametrize("topics", [[], [[]], [["a"]], [["a", "b"]], [["a", "a"]], [["x", "y"]]])
def test_never_nan(texts, topics):
    scores = coherence(topics, Reference(texts))
    values = [value for row in scores.by_topic.values() for value in row] + list(scores.means.values())
    assert all(value is None or math.isfinite(value) for value in values)


def test_npmi_ends_of_the_scale():
    together = Reference([["a", "b"], ["c"], ["c"]])
    assert coherence([["a", "b"]], together).means["c_npmi"] == pytest.approx(1)
    apart = Reference([["a"], ["b"]])
    assert coherence([["a", "b"]], apart).means["c_npmi"] == pytest.approx(-0.95, abs=0.01)


def test_unknown_measure():
    with pytest.raises(ValueError, match="c_x"):
        coherence([["a", "b"]], Reference([["a"]]), ("c_x",))


def test_diversity():
    assert diversity([["a", "b"], ["c", "d"]]) == 1
    assert diversity([["a", "b"], ["a", "b"]]) == 0.5
    assert diversity([["a", "b", "z"], ["a", "b", "y"]], top=2) == 0.5
    assert diversity([]) == 0


def test_stability_ignores_the_order_of_topics():
    run = [["a", "b"], ["c", "d"]]
    assert stability([run, run[::-1]]) == 1
    assert stability([run, [["a", "x"], ["c", "d"]]]) == pytest.approx(0.75)
    assert stability([run, [["x", "y"], ["z", "q"]]]) == 0
    assert stability([run]) is None


def test_agreement():
    perfect = agreement([1, 1, 0, 0], ["x", "x", "y", "y"])
    assert perfect["nmi"] == pytest.approx(1) and perfect["purity"] == 1
    blind = agreement([0, 0, 0, 0], ["x", "x", "y", "y"])
    assert blind["nmi"] == 0 and blind["purity"] == 0.5
    with pytest.raises(ValueError, match="3 labels for 2 documents"):
        agreement([0, 1], ["a", "b", "c"])
