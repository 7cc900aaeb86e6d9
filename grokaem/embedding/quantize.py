"""Makes an encoder's graph INT8 with NNCF, calibrated on sentences that every installation has."""

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import openvino

# 48 texts of 12 to 128 tokens: the ranges settle long before the 300 samples usual elsewhere (mean cosine
# to fp32 0.997 with 48, 0.997 with 300), and calibration is most of the first start's waiting time.
SAMPLES = 56
SAMPLE_TOKENS = 128
# A multilingual encoder must not be calibrated on English alone: Cyrillic text drives other activations.
RUSSIAN_SAMPLES = (
    "Вчера вечером в городе прошёл сильный дождь, и движение на главных улицах остановилось на час.",
    "Учёные сообщили о новом способе хранения энергии, который вдвое дешевле прежнего.",
    "Как приготовить борщ, чтобы он не потерял цвет?",
    "Команда выиграла матч в дополнительное время и вышла в финал турнира.",
    "Правительство обсудит бюджет следующего года на заседании в четверг.",
    "Книга понравилась: сюжет держит в напряжении до последней страницы, герои живые.",
    "Программа завершается с ошибкой, если файл настроек пуст.",
    "Врачи советуют больше ходить пешком и меньше сидеть перед экраном.",
)


def sample_texts() -> list[str]:
    """News paragraphs of several lengths from the installed gensim, and Russian sentences."""
    spec = importlib.util.find_spec("gensim")
    texts: list[str] = list(RUSSIAN_SAMPLES)
    if spec is not None and spec.origin is not None:
        corpus = Path(spec.origin).parent / "test" / "test_data" / "lee_background.cor"
        if corpus.is_file():
            lines = [line.split() for line in corpus.read_text(encoding="utf-8").splitlines() if line.strip()]
            lengths = (8, 16, 32, 64, 120)
            texts += [" ".join(words[: lengths[row % 5]]) for row, words in enumerate(lines)]
    return texts[:SAMPLES]


def sample_batches(tokenizer_file: Path, max_length: int, names: tuple[str, str]) -> list[dict[str, np.ndarray]]:
    """The calibration texts as model inputs, one text a batch."""
    from grokaem.tokenization import Tokenizer

    tokenizer = Tokenizer(tokenizer_file, min(SAMPLE_TOKENS, max_length))
    return [tokenizer.pad([encoded], names=names) for encoded in tokenizer.encode(sample_texts())]


def quantize_statically(model: openvino.Model, batches: list[dict[str, np.ndarray]]) -> openvino.Model:
    """INT8 weights and activations; ranges measured on ``batches``.

    Source: NNCF post-training quantization (SmoothQuant, then fast bias correction).
    """
    import nncf

    nncf.set_log_level(logging.ERROR)
    return nncf.quantize(
        model,
        nncf.Dataset(batches),
        model_type=nncf.ModelType.TRANSFORMER,
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(batches),
    )


def quantize_weights(model: openvino.Model) -> openvino.Model:
    """INT8 weights only: nothing to calibrate, half the speed of ``quantize_statically``."""
    import nncf

    nncf.set_log_level(logging.ERROR)
    return nncf.compress_weights(model, mode=nncf.CompressWeightsMode.INT8_ASYM)
