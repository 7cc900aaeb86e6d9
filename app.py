"""The page: tabs that compute on the CPU. Settings, tabs, launch; each tab is a file of demos/.

python app.py                        # prints the address; --port chooses the port
MODEL_ID=owner/name python app.py    # serves that classifier: a Hub repository or a folder
"""

from __future__ import annotations

import argparse
import errno
import importlib.util
import os
import socket
import sys

from grokaem import kinds
from grokaem.command_line import run
from grokaem.plain_text import terminal


def create_app():
    """All tabs in one page, a ``gradio.Blocks``; imported here so that --help does not wait for it."""
    import gradio as gr

    from demos import deep_links, masthead
    from demos.heavy import admit
    from demos.served_model import ServedModel
    from demos.tab import TABS, Page
    from demos.wording import text
    from grokaem import corpora

    published = os.environ.get("SYSTEM") == "spaces"  # anybody may read there what it shows
    page = Page(ServedModel(kinds.TEXT.key), ServedModel(kinds.AUDIO.key), corpora.available_offline(published))
    with gr.Blocks(title="grokaem", analytics_enabled=False, delete_cache=(600, 3600)) as app:  # seconds
        masthead.create(page)
        with gr.Tabs(elem_id="tabs") as tabs:
            for key, entry in TABS.items():
                with gr.Tab(text(entry.title), id=key) as tab:
                    entry.create(page)
                deep_links.follow_tab(tab, key)
        deep_links.link_tabs(app, tabs, list(TABS))
        if importlib.util.find_spec("spaces"):
            # ZeroGPU starts only a Space where an event may ask for a GPU; ours run on the CPU
            import spaces  # pyright: ignore[reportMissingImports]  # there only

            gr.api(spaces.GPU(duration=5)(lambda: None), api_name="gpu", api_visibility="private")
    return admit(app).queue(max_size=64, default_concurrency_limit=2)


def main(argv: list[str]) -> None:
    """Serves the page until it is interrupted."""
    parser = argparse.ArgumentParser(description="Serves the page; prints its address.", allow_abbrev=False)
    parser.add_argument("--port", type=int, help="of the server (default: the first free one from 7860 on)")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options = parser.parse_args(argv)
    _check_port(options.port)
    _tell_models()
    from demos.style import LAUNCH

    create_app().launch(server_port=options.port, **LAUNCH)


def _check_port(asked: int | None) -> None:
    """Says that a port cannot be had before the page is built, not after it; Gradio chooses where none is asked for."""
    variable = os.environ.get("GRADIO_SERVER_PORT", "")
    if asked is None and not variable.isdecimal():
        return
    port = int(variable) if asked is None else asked
    other = "choose another --port" if asked is not None else "choose another GRADIO_SERVER_PORT (make demo PORT=...)"
    if not 0 < port < 2**16:
        raise ValueError(f"port {port}: give a number from 1 to 65535.")
    host = os.environ.get("GRADIO_SERVER_NAME") or "127.0.0.1"
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as test:
        test.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server: one that has just ended is no bar
        try:
            test.bind((host, port))
        except OSError as error:
            why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
            raise ValueError(f"port {port} {why}: {other}.") from None


def _tell_models() -> None:
    from demos.served_model import ServedModel

    for kind in kinds.served():
        name = ServedModel(kind.key).name()
        print(f"{kind.key} model: {terminal(name) if name else f'none ({kind.variable} names one)'}", flush=True)


if __name__ == "__main__":
    sys.exit(run(main))
