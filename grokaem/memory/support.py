"""Which levers a model takes, found by trying: a lever that it refuses is left out, and its reason is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grokaem.memory.checklist import levers_between
from grokaem.memory.lever import Lever
from grokaem.memory.settings import MemorySettings
from grokaem.plain_text import as_reason

if TYPE_CHECKING:
    from grokaem.memory.predict import Prediction
    from grokaem.memory.solver import Predictions


class LeverSupport:
    """Predictions that may fail over a lever nobody asked for.

    Args:
        predictor (Predictions): of the model.
        asked (MemorySettings): what was asked for; that must work.

    Attributes:
        refused (dict): key of a lever -> why the model does not take it.
    """

    def __init__(self, predictor: Predictions, asked: MemorySettings):
        self.predictor, self.asked = predictor, asked
        self.refused: dict[str, str] = {}
        self._together: list[set[str]] = []  # levers that each work alone, and not with the others

    def predict(self, settings: MemorySettings) -> Prediction | None:
        """The prediction for these settings; None where the model does not take them.

        Raises:
            ValueError: the model cannot be followed even as asked.
            MemoryError: there is no memory to find out with.
        """
        levers = {item.key: item for item in self._levers(settings)}
        if levers.keys() & self.refused.keys() or any(group <= levers.keys() for group in self._together):
            return None
        try:
            return self.predictor(settings)
        except MemoryError:
            raise
        except Exception as error:
            if not levers:
                raise _as_asked(error, self.predictor.name) from error
        self._blame(settings, levers)
        return None

    def _levers(self, settings: MemorySettings) -> list[Lever]:
        passes = ("micro_batch_size", "gradient_accumulation_steps")
        found = levers_between(self.asked, settings)
        return [item for item in found if item.setting is not None and item.setting.name not in passes]

    def _blame(self, settings: MemorySettings, levers: dict[str, Lever]) -> None:
        """Finds the lever that failed by trying each alone."""
        passes = {
            "micro_batch_size": settings.micro_batch_size,
            "gradient_accumulation_steps": settings.gradient_accumulation_steps,
        }
        plain = self.asked.replace(**passes)
        try:
            self.predictor(plain)
        except Exception as error:
            raise _as_asked(error, self.predictor.name) from error
        found = False
        for key, item in levers.items():
            try:
                alone = plain.replace(**{item.setting.name: item.value_in(settings)} if item.setting else {})
            except ValueError:
                continue  # a lever of another one, as the int8 weights of LoRA
            try:
                self.predictor(alone)
            except MemoryError:
                raise
            except Exception as error:
                reason = " ".join(str(error).split()).removeprefix(item.flag.split()[0] + ": ")
                self.refused[key] = as_reason(reason)[:200] or type(error).__name__
                found = True
        if not found:
            self._together.append(set(levers))


def _as_asked(error: Exception, name: str) -> Exception:
    """A lever's own sentence as it is; anything else as what it means."""
    if type(error) is ValueError and str(error).startswith("--"):
        return error
    reason = " ".join(str(error).split())[:200]
    return ValueError(
        f"the memory of {name} cannot be predicted ({type(error).__name__}: {reason}): train without a budget and set "
        "the levers by hand, e.g. --gradient-accumulation-steps."
    )
