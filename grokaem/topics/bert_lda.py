"""BERT+LDA: what a document is about by its words and by its sentence embedding, in one space, clustered.

The topic mixture of LDA and the sentence embedding are set side by side and an autoencoder (torch) presses both
into one short code; k-means groups the codes, class-based TF-IDF names the groups.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from grokaem.topics import dirichlet
from grokaem.topics.bertopic_model import embed
from grokaem.topics.class_tfidf import class_tfidf
from grokaem.topics.documents import Terms, ranked_words
from grokaem.topics.method import Asked, Method

if TYPE_CHECKING:
    import numpy as np

    from grokaem.topics.model import Fitted, TopicModel

LDA_WEIGHT = 0.5  # length of LDA's part beside the embedding, whose length is 1: at 1 it dominates
CODE = 32  # numbers that a document is pressed into
STEPS = 600  # of the optimizer, whatever the corpus's size
BATCH = 256  # documents
LEARNING_RATE = 2e-3
SHARPNESS = 4.0  # of the mixture: see _mixtures


def fit(
    documents: list[str],
    vectors: np.ndarray,
    terms: Terms,
    n_topics: int,
    seed: int,
    top_words: int,
    progress: Callable[[float, str], object] | None = None,
) -> Fitted:
    """Fits LDA, the autoencoder and k-means.

    Args:
        documents (list of str): the texts.
        vectors (ndarray): their unit vectors, float32, shape (n_documents, dimension).
        terms (Terms): word counts.
        n_topics (int): topics.
        seed (int): of LDA, of the autoencoder and of k-means.
        top_words (int): words kept of each topic.
        progress (callable, optional): called with the fraction done and a description.

    Returns:
        dict: the fields of a ``TopicModel``.

    Raises:
        ValueError: topics or words that are no whole number from 1 on.
    """
    import numpy as np
    from sklearn.cluster import KMeans

    lda = dirichlet.fit(terms, n_topics, seed, top_words, progress=progress)
    joined = _join(lda["document_topics"], vectors)
    encoder = train_autoencoder(joined, min(CODE, len(documents)), seed, progress)
    codes = _encode(joined, encoder)
    clusters = KMeans(n_topics, n_init=10, random_state=seed).fit(codes)
    # k-means finds fewer groups when there are fewer different documents than topics: the others stay empty.
    assignments = clusters.labels_.astype(np.int64)
    order = np.argsort(-np.bincount(assignments, minlength=n_topics), kind="stable")
    centres = clusters.cluster_centers_[order]
    assignments = np.argsort(order)[assignments]
    spread = float(np.mean(((codes - centres[assignments]) ** 2).sum(axis=1)))
    # Each document counts a word once: one long document must not name the group.
    weights = class_tfidf(terms.matrix > 0, assignments, n_topics)
    arrays = {"words": lda["arrays"]["words"], "centres": centres, "spread": np.array([spread])} | encoder
    return {
        "topics": ranked_words(weights, terms.vocabulary, top_words),
        "document_topics": _mixtures(codes, centres, spread, assignments),
        "assignments": assignments,
        "arrays": arrays,
    }


def transform(fitted: TopicModel, documents: list[str], embeddings: np.ndarray | None = None) -> np.ndarray:
    """Mixtures of new documents by their codes' distances to the groups' centres."""
    from grokaem.topics.documents import rows_to_one

    if embeddings is None:
        embeddings = embed(documents, fitted.settings)
    mixtures = dirichlet.transform(fitted, documents)
    codes = _encode(_join(mixtures, embeddings), fitted.arrays)
    return rows_to_one(_mixtures(codes, fitted.arrays["centres"], float(fitted.arrays["spread"][0])))


def dimension(fitted: TopicModel) -> int:
    """Numbers of an embedding that the model takes."""
    return fitted.arrays["encoder_weight"].shape[1] - fitted.n_topics


def _join(mixtures: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """LDA's mixture, scaled to the embedding's length, beside the embedding: (n, n_topics + dimension)."""
    import numpy as np

    lengths = np.linalg.norm(mixtures, axis=1, keepdims=True)
    return np.hstack([LDA_WEIGHT * mixtures / lengths, vectors]).astype(np.float32)


def train_autoencoder(
    inputs: np.ndarray, code: int, seed: int, progress: Callable[[float, str], object] | None = None
) -> dict[str, np.ndarray]:
    """Trains (n, width) -> code -> (n, width) to rebuild its input.

    Args:
        inputs (ndarray): float32, shape (n, width).
        code (int): length of a code.
        seed (int): of the weights and of the batches.
        progress (callable, optional): called with the fraction done and a description.

    Returns:
        dict: ``encoder_weight`` (code, width), ``encoder_bias`` (code,).
    """
    import torch
    from torch import nn

    width = inputs.shape[1]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        # A linear encoder keeps distances, on which k-means rests; the decoder may bend.
        encoder = nn.Linear(width, code)
        decoder = nn.Sequential(nn.Linear(code, 128), nn.GELU(), nn.Linear(128, width))
        optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=LEARNING_RATE)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
        data = torch.from_numpy(inputs)
        for step in range(STEPS):
            rows = torch.randint(len(data), (min(BATCH, len(data)),))
            loss = nn.functional.mse_loss(decoder(encoder(data[rows])), data[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            if progress is not None and step % 50 == 0:
                progress(step / STEPS, "training the autoencoder")
    return {
        "encoder_weight": encoder.weight.detach().numpy().copy(),
        "encoder_bias": encoder.bias.detach().numpy().copy(),
    }


def _encode(joined: np.ndarray, encoder: dict[str, np.ndarray]) -> np.ndarray:
    return joined @ encoder["encoder_weight"].T + encoder["encoder_bias"]


def _mixtures(
    codes: np.ndarray, centres: np.ndarray, spread: float, assignments: np.ndarray | None = None
) -> np.ndarray:
    """Softmax over squared distances to the centres, in units of the groups' mean squared radius."""
    import numpy as np

    codes = codes.astype(np.float64)
    distances = (codes**2).sum(axis=1)[:, None] - 2 * codes @ centres.T + (centres**2).sum(axis=1)
    nearness = -distances * SHARPNESS / max(spread, 1e-12)
    if assignments is not None:  # k-means' own rounding may differ in the last digit
        rows = np.arange(len(codes))
        nearness[rows, assignments] = nearness.max(axis=1) + 1e-9
    nearness = np.exp(nearness - nearness.max(axis=1, keepdims=True))
    return nearness / nearness.sum(axis=1, keepdims=True)


def _fit(asked: Asked) -> Fitted:
    return fit(
        asked.texts, asked.vectors, asked.terms, asked.n_topics, asked.seed, asked.top_words, progress=asked.progress
    )


BERT_LDA = Method(
    key="bert+lda",
    title="BERT+LDA",
    weighting="count",
    embeds=True,
    fit=_fit,
    transform=transform,
    about="LDA's mixture beside the embedding, pressed together by an autoencoder, grouped by k-means",
    topics_from="both",
    takes="in between",
    choose="when BERTopic leaves too much to its outliers",
    dimension=dimension,
)
