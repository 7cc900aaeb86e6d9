"""Five topic models behind one result type, and the measures that show which to believe."""

from __future__ import annotations

from grokaem.topics.fit import MODELS, fit
from grokaem.topics.model import TopicModel

__all__ = ["MODELS", "TopicModel", "fit"]
