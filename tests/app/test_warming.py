"""What takes long to load is loaded once, in the background, and one part that fails keeps none of the others."""

from __future__ import annotations

import threading

import pytest

from demos.warming import Part, Warming


def test_a_part_is_loaded_once_and_who_needs_it_is_told_what_is_waited_for():
    loads, told = [], []
    part = Part("UMAP", lambda: loads.append(1))
    for _ in range(2):
        part.load(lambda done, doing: told.append(doing))
    assert loads == [1] and part.loaded and told == ["waiting for UMAP, which is being loaded"]


def test_warming_goes_on_after_a_part_that_cannot_be_loaded():
    done = threading.Event()

    def fail():
        raise RuntimeError("no such file")

    parts = [Part("a", fail), Part("b", done.set)]
    warming = Warming(parts)
    warming.begin()
    warming.begin()
    assert done.wait(10) and not parts[0].loaded
    with pytest.raises(RuntimeError, match="no such file"):
        parts[0].load()
