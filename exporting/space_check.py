"""Tries what would be published as a Space: the files, their requirements, a stranger's account, a visitor.

    python -m exporting.space_check             # every primary button of every tab, in a fresh environment
    python -m exporting.space_check --short     # one a tab, in an environment that is kept (make space-check-short)

The page runs as another user in a folder that nobody may write to, with an empty home and without a network. What
differed from the platform is printed.
"""

from __future__ import annotations

import argparse
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exporting.space import stage
from exporting.space_environment import environment, wanted
from exporting.space_files import HARDWARE
from exporting.space_visit import find_chromium, press_everything
from grokaem.cache import cache_folder
from grokaem.command_line import run

OTHER = "nobody"
START_S = 300.0
SILENT = {"HF_HUB_OFFLINE": "1", **{f"{name}_proxy": "http://127.0.0.1:9" for name in ("http", "https", "all")}}


def main(argv: list[str]) -> int:
    """Runs the command; 1 where something went wrong, each thing in a sentence."""
    parser = argparse.ArgumentParser(
        prog="python -m exporting.space_check", allow_abbrev=False, description="Tries what would be published."
    )
    parser.add_argument("--short", action="store_true", help="one button a tab, in an environment that is kept")
    parser.add_argument("--hardware", choices=tuple(HARDWARE), default="cpu-basic", help="(default: %(default)s)")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.add_argument("--visit", nargs=2, metavar=("FOLDER", "PYTHON"), help=argparse.SUPPRESS)  # the second half
    options = parser.parse_args(argv)
    if options.visit:
        return _visit(Path(options.visit[0]), Path(options.visit[1]), options.short)
    if find_chromium() is None:
        raise ValueError("there is no Chromium to visit the page with: run `apt-get install chromium`.")
    with tempfile.TemporaryDirectory(prefix="space-check-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        code = folder / "code"
        code.mkdir()
        stage(code, "check/page", HARDWARE[options.hardware], [])
        python = _install(code, folder, options.short)
        _protect(code)
        command = [sys.executable, "-m", "exporting.space_check", "--visit", str(folder), str(python)]
        try:
            return subprocess.run([*_cut_off(), *command, *(["--short"] if options.short else [])]).returncode
        finally:
            for path in code.rglob("*"):
                path.chmod(0o755)


def _install(code: Path, folder: Path, keep: bool) -> Path:
    """The interpreter of an environment of the staged requirements; what differs is printed."""
    from grokaem import hub

    card = hub.front_matter((code / "README.md").read_text(encoding="utf-8"))
    asked = wanted(
        (code / "requirements.txt").read_text(encoding="utf-8"), str(card["python_version"]), str(card["sdk_version"])
    )
    for difference in asked.differences:
        print(f"not as published: {difference}", flush=True)
    kept = cache_folder("space-check")
    kept.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    python = environment(asked, kept if keep else folder / "environments", lambda told: print(told, flush=True))
    print(f"environment {asked.key} ready after {time.monotonic() - started:.0f} s", flush=True)
    return python


def _protect(code: Path) -> None:
    """Takes away the right to write, from its owner too."""
    for path in [*code.rglob("*"), code]:
        path.chmod(0o555 if path.is_dir() else 0o444)


def _cut_off() -> list[str]:
    """What starts a command without a network; empty, and said, where that is not allowed."""
    for words in (["unshare", "--net"], ["unshare", "--map-root-user", "--net"]):
        if shutil.which("unshare") and subprocess.run([*words, "true"], capture_output=True).returncode == 0:
            return words
    print("not as published: the network could not be cut off, so only Hub and proxies are switched off.", flush=True)
    return []


def _visit(folder: Path, python: Path, short: bool) -> int:
    """The second half, which a network of its own surrounds: serves the page and visits it."""
    _raise_loopback()
    with _served(folder, python) as (address, log):
        problems = press_everything(address, short, lambda told: print(told, flush=True))
        written = log.read_text(encoding="utf-8", errors="replace")
    if "Traceback (most recent call last)" in written:
        problems.append("the page's log holds a traceback (below).")
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if problems:
        print(written[-4000:], file=sys.stderr)
    print(f"space-check: {len(problems)} problems" if problems else "space-check: all well")
    return int(bool(problems))


def _raise_loopback() -> None:
    """A network of one's own begins with its loopback down."""
    import fcntl
    import struct

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        try:
            fcntl.ioctl(control, 0x8914, struct.pack("16sh14x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP; linux/sockios.h
        except PermissionError:
            pass  # the machine's own network, where it is up


@contextmanager
def _served(folder: Path, python: Path) -> Iterator[tuple[str, Path]]:
    """The address of the page and its log."""
    home, temporary, log = folder / "home", folder / "tmp", folder / "log"
    home.mkdir()
    temporary.mkdir()
    user = _other_user(home, temporary)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "SYSTEM": "spaces",
        "TMPDIR": str(folder / "tmp"),  # the platform's /tmp is nobody else's
        "GRADIO_SERVER_NAME": "0.0.0.0",
        "GRADIO_SERVER_PORT": str(port),
        "PYTHONUNBUFFERED": "1",
        **({} if _is_cut_off() else SILENT),
    }
    started = time.monotonic()
    with log.open("w") as output:
        command = [*user, str(python), "app.py"]
        page = subprocess.Popen(command, cwd=folder / "code", env=settings, stdout=output, stderr=subprocess.STDOUT)
    try:
        while not _answers(port):
            if page.poll() is not None or time.monotonic() - started > START_S:
                raise RuntimeError(f"the page did not start: {log.read_text(encoding='utf-8')[-2000:]}")
            time.sleep(0.1)
        print(f"the page answers after {time.monotonic() - started:.1f} s", flush=True)
        yield f"http://127.0.0.1:{port}", log
    finally:
        page.terminate()
        try:
            page.wait(20)
        except subprocess.TimeoutExpired:
            page.kill()
            page.wait()


def _other_user(*own: Path) -> list[str]:
    """What runs a command as another user, who may read everything, for Python may lie in somebody's home.

    Args:
        *own (Path): folders that become his.
    """
    if os.getuid() != 0 or not shutil.which("setpriv"):
        print("not as published: the page runs as the same user.", flush=True)
        return []
    other = pwd.getpwnam(OTHER)
    for folder in own:
        os.chown(folder, other.pw_uid, other.pw_gid)
    rights = "-all,+dac_read_search"
    return ["setpriv", f"--reuid={other.pw_uid}", f"--regid={other.pw_gid}", "--clear-groups",
            f"--inh-caps={rights}", f"--ambient-caps={rights}"]  # fmt: skip


def _is_cut_off() -> bool:
    """Whether there is no network but the loopback."""
    return [name for _, name in socket.if_nameindex()] == ["lo"]


def _answers(port: int) -> bool:
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as answer:
            return answer.status == 200
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


if __name__ == "__main__":
    sys.exit(run(main))
