"""Links into the page: ``?tab=audio`` opens a tab, ``?text=...`` fills an input; the address follows the choices.

A link is made by copying the address. What it holds comes from a stranger: it fills inputs and presses nothing, and an
input takes it as it takes what is typed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import gradio as gr

if TYPE_CHECKING:
    from gradio.components import Component
    from gradio.events import Dependency

MAX_CHARACTERS = 500  # of one input in an address; a longer one is left out of it

# An input becomes what its name in the query says, in the type that it has now; without one it stays as it is.
_READ = """(...now) => {
  const query = window.askedFor ?? new URLSearchParams();
  const read = (text, before) => typeof before === 'number' ? (Number.isFinite(+text) ? +text : before)
    : typeof before === 'boolean' ? text === 'true' : Array.isArray(before) ? text.split(',') : text;
  const found = %(names)s.map((name, place) => query.has(name) ? read(query.get(name), now[place]) : now[place]);
  return found.length === 1 ? found[0] : found;
}"""

_WRITE = """(now) => {
  const address = new URL(window.location);
  const text = now === null || now === undefined ? '' : String(now);
  if (text && text.length <= %(most)d) address.searchParams.set(%(name)s, text);
  else address.searchParams.delete(%(name)s);
  window.history.replaceState(window.history.state, '', address);
}"""


def link_inputs(demo: gr.Blocks, inputs: Mapping[str, Component]) -> Dependency:
    """Lets the address fill a tab's inputs when the page opens, and follow them when the visitor changes one.

    Args:
        demo (Blocks): the tab.
        inputs (mapping): a name in the query, one for the whole page -> the input.

    Returns:
        Dependency: the event that fills the inputs; what follows from them may be hung on with ``then``.
    """
    components = list(inputs.values())
    read = _READ % {"names": json.dumps(list(inputs))}
    linked = demo.load(None, components, components, js=read, api_visibility="private")
    for name, component in inputs.items():
        write = _WRITE % {"name": json.dumps(name), "most": MAX_CHARACTERS}
        # what the visitor does, rather than every change: what is drawn or read stands in the address already
        listen = getattr(component, "input", None) or getattr(component, "change", None)
        if listen is not None:
            listen(None, component, None, js=write, api_visibility="private")
    return linked


def link_tabs(app: gr.Blocks, tabs: gr.Tabs, keys: list[str]) -> None:
    """Opens the tab that the address names, and lets the address follow the open tab.

    Args:
        app (Blocks): the page.
        tabs (Tabs): whose tabs have these keys as their ids.
        keys (list of str): in order.
    """
    update = f"""() => {{
      const asked = window.askedFor?.get('tab');
      return {{__type__: 'update', selected: {json.dumps(keys)}.includes(asked) ? asked : {json.dumps(keys[0])}}};
    }}"""
    app.load(None, None, tabs, js=update, api_visibility="private")


def follow_tab(tab: gr.Tab, key: str) -> None:
    """Writes a tab into the address when it is opened."""
    write = _WRITE % {"name": json.dumps("tab"), "most": MAX_CHARACTERS}
    tab.select(None, None, None, js=f"() => ({write})({json.dumps(key)})", api_visibility="private")
