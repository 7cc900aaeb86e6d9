"""What happens around a press: an error stands where it happened, a phone scrolls to the result, an old one says so."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from demos.wording import text

# After a press, where the result is not on the screen; not away from an error, which stands beside the button.
_SHOW = """() => {
  const trouble = document.getElementById(%(trouble)s)?.textContent.trim();
  if (trouble || !window.matchMedia('(max-width: 820px)').matches) return;
  const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  document.getElementById(%(result)s)?.scrollIntoView({behavior: calm ? 'auto' : 'smooth', block: 'start'});
}"""

# A result carries the inputs that it answers, in their order; it is old while others stand there.
_COMPARE = """(...given) => setTimeout(() => {
  const shown = document.querySelector('#%(result)s [data-answers]');
  const answers = shown && JSON.parse(shown.dataset.answers);
  const old = answers && answers.some((answer, place) => answer !== String(given[place] ?? '').trim());
  document.getElementById(%(remark)s)?.classList.toggle('on', Boolean(old));
}, 50)"""


def trouble(elem_id: str) -> gr.HTML:
    """Where a tab says why it could not do what was asked."""
    return gr.HTML("", elem_id=elem_id, elem_classes="trouble", padding=False)


def in_place(function: Callable[..., Any], results: int) -> Callable[..., Any]:
    """Makes an event's function return its error as its first result, to stand on the page, and leave the others.

    Args:
        function (callable): of :func:`demos.error_messages.one_sentence`: its errors are sentences, escaped.
        results (int): how many it returns.

    Returns:
        callable: the same; it returns what stands in a :func:`trouble`, then the results.
    """

    @functools.wraps(function)
    def shown(*args: Any, **kwargs: Any) -> list[Any]:
        try:
            found = function(*args, **kwargs)
        except gr.Error as error:
            return [f'<p role="alert">{error.message}</p>', *[gr.skip()] * results]
        return ["", *(found if results > 1 else [found])]

    return shown


def scroll_to(result: str, trouble_id: str) -> str:
    """The script that brings a result before the eyes of a phone's visitor.

    Args:
        result (str): element that holds it.
        trouble_id (str): element of its :func:`trouble`.
    """
    return _SHOW % {"result": json.dumps(result), "trouble": json.dumps(trouble_id)}


def mark_old(inputs: Sequence[gr.Textbox], result: gr.HTML, remark: str) -> None:
    """Lays out a remark that shows while the result answers other inputs than those that stand there.

    Args:
        inputs (list of Component): texts.
        result (HTML): whose content has ``data-answers``: these inputs, trimmed, as a JSON list.
        remark (str): what is said then, a key of the catalogue.
    """
    elem_id = f"{result.elem_id}-old"
    gr.Markdown(text(remark), elem_id=elem_id, elem_classes=["warning", "old"])
    compare = _COMPARE % {"result": result.elem_id, "remark": json.dumps(elem_id)}
    for component in (*inputs, result):
        component.change(None, list(inputs), None, js=compare, api_visibility="private")
