"""Topic models behind one result type, and the measures that show which to believe."""

from __future__ import annotations

from grokaem.topics.fit import fit
from grokaem.topics.model import TopicModel
from grokaem.topics.models import MODELS

__all__ = ["MODELS", "TopicModel", "fit"]
