"""Every class that threads may share, asked by eight threads at once: each answer must be that of one thread alone.

    python -m benchmarks.threads                      # 2,000 calls a class, 8 threads
    python -m benchmarks.threads --calls 200 --only "text classifier" "word cache"

Each class answers distinct inputs alone first; then the threads ask for them in orders of their own. The classifiers
are small graphs made by hand, since what is tried is how they are shared; the sentence encoder is the usual MiniLM.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Literal

import numpy as np

from grokaem.command_line import quiet_libraries, run

WORDS = "river town council vote film warm honest dull plot noise drum snare kick bread oven flour yeast salt".split()
TOPICS = ("lda", "lsa", "nmf", "bertopic", "bert+lda")
TOLERANCE = 1e-4  # batches of other texts are padded to another length, and int8 sums round anew
Shared = tuple[Callable[..., object], Sequence[object]]  # a call and its distinct inputs


def sentences(count: int, seed: int, longest: int = 24) -> list[str]:
    """Distinct texts of common words."""
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=rng.randint(3, longest))) + f" {number}" for number in range(count)]


def text_classifier(folder: Path) -> Shared:
    """One text, a few, and enough for batches."""
    from grokaem import inference
    from tests.inference.exports import text_export

    texts = sentences(300, 1)
    return inference.load(text_export(folder / "text")).logits, [*([t] for t in texts[:90]), texts[:4], texts[90:200]]


def sound_classifier(folder: Path) -> Shared:
    """One sound, and enough for batches."""
    from grokaem import inference
    from tests.inference.exports import sound_export

    rng = np.random.default_rng(0)
    clips = [(rng.random(8000 + 40 * number) * rng.random()).astype(np.float32) for number in range(100)]
    return inference.load(sound_export(folder / "sound")).logits, [*([clip] for clip in clips[:70]), clips[70:]]


def word_classifier(folder: Path) -> Shared:
    """TF-IDF and a linear model."""
    from grokaem import inference
    from grokaem.text.tfidf_model import TfidfModel
    from grokaem.text.words import WordSettings

    rng = np.random.default_rng(0)
    model = TfidfModel(
        WordSettings(stems=True), (1, 1), sorted(set(WORDS)), rng.random(len(WORDS)) + 1,
        rng.standard_normal((3, len(WORDS))), rng.standard_normal(3),
    )  # fmt: skip
    model.save(folder / "words", ["a", "b", "c"], {})
    return inference.load(folder / "words").logits, [[text] for text in sentences(100, 2)]


def embedder(folder: Path) -> Shared:
    """The sentence encoder, one text and several; its vectors are kept on disk from the second call on."""
    from grokaem.embedding.embedder import Embedder

    texts = sentences(160, 3)
    return Embedder().encode, [*([text] for text in texts[:60]), texts[60:90], texts[90:]]


def topic_model(name: Literal["lda", "lsa", "nmf", "bertopic", "bert+lda"]) -> Callable[[Path], Shared]:
    """``transform`` of a fitted topic model."""

    def make(folder: Path) -> Shared:
        from grokaem import topics

        documents = sentences(240, 4)
        model = topics.fit(name, documents, 4)
        return model.transform, [documents[start : start + 3] for start in range(0, 120, 3)]

    return make


def word_cache(folder: Path) -> Shared:
    """Texts to lemmas and stems, kept on disk by content; with few places, so that threads tidy each other's away."""
    from grokaem.text import words

    settings = words.WordSettings(lemmas=True, stems=True)
    words.CACHE_BYTES = 4000
    return lambda texts: words.words_of(texts, settings), [[text] for text in sentences(60, 5)]


@contextmanager
def hub_cache(folder: Path) -> Iterator[Shared]:
    """Downloads of ten repositories into one cache, which is empty when the threads begin."""
    from tests.hub_server import HubServer

    with HubServer(folder / "server") as server:
        os.environ.update(HF_ENDPOINT=server.endpoint, HF_TOKEN=server.token, HF_HUB_DISABLE_PROGRESS_BARS="1")
        os.environ.pop("HF_HUB_OFFLINE", None)
        names = [f"me/model{number}" for number in range(10)]
        for number, name in enumerate(names):
            content = bytes([number]) * 50_000
            server.put(name, {"config.json": f'{{"number": {number}}}'.encode(), "a.safetensors": content})

        yield Fetch(folder), names


class Fetch:
    """Downloads into a cache of the current turn."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.turn = folder, 0

    def __call__(self, name: str) -> tuple[str, bytes]:
        """What the repository's two files hold."""
        from grokaem import hub

        path = hub.download(name, cache_dir=self.folder / f"cache{self.turn}")
        return (path / "config.json").read_text(), (path / "a.safetensors").read_bytes()


CLASSES: dict[str, Callable[[Path], Shared | AbstractContextManager[Shared]]] = {
    "text classifier": text_classifier,
    "sound classifier": sound_classifier,
    "word classifier": word_classifier,
    "sentence encoder": embedder,
    **{f"topics: {name}": topic_model(name) for name in TOPICS},
    "word cache": word_cache,
    "hub cache": hub_cache,
}


def ask(shared: Shared, calls: int, threads: int) -> tuple[int, float]:
    """How many of ``calls`` answers from ``threads`` threads are not those of one thread, and the seconds it took."""
    call, inputs = shared
    alone = [call(given) for given in inputs]
    if isinstance(shared[0], Fetch):
        shared[0].turn += 1  # another cache, empty

    def one(number: int) -> int:
        rng = random.Random(number)
        wrong = 0
        for _ in range(calls // threads):
            place = rng.randrange(len(inputs))
            try:
                wrong += not _same(call(inputs[place]), alone[place])
            except Exception as error:  # an answer that does not come is a wrong one
                print(f"{type(error).__name__}: {error}"[:300], file=sys.stderr)
                wrong += 1
        return wrong

    start = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(one, range(threads))), time.perf_counter() - start


def _same(found: object, alone: object) -> bool:
    if isinstance(alone, np.ndarray):
        if not isinstance(found, np.ndarray):
            return False
        return found.shape == alone.shape and np.allclose(found, alone, atol=TOLERANCE)
    return found == alone


def main(argv: list[str]) -> int:
    """Prints the table; exit code 1 if an answer was wrong. See the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.threads", description=str(__doc__).splitlines()[0])
    parser.add_argument("--calls", type=int, default=2000, help="of each class (default: 2000)")
    parser.add_argument("--threads", type=int, default=8, help="that ask at once (default: 8)")
    parser.add_argument("--only", nargs="+", choices=CLASSES, default=list(CLASSES), help="classes to ask")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options = parser.parse_args(argv)
    quiet_libraries()
    total = 0
    print("| class | calls | wrong | s |\n|---|---|---|---|")
    for name in options.only:
        with tempfile.TemporaryDirectory() as folder, _opened(CLASSES[name](Path(folder))) as shared:
            wrong, seconds = ask(shared, options.calls, options.threads)
        calls = options.calls // options.threads * options.threads
        print(f"| {name} | {calls} | {wrong} | {seconds:.1f} |", flush=True)
        total += wrong
    return int(total > 0)


@contextmanager
def _opened(shared: Shared | AbstractContextManager[Shared]) -> Iterator[Shared]:
    if isinstance(shared, tuple):
        yield shared
    else:
        with shared as opened:
            yield opened


if __name__ == "__main__":
    sys.exit(run(main))
