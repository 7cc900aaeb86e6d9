"""A text classifier: tokens, model and batches for the training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from grokaem.flags import flag
from grokaem.hub.packaged_model import MINILM
from training.order import GROUPED
from training.records import TextItem, named_input
from training.task import OwnSettings

if TYPE_CHECKING:
    from transformers import BatchEncoding, PreTrainedModel

    from grokaem.corpora import Corpus, Part
    from grokaem.hub.base_model import BaseModel
    from grokaem.memory.text_workload import TextWorkload
    from training.config import FinetuneConfig
    from training.task import Model

# A model much narrower than BERT-base needs, and bears, larger steps.
NARROW = 512


@dataclass(frozen=True)
class TextSettings(OwnSettings):
    """What only a run on texts can be told.

    Raises:
        ValueError: no text is that short.
    """

    sequence_length: int = flag("tokens after which a text is cut", 128)
    group_by_length: bool = flag("texts of like length share a batch", True)

    @property
    def grouped(self) -> bool:
        """As ``--group-by-length`` says."""
        return self.group_by_length

    def __post_init__(self) -> None:
        """Refuses a length that leaves no text."""
        if self.sequence_length < 8:
            raise ValueError(f"--sequence-length {self.sequence_length}: give at least 8.")


class TextTask:
    """Everything the training loop needs to know about text.

    Args:
        config (FinetuneConfig): settings of the run.
        corpus (Corpus): labelled texts in three parts.
        base (BaseModel): where weights and tokenizer come from.
    """

    settings = TextSettings
    default_dataset = "rotten_tomatoes"
    default_base_model = MINILM
    networks = {}  # every text encoder was pretrained
    told_epochs = "what makes some 640 steps, from 2 to 10"
    told_rate = "1e-4 for narrow encoders such as MiniLM and 5e-5 for wider ones"
    averaged = False  # a pretrained encoder is steady enough

    def __init__(self, config: FinetuneConfig, corpus: Corpus, base: BaseModel | None):
        from transformers import DataCollatorWithPadding

        from grokaem.tokenization import treat_special_tokens_as_text
        from training.pretrained import Pretrained
        from training.tokens import load_tokenizer, longest_input, settle_padding

        assert base is not None and isinstance(config.own, TextSettings)
        asked = config.own.sequence_length
        self.own, self.max_steps = config.own, config.max_steps
        self.step_size = config.memory.effective_batch_size
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
        self.max_length = asked if longest is None else min(asked, longest)
        if self.max_length < asked:
            self.notes.append(
                f"--sequence-length {asked}: {base.name} reads at most {self.max_length} tokens, "
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

    def workload(self) -> TextWorkload:
        """What the planner must know: the model and the longest batch, padded as the collator does.

        Call it after :meth:`train_set`.
        """
        from grokaem.memory.text_workload import TextWorkload

        length = min(-(-self.longest // 8) * 8, self.max_length) if self.longest else self.max_length
        return TextWorkload(self.base.name, self.model_config, len(self.corpus.label_names), length)

    def later_workload(self) -> TextWorkload | None:
        """What the steps after the first see, where a run is so short that this is less.

        Texts of like length share a batch: the first holds the longest of all, and the next 49 come from the same 50
        batches' worth of texts in falling order. Call it after :meth:`train_set`.
        """
        steps, size = self.max_steps, self.step_size
        if not self.own.grouped or not 1 <= steps <= GROUPED or len(self.lengths) <= size:
            return None
        lengths = sorted(self.lengths, reverse=True)
        rank = len(lengths) * size // min(len(lengths), GROUPED * size)
        return replace(self.workload(), sequence_length=min(-(-lengths[rank] // 8) * 8, self.max_length))

    def plain_items(self, items: list[TextItem]) -> list[TextItem]:
        """The items: nothing is altered."""
        return items

    def size_of(self, item: TextItem) -> int:
        """Its tokens."""
        return len(item["input_ids"])

    def check_items(self, items: Sequence[TextItem]) -> None:
        """Raises a ValueError for a text without tokens, or with one that the model's table does not hold."""
        check_tokens(items, self.corpus.train.inputs, getattr(self.model_config, "vocab_size", None))

    def evaluation_set(self, part: Part) -> tuple[list[TextItem], list[int]]:
        """A part, tokenized and sorted by length (little padding), and where each item stood in the part."""
        items = self._tokenize(part)
        order = sorted(range(len(items)), key=lambda i: len(items[i]["input_ids"]))
        return [items[i] for i in order], order

    def default_epochs(self) -> float:
        """Two passes; small corpora get more, so that some hundred steps are taken."""
        steps = max(1, len(self.corpus.train.inputs) // self.step_size)
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


def check_tokens(items: Iterable[TextItem], inputs: Sequence[object], vocabulary: int | None) -> None:
    """Every text has tokens that the model's table holds.

    Args:
        items (iterable of dict): with ``input_ids``.
        inputs (list): what they were made of, to name them.
        vocabulary (int, optional): rows of the model's table.

    Raises:
        ValueError: a text that is empty or out of range; which.
    """
    for number, item in enumerate(items):
        ids = item["input_ids"]
        if not ids:
            raise ValueError(f"preflight: training input {named_input(inputs, number)} has no tokens: remove it.")
        if vocabulary is not None and not 0 <= min(ids) <= max(ids) < vocabulary:
            raise ValueError(
                f"preflight: training input {named_input(inputs, number)} has token {max(ids)}, and the model's "
                f"table has {vocabulary} rows: save the model again with the tokenizer it was trained with."
            )
