"""A pretrained encoder under a classifier's head: what of it is new, and whether its old head can stay."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grokaem.plain_text import first_few

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Pretrained:
    """The base model of a run, to be loaded as often as the run needs it fresh.

    Args:
        folder (Path): the base model.
        factory (str): name of transformers' class of classifiers, such as ``"AutoModelForSequenceClassification"``.
        label_names (list of str): the labels of the data, in order.
        trust_remote_code (bool): run the model's own code.

    Attributes:
        config (PretrainedConfig): the model's, for these labels.
        old_labels (list of str or None): those its head was trained for, where they are others; a new head then
            takes its place.
    """

    def __init__(self, folder: Path, factory: str, label_names: list[str], trust_remote_code: bool):
        from transformers import AutoConfig

        self.folder, self.factory, self.remote = folder, factory, trust_remote_code
        self.config = AutoConfig.from_pretrained(folder, trust_remote_code=trust_remote_code)
        names = list(map(str, (self.config.id2label or {}).values()))
        kind = factory.removeprefix("AutoModel")
        has_head = any(kind in name for name in self.config.architectures or ())
        self.old_labels = names if has_head and names != label_names else None
        self.config.id2label = dict(enumerate(label_names))  # sets num_labels too
        self.config.label2id = {name: number for number, name in enumerate(label_names)}

    def load(self, dtype: str) -> PreTrainedModel:
        """The model; with the same random numbers the same new weights, whose names are its ``new_weights``.

        Args:
            dtype (str): of the weights.
        """
        import transformers

        model, found = getattr(transformers, self.factory).from_pretrained(
            self.folder,
            config=deepcopy(self.config),  # the levers write into it
            trust_remote_code=self.remote,
            ignore_mismatched_sizes=True,  # a head of another number of labels
            output_loading_info=True,
            dtype=dtype,
        )
        new = {*found["missing_keys"], *(name for name, *_ in found["mismatched_keys"])}
        if self.old_labels is not None:
            model, found = _with_new_heads(model)
            new.update(found["missing_keys"])
        model.new_weights = frozenset(new)  # pyright: ignore[reportArgumentType]  # torch's stub knows tensors and modules
        return model

    def announce(self) -> list[str]:
        """What becomes of a head that the base model brings."""
        if self.old_labels is None:
            return []
        names, count = first_few(self.old_labels), len(self.old_labels)
        return [f"the base model's head was trained for {count} other labels ({names}): a new one is trained"]


def _with_new_heads(model: PreTrainedModel) -> tuple[PreTrainedModel, dict[str, Any]]:
    """The model with what lies beside the encoder drawn anew, for what that had learned is about other labels."""
    from grokaem.memory.layers import head_modules

    heads = tuple(f"{name}." for name in head_modules(model))
    encoder = {name: value for name, value in model.state_dict().items() if not name.startswith(heads)}
    return type(model).from_pretrained(  # pyright: ignore[reportReturnType]  # with the loading's report
        None, config=model.config, state_dict=encoder, output_loading_info=True, dtype=model.dtype
    )
