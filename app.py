"""The page: three tabs that compute on the CPU. Settings, tabs, launch; each tab is a file of demos/.

python app.py                            # prints the address; GRADIO_SERVER_PORT chooses the port
MODEL_ID=owner/name python app.py        # serves that classifier: a Hub repository or a folder
"""

from __future__ import annotations

import argparse
import importlib.util
import sys

import gradio as gr

import corpora
import topics
from audio.reading import read_waveform
from command_line import run
from demos import audio_features, text_classification, topic_modelling
from demos.sentence_encoder import encode
from demos.served_model import ServedModel
from demos.style import CSS, MASTHEAD, theme


def create_app() -> gr.Blocks:
    """All tabs in one page."""
    tabs = {
        "Topic modelling": topic_modelling.create_demo(corpora.read_documents, topics.fit),
        "Text classification": text_classification.create_demo(ServedModel("text", "MODEL_ID"), encode),
        "Audio features": audio_features.create_demo(ServedModel("audio", "AUDIO_MODEL_ID"), read_waveform),
    }
    # Uploads are swept every hour once they are a day old.
    with gr.Blocks(title="grokaem", analytics_enabled=False, delete_cache=(3600, 86400)) as app:
        gr.Markdown(MASTHEAD, elem_id="masthead")
        for name, demo in tabs.items():
            with gr.Tab(name):
                demo.render()
        if importlib.util.find_spec("spaces"):
            # ZeroGPU starts only a Space where an event may ask for a GPU; all of ours run on the CPU.
            import spaces

            gr.api(spaces.GPU(duration=5)(lambda: None), api_name="gpu", api_visibility="private")
    return app.queue(max_size=32, default_concurrency_limit=1)


def main(argv: list[str]) -> None:
    """Serves the page until it is interrupted."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter).parse_args(
        argv
    )
    mcp = importlib.util.find_spec("mcp") is not None  # the events as tools of the Model Context Protocol
    create_app().launch(
        theme=theme(), css=CSS, max_file_size="20mb", mcp_server=mcp, footer_links=["api", "settings"]
    )


if __name__ == "__main__":
    sys.exit(run(main))
