"""What a request may bring and what all may leave behind, by requests to an app of three routes."""

from __future__ import annotations

import os

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from demos import request_limits
from demos.request_limits import RequestLimits, TemporaryFiles


async def take(request):
    return JSONResponse({"bytes": len(await request.body())})


async def full(request):
    await request.body()
    return JSONResponse({"detail": "Queue is full. Max size is 64."}, status_code=503)


@pytest.fixture
def client(monkeypatch, tmp_path):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    monkeypatch.setattr(request_limits, "UPLOAD_BYTES", 3_000_000)
    monkeypatch.setattr(request_limits, "BODY_BYTES", 1_000_000)
    routes = [Route(path, end, methods=["POST"]) for path, end in (
        ("/gradio_api/upload", take), ("/gradio_api/call/f", take), ("/gradio_api/queue/join", full))]  # fmt: skip
    transport = httpx.ASGITransport(RequestLimits(Starlette(routes=routes)))
    return httpx.AsyncClient(transport=transport, base_url="http://page")


def pieces(total):
    async def body():
        for _ in range(total // 1000):
            yield bytes(1000)

    return body()


@pytest.mark.anyio
@pytest.mark.parametrize("path, most", [("/gradio_api/upload", 3_000_000), ("/gradio_api/call/f", 1_000_000)])
async def test_a_request_is_taken_up_to_its_limit_announced_or_not(client, path, most):
    for content in (bytes(most), pieces(most)):
        taken = await client.post(path, content=content)
        assert taken.status_code == 200 and taken.json() == {"bytes": most}
    for content in (bytes(most + 1), pieces(most + 1000), pieces(20 * most)):
        refused = await client.post(path, content=content)
        assert refused.status_code == 413
        said = f"This is more than the {most // 1_000_000} MB that the page takes at once: give less."
        assert refused.json() == {"detail": said}


@pytest.mark.anyio
async def test_a_length_that_is_no_number_is_no_length(client):
    taken = await client.post("/gradio_api/upload", content=pieces(5000), headers={"content-length": "many"})
    assert taken.status_code == 200


@pytest.mark.anyio
@pytest.mark.parametrize("spoken, said", [("en-GB", "Busy: other visitors wait"), ("ru", "Занято: другие посетители")])
async def test_a_full_queue_is_a_sentence_on_the_page_and_a_code_to_programs(client, spoken, said):
    headers = {"accept-language": spoken}
    on_page = await client.post("/gradio_api/queue/join", json={}, headers={**headers, "sec-fetch-mode": "cors"})
    assert on_page.status_code == 429 and on_page.json()["detail"].startswith(said)
    to_program = await client.post("/gradio_api/queue/join", json={}, headers=headers)
    assert to_program.status_code == 503 and "Queue is full" in to_program.json()["detail"]


@pytest.fixture
def anyio_backend():
    return "asyncio"


def write(folder, number, size):
    path = folder / f"{number:03d}" / "file.wav"
    path.parent.mkdir(parents=True)
    path.write_bytes(bytes(size))
    os.utime(path, (number, number))
    return path


@pytest.mark.parametrize(
    "most_bytes, most_files, left", [(10_000, 100, 10), (10**9, 4, 4), (10**9, 100, 30), (0, 9, 0)]
)
def test_the_oldest_files_go_and_the_pages_own_stay(tmp_path, most_bytes, most_files, left):
    own = write(tmp_path, 0, 50_000)
    files = TemporaryFiles(tmp_path, most_bytes, most_files)
    written = [write(tmp_path, number, 1000) for number in range(1, 31)]
    files.drop_oldest()
    assert own.exists() and [path.exists() for path in written] == [False] * (30 - left) + [True] * left
    assert len(list(tmp_path.iterdir())) == 1 + left, "the folders of the files that went"


def test_the_folder_is_looked_at_after_so_many_bytes_and_not_at_each_request(tmp_path, monkeypatch):
    looked = []
    files = TemporaryFiles(tmp_path)
    monkeypatch.setattr(files, "drop_oldest", lambda: looked.append(1))
    for _ in range(50):
        files.count(request_limits.LOOK_AFTER // 20)
    for _ in range(300):
        if len(looked) == 2:
            break
        os.sched_yield()
    assert len(looked) == 2
