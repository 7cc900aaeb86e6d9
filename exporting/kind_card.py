"""What a model card says of one kind of input; the cards of texts and sounds are in files of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from exporting.snippets import plain

if TYPE_CHECKING:
    from exporting.report_types import RunReport


class KindCard:
    """The sentences and snippets of a kind.

    Attributes:
        task (str): what the Hub calls such a pipeline.
        packages (tuple of str): what the first snippet imports.
        factory (str): class of transformers that loads such a classifier.
        has_language (bool): inputs are in a language.
    """

    task = "other"
    packages: tuple[str, ...] = ("openvino", "huggingface_hub")
    factory = ""
    has_language = False

    def snippet(self, report: RunReport, repo_id: str | None) -> str:
        """How an export is run with OpenVINO alone: Markdown."""
        raise NotImplementedError

    def more(self, report: RunReport, model: str) -> str:
        """How else an export is run: Markdown, or nothing."""
        return ""

    def given(self, report: RunReport) -> str:
        """An input as a command line has it."""
        raise NotImplementedError

    def literal(self, report: RunReport) -> str:
        """An input as Python has it."""
        return f'"{self.given(report)}"'

    def takes(self, report: RunReport) -> str:
        """The beginning of a sentence on what the model takes."""
        raise NotImplementedError

    def cut(self, report: RunReport) -> str:
        """A sentence on what is cut off."""
        raise NotImplementedError

    def loaded_by(self, repo_id: str) -> str:
        """What loads the unquantized weights: the end of a sentence."""
        return f'`{self.factory}.from_pretrained("{repo_id}")` of transformers loads them'

    def original(self, report: RunReport, folder: Path, repo_id: str) -> str:
        """How the unquantized weights are used.

        Args:
            report (dict): ``run.json``.
            folder (Path): what is published.
            repo_id (str): where it is published.
        """
        versions = report["versions"]
        adapter = (folder / "adapter_config.json").is_file()
        packages = ["transformers", "torch", *(["peft"] if adapter else [])]
        pinned = " ".join(f"{p}=={plain(versions[p])}" if p in versions else p for p in packages)
        install = f"## How to use it\n\n```bash\npip install {pinned}\n```\n\n"
        if adapter:
            return install + self._adapter(report, repo_id)
        return install + (
            "```python\nfrom transformers import pipeline\n"
            f'print(pipeline("{self.task}", "{repo_id}")({self.literal(report)})[0]["label"])\n```'
        )

    def _adapter(self, report: RunReport, repo_id: str) -> str:
        labels = len(report["data"]["label_names"])
        return (
            "They are an adapter of the base model:\n\n```python\n"
            "from peft import PeftModel\n"
            f"from transformers import {self.factory}\n"
            f'base = {self.factory}.from_pretrained("{plain(report["base_model"]["name"])}", num_labels={labels})\n'
            f'model = PeftModel.from_pretrained(base, "{repo_id}")\n```'
        )
