"""What a served model tells of itself; whatever is missing in its records is left out."""

from __future__ import annotations

import json

import pytest

from demos import model_facts
from demos.served_model import ServedModel
from demos.wording import speaking

RUN = {
    "base_model": {"name": "/home/me/models/albert"},
    "data": {
        "name": "reviews", "sizes": {"train": 290, "validation": 38, "test": 72}, "label_names": ["bad", "<good>"]
    },
    "memory": {"predicted_peak_mib": 50.5, "measured_peak_mib": 49.1},
    "loss_curve": [[25, 1.01], [50, 0.5]],
    "confusion": [[30, 1], [10, 31]],
    "seconds": 90.0,
}  # fmt: skip
PARITY = {
    "method": "int8", "flips": 2, "n": 72, "original": {"accuracy": 0.85, "bytes": 90_000_000},
    "export": {"accuracy": 0.8472, "bytes": 23_400_000, "latency_ms_b1": 1.5, "items_per_second": 596.3},
    "gate": {"max_drop": 0.005, "passed": True}, "runtime": {"cpu": "AMD EPYC"},
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "run" / "export").mkdir(parents=True)
    (tmp_path / "run" / "run.json").write_text(json.dumps(RUN))
    (tmp_path / "run" / "export" / "parity.json").write_text(json.dumps(PARITY))
    (tmp_path / "run" / "export" / "config.json").write_text(json.dumps({"task": "text"}))
    return tmp_path / "run" / "export"


def test_the_facts_are_those_of_the_records(folder):
    found = model_facts.facts(folder)
    shown = model_facts.as_table(found)
    for fact in ("albert on reviews", "290 to learn from", "49 MiB measured, 50 MiB told before", "1.5 min", "2 of 72",
                 "0.8472, the original 0.8500", "23.4, the original 90.0", "1.5 ms for one, 596 a second, AMD EPYC",
                 "at most 0.005 of the accuracy may be lost: passed"):  # fmt: skip
        assert fact in shown, fact
    assert "/home/me" not in shown
    loss, confusion = (json.loads(draw(found).plot) for draw in (model_facts.draw_loss, model_facts.draw_confusion))
    assert len(loss["data"]) == 1 and confusion["data"][0]["y"] == ["bad", "&lt;good&gt;"]
    with speaking("ru"):
        assert "Память при обучении" in model_facts.as_table(found)


@pytest.mark.parametrize("key", [*RUN, *PARITY])
@pytest.mark.parametrize("value", [None, "text", 3, [], {}])
def test_a_record_that_lacks_or_garbles_a_part_tells_the_others(key, value):
    found = {"run": dict(RUN), "parity": dict(PARITY)}
    found["run" if key in RUN else "parity"][key] = value
    assert "<table" in model_facts.as_table(found)
    model_facts.draw_loss(found)
    model_facts.draw_confusion(found)


def test_a_folder_without_records_and_a_model_that_is_not_here_say_so(tmp_path, monkeypatch):
    for place in (tmp_path, None):
        found = model_facts.facts(place)
        assert "no run.json" in model_facts.as_table(found)
        assert model_facts.draw_loss(found) is None and model_facts.draw_confusion(found) is None
    monkeypatch.setenv("A_MODEL", "owner/name")
    assert ServedModel("text", "A_MODEL", tmp_path).folder() is None


def test_a_run_folder_is_served_by_its_export(folder, monkeypatch):
    for named in (folder, folder.parent):
        monkeypatch.setenv("A_MODEL", str(named))
        assert ServedModel("text", "A_MODEL").folder() == folder
