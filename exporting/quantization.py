"""Ways to make an OpenVINO graph smaller, from the smallest up.

``int8`` is full static post-training quantization: weights and activations, calibrated on training data
(SmoothQuant, then fast bias correction); embeddings, which are looked up and not multiplied, and a text
classifier's head have 8-bit weights alone. ``int8-mixed`` begins with it and lets the layers that cost most compute
in floating point again, one by one, until accuracy and scores on validation are within bounds; weights stay in 8
bits. ``int8-weight`` stores 8-bit weights and computes all of it in floating point. ``fp16`` and ``fp32`` differ
in how they are saved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from exporting.parity import Bounds

if TYPE_CHECKING:
    import nncf
    import openvino

    Given = np.ndarray | dict[str, np.ndarray]  # what a graph takes

METHODS = ("int8", "int8-mixed", "int8-weight", "fp16", "fp32")
CALIBRATED = ("int8", "int8-mixed")
# SmoothQuant moves this share of the activations' range into the weights. Of three fine-tuned MiniLMs the scores of
# doubtful validation texts (less than 2 apart) were off by 0.070 here, 0.072 at 0.8, 0.073 at 0.9 and 0.12 at 0.65.
SMOOTH_QUANT_ALPHA = 0.85
# A text classifier's head works on one token a text, so 8-bit products save no time there, and a range that cuts off
# the surest texts is most of their scores' error: 0.21 over all validation texts with it, 0.054 without.
HEAD = (".*pooler.*", ".*classifier.*")
# What makes features of a waveform: spectra span more than 8 bits resolve.
FRONT_ENDS = (".*front_end.*", ".*__module[.]features.*")
LAYER_RANKING_INPUTS = 100  # validation inputs that show how much a layer matters


@dataclass(frozen=True)
class ValidationReference:
    """The validation part and what an export may lose on it; ``int8-mixed`` alone looks at it while it is made.

    Attributes:
        inputs (list): texts, or paths of sounds.
        labels (list of int): their true class numbers.
        original (ndarray of shape (n, n_labels)): the original's logits.
        bounds (Bounds): what may be lost.
    """

    inputs: list
    labels: list[int]
    original: np.ndarray
    bounds: Bounds


@dataclass(frozen=True)
class Samples:
    """Inputs of a graph, as it takes them.

    Attributes:
        calibration (list): of the training part; sets the ranges of activations.
        validation (list): of the validation part; :func:`restore_accuracy` alone looks at it.
        reference (ValidationReference): what the scores of ``validation`` are measured by.
    """

    calibration: Sequence[Given]
    validation: Sequence[Given]
    reference: ValidationReference


def attempts_for(precision: str) -> tuple[str, ...]:
    """The methods to try, in order, for ``--precision``.

    Args:
        precision (str): one of :data:`METHODS`, or ``auto`` for all of them from the smallest up.
    """
    if precision == "auto":
        return METHODS
    return CALIBRATED if precision == "int8" else (precision,)


def quantize_with_optimum(folder: Path, method: str, samples: list[dict[str, np.ndarray]]) -> openvino.Model:
    """Quantizes a transformer's graph through Optimum Intel.

    Args:
        folder (Path): the floating-point export made by ``OVModelForSequenceClassification``.
        method (str): ``int8``, ``int8-weight``, ``fp16`` or ``fp32``.
        samples (list of dict): calibration inputs by input name, from the training part only.

    Returns:
        openvino.Model: the quantized graph (the given one for fp16 and fp32).
    """
    import nncf
    from optimum.intel import (
        OVConfig,
        OVMixedQuantizationConfig,
        OVModelForSequenceClassification,
        OVQuantizationConfig,
        OVQuantizer,
        OVWeightQuantizationConfig,
    )

    model = OVModelForSequenceClassification.from_pretrained(folder, compile=False)
    if method == "int8":
        # Embeddings are looked up, not multiplied: each row gets a scale and a zero point of its own, which are
        # exacter than the symmetric ranges that the products need and cost no time.
        embeddings = OVWeightQuantizationConfig(bits=8, sym=False, ignored_scope={"types": ["MatMul"]})
        products = OVQuantizationConfig(
            bits=8,
            num_samples=len(samples),
            smooth_quant_alpha=SMOOTH_QUANT_ALPHA,
            overflow_fix="enable",  # weights of half the range: no sum is cut off on processors without VNNI
            ignored_scope={"patterns": list(HEAD), "validate": False},
        )
        settings = OVMixedQuantizationConfig(embeddings, products)
        OVQuantizer(model).quantize(nncf.Dataset(samples), ov_config=OVConfig(quantization_config=settings))
        return nncf.compress_weights(model.model, mode=nncf.CompressWeightsMode.INT8_ASYM)  # the head's
    if method == "int8-weight":
        settings = OVWeightQuantizationConfig(bits=8, sym=False)
        OVQuantizer(model).quantize(ov_config=OVConfig(quantization_config=settings))
    return model.model


def quantize_graph(
    model: openvino.Model, method: str, samples: Sequence[Given], transformer: bool = False
) -> openvino.Model:
    """Quantizes a graph that Optimum does not know with NNCF.

    Args:
        model (openvino.Model): floating-point graph; it is left as it is.
        method (str): ``int8``, ``int8-weight``, ``fp16`` or ``fp32``.
        samples (list): calibration inputs, from the training part only.
        transformer (bool, optional): the graph is one; else it is convolutional. (Default: ``False``)

    Returns:
        openvino.Model: the quantized graph (the given one for fp16 and fp32).
    """
    import nncf

    if method == "int8-weight":
        return nncf.compress_weights(model.clone(), mode=nncf.CompressWeightsMode.INT8_ASYM)
    if method != "int8":
        return model
    return nncf.quantize(
        model.clone(),
        nncf.Dataset(samples),
        subset_size=len(samples),
        advanced_parameters=_advanced(),
        **_static_settings(transformer),
    )


def restore_accuracy(model: openvino.Model, samples: Samples, transformer: bool = False) -> openvino.Model:
    """Quantizes a graph, then lets layers compute in floating point until the loss is within bounds (NNCF).

    The layers are ranked by what they change in the scores of some validation inputs; after each one that is
    restored, accuracy and scores of all of them are measured anew.

    Args:
        model (openvino.Model): floating-point graph; it is left as it is.
        samples (Samples): what to calibrate and to measure on.
        transformer (bool, optional): the graph is one; else it is convolutional. (Default: ``False``)

    Returns:
        openvino.Model: the quantized graph. It may still lose more than the bounds allow: the gate decides.
    """
    import nncf
    from nncf.quantization.advanced_parameters import RestoreMode

    restorer = nncf.AdvancedAccuracyRestorerParameters(
        ranking_subset_size=min(LAYER_RANKING_INPUTS, len(samples.validation)),
        restore_mode=RestoreMode.ONLY_ACTIVATIONS,
    )
    items = list(zip(samples.validation, samples.reference.labels, samples.reference.original, strict=True))
    return nncf.quantize_with_accuracy_control(
        model.clone(),
        nncf.Dataset(samples.calibration),
        nncf.Dataset(items, lambda item: item[0]),
        partial(_within_bounds, samples.reference.bounds),
        max_drop=1.0,  # below the floating-point graph's, which is 0: the bounds
        drop_type=nncf.DropType.ABSOLUTE,
        subset_size=len(samples.calibration),
        advanced_quantization_parameters=_advanced(),
        advanced_accuracy_restorer_parameters=restorer,
        **_static_settings(transformer),
    )


def _within_bounds(
    bounds: Bounds, compiled: Callable[[Given], Sequence[np.ndarray]], items: Iterable[tuple[Given, int, np.ndarray]]
) -> tuple[float, list[list[np.ndarray]]]:
    """0 for the original's scores, -1 at the bounds; and the scores, from which NNCF sees more than from one number."""
    scores, labels, original = [], [], []
    for inputs, label, wanted in items:
        scores.append([np.array(compiled(inputs)[0])])
        labels.append(label)
        original.append(wanted)
    found = np.concatenate([logits for (logits,) in scores])
    return -bounds.excess(np.stack(original), found, np.array(labels)), scores


def _static_settings(transformer: bool) -> dict:
    import nncf

    return {
        "preset": nncf.QuantizationPreset.MIXED,
        "model_type": nncf.ModelType.TRANSFORMER if transformer else None,
        "ignored_scope": nncf.IgnoredScope(patterns=list(FRONT_ENDS), validate=False),
    }


def _advanced() -> nncf.AdvancedQuantizationParameters:
    import nncf

    alphas = nncf.AdvancedSmoothQuantParameters(matmul=SMOOTH_QUANT_ALPHA)
    return nncf.AdvancedQuantizationParameters(smooth_quant_alphas=alphas)
