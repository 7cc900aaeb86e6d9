"""Flags of one kind: in a group of their own, refused for the others, shared where two kinds have the same."""

import argparse
from dataclasses import dataclass

import pytest

from grokaem.flags import Own, add_own_flags, flag, option, take_own


@dataclass(frozen=True)
class Texts(Own):
    length: int = flag("how long", 8)
    sorted_first: bool = flag("whether", True)


@dataclass(frozen=True)
class Sounds(Own):
    max_seconds: float | None = flag("how long", type=float)
    length: int = flag("how many", 9)


OWNERS: dict[str, tuple[str, type[Own]]] = {
    "text": ("texts", Texts), "audio": ("sounds", Sounds), "none": ("others", Own)
}  # fmt: skip


@pytest.fixture
def parser():
    parser = argparse.ArgumentParser()
    add_own_flags(parser, OWNERS)
    return parser


def taken(parser, words, key):
    return take_own(parser.parse_args(words), OWNERS, key, ", or add --task {key}")


def test_only_what_was_given_is_taken(parser):
    assert taken(parser, [], "text") == {}
    assert taken(parser, ["--length", "8", "--no-sorted-first"], "text") == {"length": 8, "sorted_first": False}
    assert taken(parser, ["--max-seconds", "0.5"], "audio") == {"max_seconds": 0.5}


def test_a_flag_of_two_kinds_is_taken_by_both(parser):
    for key in ("text", "audio"):
        assert taken(parser, ["--length", "3"], key) == {"length": 3}


@pytest.mark.parametrize(
    ("words", "key", "told"),
    [
        (["--max-seconds", "1"], "text", "--max-seconds is for sounds and has no effect on texts"),
        (["--sorted-first"], "audio", "--sorted-first is for texts and has no effect on sounds"),
        (["--length", "8"], "none", "--length is for texts and has no effect on others"),
    ],
)
def test_a_flag_of_another_kind_is_refused_also_with_its_default(parser, words, key, told):
    with pytest.raises(ValueError) as caught:
        taken(parser, words, key)
    assert str(caught.value).startswith(f"{told}: leave it out, or add --task ") and str(caught.value).endswith(".")


def test_the_help_has_a_group_for_each_kind(parser):
    said = parser.format_help().partition("options:")[2]
    assert said.index("for texts:") < said.index("--length LENGTH") < said.index("for sounds only:")
    assert said.count("how long (default: 8)") == 1 and option("max_seconds") in said
