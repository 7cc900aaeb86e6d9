"""What of a run and its export becomes public: names instead of paths, and no text of the user's own data."""

from __future__ import annotations

import glob
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, overload

from exporting.own_files import own_files
from grokaem.atomic import lock, unlock
from grokaem.identity import LOCAL
from grokaem.plain_text import terminal

if TYPE_CHECKING:
    from exporting.report_types import NamedData, RunReport

Report = TypeVar("Report", bound=Mapping[str, object])

PACKAGED = re.compile(r"[\w.-]+==\S+.*")  # the revision of data that a package carries
# Keys whose values are a place on this disk, or a Hub id.
PATH_KEYS = {"_name_or_path", "name_or_path", "base_model_name_or_path", "dataset", "base_model", "also_train_on",
             "name", "tokenizer_file", "vocab_file", "merges_file", "spm_file", "cache_dir"}  # fmt: skip
REPORTS = ("run.json", "parity.json", "config.json", "tokenizer_config.json", "adapter_config.json",
           "preprocessor_config.json", "special_tokens_map.json", "generation_config.json")  # fmt: skip
# Tokens and templates, in which a slash may be a sign.
TOKEN_FILES = ("tokenizer_config.json", "special_tokens_map.json")
# Labels are the model's, texts are public here.
UNCHANGED_KEYS = {"label_names", "label", "id2label", "label2id", "never_predicted", "text"}
IN_PATH = r"[^\s'\",;:()]"
# A folder and something in it, from the root, from home, from here, or on a drive; an address is none. Between quotes
# it may hold spaces.
ABSOLUTE = re.compile(
    rf"(?<=')(?:~\w*)?/[^'/\n]+/[^'\n]*(?=')|(?<=\")(?:~\w*)?/[^\"/\n]+/[^\"\n]*(?=\")"
    rf"|(?<![\w/.~-])(?:file://)?(?:\.{{1,2}}|~\w*)?/[^\s'\",;:()/]+/{IN_PATH}*|\b[A-Za-z]:\\{IN_PATH}+"
)
RELATIVE = re.compile(r"(?<![^\s'\"(,;:=])(?:[^\s'\",;:()/]+/)+[^\s'\",;:()/]*\.\w{1,5}(?!\w)")


def shows_examples(data: NamedData, asked: bool | None = None) -> bool:
    """Whether the data's texts may be shown: those of a package are public, one's own and a Hub's only if asked."""
    if asked is not None:
        return asked
    return all(PACKAGED.fullmatch(part) for part in data["revision"].split("; "))


def own_places(report: RunReport) -> frozenset[str]:
    """The settings of a run that were places on the disk it was trained on, whatever is there today.

    This is read from the revisions that training noted: those of one's own files are hashes, that of a folder says so.

    Args:
        report (dict): ``run.json``.
    """
    config, base = report.get("config", {}), report.get("base_model", {})
    revisions = str(report.get("data", {}).get("revision")).split("; ")
    found = set()
    if base.get("revision") == LOCAL:
        found |= {base.get("name"), config.get("base_model")}
    if revisions[0].startswith("sha256:"):
        found.add(config.get("dataset"))
    if revisions[-1].startswith("sha256:"):
        found.add(config.get("also_train_on"))
    return frozenset(filter(None, found))


def strip_folders(value: str, places: Collection[str] = ()) -> str:
    """The last part of a path, or of one of ``places``; a Hub id stays."""
    is_path = value.startswith(("/", "~", "./", "../")) or value.count("/") > 1 or "\\" in value
    return re.split(r"[/\\]", value.rstrip("/\\"))[-1] if is_path or value in places else value


@overload
def replace_paths(content: Report, places: Collection[str] = (), key: str = "", prose: bool = True) -> Report: ...


@overload
def replace_paths(content: object, places: Collection[str] = (), key: str = "", prose: bool = True) -> object: ...


def replace_paths(content: object, places: Collection[str] = (), key: str = "", prose: bool = True) -> object:
    """A report with names where it had paths of this machine, everywhere in it but in labels, which are the model's.

    Args:
        content (JSON-able): the report.
        places (collection of str, optional): values in it that are paths too; see :func:`own_places`.
        key (str, optional): what the report calls ``content``.
        prose (bool, optional): texts in it are sentences, in which whatever looks like a path is one.
            (Default: ``True``)
    """
    if isinstance(content, dict):
        below = {name: key if key in UNCHANGED_KEYS else name for name in content}
        return {name: replace_paths(item, places, below[name], prose) for name, item in content.items()}
    if isinstance(content, list):
        return [replace_paths(item, places, key, prose) for item in content]
    if not isinstance(content, str) or key in UNCHANGED_KEYS:
        return content
    return strip_folders(content, places) if key in PATH_KEYS else _shortened(content, places, key, prose)


def _shortened(text: str, places: Collection[str], key: str, prose: bool) -> str:
    here = {str(Path.home()), os.getcwd(), tempfile.gettempdir()} - {"/"}
    for place in sorted(here | {place for place in places if "/" in place}, key=len, reverse=True):
        text = re.sub(rf"(?<![\w/]){re.escape(place.rstrip('/'))}(?:/{IN_PATH}*)?(?![\w/])", _last_part, text)
    if prose:
        text = ABSOLUTE.sub(_last_part, text)
    return RELATIVE.sub(_last_part, text) if key == "notes" else text


def warn_about_paths(prose: str) -> None:
    """Says on standard error which paths of a disk the user's own words hold, since they are published as written."""
    home = re.escape(str(Path.home()))
    found = ABSOLUTE.search(prose) or (re.search(rf"{home}(?!\w)", prose) if home != "/" else None)
    if found:
        print(
            f"your part of the card is published as you wrote it, with the path {terminal(found[0])}: change it in the "
            "file of --card and publish again if others should not read it",
            file=sys.stderr,
            flush=True,
        )


def _last_part(found: re.Match[str]) -> str:
    return re.split(r"[/\\]", found[0].rstrip("/\\"))[-1]


def copy_files(
    source: Path, target: Path, kind: str, places: Collection[str] = (), examples: bool | None = None
) -> None:
    """The files of a folder, as they may be published, in another one; what is there already stays.

    Only those of :func:`exporting.own_files.own_files` are taken; the others are named on standard error.

    Args:
        source (Path): a run, an export or a model of words.
        target (Path): it may be there already.
        kind (str): ``run``, ``export`` or ``words``.
        places (collection of str, optional): see :func:`replace_paths`.
        examples (bool, optional): see :func:`shows_examples`.
    """
    target.mkdir(exist_ok=True)
    found = own_files(source, kind)
    if found.left:
        what = terminal(", ".join(found.left))
        print(f"not published, since no command of grokaem wrote it into {source}: {what}", file=sys.stderr, flush=True)
    for name in found.ours:
        file, wanted = source / name, target / name
        if wanted.exists():
            continue
        wanted.parent.mkdir(parents=True, exist_ok=True)
        if file.name not in REPORTS:
            _link(file, wanted)
            continue
        before = json.loads(file.read_text(encoding="utf-8"))
        after = replace_paths(before, places, prose=file.name not in TOKEN_FILES)
        if name == "run.json" and not shows_examples(before["data"], examples):
            after["examples"] = []
        if after == before:
            _link(file, wanted)
        else:
            wanted.write_text(json.dumps(after, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)  # weights are heavy: no second copy where the disk allows
    except OSError:
        shutil.copy2(source, target)


@contextmanager
def staging_folder(run: Path) -> Iterator[Path]:
    """A folder beside the run to put together in what is published; what a killed command left is removed.

    The folder is locked as long as this process lives, so that two may publish at the same time.
    """
    run = run.resolve()
    beside = run.parent
    if not os.access(beside, os.W_OK):
        beside = Path(tempfile.gettempdir())
    for stage in ("staged", "staging"):  # the second was a folder's name before it was locked, up to version 0.1
        for left in beside.glob(f".{glob.escape(run.name)}.{stage}.*"):
            with _locked(left, without_locks=False) as free:  # without locks nobody knows whether its maker lives
                if free:
                    shutil.rmtree(left, ignore_errors=True)
    while True:
        folder = Path(tempfile.mkdtemp(dir=beside, prefix=f".{run.name}.staged."))
        with _locked(folder) as ours:
            if not ours:
                continue  # another one, who tidies, took it for a left one before it was locked
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            return


@contextmanager
def _locked(folder: Path, without_locks: bool = True) -> Iterator[bool]:
    """Whether the folder could be locked; the lock ends with the process that holds it."""
    try:
        opened = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        yield False
        return
    try:
        yield lock(opened, folder, without_locks)
    finally:
        unlock(opened)
