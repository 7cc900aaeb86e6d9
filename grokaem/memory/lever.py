"""One lever of the memory checklist: what it is called, the setting it turns, when it applies and what it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from grokaem.flags import option
from grokaem.memory.situation import CONDITIONS, Situation

if TYPE_CHECKING:
    import argparse

    from torch import nn

    from grokaem.memory.settings import MemorySettings

Trade = Literal["check", "model", "exact", "rounding", "fewer weights", "host", "after"]
Place = Literal["forward", "frozen", "numbers", "adapters"]
# The order in which levers change a model: how it runs, then what of it is fixed, then the numbers that its weights are
# kept in, then what is put around it.
PLACES: tuple[Place, ...] = ("forward", "frozen", "numbers", "adapters")


@dataclass(frozen=True)
class Setting:
    """A value that levers change, and its flag.

    Attributes:
        name: of the value: an attribute of :class:`grokaem.memory.settings.MemorySettings`, or a name of its own.
        default: the value where no lever is taken.
        help: of the flag.
        flag: the flag. (Default: the name's)
        options: further arguments of ``add_argument``; a bool needs none.
        same: other values that mean the default.
        always: spell the flag out where the value is the default too.
        counts: whether other settings give the value a meaning. (Default: they do)
    """

    name: str
    default: Any
    help: str
    flag: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    same: tuple[object, ...] = ()
    always: bool = False
    counts: Callable[[MemorySettings], bool] = lambda settings: True

    @property
    def option(self) -> str:
        """The flag on a command line."""
        return self.flag or option(self.name)

    def add_to(self, group: argparse._ArgumentGroup, **changes: Any) -> None:
        """Adds the flag to a group of an ``argparse`` parser.

        Args:
            group (argparse._ArgumentGroup): of the memory flags.
            **changes: to the arguments of ``add_argument``.
        """
        import argparse

        options = {"default": self.default, "help": self.help, **self.options}
        if isinstance(self.default, bool):
            options["action"] = argparse.BooleanOptionalAction
        group.add_argument(self.option, **options | changes)

    def asked(self, arguments: argparse.Namespace) -> Any:
        """The value on a parsed command line; the default where its parser has no such flag."""
        return getattr(arguments, self.option.lstrip("-").replace("-", "_"), self.default)

    def is_default(self, value: object) -> bool:
        """Whether the value takes no lever."""
        return value == self.default or value in self.same

    def words(self, settings: MemorySettings) -> list[str]:
        """The value as arguments of a command; none where it is the default."""
        value = settings.value(self.name)
        if not self.counts(settings) or (self.is_default(value) and not self.always):
            return []
        if isinstance(self.default, bool):
            return [self.option if value else self.option.replace("--", "--no-", 1)]
        return [self.option, str(value)]


@dataclass(frozen=True)
class Lever:
    """One lever of the checklist: something to turn that makes a training step smaller.

    A lever is the thing, with its flag; a setting is a value that a lever changes.

    Attributes:
        key: short name, unique.
        name: what a person calls it.
        flag: the flag of ``training/finetune.py`` that turns it, with its value.
        kind: what it trades. ``exact`` computes the same update up to rounding; ``rounding`` stores or
            multiplies in fewer bits; ``fewer weights`` trains a part of the model.
        saves: what becomes smaller.
        costs: what it costs.
        chosen: the reason printed when it is taken.
        refused: the reason printed when it applies but is not taken.
        needs: properties of :class:`Situation` that must be true, keys of ``CONDITIONS``.
        setting: what it changes; None where it changes no tensor.
        value: what the setting becomes when the lever alone is taken.
        values: the values that are this lever, where several share a setting. (Default: all but the default)
        alone: the rows of the plan that show it alone, a name and changes of the settings each, for the settings
            asked for and the device. (Default: one row, the setting at ``value``)
        apply: turns it in a model that was just loaded, and gives the model to train; None for what lives in the
            optimizer or around the model. The planner records the step of the same model, and so knows what it saves.
        place: when it is applied among the others, of ``PLACES``.
        when_full: the settings with the lever turned after memory ran out, where it leaves what is trained and the
            effective batch as they are; None where it is turned already. (Default: it is not turned then)
        late: whether such settings are taken only when nothing else is left.
    """

    key: str
    name: str
    flag: str
    kind: Trade
    saves: str
    costs: str
    chosen: str
    refused: str
    needs: tuple[str, ...] = ()
    setting: Setting | None = None
    value: Any = None
    values: tuple[object, ...] = ()
    alone: Callable[[MemorySettings, str], list[tuple[str, Mapping[str, object]]]] | None = None
    apply: Callable[[nn.Module, MemorySettings], nn.Module] | None = None
    place: Place = "forward"
    when_full: Callable[[MemorySettings], MemorySettings | None] | None = None
    late: Callable[[MemorySettings], bool] = lambda settings: False

    @property
    def when(self) -> str:
        """When the lever applies, in words."""
        return " and ".join(CONDITIONS[name][0] for name in self.needs) or "always"

    def applies(self, situation: Situation) -> bool:
        """Whether the lever can be taken in this situation."""
        return all(getattr(situation, name) for name in self.needs)

    def why_not(self, situation: Situation) -> str:
        """The reason printed when the lever is not taken."""
        missing = [CONDITIONS[name][1] for name in self.needs if not getattr(situation, name)]
        return " and ".join(missing) or self.refused

    def value_in(self, settings: MemorySettings) -> Any:
        """The value that its setting has; None of a lever that has none."""
        return settings.value(self.setting.name) if self.setting else None

    def is_value(self, value: object) -> bool:
        """Whether a value of its setting takes this lever, and not the default or another one of the same setting."""
        if self.setting is None or self.setting.is_default(value):
            return False
        return not self.values or value in self.values

    def taken(self, settings: MemorySettings) -> bool:
        """Whether these settings take the lever."""
        return self.is_value(self.value_in(settings))

    def rows_alone(self, settings: MemorySettings, device: str) -> list[tuple[str, Mapping[str, object]]]:
        """The rows of the plan that show it alone: a name, and the changes of the settings asked for."""
        if self.setting is None:
            return []
        if self.alone is not None:
            return self.alone(settings, device)
        return [(self.name, {self.setting.name: self.value})]
