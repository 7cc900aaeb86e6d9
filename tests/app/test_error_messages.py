"""What a visitor reads when something goes wrong."""

from __future__ import annotations

import inspect

import gradio as gr
import pytest

from demos.error_messages import one_sentence


def raising(error):
    @one_sentence
    def compute(path: str, n: int = 3) -> None:
        """Computes."""
        raise error

    return compute


@pytest.mark.parametrize(
    "error", [ValueError("row 3 of /srv/up/a.csv\n is empty"), FileNotFoundError("no a.csv")]
)
def test_wrong_input_is_told_on_one_line_without_the_servers_path(error):
    with pytest.raises(gr.Error) as refusal:
        raising(error)("/srv/up/a.csv")
    assert refusal.value.message == " ".join(str(error).split()).replace("/srv/up/", "")
    assert refusal.value.title == "Please check the input"


def test_a_failure_of_ours_is_logged_and_said(caplog):
    with pytest.raises(gr.Error, match="could not be computed: the disk is full"):
        raising(RuntimeError("the disk is full"))("x")
    assert "Traceback" in caplog.text


def test_an_error_without_words_gets_its_name():
    with pytest.raises(gr.Error, match="ZeroDivisionError"):
        raising(ZeroDivisionError())("x")


def test_gradio_still_sees_the_functions_signature():
    assert list(inspect.signature(raising(ValueError())).parameters) == ["path", "n"]
    assert raising(ValueError()).__doc__ == "Computes."
