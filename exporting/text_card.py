"""What a model card says of texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporting.kind_card import KindCard
from exporting.snippets import LABELS, folder_of, imports, literal
from grokaem.plain_text import markdown

if TYPE_CHECKING:
    from exporting.report_types import RunReport


class TextCard(KindCard):
    """Sentences and snippets of a text classifier."""

    task = "text-classification"
    packages = ("openvino", "openvino-tokenizers", "huggingface_hub")
    factory = "AutoModelForSequenceClassification"
    has_language = True

    def snippet(self, report: RunReport, repo_id: str | None) -> str:
        """Tokenizer and graph, compiled."""
        return f"""```python
import {imports(repo_id)}, openvino, openvino_tokenizers
folder, compiled = {folder_of(repo_id)}, openvino.Core().compile_model
{LABELS}
tokenizer, model = (compiled(f"{{folder}}/openvino_{{part}}.xml", "CPU") for part in ("tokenizer", "model"))
tokens = tokenizer([{self.literal(report)}])
scores = model({{i: tokens[i.get_any_name()] for i in model.inputs}})[0]
print(labels[str(scores.argmax())])
```"""

    def more(self, report: RunReport, model: str) -> str:
        """With Optimum Intel."""
        return f"""With Optimum Intel:

```python
from optimum.intel import OVModelForSequenceClassification
from transformers import AutoTokenizer, pipeline
model = OVModelForSequenceClassification.from_pretrained("{model}")
classify = pipeline("text-classification", model, tokenizer=AutoTokenizer.from_pretrained("{model}"))
print(classify({self.literal(report)})[0]["label"])
```"""

    def given(self, report: RunReport) -> str:
        """A text in quotation marks."""
        return '"A text."'

    def literal(self, report: RunReport) -> str:
        """A text of the data where one may be shown."""
        return literal((report["examples"] or [{"text": "A text."}])[0]["text"])

    def takes(self, report: RunReport) -> str:
        """Language and length."""
        language = report["data"].get("language")
        known = f" (language: {markdown(language)})" if language and language != "unknown" else ""
        return f"It reads texts{known} of up to {report['config']['sequence_length']} tokens"

    def cut(self, report: RunReport) -> str:
        """After how many tokens."""
        return f"Texts are cut after {report['config']['sequence_length']} tokens."
