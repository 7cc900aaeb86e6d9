"""Ways to make an OpenVINO graph smaller, from the smallest up.

``int8`` is full static post-training quantization: weights and activations, calibrated on training data
(SmoothQuant, then fast bias correction). ``int8-retuned`` is the same, tuned otherwise: for transformers
SmoothQuant moves more of the activations' range into the weights, for convolutions the bias correction is the
exact one. ``int8-weight`` stores 8-bit weights and computes in floating point. ``fp16`` and ``fp32`` differ
in how they are saved.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

METHODS = ("int8", "int8-retuned", "int8-weight", "fp16", "fp32")
CALIBRATED = ("int8", "int8-retuned")
# Share of SmoothQuant. On a fine-tuned MiniLM's validation part 0.8 changed fewer labels (11 of 1,362) than 0.95,
# NNCF's default (15), and 0.5 (29).
SMOOTH_QUANT_ALPHA = {"int8": 0.8, "int8-retuned": 0.95}


def attempts_for(precision: str) -> tuple[str, ...]:
    """The methods to try, in order, for ``--precision``.

    Args:
        precision (str): one of :data:`METHODS`, or ``auto`` for all of them from the smallest up.
    """
    if precision == "auto":
        return METHODS
    return CALIBRATED if precision == "int8" else (precision,)


def quantize_with_optimum(folder: Path, method: str, samples: list[dict]) -> Any:
    """Quantizes a transformer's graph through Optimum Intel.

    Args:
        folder (Path): the floating-point export made by ``OVModelForSequenceClassification``.
        method (str): one of :data:`METHODS`.
        samples (list of dict): calibration inputs by input name, from the training part only.

    Returns:
        openvino.Model: the quantized graph (the given one for fp16 and fp32).
    """
    import nncf
    from optimum.intel import (
        OVConfig,
        OVModelForSequenceClassification,
        OVQuantizationConfig,
        OVQuantizer,
        OVWeightQuantizationConfig,
    )

    model = OVModelForSequenceClassification.from_pretrained(folder, compile=False)
    if method in CALIBRATED:
        settings = OVQuantizationConfig(
            bits=8, num_samples=len(samples), smooth_quant_alpha=SMOOTH_QUANT_ALPHA[method]
        )
        OVQuantizer(model).quantize(nncf.Dataset(samples), ov_config=OVConfig(quantization_config=settings))
    elif method == "int8-weight":
        settings = OVWeightQuantizationConfig(bits=8, sym=False)
        OVQuantizer(model).quantize(ov_config=OVConfig(quantization_config=settings))
    return model.model


def quantize_graph(model: Any, method: str, samples: list[Any]) -> Any:
    """Quantizes a convolutional graph with NNCF.

    Args:
        model (openvino.Model): floating-point graph; it is left as it is.
        method (str): one of :data:`METHODS`.
        samples (list): calibration inputs, from the training part only.

    Returns:
        openvino.Model: the quantized graph (the given one for fp16 and fp32).
    """
    import nncf

    if method == "int8-weight":
        return nncf.compress_weights(model.clone(), mode=nncf.CompressWeightsMode.INT8_ASYM)
    if method not in CALIBRATED:
        return model
    return nncf.quantize(
        model.clone(),
        nncf.Dataset(samples),
        subset_size=len(samples),
        preset=nncf.QuantizationPreset.MIXED,
        fast_bias_correction=method == "int8",
    )
