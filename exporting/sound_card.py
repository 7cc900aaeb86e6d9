"""What a model card says of sounds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from exporting.kind_card import KindCard
from exporting.snippets import LABELS, folder_of, imports

if TYPE_CHECKING:
    from exporting.report_types import RunReport

NETWORK = "wide_resnet"  # the name of our network, which only we can load


class SoundCard(KindCard):
    """Sentences and snippets of a sound classifier."""

    task = "audio-classification"
    packages = ("openvino", "numpy", "soundfile", "huggingface_hub")
    factory = "AutoModelForAudioClassification"

    def snippet(self, report: RunReport, repo_id: str | None) -> str:
        """One graph, from samples to scores."""
        rate = report["config"]["sample_rate"]
        length = int(rate * report["config"]["max_seconds"])
        fitted = "cut or padded with zeros to" if report["base_model"]["name"] == NETWORK else "cut after"
        return f"""Mono samples at {rate} Hz, float32, {fitted} {length} samples.

```python
import {imports(repo_id)}, numpy, openvino, soundfile
folder = {folder_of(repo_id)}
{LABELS}
model = openvino.Core().compile_model(folder + "/openvino_model.xml", "CPU")
clip = numpy.zeros(({length},), "float32")  # or soundfile.read("clip.wav", dtype="float32")[0], at that rate
print(labels[str(model(clip[None])[0].argmax())])
```"""

    def given(self, report: RunReport) -> str:
        """A file."""
        return "clip.wav"

    def takes(self, report: RunReport) -> str:
        """Rate and length."""
        config = report["config"]
        return f"It takes mono sound at {config['sample_rate']} Hz, up to {config['max_seconds']:g} s of it"

    def cut(self, report: RunReport) -> str:
        """After how many seconds."""
        return f"Clips are cut after {report['config']['max_seconds']:g} s."

    def loaded_by(self, repo_id: str) -> str:
        """Our own command, which wrote them."""
        return "`training/finetune.py` wrote them"

    def original(self, report: RunReport, folder: Path, repo_id: str) -> str:
        """As any other, but for our network; see :meth:`KindCard.original`."""
        if report["base_model"]["name"] != NETWORK:
            return super().original(report, folder, repo_id)
        return (
            "## How to use it\n\nThe network is one of grokaem's own: download the folder and run `python "
            f"exporting/export.py FOLDER`, or use the export.\n\n```bash\nhf download {repo_id} --local-dir FOLDER\n```"
        )
