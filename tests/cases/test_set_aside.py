"""What could not be used is named at the end and ends the command with 1, whatever else it made."""

from dataclasses import replace

import pytest

from grokaem import command_line


@pytest.mark.case("L23")
def test_an_export_names_what_the_data_of_its_run_leave_out(text_run, tmp_path, monkeypatch, capsys):
    from exporting import export
    from grokaem import corpora

    load = corpora.load_recorded
    left_out = [("row 7", "no label")]
    monkeypatch.setattr(corpora, "load_recorded", lambda *a, **k: replace(load(*a, **k), set_aside=left_out))
    words = [str(text_run), "--output-dir", str(tmp_path / "made"), "--precision", "fp32"]
    assert command_line.run(export.main, words) == 1
    assert capsys.readouterr().err.endswith("1 item set aside:\n  row 7: no label\n")
    assert (tmp_path / "made" / "parity.json").is_file()
