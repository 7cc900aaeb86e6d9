"""A classifier's scores as a list of bars, with the digits that they have: what is not quite 1 is not shown as 1."""

from __future__ import annotations

import html
from collections.abc import Mapping

from demos.wording import say
from grokaem.plain_text import terminal

MOST = 20  # labels that are listed


def digits(share: float) -> str:
    """A share of 1 with four decimals, and with more where four would make it 0 or 1, which it is not.

    Args:
        share (float): from 0 to 1.
    """
    if share in (0.0, 1.0):
        return f"{share:.0f}"
    for decimals in range(4, 16):
        shown = f"{share:.{decimals}f}"
        if 0.0 < float(shown) < 1.0:
            return shown
    return f"{share:.1e}"


def score_list(scores: Mapping[str, float], elem_id: str, *, most: int = MOST) -> str:
    """The labels with a bar and a number each, the highest score first, as HTML.

    Args:
        scores (mapping): label -> share of 1.
        elem_id (str): of the list.
        most (int, optional): labels that are listed. (Default: 20)
    """
    order = sorted(scores, key=scores.__getitem__, reverse=True)
    rows = "".join(_row(label, scores[label]) for label in order[:most])
    left = len(order) - most
    more = f'<p class="fine">{html.escape(say("and {count} more", count=left))}</p>' if left > 0 else ""
    return f'<ol class="scores" id="{elem_id}" aria-label="{html.escape(say("Scores"))}">{rows}</ol>{more}'


def _row(label: str, share: float) -> str:
    width = f"{100 * min(max(share, 0.0), 1.0):.2f}%"
    return (
        f'<li><span class="name quoted">{html.escape(terminal(label))}</span>'
        f'<span class="track" aria-hidden="true"><span style="width:{width}"></span></span>'
        f'<data value="{share!r}">{digits(share)}</data></li>'
    )
