"""The page as programs use it: every public endpoint by Gradio's client and as a tool of the Model Context Protocol.

What is public is read from the running app; each must have its arguments in the table below. Only the Python client
of the protocol is used, which has no page: `pip install mcp`, as a Space has it.
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import json
import re
import shutil
import threading
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from app import create_app
from tests.app.running_app import ROOT

WITH_MCP = importlib.util.find_spec("mcp") is not None
LINES = "\n".join(
    f"{who} {what}"
    for what in ("won the match in extra time", "was seen in the rain over the coast", "asks the bank for money")
    for who in ("the striker", "my sister", "a crowd", "the old captain", "our neighbour")
)
CLIP, TABLE = "clip", "table"  # files that the test makes
# Endpoint -> arguments; the others are their defaults. Numbers are given as numbers here, and as text in a second call.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "fit_topics": {"source": "lines", "lines": LINES, "models": ["NMF"], "n_topics": 3},
    "classify_text": {"text": "The goalkeeper saved a penalty.", "labels": "sports, cooking"},
    "explain_sentence": {"text": "A warm, funny film.", "labels": "praise, complaint"},
    "compare_features": {"source": "My file", "file": TABLE, "scorers": ["chi2"], "steps": ["lower case"]},
    "audio_features": {"clip": CLIP},
    "filter_banks": {"n_filters": 12},
    "cepstral_correlation": {"clip": CLIP},
    "gain_effect": {"clip": CLIP, "gain_db": -6},
    "spectral_envelope": {"clip": CLIP, "place": 0.5},
    "audio_in_noise": {"clip": CLIP, "kind": "pink", "ratio_db": 5},
    "wide_resnet_cost": {"depth": 16, "widen_factor": 2},
    "plan_memory": {"model": "minilm", "batch_size": 16, "budget": "2GB"},
}
WITH_NUMBERS = [
    name for name, given in ARGUMENTS.items() if any(isinstance(value, int | float) for value in given.values())
]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    time = np.arange(16_000) / 16_000
    soundfile.write(folder / "clip.wav", 0.4 * np.sin(2 * np.pi * 440 * time), 16_000)
    rows = [f"{('superb', 'awful')[i % 2]} film{i % 17},{('good', 'bad')[i % 2]}" for i in range(200)]
    (folder / "table.csv").write_text("text,label\n" + "\n".join(rows))
    return {CLIP: folder / "clip.wav", TABLE: folder / "table.csv"}


@pytest.fixture(scope="module")
def client(address):
    return Client(address, verbose=False)


@pytest.fixture(scope="module")
def endpoints(client):
    """Each endpoint's description, by its name, as the app itself tells it."""
    told = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    return {name.lstrip("/"): description for name, description in told.items()}


def arguments_of(endpoint: str, description: dict, files: dict, as_file) -> dict[str, Any]:
    """The table's arguments that this endpoint has, with files in the form that the client takes."""
    known = {parameter["parameter_name"] for parameter in description["parameters"]}
    given = {name: value for name, value in ARGUMENTS[endpoint].items() if name in known}
    return {name: as_file(files[value]) if value in (CLIP, TABLE) else value for name, value in given.items()}


def test_every_public_endpoint_has_its_arguments_here_and_nothing_else_is_public(endpoints):
    assert set(endpoints) <= set(ARGUMENTS), "a new public endpoint: give its arguments above, or make it private"
    assert {"fit_topics", "classify_text", "audio_features"} <= set(endpoints)
    assert not [name for name in endpoints if re.search(r"_\d+$|lambda|^load|^_", name)], "an internal event"


@pytest.mark.parametrize("endpoint", ARGUMENTS)
def test_a_program_calls_it(client, endpoints, files, endpoint):
    if endpoint not in endpoints:
        pytest.skip(f"{endpoint} is not on this page")
    given = arguments_of(endpoint, endpoints[endpoint], files, lambda path: handle_file(str(path)))
    assert client.predict(**given, api_name=f"/{endpoint}") not in (None, "", [], ())


@pytest.mark.parametrize("endpoint", WITH_NUMBERS)
def test_a_number_may_be_text_and_what_is_neither_is_one_sentence(client, endpoints, files, endpoint):
    if endpoint not in endpoints:
        pytest.skip(f"{endpoint} is not on this page")
    given = arguments_of(endpoint, endpoints[endpoint], files, lambda path: handle_file(str(path)))
    numbers = [name for name, value in given.items() if isinstance(value, int | float)]
    as_text = {name: str(value) if name in numbers else value for name, value in given.items()}
    answer = client.predict(**as_text, api_name=f"/{endpoint}")
    assert answer not in (None, "", [], ())
    for name in numbers:
        for wrong in ("many", "", "nan", "1e999", "٣x"):
            with pytest.raises(AppError) as refusal:
                client.predict(**{**given, name: wrong}, api_name=f"/{endpoint}")
            said = str(refusal.value)
            assert said.endswith(".") and "\n" not in said
            assert "Traceback" not in said and "could not convert" not in said


def test_no_public_function_touches_a_visitors_state():
    public = [event for event in create_app().fns.values() if event.fn and event.api_visibility == "public"]
    stateful = [event.api_name for event in public for block in (*event.inputs, *event.outputs)
                if type(block).__name__ == "State"]  # fmt: skip
    assert not stateful, "a tool with a State fails in clients of the protocol"
    for event in public:
        assert (inspect.getdoc(event.fn) or "").count("Args:") or not inspect.signature(event.fn).parameters


def test_the_docs_example_runs(address, files, tmp_path, monkeypatch):
    page = (ROOT / "docs" / "app.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page.split("## From a program")[1].split("\n## ")[0], re.DOTALL)
    assert "http://127.0.0.1:7860" in code
    monkeypatch.chdir(tmp_path)
    for name in re.findall(r'handle_file\("([^"]+)"\)', code):
        shutil.copy(files[CLIP if name.endswith(".wav") else TABLE], tmp_path / name)
    exec(compile(code.replace("http://127.0.0.1:7860", address), "docs/app.md", "exec"), {})


@asynccontextmanager
async def session(address):
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async with streamablehttp_client(f"{address.rstrip('/')}/gradio_api/mcp/") as (read, write, _):
        async with ClientSession(read, write) as opened:
            await opened.initialize()
            yield opened


@pytest.fixture(scope="module")
def tools(address):
    async def listed():
        async with session(address) as opened:
            return {tool.name: tool for tool in (await opened.list_tools()).tools}

    return asyncio.run(listed())


def uploaded(address: str, path: Path) -> str:
    """A file as a client of the protocol gives it: uploaded to the page, named by its address there."""
    import httpx

    with path.open("rb") as file:
        answer = httpx.post(f"{address.rstrip('/')}/gradio_api/upload", files={"files": (path.name, file)})
    return f"{address.rstrip('/')}/gradio_api/file={answer.json()[0]}"


@pytest.mark.skipif(not WITH_MCP, reason="there is no mcp: pip install mcp")
class TestTools:
    def test_they_are_the_public_endpoints_and_describe_themselves(self, tools, endpoints):
        assert set(tools) == set(endpoints)
        for tool in tools.values():
            assert tool.description and len(tool.description) > 20, tool.name
            undescribed = [name for name, about in tool.inputSchema.get("properties", {}).items()
                           if not about.get("description")]  # fmt: skip
            assert not undescribed, f"{tool.name} does not describe {undescribed}"

    @pytest.mark.parametrize("endpoint", ARGUMENTS)
    def test_a_client_calls_it(self, address, tools, endpoints, files, endpoint):
        if endpoint not in tools:
            pytest.skip(f"{endpoint} is not on this page")
        given = arguments_of(endpoint, endpoints[endpoint], files, lambda path: uploaded(address, path))

        async def call():
            async with session(address) as opened:
                return await opened.call_tool(endpoint, given)

        answer = asyncio.run(call())
        assert not answer.isError, answer.content
        assert answer.content and all(getattr(part, "text", "x") for part in answer.content)

    def test_what_is_wrong_is_one_sentence(self, address, tools):
        async def call():
            async with session(address) as opened:
                return await opened.call_tool("classify_text", {"text": "", "labels": "a, b"})

        answer = asyncio.run(call())
        said = " ".join(part.text for part in answer.content)
        assert answer.isError and "There is no text to classify" in said and "Traceback" not in said


def test_many_at_once_are_answered_or_told_that_the_page_is_busy(address, endpoints):
    """P5's neighbour: twenty heavy requests of twenty programs; each a result or the one sentence."""
    lines = [f"{LINES}\nnumber {number} of them all" for number in range(20)]
    answers: list[object] = []

    def ask(number):
        try:
            given = {**ARGUMENTS["fit_topics"], "lines": lines[number]}
            answers.append(Client(address, verbose=False).predict(**given, api_name="/fit_topics"))
        except AppError as refusal:
            answers.append(str(refusal))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said = [answer for answer in answers if isinstance(answer, str)]
    assert len(answers) == 20 and len(said) < 20
    assert {text.split(":")[0] for text in said} <= {"Busy"}, json.dumps(said)


@pytest.mark.case("P5")
def test_repeated_choices_are_refused(client, endpoints):
    with pytest.raises(AppError, match="chosen twice"):
        client.predict(**{**ARGUMENTS["fit_topics"], "models": ["NMF"] * 1000}, api_name="/fit_topics")
