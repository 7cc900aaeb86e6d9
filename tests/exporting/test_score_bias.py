import numpy as np
import openvino
import pytest
from openvino import opset13

from exporting.score_bias import add_bias, fit_bias
from grokaem.scores import softmax


@pytest.mark.parametrize("labels", [2, 5])
def test_a_constant_error_is_undone(labels):
    rng = np.random.default_rng(0)
    original = rng.normal(0, 4, (500, labels)).astype(np.float32)
    error = rng.normal(0, 0.3, labels)
    bias = fit_bias(original, original + error)
    assert bias == pytest.approx(-(error - error.mean()), abs=1e-4) and bias.mean() == pytest.approx(0)


def test_mean_scores_are_the_original_s_and_labels_agree_more():
    """The error of a real export: mostly one direction, larger where the model is sure."""
    rng = np.random.default_rng(1)
    margin = rng.normal(0.5, 3, 4000)
    original = np.stack([-margin, margin], axis=1) / 2
    wrong = margin - 0.1 - 0.02 * np.abs(margin) + rng.normal(0, 0.1, 4000)
    export = np.stack([-wrong, wrong], axis=1) / 2
    corrected = export + fit_bias(original[:1000], export[:1000])
    assert softmax(corrected[:1000]).mean(axis=0) == pytest.approx(softmax(original[:1000]).mean(axis=0), abs=1e-5)
    flips = [
        (logits[1000:].argmax(axis=1) != original[1000:].argmax(axis=1)).sum() for logits in (export, corrected)
    ]
    assert flips[1] < 0.8 * flips[0]


def test_graph_adds_the_constants_under_the_same_name():
    given = opset13.parameter([-1, 3], np.float32, name="x")
    node = opset13.multiply(given, np.float32(2))
    node.output(0).get_tensor().set_names({"logits"})
    model = add_bias(openvino.Model([opset13.result(node)], [given]), np.array([1.0, 0.0, -1.0]))
    compiled = openvino.Core().compile_model(model, "CPU")
    assert compiled.outputs[0].get_names() == {"logits"}
    found = compiled(np.ones((2, 3), np.float32))["logits"]
    assert found.tolist() == [[3.0, 2.0, 1.0]] * 2


def test_a_label_that_is_never_likely_stays_so():
    logits = np.array([[9.0, 0.0, -1e4]] * 4, np.float32)
    assert np.isfinite(fit_bias(logits, logits + 0.5)).all()
