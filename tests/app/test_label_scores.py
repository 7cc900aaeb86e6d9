import pytest

from demos.label_scores import below_certainty


@pytest.mark.parametrize("share, percent", [(0.9959, 99), (1 - 1e-9, 99), (1.0, 100), (0.994, 99), (0.5, 50), (0.0, 0)])
def test_only_certainty_is_shown_as_100_percent(share, percent):
    assert int(100 * below_certainty({"a": share, "b": 1 - share})["a"] + 0.5) == percent  # as the page rounds
