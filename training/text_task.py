"""A text classifier: tokens, model and batches for the Trainer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from corpora import Corpus, Part
    from training.base_model import BaseModel
    from training.config import FinetuneConfig

# A model much narrower than BERT-base needs, and bears, larger steps.
NARROW = 512


class TextTask:
    """Everything the training loop needs to know about text.

    Args:
        config (FinetuneConfig): settings of the run.
        corpus (Corpus): labelled texts in three parts.
        base (BaseModel): where weights and tokenizer come from.
    """

    averaged = False  # a pretrained encoder is steady enough

    def __init__(self, config: FinetuneConfig, corpus: Corpus, base: BaseModel):
        from transformers import (
            AutoConfig,
            AutoModelForSequenceClassification,
            AutoTokenizer,
            DataCollatorWithPadding,
        )

        self.config = config
        self.corpus = corpus
        remote = config.trust_remote_code
        self.preprocessor = AutoTokenizer.from_pretrained(base.folder, trust_remote_code=remote)
        if self.preprocessor.pad_token is None:
            raise ValueError(
                f"--base-model {base.name}: its tokenizer has no padding token; "
                "use an encoder such as distilbert-base-uncased"
            )
        names = corpus.label_names
        model_config = AutoConfig.from_pretrained(
            base.folder,
            num_labels=len(names),
            id2label=dict(enumerate(names)),
            label2id={name: i for i, name in enumerate(names)},
            trust_remote_code=remote,
        )
        self.max_length = min(
            config.sequence_length,
            getattr(model_config, "max_position_embeddings", None) or config.sequence_length,
        )
        self.preprocessor.model_max_length = self.max_length
        self.model = AutoModelForSequenceClassification.from_pretrained(
            base.folder, config=model_config, trust_remote_code=remote, dtype="float32"
        )
        # Multiples of 8 keep the matrix products on their fast paths.
        self.collator = DataCollatorWithPadding(self.preprocessor, pad_to_multiple_of=8)
        self.truncated = 0

    def train_set(self) -> list[dict[str, Any]]:
        """The training part, tokenized."""
        return self._tokenize(self.corpus.train)

    def evaluation_set(self, part: Part) -> tuple[list[dict[str, Any]], list[int]]:
        """A part, tokenized and sorted by length (little padding), and where each item stood in the part."""
        items = self._tokenize(part)
        order = sorted(range(len(items)), key=lambda i: len(items[i]["input_ids"]))
        return [items[i] for i in order], order

    def default_epochs(self) -> float:
        """Two passes; small corpora get more, so that some hundred steps are taken."""
        steps = max(1, len(self.corpus.train.inputs) // self.config.batch_size)
        return float(max(2, min(10, round(640 / steps))))

    def default_learning_rate(self) -> float:
        """1e-4 for narrow encoders (MiniLM), 5e-5 for BERT-base and wider."""
        return 1e-4 if getattr(self.model.config, "hidden_size", NARROW) < NARROW else 5e-5

    def announce(self) -> list[str]:
        """What happened to the input that its owner should know."""
        if not self.truncated:
            return []
        return [
            f"{self.truncated} texts are longer than {self.max_length} tokens and were cut there; "
            "--sequence-length sets it"
        ]

    def extras(self) -> dict[str, Any]:
        """What the run folder records beside the common keys."""
        return {"sequence_length": self.max_length}

    def _tokenize(self, part: Part) -> list[dict[str, Any]]:
        encoded = self.preprocessor(part.inputs, truncation=True, max_length=self.max_length)
        self.truncated += sum(len(ids) == self.max_length for ids in encoded["input_ids"])
        return [
            {**{key: encoded[key][i] for key in encoded}, "labels": label}
            for i, label in enumerate(part.labels)
        ]
