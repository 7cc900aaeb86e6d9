"""Starts app.py the way a user does, in a process of its own and from another folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def running_app(script: str = "app.py", seconds: float = 300, **environment: str) -> Iterator[str]:
    """The address of a running app, which serves what ``environment`` names and is stopped afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            **os.environ,
            "GRADIO_ANALYTICS_ENABLED": "False",
            "HF_HUB_OFFLINE": "1",
            "PYTHONUNBUFFERED": "1",
            "GRADIO_TEMP_DIR": str(Path(folder) / "gradio"),
            "GROKAEM_RUNS": folder,  # no model is served, whatever the checkout has trained
            "MODEL_ID": "",
            "AUDIO_MODEL_ID": "",
            **environment,
        }
        command = [sys.executable, str(ROOT / script)]
        process = subprocess.Popen(
            command, cwd=folder, env=settings, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        output: list[str] = []
        address = threading.Event()

        def read() -> None:
            for line in process.stdout:
                output.append(line)
                if re.search(r"https?://\S+:\d+", line):
                    address.set()
            address.set()  # the output ended: it did not start

        threading.Thread(target=read, daemon=True).start()
        try:
            address.wait(seconds)
            found = re.search(r"https?://\S+:\d+", "".join(output))
            if not found:
                raise RuntimeError(f"{script} printed no address within {seconds:.0f} s:\n{''.join(output)}")
            yield found[0]
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
