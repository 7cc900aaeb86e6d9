"""How a tab says no: one sentence for the visitor, and nothing of the server's paths."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable
from typing import Any

import gradio as gr


def one_sentence(function: Callable) -> Callable:
    """Makes an event's function answer with ``gr.Error`` where it would raise.

    Wrong input (``ValueError``, ``FileNotFoundError``) is the visitor's to put right: its message is shown.
    Anything
    else is ours: it is logged with its traceback, and its message is shown as a failure.

    Args:
        function (callable): computes; raises with messages of one sentence.

    Returns:
        callable: the same, with the same name, signature and docstring.
    """

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except gr.Error:
            raise
        except (ValueError, FileNotFoundError) as error:
            message = _message(error, args, kwargs)
            raise gr.Error(message, title="Please check the input", print_exception=False) from error
        except Exception as error:
            logging.getLogger(__name__).exception("%s failed", function.__name__)
            message = f"This could not be computed: {_message(error, args, kwargs)}"
            raise gr.Error(message, print_exception=False) from error

    return guarded


def _message(error: Exception, args: tuple, kwargs: dict) -> str:
    """The error's own words on one line, an uploaded file called by its name."""
    message = " ".join(str(error).split()) or type(error).__name__
    for value in (*args, *kwargs.values()):
        if isinstance(value, str) and os.path.isabs(value):
            message = message.replace(value, os.path.basename(value))
    return message
