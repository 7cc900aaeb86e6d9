"""The Hub's client as this subpackage uses it: endpoint and mode read at call time, retries, Xet where it exists."""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeVar

from grokaem.hub.errors import is_transient, root_cause
from grokaem.hub.tokens import URL_PASSWORD, scrub

if TYPE_CHECKING:
    from huggingface_hub import HfApi

Result = TypeVar("Result")
logger = logging.getLogger("grokaem.hub")

CONNECT_SECONDS = 10.0  # a server that does not answer a first question in this time counts as unreachable
WAITS = (1.0, 2.0, 4.0)  # seconds between the attempts of a request that the client itself does not repeat
LONGEST_WAIT = 60.0  # a longer rate limit is reported instead of slept through
_switch = threading.Lock()  # guards the two below: uploads that run with Xet off, and the setting before them
_uploads_without_xet = 0
_switched: list[bool] = []
REPO_TYPES = ("model", "dataset", "space")


def endpoint() -> str:
    """Address of the Hub, to be shown: HF_ENDPOINT as it is now, without the password that may stand in it."""
    return URL_PASSWORD.sub("", _address())


def _address() -> str:
    """HF_ENDPOINT as it is now: the client itself reads it only once, when it is imported."""
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def is_offline() -> bool:
    """Whether HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) forbids to use the network."""
    chosen = os.environ.get("HF_HUB_OFFLINE") or os.environ.get("TRANSFORMERS_OFFLINE") or ""
    return chosen.upper() in {"1", "ON", "YES", "TRUE"}


def connect(token: str | None) -> HfApi:
    """A client of `endpoint` with exactly this token: never one that is found somewhere else."""
    from huggingface_hub import HfApi

    for handler in logging.getLogger("huggingface_hub").handlers:
        handler.addFilter(_without_secrets)
    return HfApi(endpoint=_address(), token=token or False, library_name="grokaem")


def _without_secrets(record: logging.LogRecord) -> bool:
    """The client's notices name the address that is tried again, with whatever stands in it."""
    record.msg, record.args = scrub(record.getMessage()), ()
    return True


def web_address(repo_id: str, repo_type: str) -> str:
    """The page of a repository."""
    return f"{endpoint()}/{'' if repo_type == 'model' else repo_type + 's/'}{repo_id}"


def check_repo_id(repo_id: str) -> str:
    """Returns the repository's name, or raises ValueError in one sentence where it cannot be one."""
    name = r"[A-Za-z0-9][\w.-]{0,95}"
    if not re.fullmatch(rf"({name}/)?{name}", repo_id) or ".." in repo_id or "--" in repo_id:
        raise ValueError(f"{repo_id!r} cannot be the name of a repository: use the form user/name.")
    return repo_id


def check_tag_name(tag: str) -> str:
    """Returns the tag, or raises ValueError in one sentence where git could not keep it."""
    broken = ".." in tag or tag.endswith((".", ".lock")) or len(tag) > 200
    if broken or not re.fullmatch(r"[A-Za-z0-9][\w.-]*", tag):
        raise ValueError(f"{tag!r} cannot be a tag: use letters, digits, dots and dashes.")
    if tag == "main" or re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", tag):
        raise ValueError(f"{tag!r} cannot be a tag, it would be taken for a branch or a commit: use one like v1.")
    return tag


def check_repo_type(repo_type: str) -> str:
    """Returns the repository's kind, or raises ValueError in one sentence."""
    if repo_type not in REPO_TYPES:
        raise ValueError(f"there is no repository type {repo_type!r}: use one of {', '.join(REPO_TYPES)}.")
    return repo_type


def with_retries(call: Callable[[], Result], what: str) -> Result:
    """Calls again, after `WAITS`, what failed with a broken connection, 408, 429 or 5xx.

    The client itself repeats the upload of files, but neither questions about a repository nor the commit.
    """
    for attempt in range(1, len(WAITS) + 1):
        try:
            return call()
        except Exception as error:
            if not is_transient(error):
                raise
            pause(error, attempt, what)
    return call()


def pause(error: Exception, attempt: int, what: str) -> None:
    """Sleeps before the next attempt, as long as the server asked; raises ``error`` where that is too long."""
    wait = max(asked_wait(error) or 0, WAITS[min(attempt, len(WAITS)) - 1])
    if wait > LONGEST_WAIT:
        raise error
    logger.warning("%s: %s; again in %.0f s", what, type(root_cause(error)).__name__, wait)
    time.sleep(wait)


def asked_wait(error: Exception) -> float | None:
    """Seconds that the server asks to wait: its RateLimit header (and one more), or Retry-After."""
    response = getattr(root_cause(error), "response", None)
    if response is None:
        return None
    if match := re.search(r"\bt\s*=\s*(\d+)", response.headers.get("RateLimit", "")):
        return float(match[1]) + 1
    after = response.headers.get("Retry-After", "")
    return float(after) if after.isdigit() else None


@contextmanager
def xet_if_served(api: HfApi, repo_id: str, repo_type: str, pull_request: bool) -> Iterator[None]:
    """Uploads through Xet where the endpoint has it, through LFS where it has not.

    The client, once hf_xet is installed, sends every large file through Xet and fails on a server without it.
    Its only switch is a setting of the whole process, which is why concurrent uploads are counted.
    """
    global _uploads_without_xet
    if _has_xet(api, repo_id, repo_type, pull_request):
        yield
        return
    from huggingface_hub import constants

    with _switch:
        if _uploads_without_xet == 0:
            _switched.append(constants.HF_HUB_DISABLE_XET)
            constants.HF_HUB_DISABLE_XET = True
        _uploads_without_xet += 1
    try:
        yield
    finally:
        with _switch:
            _uploads_without_xet -= 1
            if _uploads_without_xet == 0:
                constants.HF_HUB_DISABLE_XET = _switched.pop()


def _has_xet(api: HfApi, repo_id: str, repo_type: str, pull_request: bool) -> bool:
    """Whether the client would use Xet and the endpoint serves it (or refuses for another reason)."""
    from huggingface_hub import constants
    from huggingface_hub.utils import build_hf_headers, get_session

    with _switch:
        chosen_off = _switched[0] if _switched else constants.HF_HUB_DISABLE_XET
    if chosen_off or find_spec("hf_xet") is None:
        return False
    address = f"{api.endpoint}/api/{repo_type}s/{repo_id}/xet-write-token/main"
    answer = get_session().get(
        address + ("?create_pr=1" if pull_request else ""),
        headers=build_hf_headers(token=api.token),
        timeout=CONNECT_SECONDS,
    )
    return answer.status_code != 404 or answer.headers.get("X-Error-Code") == "RepoNotFound"
