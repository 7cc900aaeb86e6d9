"""Tokenizer and classifier as one graph, for a text alone: one call, one pool of threads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

STEP_TOKENS = 8  # a text alone is padded to a multiple: OpenVINO prepares a graph anew for each length it meets


def join(tokenizer: Path, classifier: Path) -> Any:
    """From texts to logits.

    Two graphs called in turn wake each other's threads: on 2 cores a review of 30 tokens then takes a quarter longer.

    Args:
        tokenizer (Path): a graph from strings (n,) to ids and masks (n, n_tokens), by name.
        classifier (Path): a graph from those to logits (n, n_labels).

    Returns:
        openvino.Model: strings (n,) to logits (n, n_labels); tokens beyond a text's own are masked.
    """
    import openvino

    from openvino_core import core

    first, second = core().read_model(tokenizer), core().read_model(classifier)
    found = {port.get_any_name(): port.get_node().input_value(0) for port in first.outputs}
    for port in second.inputs:
        padded = _pad(found[port.get_any_name()], port.get_element_type().to_string())
        for reader in port.get_target_inputs():
            reader.replace_source_output(padded.output(0))
    return openvino.Model(second.get_results(), first.get_sinks(), first.get_parameters(), "text_to_logits")


def _pad(tokens: Any, kind: str) -> Any:
    """Zeros behind ``tokens`` of shape (n, n_tokens), up to the next multiple of :data:`STEP_TOKENS`."""
    from openvino import opset13 as ops

    def constant(*values: int) -> Any:
        return ops.constant(np.array(values, np.int64))

    length = ops.gather(ops.shape_of(tokens), constant(1), ops.constant(np.int64(0)))
    steps = ops.divide(ops.add(ops.maximum(length, constant(1)), constant(STEP_TOKENS - 1)), constant(STEP_TOKENS))
    behind = ops.subtract(ops.multiply(steps, constant(STEP_TOKENS)), length)
    numbers = ops.convert(tokens, kind)
    zero = ops.convert(ops.constant(np.int64(0)), kind)
    return ops.pad(numbers, constant(0, 0), ops.concat([constant(0), behind], 0), "constant", zero)
