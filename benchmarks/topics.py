"""Topic models and coherence beside the obvious alternative, in one run, as ratios.

    python -m benchmarks.topics bertopic              all of 20 Newsgroups, about half an hour on 2 cores
    python -m benchmarks.topics bertopic --documents 2000
    python -m benchmarks.topics models                LDA and NMF beside scikit-learn and gensim
    python -m benchmarks.topics coherence             four measures of 50 topics beside gensim
    python -m benchmarks.topics scale                 100,000 short documents, memory

Each path runs in a process of its own, the paths alternate, and the figures are medians. Our encoder is
converted beforehand (once an installation); no vector is taken from the cache.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

from grokaem.command_line import run

if TYPE_CHECKING:
    import numpy as np

    from grokaem.topics.documents import Terms

SCALE_DOCUMENTS = 100_000


def newsgroups(count: int | None) -> tuple[list[str], list[str]]:
    """20 Newsgroups, every document and its group, or a random sample (seed 0)."""
    import random

    from grokaem import corpora

    read = corpora.read_documents("20newsgroups")
    assert read.labels is not None
    rows = list(range(len(read.texts)))
    if count is not None and count < len(rows):
        rows = sorted(random.Random(0).sample(rows, count))
    return [read.texts[row] for row in rows], [read.labels[row] for row in rows]


def short_documents(count: int) -> list[str]:
    """Documents of two review sentences, drawn with replacement (seed 0)."""
    import random

    from grokaem import corpora

    sentences = corpora.read_documents("rotten_tomatoes").texts
    chance = random.Random(0)
    return [" ".join(chance.choices(sentences, k=2)) for _ in range(count)]


def quality(words: list[list[str]], documents: list[str]) -> float | None:
    """NPMI of the top ten words."""
    from grokaem.topics.coherence import Reference, coherence

    return coherence(words, Reference.from_documents(documents), ("c_npmi",)).means["c_npmi"]


def bertopic_ours(options: argparse.Namespace) -> dict[str, object]:
    """BERTopic through ``grokaem.topics.fit``: INT8 embeddings, exact neighbours."""
    documents, _ = newsgroups(options.documents)
    from grokaem import topics

    model = topics.fit("bertopic", documents, None, 0, top_words=10)
    seconds = time.time() - options.started
    return {
        "seconds": seconds,
        "npmi": quality(model.words(), documents),
        "n_topics": model.n_topics,
        "topics": model.words(),
    }


def bertopic_plain(options: argparse.Namespace) -> dict[str, object]:
    """BERTopic as its documentation shows it, with the words that ours may show."""
    documents, _ = newsgroups(options.documents)
    before = time.time()
    from grokaem.text.vectorize import make_vectorizer
    from grokaem.topics.documents import count_terms, default_settings

    terms = count_terms(documents, default_settings(len(documents), "count"))
    vectorizer = make_vectorizer(terms.settings, terms.vocabulary)
    outside = time.time() - before  # ours counts the words within its time; here they are a gift
    from bertopic import BERTopic
    from bertopic.vectorizers import ClassTfidfTransformer
    from sentence_transformers import SentenceTransformer

    from grokaem.embedding.encoder_source import resolve_encoder

    model = BERTopic(
        embedding_model=SentenceTransformer(resolve_encoder().location, device="cpu"),
        language="multilingual",
        vectorizer_model=vectorizer,
        ctfidf_model=ClassTfidfTransformer(reduce_frequent_words=True),
    )
    model.fit_transform(documents)
    seconds = time.time() - options.started - outside
    found = [
        [word for word, _ in model.get_topic(topic)] for topic in sorted(model.get_topics()) if topic >= 0
    ]
    return {
        "seconds": seconds,
        "npmi": quality(found, documents),
        "n_topics": len(found),
        "topics": found,
    }


def _matrix(
    options: argparse.Namespace, weighting: Literal["count", "tfidf"]
) -> tuple[list[str], list[str], Terms]:
    from grokaem.topics.documents import count_terms, default_settings

    documents, labels = newsgroups(options.documents)
    return documents, labels, count_terms(documents, default_settings(len(documents), weighting))


def _measured(
    options: argparse.Namespace,
    weighting: Literal["count", "tfidf"],
    fit: Callable[[Terms], tuple[np.ndarray, np.ndarray]],
) -> dict[str, object]:
    """Times ``fit``, which takes the terms and gives topic-word weights and document-topic weights."""
    from grokaem.topics.documents import ranked_words
    from grokaem.topics.quality import agreement

    documents, labels, terms = _matrix(options, weighting)
    start = time.perf_counter()
    weights, mixtures = fit(terms)
    seconds = time.perf_counter() - start
    words = [[word for word, _ in topic] for topic in ranked_words(weights, terms.vocabulary, 10)]
    return {
        "seconds": seconds,
        "npmi": quality(words, documents),
        "nmi": agreement(mixtures.argmax(axis=1), labels)["nmi"],
    }


def lda_ours(options: argparse.Namespace) -> dict[str, object]:
    """Our LDA."""
    from grokaem.topics import collapsed_bayes, dirichlet  # noqa: F401  (imported before the clock starts)

    def fit(terms: Terms) -> tuple[np.ndarray, np.ndarray]:
        result = dirichlet.fit(terms, options.topics, options.seed, 10)
        return result["arrays"]["words"].T, result["document_topics"]

    return _measured(options, "count", fit)


def lda_scikit_learn(options: argparse.Namespace) -> dict[str, object]:
    """LDA of scikit-learn at its defaults."""
    from sklearn.decomposition import LatentDirichletAllocation

    def fit(terms: Terms) -> tuple[np.ndarray, np.ndarray]:
        model = LatentDirichletAllocation(options.topics, random_state=options.seed)
        mixtures = model.fit_transform(terms.matrix)
        return model.components_, mixtures

    return _measured(options, "count", fit)


def lda_gensim(options: argparse.Namespace) -> dict[str, object]:
    """LDA of gensim, 10 passes."""
    from gensim.matutils import Sparse2Corpus, corpus2dense
    from gensim.models import LdaModel

    def fit(terms: Terms) -> tuple[np.ndarray, np.ndarray]:
        corpus = Sparse2Corpus(terms.matrix, documents_columns=False)
        names = dict(enumerate(terms.vocabulary))
        model = LdaModel(corpus, options.topics, id2word=names, random_state=options.seed, passes=10)
        return model.get_topics(), corpus2dense(model[corpus], options.topics).T

    return _measured(options, "count", fit)


def nmf_ours(options: argparse.Namespace) -> dict[str, object]:
    """Our NMF."""
    from sklearn import decomposition  # noqa: F401

    from grokaem.topics import factorization

    def fit(terms: Terms) -> tuple[np.ndarray, np.ndarray]:
        result = factorization.fit(terms, options.topics, options.seed, 10)
        return result["arrays"]["components"], result["document_topics"]

    return _measured(options, "tfidf", fit)


def nmf_scikit_learn(options: argparse.Namespace) -> dict[str, object]:
    """NMF of scikit-learn at its defaults."""
    from sklearn.decomposition import NMF

    def fit(terms: Terms) -> tuple[np.ndarray, np.ndarray]:
        model = NMF(options.topics, random_state=options.seed)
        mixtures = model.fit_transform(terms.matrix)
        return model.components_, mixtures

    return _measured(options, "tfidf", fit)


def nmf_gensim(options: argparse.Namespace) -> dict[str, object]:
    """NMF of gensim, 5 passes."""
    from gensim.matutils import Sparse2Corpus, corpus2dense
    from gensim.models.nmf import Nmf

    def fit(terms: Terms) -> tuple[np.ndarray, np.ndarray]:
        corpus = Sparse2Corpus(terms.matrix, documents_columns=False)
        names = dict(enumerate(terms.vocabulary))
        model = Nmf(corpus, options.topics, id2word=names, random_state=options.seed, passes=5)
        return model.get_topics(), corpus2dense(model[corpus], options.topics).T

    return _measured(options, "tfidf", fit)


def _fifty_topics(options: argparse.Namespace) -> tuple[list[list[str]], list[list[str]]]:
    from grokaem import topics
    from grokaem.text.vectorize import VectorSettings, make_vectorizer

    documents, _ = newsgroups(options.documents)
    words = topics.fit("nmf", documents, 50, 0).words(10)
    analyze = make_vectorizer(VectorSettings()).build_analyzer()
    return words, [analyze(document) for document in documents]


def coherence_ours(options: argparse.Namespace) -> dict[str, object]:
    """Our four measures, from lists of words."""
    from grokaem.topics.coherence import Reference, coherence

    words, texts = _fifty_topics(options)
    start = time.perf_counter()
    means = coherence(words, Reference(texts)).means
    return {"seconds": time.perf_counter() - start, **means}


def coherence_gensim(options: argparse.Namespace) -> dict[str, object]:
    """Four measures by gensim, from the same lists, on all cores."""
    from gensim.corpora import Dictionary
    from gensim.models import CoherenceModel

    words, texts = _fifty_topics(options)
    start = time.perf_counter()
    names = Dictionary(texts)
    corpus = [names.doc2bow(text) for text in texts]
    means = {}
    for measure in ("u_mass", "c_uci", "c_npmi", "c_v"):
        model = CoherenceModel(
            topics=words,
            texts=texts,
            corpus=corpus,
            dictionary=names,
            coherence=measure,
            processes=os.cpu_count(),
        )
        means[measure] = float(model.get_coherence())
    return {"seconds": time.perf_counter() - start, **means}


def _at_scale(options: argparse.Namespace, model: Literal["lda", "nmf", "bertopic"]) -> dict[str, object]:
    from grokaem import topics
    from grokaem.process_memory import MIB, high_water_bytes

    documents = short_documents(options.documents or SCALE_DOCUMENTS)
    start = time.perf_counter()
    fitted = topics.fit(model, documents, options.topics, 0)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "n_topics": fitted.n_topics, "peak_mib": high_water_bytes() / MIB}


def scale_lda(options: argparse.Namespace) -> dict[str, object]:
    """LDA of many short documents."""
    return _at_scale(options, "lda")


def scale_nmf(options: argparse.Namespace) -> dict[str, object]:
    """NMF of many short documents."""
    return _at_scale(options, "nmf")


def scale_bertopic(options: argparse.Namespace) -> dict[str, object]:
    """BERTopic of many short documents."""
    return _at_scale(options, "bertopic")


PATHS: dict[str, tuple[Callable[[argparse.Namespace], dict[str, object]], ...]] = {
    "bertopic": (bertopic_ours, bertopic_plain),
    "lda": (lda_ours, lda_scikit_learn, lda_gensim),
    "nmf": (nmf_ours, nmf_scikit_learn, nmf_gensim),
    "coherence": (coherence_ours, coherence_gensim),
    "scale": (scale_lda, scale_nmf, scale_bertopic),
}
GROUPS = {"models": ("lda", "nmf"), "all": tuple(PATHS)}


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("what", choices=(*PATHS, *GROUPS))
    made.add_argument("--documents", type=int, help="a sample of this many (default: all; scale: 100,000)")
    made.add_argument("--topics", type=int, default=20, help="topics of LDA, NMF and scale (default: 20)")
    made.add_argument("--repeats", type=int, default=2, help="runs of each path (default: 2)")
    made.add_argument("--only", help="run only this path, such as bertopic_ours")
    made.add_argument("--json", type=Path, help="write every run here")
    made.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    made.add_argument("--path", help=argparse.SUPPRESS)  # the child's: run one path and print its result
    made.add_argument("--started", type=float, help=argparse.SUPPRESS)
    made.add_argument("--debug", action="store_true", help="show a traceback when something fails")
    return made


def main(argv: list[str]) -> int:
    """Runs one path, or all paths of a benchmark each in a process of its own."""
    options = parser().parse_args(argv)
    if options.path:
        (path,) = [path for path in PATHS[options.what] if path.__name__ == options.path]
        print("RESULT " + json.dumps(path(options)))
        return 0
    record = {}
    for what in GROUPS.get(options.what, (options.what,)):
        record[what] = _alternate(what, options)
        _report(record[what])
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(record, indent=1))
    return 0


def _alternate(what: str, options: argparse.Namespace) -> dict[str, list[dict[str, Any]]]:
    from grokaem.embedding import Embedder

    if what in ("bertopic", "scale"):
        Embedder()  # converted before the clock starts
    names = [path.__name__ for path in PATHS[what]]
    if options.only and options.only not in names:
        raise ValueError(f"--only {options.only}: choose from {', '.join(names)}.")
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in names if options.only in (None, name)}
    for repeat in range(1 if what == "scale" else options.repeats):
        for name in runs:
            runs[name].append(_in_a_process(what, name, repeat, options))
            shown = {key: value for key, value in runs[name][-1].items() if key != "topics"}
            print(name, json.dumps(shown), file=sys.stderr, flush=True)
    return runs


def _in_a_process(what: str, name: str, repeat: int, options: argparse.Namespace) -> dict[str, object]:
    from grokaem.cache import cache_folder

    real = cache_folder("embedding").parent
    with tempfile.TemporaryDirectory() as folder:
        # A cache with the corpora and the converted encoder, but without vectors.
        cache = Path(folder)
        (cache / "embedding").mkdir()
        for part in ("corpora", "embedding/models"):
            if (real / part).is_dir():
                (cache / part).symlink_to(real / part)
        command = [sys.executable, "-m", "benchmarks.topics", what, "--path", name, "--topics", str(options.topics)]
        # BERTopic's runs share a seed, to show that they repeat; the others vary it.
        command += ["--seed", str(repeat)]
        if options.documents:
            command += ["--documents", str(options.documents)]
        environment = os.environ | {"GROKAEM_CACHE": str(cache), "TOKENIZERS_PARALLELISM": "true"}
        command += ["--started", str(time.time())]
        result = subprocess.run(command, env=environment, capture_output=True, text=True)
    lines = [line for line in result.stdout.splitlines() if line.startswith("RESULT ")]
    if result.returncode or not lines:
        last = (result.stderr.strip().splitlines() or ["no message"])[-1]
        raise RuntimeError(f"{name} failed: {last}")
    return json.loads(lines[-1].removeprefix("RESULT "))


def _report(runs: dict[str, list[dict[str, Any]]]) -> None:
    ours = None
    for name, results in runs.items():
        middle = {
            key: median(result[key] for result in results)
            for key, value in results[0].items()
            if isinstance(value, int | float)
        }
        ours = ours or middle["seconds"]
        figures = "  ".join(f"{key} {value:.4g}" for key, value in middle.items())
        print(f"{name:18} {figures}  ({middle['seconds'] / ours:.2f} x the first)")
        if "topics" in results[0] and len(results) > 1:
            same = all(result["topics"] == results[0]["topics"] for result in results)
            print(f"{'':18} topics {'the same' if same else 'different'} in every run")


if __name__ == "__main__":
    sys.exit(run(main))
