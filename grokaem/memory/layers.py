"""The parts of a model that the levers act on: embeddings, repeated layers, attention, head."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

# Names of the query and value projections of the encoders in use, in the libraries' own terms.
QUERY_VALUE = ("query", "value", "q_lin", "v_lin", "query_proj", "value_proj", "q_proj", "v_proj")
# Everything below the first repeated layer.
EMBEDDING_PARTS = ("embeddings", "feature_extractor", "feature_projection", "masked_spec_embed", "stem")


def base_of(model: nn.Module) -> nn.Module:
    """The encoder without its head; the model itself where there is no such split."""
    return getattr(model, getattr(model, "base_model_prefix", "") or "base_model", model)


def head_modules(model: nn.Module) -> list[str]:
    """Names of the top-level modules with weights beside the encoder: what is new in fine-tuning."""
    base = base_of(model)
    if base is model:
        return []
    return [
        name
        for name, child in model.named_children()
        if child is not base and next(child.parameters(), None) is not None
    ]


def new_weights(model: nn.Module) -> frozenset[str]:
    """Names of the weights that no checkpoint gave the model: what loads a model notes them on it."""
    return model.__dict__.get("new_weights", frozenset())


def new_modules(model: nn.Module) -> list[str]:
    """Full names of the smallest modules within the encoder that are new from end to end, such as a pooler."""
    new, heads = new_weights(model), tuple(f"{name}." for name in head_modules(model))
    found = []
    for name, module in model.named_modules():
        own = [f"{name}.{key}" for key, _ in module.named_parameters(recurse=False)]
        if own and not name.startswith(heads) and f"{name}." not in heads and new.issuperset(own):
            found.append(name)
    return found


def new_parameters(model: nn.Module) -> list[nn.Parameter]:
    """The weights within the encoder that no checkpoint gave, also where an adapter is wrapped around it."""
    inner: nn.Module = model
    if getattr(model, "peft_config", None):
        inner = model.get_base_model()  # pyright: ignore[reportCallIssue]  # peft's
    named = {name.replace(".modules_to_save.default", ""): weight for name, weight in inner.named_parameters()}
    heads = tuple(f"{name}." for name in head_modules(inner))
    return [named[name] for name in sorted(new_weights(inner)) if name in named and not name.startswith(heads)]


def new_single_weights(model: nn.Module) -> list[str]:
    """Names of the new weights and buffers within the encoder whose module is not new, or not in whole."""
    saved = tuple(f"{name}." for name in (*head_modules(model), *new_modules(model)))
    state = model.state_dict().keys()
    return [name for name in sorted(new_weights(model)) if name in state and not name.startswith(saved)]


def head_parameters(model: nn.Module) -> list[nn.Parameter]:
    """Weights above the encoder's layers: the new head, and the pooler that prepares its input."""
    base = base_of(model)
    pooler = getattr(base, "pooler", None)
    parts = [getattr(model, name) for name in head_modules(model)] + ([] if pooler is None else [pooler])
    return [parameter for part in parts for parameter in part.parameters()]


def repeated_blocks(model: nn.Module) -> list[nn.Module]:
    """The layers of an encoder or the residual blocks of a convolutional network, from the lowest up.

    They are the modules of the class repeated most often among those with more than one linear or
    convolutional layer inside; of classes repeated equally often, the outermost.

    Returns:
        list of nn.Module: empty where nothing is repeated.
    """
    from torch import nn

    by_class: dict[type, list[nn.Module]] = {}
    for module in model.modules():
        weighted = [
            child for child in module.modules() if isinstance(child, nn.Linear | nn.Conv1d | nn.Conv2d)
        ]
        if len(weighted) > 1 and not isinstance(module, nn.Sequential | nn.ModuleList):
            by_class.setdefault(type(module), []).append(module)
    best = max(by_class.values(), key=len, default=[])
    return best if len(best) > 1 else []


def embedding_parameters(model: nn.Module) -> list[nn.Parameter]:
    """Weights below the first repeated layer: lookup tables, or the feature encoder of a speech model."""
    base = base_of(model)
    found: list[nn.Parameter] = []
    for name in EMBEDDING_PARTS:
        part = getattr(base, name, None)
        if part is not None:
            found += [part] if not hasattr(part, "parameters") else list(part.parameters())
    return found


def lookup_tables(model: nn.Module) -> list[nn.Parameter]:
    """Weights of all ``nn.Embedding`` modules."""
    from torch import nn

    tables = [module.weight for module in model.modules() if isinstance(module, nn.Embedding)]
    return tables  # pyright: ignore[reportReturnType]  # torch declares a tensor and makes a parameter


def attention_modules(model: nn.Module) -> list[nn.Module]:
    """The modules that hold a query projection, and so apply dropout to attention weights."""
    return [module for module in model.modules() if any(hasattr(module, name) for name in QUERY_VALUE[::2])]


def lora_targets(model: nn.Module) -> list[str]:
    """Names of the query and value projections that LoRA adapts.

    Raises:
        ValueError: the model has none.
    """
    from torch import nn

    names = {
        name.rsplit(".", 1)[-1]
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and name.rsplit(".", 1)[-1] in QUERY_VALUE
    }
    if not names:
        raise ValueError(
            f"--lora-rank: {type(model).__name__} has no attention projections; use --freeze instead."
        )
    return sorted(names)
