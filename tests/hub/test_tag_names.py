"""A tag's name is checked before anything is sent."""

import pytest

from grokaem.hub import check_tag_name


@pytest.mark.parametrize("tag", ["", "v 1", "v1\n", "-v", "a..b", "v1.", "v1.lock", "a/b", "main", "a" * 40, "v" * 201])
def test_what_git_or_the_hub_would_not_take_as_a_tag(tag):
    with pytest.raises(ValueError, match="cannot be a tag"):
        check_tag_name(tag)


@pytest.mark.parametrize("tag", ["v1", "v1.0-rc.1", "2026_11", "abc"])
def test_a_good_tag_stays_as_it_is(tag):
    assert check_tag_name(tag) == tag
