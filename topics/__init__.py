"""Five topic models behind one result type, and the measures that tell which to believe."""

from __future__ import annotations

from topics.fit import MODELS, fit
from topics.model import TopicModel

__all__ = ["MODELS", "TopicModel", "fit"]
