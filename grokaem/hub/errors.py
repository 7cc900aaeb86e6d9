"""What can go wrong with the Hub, each as one sentence that names the remedy."""

from __future__ import annotations

import errno

from grokaem.hub.tokens import scrub
from grokaem.plain_text import as_reason

DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
TRANSIENT_STATUS = {408, 429, 500, 502, 503, 504}


class HubError(RuntimeError):
    """Something about the Hub failed; the message is one sentence with the remedy."""


class HubAccessError(HubError, PermissionError):
    """No token, a token that is not known, or one that may not do this."""


class HubNotFound(HubError):
    """The repository, the revision or the file does not exist (or is not visible to this token)."""


class HubUnavailable(HubError, ConnectionError):
    """The server cannot be reached or keeps failing; the same call may succeed later."""


class HubConflict(HubError):
    """Somebody else has published in between; nothing was overwritten."""


class HubTagTaken(HubError):
    """The tag names another revision, and is never moved."""


class IntegrityError(HubError):
    """Content is not what its repository promises."""


class MetadataError(ValueError):
    """The front matter of a README.md would be refused by the Hub."""


def root_cause(error: BaseException) -> BaseException:
    """The error below the client's wrappers (RuntimeError of an upload thread, LocalEntryNotFoundError)."""
    from huggingface_hub.errors import LocalEntryNotFoundError

    while error.__cause__ is not None and (
        isinstance(error, LocalEntryNotFoundError) or str(error).startswith("Error while uploading")
    ):
        error = error.__cause__
    return error


def is_transient(error: BaseException) -> bool:
    """Whether the same request may succeed a little later: a broken connection, 408, 429, 5xx."""
    import httpx
    from huggingface_hub.errors import HfHubHTTPError

    error = root_cause(error)
    if isinstance(error, HfHubHTTPError):
        return error.response.status_code in TRANSIENT_STATUS
    if isinstance(error, OSError) and "Consistency check failed" in str(error):
        return True
    return is_closed_client(error) or isinstance(
        error, (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError)
    )


def is_closed_client(error: BaseException) -> bool:
    """Whether the client fell over its own retries.

    huggingface_hub 1.21.0 closes its connections when one is refused, and then repeats the request on them.
    """
    return isinstance(error, RuntimeError) and "client has been closed" in str(error)


def explain(error: Exception, repo_id: str, endpoint: str, doing: str) -> Exception:
    """Turns an error of the client into ours.

    Args:
        error (Exception): what the client raised.
        repo_id (str): the repository it was about.
        endpoint (str): address of the server.
        doing (str): what was attempted, for the message, as in "publishing".

    Returns:
        Exception: a `HubError` (or a `MetadataError`) with one sentence; ``error`` itself where it already
        is ours or says something about the user's input.
    """
    import httpx
    from huggingface_hub import errors as client

    if isinstance(error, (HubError, MetadataError)):
        return error
    error = root_cause(error)  # pyright: ignore[reportAssignmentType]  # what caused an Exception is one
    said = scrub(_server_message(error))
    if isinstance(error, client.GatedRepoError):
        return HubAccessError(
            f"{repo_id} is gated: ask for access at {endpoint}/{repo_id} with the account of your token, then run "
            "again."
        )
    if isinstance(error, client.RepositoryNotFoundError):
        return HubNotFound(
            f"{repo_id} does not exist on {endpoint}, or is private and your token does not see it: check the name, "
            "and set HF_TOKEN to a token of its owner."
        )
    if isinstance(error, client.RevisionNotFoundError):
        return HubNotFound(f"{repo_id} has no such revision: name one of its branches, tags or commits.")
    if isinstance(error, client.EntryNotFoundError) and not isinstance(error, client.LocalEntryNotFoundError):
        return HubNotFound(f"a file is missing from {repo_id} ({said}): check its name and the revision.")
    if isinstance(error, client.OfflineModeIsEnabled):
        return HubUnavailable(
            f"{doing} {repo_id} needs the network, and HF_HUB_OFFLINE is set: unset it and run again."
        )
    if isinstance(error, client.HfHubHTTPError):
        return _explain_status(error.response.status_code, said, repo_id, endpoint, doing)
    if isinstance(error, httpx.TransportError) or is_closed_client(error):
        return HubUnavailable(
            f"{doing} {repo_id} failed because {endpoint} cannot be reached ({type(error).__name__}): check the "
            "network and HF_ENDPOINT, then run again; what was transferred already is kept."
        )
    if isinstance(error, OSError) and error.errno in DISK_FULL:
        return HubError(
            f"{doing} {repo_id} failed because the disk is full ({error.filename or 'cache folder'}): free some "
            "space or point HF_HOME to another disk, then run again."
        )
    if isinstance(error, OSError) and "Consistency check failed" in str(error):
        return HubUnavailable(
            f"{doing} {repo_id} ended before all bytes had come: run again to fetch the rest."
        )
    if isinstance(error, ValueError) and str(error).startswith("Invalid metadata"):
        rule = as_reason(said.removeprefix("Invalid metadata in README.md. - "))
        return MetadataError(f"the Hub refuses the front matter of README.md: {rule}.")
    if isinstance(error, ValueError) and "LFS batch" in str(error):
        return HubError(
            f"the Hub's storage refuses the upload to {repo_id} ({said}): resolve that and run again."
        )
    return HubError(
        f"{doing} {repo_id} failed: {type(error).__name__}: {said}; run again, --debug shows the details."
    )


def _explain_status(status: int, said: str, repo_id: str, endpoint: str, doing: str) -> HubError:
    if status == 401:
        return HubAccessError(
            f"{endpoint} does not accept the token: make one at {endpoint}/settings/tokens and set HF_TOKEN to it."
        )
    if status == 403:
        return HubAccessError(
            f"the token may not do this: {doing} {repo_id} needs one with the role write for "
            f"{repo_id.split('/')[0]}, from {endpoint}/settings/tokens."
        )
    if status in (409, 412):
        return HubConflict(
            f"somebody else has changed {repo_id} in the meantime, so nothing was overwritten: look at the newest "
            "revision and run again to publish on top of it."
        )
    if status == 429:
        return HubUnavailable(f"{endpoint} limits the number of requests: wait some minutes and run again.")
    if status >= 500 or status == 408:
        return HubUnavailable(
            f"{doing} {repo_id} failed because {endpoint} keeps answering {status}: run again later, what was "
            "transferred already is kept."
        )
    return HubError(
        f"{doing} {repo_id} was refused with status {status} ({said}): correct that and run again."
    )


def _server_message(error: BaseException) -> str:
    """What the server said, on one line: its own words rather than the client's long explanation."""
    message = getattr(error, "server_message", None) or str(error)
    return " ".join(message.split())[:300]
