"""The last correction of a quantized classifier: its mean scores are made those of the original again.

Rounding in every layer adds up to an error of the logits that is largely the same for all inputs. NNCF's bias
correction works layer by layer and leaves some of it; a constant added to each logit removes it. It is set on
training data so that the mean probability of every label equals the original's, which is where the
cross-entropy between original and export is smallest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from grokaem.scores import softmax

if TYPE_CHECKING:
    import openvino

ROUNDS = 1000  # of scaling, at most; confident models need many, and each takes microseconds
TOLERANCE = 1e-6


def fit_bias(original: np.ndarray, export: np.ndarray) -> np.ndarray:
    """The constants to add to the export's logits, one a label, with mean 0.

    Args:
        original (ndarray of shape (n, n_labels)): the original's logits.
        export (ndarray of shape (n, n_labels)): the export's, on the same inputs.
    """
    wanted = softmax(original).mean(axis=0)
    bias = np.zeros(original.shape[1])
    for _ in range(ROUNDS):
        # Iterative scaling: a label that comes out too small is raised by the logarithm of the ratio.
        found = softmax(export + bias).mean(axis=0)
        step = np.log(np.maximum(wanted, 1e-12) / np.maximum(found, 1e-12))
        bias += step - step.mean()
        if np.abs(step).max() < TOLERANCE:
            break
    return bias


def add_bias(model: openvino.Model, bias: np.ndarray) -> openvino.Model:
    """The graph with the constants added to its logits, under the same name.

    Args:
        model (openvino.Model): one output of shape (n, n_labels); it is changed.
        bias (ndarray of shape (n_labels,)): what to add.
    """
    from openvino import opset13

    result = model.get_results()[0]
    logits = result.input(0).get_source_output()
    names = logits.get_names()
    corrected = opset13.add(logits, opset13.constant(bias[None].astype(np.float32))).output(0)
    logits.get_tensor().set_names(set())
    corrected.get_tensor().set_names(names)
    result.input(0).replace_source_output(corrected)
    return model
