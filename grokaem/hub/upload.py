"""A folder becomes one new revision of a repository: all of it, or nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from grokaem.hub.access import public_instead_of_private, require_token
from grokaem.hub.card import check_card
from grokaem.hub.client import (
    check_repo_id,
    check_repo_type,
    check_tag_name,
    connect,
    endpoint,
    is_offline,
    pause,
    web_address,
    with_retries,
    xet_if_served,
)
from grokaem.hub.content import check_content
from grokaem.hub.errors import HubConflict, HubUnavailable, explain, is_transient
from grokaem.hub.files import publishable, unpublished_files
from grokaem.hub.published import Published
from grokaem.hub.revision import check_tag, head_of, is_same, states_of
from grokaem.hub.tokens import find_token

if TYPE_CHECKING:
    from huggingface_hub import HfApi

GIT_COMMIT = re.compile(r"[0-9a-f]{40}")
ATTEMPTS = 3  # of the whole upload; each one only sends what has not arrived yet


def publish(
    folder: str | Path,
    repo_id: str,
    *,
    repo_type: str = "model",
    private: bool = False,
    message: str = "Publish",
    dry_run: bool = False,
    parent_commit: str | None = None,
    pull_request: bool = False,
    tag: str | None = None,
    token: str | None = None,
) -> Published:
    """Publishes every file of a folder as one commit, creating the repository where it is missing.

    Until the commit, the old revision is what everybody sees; after it, the whole new one. Running it again
    after a failure sends only what has not arrived; running it again after success does nothing.

    Args:
        folder (path): what to publish; hidden caches and temporary files are left out.
        repo_id (str): "user/name" or "organization/name".
        repo_type (str): "model", "dataset" or "space". (Default: "model")
        private (bool): create the repository private. (Default: False)
        message (str): title of the commit, or of the pull request.
        dry_run (bool): only say what would be sent; works without network and token. (Default: False)
        parent_commit (str, optional): the revision that must still be the newest one. (Default: the one that is
            newest when the call starts, so that nobody's work is overwritten unseen)
        pull_request (bool): propose the change instead of making it. (Default: False)
        tag (str, optional): name to give to the new revision.
        token (str, optional): (Default: `grokaem.hub.find_token`)

    Returns:
        Published: the commit, its address and what was sent.

    Raises:
        FileNotFoundError: no folder, or nothing in it.
        ValueError: a file that must not be published (a pickle, a token inside), a wrong name or card.
        HubAccessError: no token, or one that may not write there.
        HubConflict: somebody else published in between.
        HubTagTaken: the tag names another revision; nothing was sent.
        HubUnavailable: the Hub cannot be reached or keeps failing.
    """
    check_repo_type(repo_type)
    if "/" not in check_repo_id(repo_id):
        raise ValueError(f"{repo_id!r} does not say whose repository it is: use the form user/name.")
    if tag is not None:
        check_tag_name(tag)
    paths = publishable(Path(folder))
    left_out = unpublished_files(Path(folder))
    token = find_token(token)
    check_content(paths, repo_type, token)
    card = paths["README.md"].read_text(encoding="utf-8") if "README.md" in paths else None
    if card is not None:
        check_card(card, repo_type)
    if dry_run:
        return replace(_dry_run(paths, card, repo_id, repo_type, token), left_out=left_out)
    if is_offline():
        raise HubUnavailable(f"publishing {repo_id} needs the network, and HF_HUB_OFFLINE is set: unset it.")
    token = require_token(token)
    api = connect(token)
    try:
        head = _open(api, repo_id, repo_type, private)
        if parent_commit not in (None, head["sha"]):
            raise HubConflict(
                f"{repo_id} is at {head['sha'][:8]} and no longer at {parent_commit[:8]}, so nothing was overwritten: "
                "look at the newest revision and run again."
            )
        files = states_of(paths, head["oids"])
        kept = sorted(set(head["oids"]) - set(paths) - {".gitattributes"})
        changed = any(file.state != "unchanged" for file in files)
        commit, number = head["sha"], None
        if tag is not None:
            check_tag(api, repo_id, repo_type, tag, None if changed else commit)
        if changed:
            commit, number = _commit(api, paths, repo_id, repo_type, message, head, pull_request)
        if tag is not None:
            _tag(api, repo_id, repo_type, tag, commit)
    except Exception as error:
        raise explain(error, repo_id, endpoint(), "publishing") from None
    url = web_address(repo_id, repo_type)
    if number is not None:
        url = f"{url}/discussions/{number}"
    proposal = None if number is None else f"refs/pr/{number}"
    return Published(repo_id, commit, url, changed, files, card, kept, proposal, left_out=left_out)


def check_publishable(
    folder: str | Path,
    repo_id: str,
    *,
    private: bool = False,
    tag: str | None = None,
    token: str | None = None,
) -> None:
    """Finds what would make `publish` refuse a folder's content, repository or tag, and changes nothing.

    For what is published in several repositories: before the first of them is sent, the others are looked at.

    Args:
        folder (path): what is to be published.
        repo_id (str): "user/name" of a model, which need not exist yet.
        private (bool): as `publish` takes it. (Default: False)
        tag (str, optional): likewise.
        token (str, optional): (Default: `grokaem.hub.find_token`)

    Raises:
        ValueError: a file that must not be published.
        HubAccessError: a public repository where a private one is asked for.
        HubTagTaken: the tag names another revision than the one that the folder would become.
        HubUnavailable: the Hub cannot be reached.
    """
    from huggingface_hub.errors import RepositoryNotFoundError

    paths, token = publishable(Path(folder)), require_token(token)
    check_content(paths, "model", token)
    api = connect(token)
    try:
        head = head_of(api, repo_id, "model")
        if private and not head["private"]:
            raise public_instead_of_private(repo_id)
        if tag is not None:
            changed = any(file.state != "unchanged" for file in states_of(paths, head["oids"]))
            check_tag(api, repo_id, "model", tag, None if changed else head["sha"])
    except RepositoryNotFoundError:
        return
    except Exception as error:
        raise explain(error, repo_id, endpoint(), "looking at") from None


def _open(api: HfApi, repo_id: str, repo_type: str, private: bool) -> dict:
    """The newest revision of the repository, which is created where it does not exist."""
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        head = head_of(api, repo_id, repo_type)
    except RepositoryNotFoundError:
        sdk = "gradio" if repo_type == "space" else None
        with_retries(
            lambda: api.create_repo(
                repo_id, repo_type=repo_type, private=private or None, exist_ok=True, space_sdk=sdk
            ),
            f"creating {repo_id}",
        )
        head = head_of(api, repo_id, repo_type)
    if private and not head["private"]:
        raise public_instead_of_private(repo_id)
    return head


def _dry_run(
    paths: dict[str, Path], card: str | None, repo_id: str, repo_type: str, token: str | None
) -> Published:
    head: dict = {"sha": None, "oids": {}}
    if not is_offline():
        try:
            head = head_of(connect(token), repo_id, repo_type, retry=False)
        except Exception:  # a dry run needs no Hub: without an answer, everything counts as new
            pass
    files = states_of(paths, head["oids"])
    changed = any(file.state != "unchanged" for file in files)
    kept = sorted(set(head["oids"]) - set(paths) - {".gitattributes"})
    return Published(
        repo_id, head["sha"], web_address(repo_id, repo_type), changed, files, card, kept, dry_run=True
    )


def _commit(
    api: HfApi,
    paths: dict[str, Path],
    repo_id: str,
    repo_type: str,
    message: str,
    head: dict,
    pull_request: bool,
) -> tuple[str, int | None]:
    """Uploads and commits; returns the commit and the pull request's number.

    A connection that breaks during the commit leaves open whether it happened, so it is looked for before
    it is tried again: a second pull request, or a false alarm about a conflict with oneself, are avoided.
    """
    from huggingface_hub import CommitOperationAdd

    proposals = _proposals(api, repo_id, repo_type) if pull_request else {}
    # The client takes no other commit than one of 40 digits; a Hub with longer ones is only looked at again.
    parent = head["sha"] if GIT_COMMIT.fullmatch(head["sha"]) else None
    if parent is None and head_of(api, repo_id, repo_type)["sha"] != head["sha"]:
        raise HubConflict(f"{repo_id} has changed just now, so nothing was overwritten: run again.")
    for attempt in range(1, ATTEMPTS + 1):
        additions = [CommitOperationAdd(path, str(file)) for path, file in paths.items()]
        try:
            with xet_if_served(api, repo_id, repo_type, pull_request):
                info = api.create_commit(
                    repo_id,
                    additions,
                    commit_message=message,
                    repo_type=repo_type,
                    parent_commit=parent,
                    create_pr=pull_request,
                )
            return info.oid, info.pr_num
        except Exception as error:
            explained = explain(error, repo_id, endpoint(), "publishing")
            if not is_transient(error) and not isinstance(explained, HubConflict):
                raise
            landed = _landed(api, paths, repo_id, repo_type, head["sha"], proposals if pull_request else None)
            if landed:
                return landed
            if isinstance(explained, HubConflict) or attempt == ATTEMPTS:
                raise
            pause(error, attempt, f"publishing {repo_id}")
    raise AssertionError("unreachable")


def _proposals(api: HfApi, repo_id: str, repo_type: str) -> dict[str, str]:
    refs = with_retries(
        lambda: api.list_repo_refs(repo_id, repo_type=repo_type, include_pull_requests=True),
        "listing pull requests",
    )
    return {ref.ref: ref.target_commit for ref in refs.pull_requests or []}


def _landed(
    api: HfApi, paths: dict[str, Path], repo_id: str, repo_type: str, parent: str, proposals: dict | None
) -> tuple[str, int | None] | None:
    """The commit whose answer was lost, if it is there: a newer revision with exactly these contents."""
    if proposals is not None:
        for ref in _proposals(api, repo_id, repo_type).keys() - proposals.keys():
            head = head_of(api, repo_id, repo_type, ref)
            if all(is_same(file, head["oids"].get(path)) for path, file in paths.items()):
                return head["sha"], int(ref.rsplit("/", 1)[1])
        return None
    head = head_of(api, repo_id, repo_type)
    if head["sha"] != parent and all(is_same(file, head["oids"].get(path)) for path, file in paths.items()):
        return head["sha"], None
    return None


def _tag(api: HfApi, repo_id: str, repo_type: str, tag: str, commit: str) -> None:
    if not check_tag(api, repo_id, repo_type, tag, commit):
        with_retries(
            lambda: api.create_tag(repo_id, tag=tag, revision=commit, repo_type=repo_type, exist_ok=True),
            "tagging",
        )
