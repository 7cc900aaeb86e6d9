"""A classifier's scores as gr.Label may show them: it rounds to whole per cents, and 0.9959 is not 100 %."""

from __future__ import annotations

ALMOST = 0.9949  # what is more would be shown as 100


def below_certainty(scores: dict[str, float]) -> dict[str, float]:
    """The scores, those just below 1 lowered so far that the page shows 99 %.

    Args:
        scores (dict): label -> share of 1.
    """
    return {name: share if share >= 1.0 else min(share, ALMOST) for name, share in scores.items()}
