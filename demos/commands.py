"""The commands that do what a tab does, folded at its end, to be copied."""

from __future__ import annotations

import gradio as gr

from demos.wording import text


def add_commands(commands: str, elem_id: str) -> None:
    """Lays them out in the block that is open.

    Args:
        commands (str): lines of a shell.
        elem_id (str): of the block that holds them.
    """
    with gr.Accordion(text("The same from the command line"), open=False, elem_id=f"{elem_id}-accordion"):
        gr.Code(
            commands,
            language="shell",
            interactive=False,
            show_label=False,
            show_line_numbers=False,
            wrap_lines=True,
            lines=1,
            buttons=["copy"],
            elem_id=elem_id,
        )
