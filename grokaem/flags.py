"""Flags that only one kind understands: declared as fields beside the code that reads them, refused for other kinds."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Own:
    """The flags of a kind that has none; those of others are fields of a subclass, each made by :func:`flag`."""

    def check(self, base_model: str, given: Collection[str]) -> None:
        """Refuses a flag that says nothing of this base model.

        Args:
            base_model (str): as the user calls it.
            given (collection of str): the fields that he set.

        Raises:
            ValueError: such a flag.
        """


def flag(help: str, default: object = None, **options: object) -> Any:  # as dataclasses.field: of the field's type
    """A field that is a flag of a command.

    Args:
        help (str): a line of ``--help``.
        default (object, optional): its value where it is not given; its type is the flag's. (Default: ``None``)
        **options: of ``ArgumentParser.add_argument``, such as ``type`` where the default does not tell it.
    """
    return field(default=default, metadata={"help": help, **options})


def option(name: str) -> str:
    """A field's flag: ``max_seconds`` is ``--max-seconds``."""
    return "--" + name.replace("_", "-")


def add_flags(
    parser: Any,  # an ArgumentParser, or a group of one
    settings: type,
    given_only: bool = False,
    told: Mapping[str, str] | None = None,
    known: Collection[str] = (),
) -> None:
    """Adds a flag for every field that :func:`flag` made.

    Args:
        parser (ArgumentParser or a group of one): is extended.
        settings (type): a dataclass.
        given_only (bool, optional): what is not given is left out of the parsed arguments. (Default: ``False``)
        told (dict, optional): what stands in braces in the help of a flag. (Default: nothing)
        known (collection of str, optional): fields that are flags of the parser already. (Default: none)
    """
    for item in fields(settings):
        options = dict(item.metadata)
        if not options or item.name in known:
            continue
        options["help"] = options["help"].format(**told or {})
        default = item.default if item.default is not MISSING else None
        if isinstance(default, bool) or options.get("type") is bool:
            action = "store_true" if default is False else argparse.BooleanOptionalAction
            kept = argparse.SUPPRESS if given_only else default
            parser.add_argument(option(item.name), action=action, default=kept, help=options["help"])
            continue
        if default is not None:
            options.setdefault("type", type(default))
            options["help"] += f" (default: {default})"
        parser.add_argument(option(item.name), default=argparse.SUPPRESS if given_only else default, **options)


def add_own_flags(parser: argparse.ArgumentParser, owners: Mapping[str, tuple[str, type[Own]]]) -> None:
    """Adds each kind's own flags in a group of its own.

    Args:
        parser (ArgumentParser): is extended; what is not given is left out of what it parses.
        owners (dict): by key a kind's title and its flags. One that several kinds have stands with the first.
    """
    known: dict[str, list[str]] = {}
    for title, settings in owners.values():
        for item in fields(settings):
            known.setdefault(item.name, []).append(title)
    added: set[str] = set()
    for title, settings in owners.values():
        own = {item.name for item in fields(settings)} - added
        if own:
            alone = all(known[name] == [title] for name in own)
            group = parser.add_argument_group(f"for {title} only" if alone else f"for {title}")
            add_flags(group, settings, given_only=True, known=added)
            added |= own


def take_own(
    arguments: argparse.Namespace, owners: Mapping[str, tuple[str, type[Own]]], key: str, remedy: str = ""
) -> dict[str, Any]:
    """The given flags of one kind, by the names of their fields.

    Args:
        arguments (Namespace): parsed by a parser that :func:`add_own_flags` extended.
        owners (dict): as there.
        key (str): the kind at work.
        remedy (str, optional): what else than leaving a flag out would do, with ``{key}`` for the kind that it is
            for. (Default: nothing)

    Raises:
        ValueError: a flag of another kind was given.
    """
    own = {item.name for item in fields(owners[key][1])}
    for other, (title, settings) in owners.items():
        for item in fields(settings):
            if item.name in arguments and item.name not in own:
                raise ValueError(
                    f"{option(item.name)} is for {title} and has no effect on {owners[key][0]}: leave it out"
                    f"{remedy.format(key=other)}."
                )
    return {name: getattr(arguments, name) for name in own if name in arguments}
