"""The saved TF-IDF model says what the pipeline says, without scikit-learn and without torch."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from grokaem import ownership
from grokaem.inference import load
from grokaem.text.cross_validation import Vocabulary, make_pipeline
from grokaem.text.tfidf_model import TfidfModel, from_pipeline
from grokaem.text.words import WordSettings, words_of

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [
    "The superb Cats are running, a lovely film",
    "an awful, awful dog of a film",
    "superb and lovely",
    "the dog runs away from awful things",
    "mostly harmless cats",
    "a tedious thing, mostly",
] * 4


@pytest.fixture(scope="module", params=[2, 3], ids=["two classes", "three"])
def fitted(request):
    words = WordSettings(lemmas=True, stems=True, own_stop_words=("film",))
    labels = np.array([i % request.param for i in range(6)] * 4)
    documents = words_of(TEXTS, words)
    pipeline = make_pipeline(Vocabulary((1, 2), min_df=1), "chi2", 12).fit(documents, labels)
    return pipeline, words, documents, [f"class {n}" for n in range(request.param)]


def test_logits_are_the_pipelines_decisions(fitted, tmp_path, monkeypatch):
    pipeline, words, documents, names = fitted
    from_pipeline(pipeline, words).save(tmp_path / "model", names, {"dataset": "own"})
    model = TfidfModel.load(tmp_path / "model")
    decided = pipeline.decision_function(documents)
    expected = np.stack([-decided, decided], axis=1) if decided.ndim == 1 else decided
    np.testing.assert_allclose(model.logits(TEXTS), expected, atol=1e-5)
    monkeypatch.setenv("GROKAEM_CACHE", str(tmp_path / "cache"))
    classifier = load(tmp_path / "model")
    told = [prediction.label for prediction in classifier.predict([*TEXTS, "", "no known word"])]
    assert told[: len(TEXTS)] == [names[label] for label in pipeline.predict(documents)] and len(told) == 26
    assert not [path for path in tmp_path.iterdir() if path.name != "model"]


def test_predict_needs_neither_torch_nor_scikit_learn(fitted, tmp_path):
    pipeline, words, _, names = fitted
    plain = WordSettings(own_stop_words=words.own_stop_words)
    from_pipeline(pipeline, plain).save(tmp_path / "model", names, {})
    code = (
        "import sys, runpy\n"
        "for name in ('torch', 'sklearn', 'scipy', 'openvino'): sys.modules[name] = None\n"
        f"sys.argv = ['grokaem', 'predict', {str(tmp_path / 'model')!r}, 'superb']\n"
        f"runpy.run_module('grokaem', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["label"] in names


def test_folders_that_cannot_be_used_are_told(fitted, tmp_path):
    pipeline, words, _, names = fitted
    model = from_pipeline(pipeline, words)
    model.save(tmp_path / "model", names, {})
    with pytest.raises(ValueError, match="exists: give a new folder"):
        model.save(tmp_path / "model", names, {})
    (tmp_path / "model/vocabulary.json").write_text('["one"]')
    with pytest.raises(ValueError, match=r"vocabulary\.json changed since"):
        load(tmp_path / "model")
    (tmp_path / "model" / ownership.RECORD).unlink()  # as a download is, whose files were compared with the Hub's
    with pytest.raises(ValueError, match="do not fit together"):
        load(tmp_path / "model")
    (tmp_path / "model/vocabulary.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"lacks vocabulary\.json"):
        load(tmp_path / "model")
