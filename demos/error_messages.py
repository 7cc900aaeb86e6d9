"""What a tab answers: text that is only ever text, one sentence where it says no, nothing of the server's paths."""

from __future__ import annotations

import functools
import html
import logging
import os
import re
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import gradio as gr

from demos.wording import say, translated

_SURROGATE = re.compile("[\ud800-\udfff]")
P = ParamSpec("P")
R = TypeVar("R")


def one_sentence(function: Callable[P, R]) -> Callable[P, R]:
    r"""Makes an event's function raise ``gr.Error`` whatever it would raise, and return only text that can be sent.

    Wrong input (``ValueError``, ``FileNotFoundError``) is the visitor's to put right: its message is shown.
    Anything else is ours: it is logged with its traceback, and its message is shown as a failure. The page reads
    messages as HTML, so theirs is escaped. In what is returned, lone surrogates, which end the stream to the browser,
    are written out as ``\ud800``, and an uploaded file is called by its name.

    Args:
        function (callable): computes; raises with messages of one sentence.

    Returns:
        callable: the same, with the same name, signature and docstring.
    """

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return _sendable(function(*args, **kwargs), _paths(args, kwargs))
        except gr.Error:
            raise
        except (ValueError, FileNotFoundError) as error:
            message = _message(error, args, kwargs)
            raise gr.Error(message, title=say("Please check the input"), print_exception=False) from error
        except Exception as error:
            logging.getLogger(__name__).exception("%s failed", function.__name__)
            message = say("This could not be computed: {reason}", reason=_message(error, args, kwargs))
            raise gr.Error(message, print_exception=False) from error

    return guarded


def _message(error: Exception, args: tuple, kwargs: dict) -> str:
    """The error's own words on one line, an uploaded file called by its name."""
    message = translated(" ".join(str(error).split()) or type(error).__name__)
    return html.escape(_sendable(message, _paths(args, kwargs)), quote=False)


def _paths(args: tuple, kwargs: dict) -> list[str]:
    """The server's paths among an event's arguments, as given and resolved."""
    values = (value.get("path") if isinstance(value, dict) else value for value in (*args, *kwargs.values()))
    given = [value for value in values if isinstance(value, str) and os.path.isabs(value)]
    given = [value for value in given if "\n" not in value and len(value) < 4096 and "\0" not in value]
    return [*given, *map(os.path.realpath, given)]


def _sendable(value: Any, paths: list[str]) -> Any:  # of the value's type
    """The value with every string in it fit for the browser; what is no text or plain container stays as it is."""
    if isinstance(value, str):
        for path in paths:
            value = value.replace(path, os.path.basename(path))
        return value if value.isascii() else _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):x}", value)
    if type(value) is dict:
        return {_sendable(key, paths): _sendable(each, paths) for key, each in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_sendable(each, paths) for each in value)
    return value
