"""A sound classifier as one OpenVINO graph from raw waveform to label scores."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from exporting.sound_card import SoundCard
from exporting.source import Source
from grokaem.flags import Own, flag

if TYPE_CHECKING:
    import numpy as np
    import openvino
    from transformers import ASTFeatureExtractor, PreTrainedModel, Wav2Vec2FeatureExtractor

    from exporting.quantization import ValidationReference
    from exporting.run_source import Run


@dataclass(frozen=True)
class SoundFlags(Own):
    """What only an export of a sound classifier can be told.

    Raises:
        ValueError: no clip is that short.
    """

    max_seconds: float | None = flag("where the sounds of --dataset are cut (default: 5)", type=float)

    def __post_init__(self) -> None:
        """Refuses a length that leaves no clip."""
        if self.max_seconds is not None and not self.max_seconds > 0:  # nan too
            raise ValueError(f"--max-seconds {self.max_seconds:g}: give a number above 0.")


class AudioSource(Source):
    """What a run on sound can be turned into.

    Args:
        run (Run): the run folder.
    """

    flags = SoundFlags
    card = SoundCard()
    factory = SoundCard.factory

    def __init__(self, run: Run):
        super().__init__(run)
        self.sample_rate = int(run.report["config"]["sample_rate"])
        self.max_seconds = float(run.report["config"]["max_seconds"])
        self.length = int(round(self.sample_rate * self.max_seconds))

    @classmethod
    def check_exportable(cls, folder: Path, name: str) -> None:
        """Refuses an extractor that has no form in a graph; see :meth:`Source.check_exportable`."""
        from exporting.exportable import check_extractor

        check_extractor(folder, name)

    @classmethod
    def classifies(cls, architecture: str) -> bool:
        """Whether transformers has this class for sounds, or it is ours."""
        from transformers.models.auto.modeling_auto import MODEL_FOR_AUDIO_CLASSIFICATION_MAPPING_NAMES

        ours = architecture == "WideResNetForAudioClassification"
        return ours or architecture in MODEL_FOR_AUDIO_CLASSIFICATION_MAPPING_NAMES.values()

    @classmethod
    def adopted_settings(cls, folder: Path, own: Own) -> dict[str, int | float]:
        """The extractor's rate, and where clips are cut; see :meth:`Source.adopted_settings`."""
        from transformers import AutoFeatureExtractor

        assert isinstance(own, SoundFlags)
        rate = AutoFeatureExtractor.from_pretrained(folder).sampling_rate
        return {"sample_rate": rate, "max_seconds": own.max_seconds or 5.0}

    @cached_property
    def model(self) -> PreTrainedModel:
        """The original weights in torch, ready to predict."""
        from transformers import AutoModelForAudioClassification

        import grokaem.audio.wide_resnet_model  # noqa: F401  (registers the architecture)

        settings = {"dtype": "float32"}
        if self.extractor is not None:
            from exporting.audio_graph import traceable_attention

            settings["attn_implementation"] = traceable_attention(self.run.path)
        return AutoModelForAudioClassification.from_pretrained(self.run.path, **settings).eval()

    @cached_property
    def extractor(self) -> Wav2Vec2FeatureExtractor | ASTFeatureExtractor | None:
        """The feature extractor of a pretrained encoder; None for a network that takes waveforms as they are."""
        if not (self.run.path / "preprocessor_config.json").is_file():
            return None
        from grokaem.audio.torchaudio_loader import load_torchaudio

        load_torchaudio()  # some extractors import it
        from transformers import AutoFeatureExtractor

        return AutoFeatureExtractor.from_pretrained(self.run.path)

    def convert(self, folder: Path) -> None:
        """Writes the floating-point graph, (batch, time) -> (batch, n_labels), into ``folder``."""
        import openvino
        import torch

        from exporting.audio_graph import with_front_end

        module = with_front_end(self.model, self.extractor).eval()
        with torch.no_grad():
            graph = openvino.convert_model(
                module, example_input=torch.randn(2, self.length), input=[-1, -1 if self.extractor else self.length]
            )
        openvino.save_model(graph, folder / "openvino_model.xml", compress_to_fp16=False)

    def quantized(
        self, folder: Path, method: str, calibration: list[Path], reference: ValidationReference
    ) -> openvino.Model:
        """The graph in ``folder`` made smaller; calibrated on clips of the training part.

        ``int8-mixed`` alone looks at ``reference``, to stay within its bounds.
        """
        import openvino

        from exporting.quantization import CALIBRATED, Samples, quantize_graph, restore_accuracy

        graph = openvino.Core().read_model(folder / "openvino_model.xml")
        transformer = self.extractor is not None
        samples = self._encode(calibration) if method in CALIBRATED else []
        if method == "int8-mixed":
            validation = self._encode(reference.inputs)
            return restore_accuracy(graph, Samples(samples, validation, reference), transformer)
        return quantize_graph(graph, method, samples, transformer)

    def _encode(self, paths: list[Path]) -> list[np.ndarray]:
        import numpy as np

        clips = self.read(paths)
        if self.extractor is None:
            clips = [np.pad(clip, (0, self.length - len(clip))) for clip in clips]
        return [clip[None] for clip in clips]

    def read(self, paths: list[Path]) -> list[np.ndarray]:
        """Clips, mono float32 of shape (time,), cut at the model's length."""
        from grokaem.audio.reading import read_waveform

        heard = self.length / self.sample_rate
        return [read_waveform(path, self.sample_rate, max_seconds=heard) for path in paths]

    def original_logits(self, paths: list[Path]) -> np.ndarray:
        """Logits of the original weights, in fp32 by torch: (n_clips, n_labels)."""
        import numpy as np
        import torch

        clips = self.read(paths)
        with torch.inference_mode():
            if self.extractor is None:
                padded = torch.zeros(len(clips), self.length)
                for row, clip in zip(padded, clips, strict=True):
                    row[: len(clip)] = torch.from_numpy(clip)
                logits = [self.model(input_values=batch).logits.numpy() for batch in padded.split(32)]
            else:  # as its makers mean it: through the extractor, and each clip by itself, without padding
                settings = {"sampling_rate": self.sample_rate, "return_tensors": "pt"}
                inputs = (self.extractor([clip], **settings) for clip in clips)
                logits = [self.model(**given).logits.numpy() for given in inputs]
        return np.concatenate(logits)

    def logits_as_in_training(self, paths: list[Path]) -> np.ndarray | None:
        """Logits as training scored the clips: side by side, padded to the longest; None where that is no difference.

        Many encoders take the padding for sound, since it is not masked for them.
        """
        import numpy as np
        import torch

        if self.extractor is None:
            return None
        config, clips = self.run.report["config"], self.read(paths)
        size = config.get("batch_size") or 1
        size = size if config.get("gradient_checkpointing") else max(size, min(32, 4 * size))
        settings = {"sampling_rate": self.sample_rate, "padding": True, "return_tensors": "pt"}
        with torch.inference_mode():
            batches = (self.extractor(clips[start : start + size], **settings) for start in range(0, len(clips), size))
            return np.concatenate([self.model(**batch).logits.numpy() for batch in batches])

    def write_rest(self, folder: Path) -> None:
        """Writes the settings a caller needs: labels, sample rate, length."""
        config = json.loads((self.run.path / "config.json").read_text(encoding="utf-8"))
        config.update(
            task=self.run.task,
            sample_rate=self.sample_rate,
            max_seconds=self.max_seconds,
            padded=self.extractor is None,
        )
        (folder / "config.json").write_text(
            json.dumps(config, ensure_ascii=False, indent=1), encoding="utf-8"
        )
