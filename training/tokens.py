"""Whether a tokenizer belongs to its model: its vocabulary, its padding, and how long an input may be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedTokenizerBase

    from grokaem.hub.base_model import BaseModel
    from training.pretrained import Pretrained

MOST = 0.5  # of the words of the training part; a vocabulary that does not know these is of something else


def load_tokenizer(base: BaseModel, trust_remote_code: bool) -> PreTrainedTokenizerBase:
    """The tokenizer of the base model.

    Args:
        base (BaseModel): where it comes from.
        trust_remote_code (bool): run the tokenizer's own code.

    Raises:
        ValueError: there is none, or it knows no words.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(base.folder, trust_remote_code=trust_remote_code)
        words = set(tokenizer.get_vocab().values()) - set(tokenizer.all_special_ids)
    except Exception as error:  # whatever a broken tokenizer makes the libraries say
        raise ValueError(
            f"--base-model {base.name}: its tokenizer cannot be read ({' '.join(str(error).split())[:200]}): "
            "save the model again together with its tokenizer."
        ) from error
    if not words:
        # transformers makes an empty one where there are no files, and every word would be unknown to it.
        raise ValueError(
            f"--base-model {base.name}: there is no tokenizer beside the weights: save the tokenizer the model was "
            "trained with into the same folder (tokenizer.save_pretrained)."
        )
    return tokenizer


def settle_padding(tokenizer: PreTrainedTokenizerBase, config: PreTrainedConfig, name: str) -> list[str]:
    """Sees that texts of a batch can be padded and that the model knows what padding is, in place.

    Args:
        tokenizer (PreTrainedTokenizerBase): gets a padding token where it has none that the model has a row for.
        config (PretrainedConfig): gets the tokenizer's where it has none; a decoder, which finds a text's end by
            it, in any case.
        name (str): of the base model.

    Returns:
        list of str: what was done, for the user.

    Raises:
        ValueError: the tokenizer has no token that could pad.
    """
    rows, notes = getattr(config, "vocab_size", None), []
    if tokenizer.pad_token_id is None or (rows is not None and tokenizer.pad_token_id >= rows):
        token: str | None = tokenizer.eos_token or tokenizer.unk_token  # pyright: ignore[reportAssignmentType]  # as they name it
        if token is None or (rows is not None and tokenizer.convert_tokens_to_ids(token) >= rows):
            raise ValueError(
                f"--base-model {name}: its tokenizer has no padding token and none that could stand in: "
                "use an encoder such as distilbert-base-uncased."
            )
        tokenizer.pad_token = token
        notes.append(f"the tokenizer of {name} has no padding token: texts are padded with {token}")
    if config.pad_token_id is None or (_is_decoder(config) and config.pad_token_id != tokenizer.pad_token_id):
        config.pad_token_id = tokenizer.pad_token_id
        notes.append(f"{name} names no padding token: it is given its tokenizer's, {tokenizer.pad_token}")
    return notes


def _is_decoder(config: PreTrainedConfig) -> bool:
    """Whether the model only looks back, so that a text's last token stands for the text."""
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    )

    kind = config.model_type
    return kind in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and kind not in MODEL_FOR_MASKED_LM_MAPPING_NAMES


def longest_input(pretrained: Pretrained) -> int | None:
    """Tokens that the model has positions for; None where nothing limits them.

    RoBERTa and its kin count positions from behind that of the padding token: two of their 514 are never used.

    Args:
        pretrained (Pretrained): the base model.
    """
    import torch
    import transformers

    positions = getattr(pretrained.config, "max_position_embeddings", None)
    if not isinstance(positions, int) or positions < 1:
        return None
    try:
        with torch.device("meta"):
            model = getattr(transformers, pretrained.factory).from_config(
                pretrained.config, trust_remote_code=pretrained.remote
            )
    except Exception:  # code of the model's own that cannot be built without weights; the preflight will report it
        return positions
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Embedding) and name.endswith("position_embeddings"):
            if module.padding_idx is not None and module.num_embeddings == positions:
                return positions - module.padding_idx - 1
    return positions


def check_ids(batches: Iterable[list[int]], config: PreTrainedConfig, name: str) -> None:
    """Every token has a row in the model's table.

    Args:
        batches (iterable of list of int): token ids of texts.
        config (PretrainedConfig): the model's.
        name (str): of the base model.

    Raises:
        ValueError: model and tokenizer do not belong together.
    """
    rows = getattr(config, "vocab_size", None)
    largest = max((max(ids, default=0) for ids in batches), default=0)
    if rows is not None and largest >= rows:
        raise ValueError(
            f"--base-model {name}: its tokenizer gives token {largest} and the model's table has {rows} rows, so they "
            "do not belong together: save the model again with the tokenizer it was trained with."
        )


def check_known(name: str, unknown: int, words: int) -> None:
    """The vocabulary knows most of the data.

    Args:
        name (str): of the base model.
        unknown (int): tokens of the training part that it does not know.
        words (int): all its tokens but special ones.

    Raises:
        ValueError: it was made for something else, another language for instance.
    """
    if unknown > MOST * words:
        raise ValueError(
            f"{unknown} of {words} tokens ({unknown / words:.0%}) are unknown to the vocabulary of {name}: give a base "
            "model for the language of the data, or the tokenizer that belongs to this one."
        )
