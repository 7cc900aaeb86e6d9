import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from grokaem.cache import cache_folder
from grokaem.embedding import Embedder
from grokaem.embedding.encoder_source import resolve_encoder
from grokaem.embedding.neighbours import exact_neighbours

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [
    "A man is eating food.",
    "Somebody eats a meal.",
    "The rocket reached orbit on Tuesday.",
    "",
    "short",
    "The central bank raised interest rates again, and the currency rose against the dollar. " * 30,
]


@pytest.fixture(scope="module")
def embedder():
    return Embedder()


@pytest.fixture
def own_vectors(monkeypatch, tmp_path, embedder):
    """The converted encoder of the real cache, and an empty cache of vectors."""
    monkeypatch.setenv("GROKAEM_CACHE", str(tmp_path))
    return embedder


def test_unit_vectors_in_the_order_of_the_texts(own_vectors):
    vectors = own_vectors.encode(TEXTS)
    assert vectors.dtype == np.float32 and vectors.shape == (len(TEXTS), 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.5 > vectors[0] @ vectors[2]
    one_by_one = np.vstack([own_vectors.encode([text]) for text in TEXTS])
    # INT8 activations are scaled once a graph, so company in the batch hardly matters.
    assert (vectors * one_by_one).sum(axis=1).min() > 0.99


@pytest.mark.slow
def test_close_to_the_original_model(own_vectors):
    from sentence_transformers import SentenceTransformer

    texts = [text for text in TEXTS if text]  # two special tokens alone mean nothing, in either model
    peer = SentenceTransformer(own_vectors.source.location, device="cpu")
    peer.max_seq_length = own_vectors.sequence_length
    original = peer.encode(texts)
    original /= np.linalg.norm(original, axis=1, keepdims=True)
    cosines = (original * own_vectors.encode(texts)).sum(axis=1)
    assert cosines.min() > 0.97


def test_a_second_call_runs_no_model(own_vectors, monkeypatch):
    first = own_vectors.encode(TEXTS)
    monkeypatch.setattr(Embedder, "_encode", lambda *_: pytest.fail("the model ran again"))
    np.testing.assert_array_equal(own_vectors.encode(TEXTS), first)
    with pytest.raises(pytest.fail.Exception):
        own_vectors.encode(TEXTS[::-1])


def test_equal_texts_are_encoded_once(own_vectors, monkeypatch):
    seen = []
    original = Embedder._encode
    monkeypatch.setattr(
        Embedder,
        "_encode",
        lambda self, texts, progress: seen.append(texts) or original(self, texts, progress),
    )
    vectors = own_vectors.encode(["b", "a", "b"])
    assert seen == [["b", "a"]]
    np.testing.assert_array_equal(vectors[0], vectors[2])
    assert abs(vectors[0] @ vectors[1]) < 0.99


def test_a_cut_off_cache_file_is_computed_again(own_vectors):
    vectors = own_vectors.encode(TEXTS[:2])
    (path,) = (cache_folder("embedding") / "vectors").rglob("*.npy")
    path.write_bytes(path.read_bytes()[:100])
    np.testing.assert_array_equal(own_vectors.encode(TEXTS[:2]), vectors)


def test_the_sequence_length_says_how_much_of_a_text_counts(own_vectors):
    short = Embedder(sequence_length=16)
    assert (short.sequence_length, Embedder(sequence_length=10_000).sequence_length) == (16, 256)
    ends = [TEXTS[5] + "The rocket reached orbit.", TEXTS[5] + "Bread needs flour and water."]
    beginnings = ["The rocket reached orbit. " + TEXTS[5], "Bread needs flour and water. " + TEXTS[5]]
    one, other = short.encode(ends)
    np.testing.assert_array_equal(one, other)
    one, other = short.encode(beginnings)
    assert one @ other < 0.9
    # Vectors of another length do not come from the cache.
    assert short.encode(beginnings[:1])[0] @ own_vectors.encode(beginnings[:1])[0] < 0.99


def test_nothing_to_encode(own_vectors):
    assert own_vectors.encode([]).shape == (0, 384)


def test_odd_texts(own_vectors):
    vectors = own_vectors.encode(["\ud800", "\x00", "😀" * 5000, "word" * 300_000])
    assert np.isfinite(vectors).all()


def test_runs_without_torch(embedder):
    code = (
        "import sys; from grokaem.embedding import Embedder; Embedder().encode(['a sentence nobody wrote']);"
        "print([name for name in ('torch', 'transformers', 'sentence_transformers') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_unknown_names_are_told():
    with pytest.raises(ValueError, match="int8"):
        Embedder(precision="int3")
    with pytest.raises(ValueError, match="at least 3 tokens"):
        Embedder(sequence_length=2)
    with pytest.raises(ValueError, match="existing folder"):
        resolve_encoder("./not/a/folder")


def test_a_folder_without_a_model(tmp_path):
    with pytest.raises(ValueError, match="config.json"):
        Embedder(str(tmp_path))


def test_a_changed_folder_is_another_model(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ValueError, match="pickled ones are not loaded"):
        resolve_encoder(str(tmp_path))
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    before = resolve_encoder(str(tmp_path))
    copy = shutil.copytree(tmp_path, tmp_path / "copied to another place")
    assert resolve_encoder(str(copy)).digest == before.digest
    assert resolve_encoder(str(copy), before.revision).digest == before.digest
    (copy / "model.safetensors").write_bytes(b"weighty")
    assert resolve_encoder(str(copy)).digest != before.digest
    with pytest.raises(ValueError, match="is not the one that was recorded"):
        resolve_encoder(str(copy), before.revision)
    shutil.rmtree(copy)
    with pytest.raises(FileNotFoundError, match="is no longer there"):  # and the Hub is not asked for a folder's name
        resolve_encoder("ada/encoder", before.revision)


def test_neighbours_are_exact():
    vectors = np.random.default_rng(0).normal(size=(300, 16)).astype(np.float32)
    vectors[200:220] = vectors[:20]  # duplicates
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    indices, distances = exact_neighbours(vectors, 10)
    full = 1 - vectors.astype(np.float64) @ vectors.T
    np.fill_diagonal(full, 0)
    np.testing.assert_allclose(distances, np.sort(full, axis=1)[:, :10], atol=1e-5)
    assert (indices[:, 0] == np.arange(300)).all()
    assert all(len(set(row)) == 10 for row in indices)
    np.testing.assert_allclose(np.take_along_axis(full, indices, axis=1), distances, atol=1e-5)
