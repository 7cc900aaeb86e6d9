"""A sound classifier as one OpenVINO graph from raw waveform to label scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from exporting.quantization import CALIBRATED, quantize_graph
from exporting.source import Run


class AudioSource:
    """What a run on sound can be turned into.

    Args:
        run (Run): the run folder.
    """

    def __init__(self, run: Run):
        self.run = run
        self.sample_rate = int(run.report["config"]["sample_rate"])
        self.max_seconds = float(run.report["config"]["max_seconds"])
        self.length = int(round(self.sample_rate * self.max_seconds))
        self._model: Any = None

    def model(self) -> Any:
        """The original weights in torch, ready to predict."""
        if self._model is None:
            from transformers import AutoModelForAudioClassification

            import audio.wide_resnet_model  # noqa: F401  (registers the architecture)

            self._model = AutoModelForAudioClassification.from_pretrained(
                self.run.path, dtype="float32"
            ).eval()
        return self._model

    def convert(self, folder: Path) -> None:
        """Writes the floating-point graph, (batch, time) -> (batch, n_labels), into ``folder``."""
        import openvino
        import torch

        class Logits(torch.nn.Module):
            """The classifier without its output dictionary."""

            def __init__(self, model: torch.nn.Module):
                super().__init__()
                self.model = model

            def forward(self, waveform: torch.Tensor) -> torch.Tensor:
                return self.model(input_values=waveform).logits

        with torch.no_grad():
            graph = openvino.convert_model(
                Logits(self.model()), example_input=torch.randn(2, self.length), input=[-1, self.length]
            )
        openvino.save_model(graph, folder / "openvino_model.xml", compress_to_fp16=False)

    def quantized(self, folder: Path, method: str, calibration: list[Path]) -> Any:
        """The graph in ``folder`` made smaller; calibrated on clips of the training part."""
        import openvino

        samples = list(self.read(calibration)[:, None]) if method in CALIBRATED else []
        return quantize_graph(openvino.Core().read_model(folder / "openvino_model.xml"), method, samples)

    def read(self, paths: list[Path]) -> np.ndarray:
        """Clips cut or padded to the model's length: (n, time), float32."""
        from audio.reading import read_waveform

        batch = np.zeros((len(paths), self.length), dtype=np.float32)
        for row, path in zip(batch, paths, strict=True):
            clip = read_waveform(path, self.sample_rate)[: self.length]
            row[: len(clip)] = clip
        return batch

    def original_logits(self, paths: list[Path]) -> np.ndarray:
        """Logits of the original weights, in fp32 by torch: (n_clips, n_labels)."""
        import torch

        waveforms = torch.from_numpy(self.read(paths))
        with torch.inference_mode():
            return np.concatenate(
                [self.model()(input_values=batch).logits.numpy() for batch in waveforms.split(32)]
            )

    def write_rest(self, folder: Path) -> None:
        """Writes the settings a caller needs: labels, sample rate, length."""
        config = json.loads((self.run.path / "config.json").read_text(encoding="utf-8"))
        config.update(task="audio", sample_rate=self.sample_rate, max_seconds=self.max_seconds)
        (folder / "config.json").write_text(
            json.dumps(config, ensure_ascii=False, indent=1), encoding="utf-8"
        )
