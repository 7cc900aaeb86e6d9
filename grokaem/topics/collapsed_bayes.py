"""Collapsed variational Bayes for latent Dirichlet allocation, compiled to machine code.

CVB0 of Asuncion, Welling, Smyth and Teh 2009 ("On smoothing and inference for topic models"): each word of each
document holds a distribution over topics, refreshed from the counts of all the others. On our corpora it is many
times faster than the variational Bayes of scikit-learn and gensim and its topics agree better with known classes
(docs/topics.md has the figures). Importing this module imports numba, so it is imported where it is used.
"""

from __future__ import annotations

import numba
import numpy as np

from grokaem.topics.compiled import kept_on_disk


@kept_on_disk
@numba.njit(fastmath=True)
def sweep(
    starts: np.ndarray,
    columns: np.ndarray,
    counts: np.ndarray,
    shares: np.ndarray,
    in_document: np.ndarray,
    in_word: np.ndarray,
    in_topic: np.ndarray,
    alpha: np.float32,
    eta: np.float32,
    order: np.ndarray,
) -> float:
    """Refreshes every word of every document once, in place.

    Args:
        starts (ndarray): where each document's entries begin, shape (n_documents + 1,); with ``columns`` and
            ``counts`` the csr matrix of the corpus.
        columns (ndarray): the word of each entry, shape (n_entries,).
        counts (ndarray): how often it is in the document, float32, shape (n_entries,).
        shares (ndarray): each entry's distribution over topics, float32, shape (n_entries, n_topics).
        in_document (ndarray): expected words a topic, float32, shape (n_documents, n_topics).
        in_word (ndarray): the same, float32, shape (n_words, n_topics).
        in_topic (ndarray): the same, float64, shape (n_topics,).
        alpha (float32): prior weight of a topic in a document.
        eta (float32): prior weight of a word in a topic.
        order (ndarray): the order in which documents are visited.

    Returns:
        float: expected number of words that changed their topic, twice counted.
    """
    n_topics = in_topic.shape[0]
    prior = in_word.shape[0] * eta
    fresh = np.empty(n_topics, np.float32)
    moved = 0.0
    for document in order:
        for entry in range(starts[document], starts[document + 1]):
            word = columns[entry]
            total = np.float32(0)
            for topic in range(n_topics):
                own = shares[entry, topic]  # the word itself does not count among "all the others"
                value = (
                    (in_document[document, topic] - own + alpha)
                    * (in_word[word, topic] - own + eta)
                    / np.float32(in_topic[topic] - own + prior)
                )
                value = max(value, np.float32(1e-30))
                fresh[topic] = value
                total += value
            for topic in range(n_topics):
                value = fresh[topic] / total
                change = (value - shares[entry, topic]) * counts[entry]
                shares[entry, topic] = value
                in_document[document, topic] += change
                in_word[word, topic] += change
                in_topic[topic] += change
                moved += abs(change)
    return moved


@kept_on_disk
@numba.njit(fastmath=True)
def fold_in(
    starts: np.ndarray, columns: np.ndarray, counts: np.ndarray, words: np.ndarray, alpha: np.float32, rounds: int
) -> np.ndarray:
    """Mixtures of documents with the topics held fixed.

    Args:
        starts (ndarray): where each document's entries begin, shape (n_documents + 1,).
        columns (ndarray): the word of each entry.
        counts (ndarray): how often it is in the document, float32.
        words (ndarray): probability of each word in each topic, float32, shape (n_words, n_topics).
        alpha (float32): prior weight of a topic in a document.
        rounds (int): passes over each document.

    Returns:
        ndarray: float64, shape (n_documents, n_topics), rows sum to 1.
    """
    n_documents, n_topics = len(starts) - 1, words.shape[1]
    result = np.empty((n_documents, n_topics), np.float64)
    share = np.empty(n_topics, np.float64)
    for document in range(n_documents):
        weights = np.full(n_topics, 1.0 / n_topics)
        for _ in range(rounds):
            fresh = np.full(n_topics, np.float64(alpha))
            for entry in range(starts[document], starts[document + 1]):
                total = 0.0
                for topic in range(n_topics):
                    share[topic] = weights[topic] * words[columns[entry], topic]
                    total += share[topic]
                if total > 0:
                    for topic in range(n_topics):
                        fresh[topic] += counts[entry] * share[topic] / total
            weights = fresh / fresh.sum()
        result[document] = weights
    return result
