"""A text classifier: tokens, model and batches for the training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grokaem.tokenization import treat_special_tokens_as_text
from training.order import GROUPED
from training.records import TextItem

if TYPE_CHECKING:
    from transformers import BatchEncoding, PreTrainedModel

    from grokaem.corpora import Corpus, Part
    from grokaem.hub.base_model import BaseModel
    from grokaem.memory.architectures import Workload
    from training.config import FinetuneConfig
    from training.task import Model

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
        from transformers import DataCollatorWithPadding

        from training.pretrained import Pretrained
        from training.tokens import load_tokenizer, longest_input, settle_padding

        self.config = config
        self.corpus = corpus
        self.base = base
        self.model: Model = None  # pyright: ignore[reportAttributeAccessIssue]  # the loop makes it
        self.preprocessor = load_tokenizer(base, config.trust_remote_code)
        treat_special_tokens_as_text(self.preprocessor)
        self.pretrained = Pretrained(
            base.folder, "AutoModelForSequenceClassification", corpus.label_names, config.trust_remote_code
        )
        self.model_config = self.pretrained.config
        self.notes = settle_padding(self.preprocessor, self.model_config, base.name)
        longest = longest_input(self.pretrained)
        self.max_length = config.sequence_length if longest is None else min(config.sequence_length, longest)
        if self.max_length < config.sequence_length:
            self.notes.append(
                f"--sequence-length {config.sequence_length}: {base.name} reads at most {self.max_length} tokens, "
                f"so texts are cut after {self.max_length}"
            )
        self.preprocessor.model_max_length = self.max_length
        # Multiples of 8 keep the matrix products on their fast paths.
        self.collator = DataCollatorWithPadding(self.preprocessor, pad_to_multiple_of=8)
        self.truncated = self.truncated_tokens = self.unknown = self.tokens = self.words = 0

    def load_model(self, dtype: str = "float32") -> PreTrainedModel:
        """The base model's weights under a new head, with the same random numbers the same head.

        Args:
            dtype (str, optional): of the weights. (Default: ``"float32"``)
        """
        return self.pretrained.load(dtype)

    def train_set(self) -> list[TextItem]:
        """The training part, tokenized.

        Raises:
            ValueError: the vocabulary does not know most of it.
        """
        from training.tokens import check_ids, check_known

        items = self._tokenize(self.corpus.train)
        check_known(self.base.name, self.unknown, self.words)
        ids = [item["input_ids"] for item in items]
        if len(self.preprocessor) > getattr(self.model_config, "vocab_size", len(self.preprocessor)):
            # Some token has no row: better to meet it now than in the test part, when all is trained.
            for part in (self.corpus.validation, self.corpus.test):
                ids += self.preprocessor(part.inputs, truncation=True, max_length=self.max_length).data["input_ids"]
        check_ids(ids, self.model_config, self.base.name)
        self.lengths = [len(item["input_ids"]) for item in items]
        self.longest = max(self.lengths, default=0)
        return items

    def workload(self) -> Workload:
        """What the planner must know: the model and the longest batch, padded as the collator does.

        Call it after :meth:`train_set`.
        """
        from grokaem.memory.architectures import workload

        length = min(-(-self.longest // 8) * 8, self.max_length) if self.longest else self.max_length
        return workload(
            self.base.name,
            sequence_length=length,
            num_labels=len(self.corpus.label_names),
            config=self.model_config,
        )

    def longest_after_first(self) -> int | None:
        """Tokens, padded, of the longest text after the first step, where a run is so short that this is less.

        Texts of like length share a batch: the first holds the longest of all, and the next 49 come from the same 50
        batches' worth of texts in falling order. Call it after :meth:`train_set`.
        """
        steps, size = self.config.max_steps, self.config.memory.effective_batch_size
        if not self.config.group_by_length or not 1 <= steps <= GROUPED or len(self.lengths) <= size:
            return None
        lengths = sorted(self.lengths, reverse=True)
        rank = len(lengths) * size // min(len(lengths), GROUPED * size)
        return min(-(-lengths[rank] // 8) * 8, self.max_length)

    def evaluation_set(self, part: Part) -> tuple[list[TextItem], list[int]]:
        """A part, tokenized and sorted by length (little padding), and where each item stood in the part."""
        items = self._tokenize(part)
        order = sorted(range(len(items)), key=lambda i: len(items[i]["input_ids"]))
        return [items[i] for i in order], order

    def default_epochs(self) -> float:
        """Two passes; small corpora get more, so that some hundred steps are taken."""
        steps = max(1, len(self.corpus.train.inputs) // self.config.memory.effective_batch_size)
        return float(max(2, min(10, round(640 / steps))))

    def default_learning_rate(self) -> float:
        """1e-4 for narrow encoders (MiniLM), 5e-5 for BERT-base and wider."""
        return 1e-4 if getattr(self.model_config, "hidden_size", NARROW) < NARROW else 5e-5

    def announce(self) -> list[str]:
        """What happened to the input that its owner should know: tokens cut off and tokens unknown."""
        told = [*self.notes, *self.pretrained.announce()]
        if self.truncated:
            told.append(
                f"{self.truncated} texts are longer than {self.max_length} tokens and were cut there, "
                f"{self.truncated_tokens} tokens lost; --sequence-length sets it"
            )
        if self.unknown:
            told.append(
                f"{self.unknown} of {self.tokens} tokens ({self.unknown / self.tokens:.1%}) are unknown to "
                f"the vocabulary of {self.base.name}"
            )
        return told

    def extras(self) -> dict[str, object]:
        """What the run folder records beside the common keys."""
        return {"sequence_length": self.max_length}

    def _tokenize(self, part: Part) -> list[TextItem]:
        encoded = self.preprocessor(part.inputs, truncation=True, max_length=self.max_length)
        self._count(encoded)
        return [
            TextItem(**{key: values[i] for key, values in encoded.data.items()}, labels=label)
            for i, label in enumerate(part.labels)
        ]

    def _count(self, encoded: BatchEncoding) -> None:
        """Adds up what was cut off and what the vocabulary does not know."""
        unknown = self.preprocessor.unk_token_id
        special = set(self.preprocessor.all_special_ids) - {unknown}  # pyright: ignore[reportUnhashable]  # a number, or None
        for ids in encoded.data["input_ids"]:
            self.tokens += len(ids)
            self.words += sum(number not in special for number in ids)
            self.unknown += ids.count(unknown)
        for item in encoded.encodings or ():  # a tokenizer written in Python alone has none
            lost = sum(len(rest) - sum(rest.special_tokens_mask) for rest in item.overflowing)
            self.truncated += lost > 0
            self.truncated_tokens += lost
