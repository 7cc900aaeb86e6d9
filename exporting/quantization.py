"""Ways to make an OpenVINO graph smaller, from the smallest up.

``int8`` is full static post-training quantization: weights and activations, calibrated on training data
(SmoothQuant, then fast bias correction). ``int8-mixed`` keeps the sums of the residual branches, whose
ranges are the widest, in floating point and corrects biases with the slower, exact pass. ``int8-weight``
stores 8-bit weights and computes in floating point. ``fp16`` and ``fp32`` differ in how they are saved.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

METHODS = ("int8", "int8-mixed", "int8-weight", "fp16", "fp32")
CALIBRATED = ("int8", "int8-mixed")
KEPT_IN_FLOATING_POINT = {"int8": None, "int8-mixed": {"types": ["Add"], "validate": False}}


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
            bits=8,
            num_samples=len(samples),
            fast_bias_correction=method == "int8",
            ignored_scope=KEPT_IN_FLOATING_POINT[method],
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
    kept = KEPT_IN_FLOATING_POINT[method]
    return nncf.quantize(
        model.clone(),
        nncf.Dataset(samples),
        subset_size=len(samples),
        preset=nncf.QuantizationPreset.MIXED,
        fast_bias_correction=method == "int8",
        ignored_scope=nncf.IgnoredScope(**kept) if kept else None,
    )
