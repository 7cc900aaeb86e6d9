"""Sentences to unit vectors on a CPU: a sentence encoder converted once to OpenVINO and cached."""

from __future__ import annotations

from grokaem.embedding.embedder import Embedder

__all__ = ["Embedder"]
