"""Scores as the page shows them: with the digits that they have, as text that is only ever text."""

from __future__ import annotations

import pytest

from demos.label_scores import digits, score_list


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0.5, "0.5000"), (0.9949, "0.9949"), (0.9959, "0.9959"), (0.99996, "0.99996"), (1 - 1e-9, "0.999999999"),
        (1.0, "1"), (0.0, "0"), (3e-7, "0.0000003"), (1e-18, "1.0e-18"),
    ],
)  # fmt: skip
def test_only_certainty_is_shown_as_certainty(share, shown):
    assert digits(share) == shown


def test_the_list_is_ordered_escaped_and_cut():
    shown = score_list({"<b>": 0.1, "second": 0.2, "first": 0.7}, "scores", most=2)
    assert shown.index("first") < shown.index("second") and "<b>" not in shown and "and 1 more" in shown
    assert 'width:70.00%' in shown and "<data value=\"0.7\">0.7000</data>" in shown
    assert "&lt;b&gt;" in score_list({"<b>": 1.0}, "scores")
