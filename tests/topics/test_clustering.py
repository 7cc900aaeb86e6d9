import numpy as np
import pytest

from grokaem.topics.clustering import TopicClusters, mixtures_by_similarity


@pytest.fixture(scope="module")
def subjects():
    """Three subjects of four dense threads each, and one odd thread of 14 documents far from all of them."""
    chance = np.random.default_rng(0)
    layout, subject = [], []
    for number, middle in enumerate(np.eye(3) * 12):
        for _ in range(4):
            thread = middle + chance.normal(scale=1.2, size=3)
            layout.append(thread + chance.normal(scale=0.12, size=(40, 3)))
            subject += [number] * 40
    layout.append(np.array([-30.0, -30.0, -30.0]) + chance.normal(scale=0.05, size=(14, 3)))
    layout = np.vstack(layout)
    return layout, layout / np.linalg.norm(layout, axis=1, keepdims=True), np.array(subject)


def test_an_odd_handful_does_not_take_a_topic_from_a_subject(subjects):
    layout, vectors, subject = subjects
    labels = TopicClusters(vectors, 3).fit(layout).labels_[: len(subject)]
    found = [set(labels[subject == number]) - {-1} for number in range(3)]
    assert all(len(topics) == 1 for topics in found) and len(set.union(*found)) == 3


@pytest.mark.parametrize("wanted", [2, 3, 5, 12, 40])
def test_there_are_as_many_clusters_as_asked_for(subjects, wanted):
    layout, vectors, _ = subjects
    clusters = TopicClusters(vectors, wanted).fit(layout)
    assert set(clusters.labels_) - {-1} == set(range(wanted))
    assert wanted != 40 or "split by Ward" in clusters.notes[0]


def test_left_to_itself_it_finds_the_threads(subjects):
    layout, vectors, _ = subjects
    assert TopicClusters(vectors, None).fit(layout).labels_.max() + 1 == 13


def test_mixtures_sum_to_one_and_agree_with_the_clustering():
    vectors = np.eye(4)[[0, 1, 2, 3]]
    mixtures = mixtures_by_similarity(vectors, np.eye(4)[:2], 0.1, np.array([1, 1, -1, 0]))
    np.testing.assert_allclose(mixtures.sum(axis=1), 1)
    assert mixtures.argmax(axis=1)[[0, 1, 3]].tolist() == [1, 1, 0]
