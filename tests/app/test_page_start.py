"""The benchmark of the page's start: what it measures and when it says no."""

import pytest

from benchmarks import page_start
from benchmarks.page_start import Start, report, table


@pytest.mark.parametrize(
    ("answers", "heading", "loaded", "kept"),
    [
        (3.4, 4.4, [], True),
        (3.4, 4.4, ["scipy"], True),
        (3.6, 4.4, [], False),
        (3.4, 4.6, [], False),
        (3.4, 4.4, ["libtorch"], False),
    ],
)
def test_kept_is_both_times_within_the_bar_and_no_torch(answers, heading, loaded, kept):
    found = report([2.0, 1.0, 9.0], [Start(answers, heading, loaded), Start(0, 0, []), Start(99, 99, [])], False)
    assert found["gradio"]["median"] == 2.0 and found["bar"] == {"answers": 3.5, "heading": 4.5}
    assert found["answers"]["median"] == answers and found["kept"] is kept
    assert ("OVER" in table(found)) == (answers > 3.5 or heading > 4.5)


def test_importing_gradio_is_timed_in_a_process_of_its_own(monkeypatch, tmp_path):
    (tmp_path / "gradio.py").write_text("import time; time.sleep(0.2)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(page_start, "ROOT", tmp_path)
    assert page_start.import_gradio() > 0.2
