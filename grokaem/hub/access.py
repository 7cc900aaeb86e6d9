"""Who the token belongs to, and whether it may write: asked before hours of work, not after."""

from __future__ import annotations

from grokaem.hub.client import (
    CONNECT_SECONDS,
    check_repo_id,
    check_tag_name,
    connect,
    endpoint,
    is_offline,
    with_retries,
)
from grokaem.hub.errors import HubAccessError, HubError, HubTagTaken, HubUnavailable, explain
from grokaem.hub.tokens import NO_TOKEN, find_token

WRITING_ROLES = {"admin", "write", "contributor"}  # what an organization's member must be to publish there


def require_token(token: str | None = None) -> str:
    """`find_token`, or a `HubAccessError` that says how to get one."""
    found = find_token(token)
    if not found:
        raise HubAccessError(NO_TOKEN.format(endpoint=endpoint()))
    return found


def _account(token: str | None, doing: str) -> dict:
    if is_offline():
        raise HubUnavailable(f"{doing} needs the network, and HF_HUB_OFFLINE is set: unset it and run again.")
    token = require_token(token)
    api = connect(token)
    try:
        return with_retries(api.whoami, "asking whose token this is")
    except Exception as error:
        raise explain(error, "the token's account", endpoint(), "asking for") from None


def whoami(token: str | None = None) -> str:
    """Name of the user whose token this is.

    Args:
        token (str, optional): (Default: `find_token`)

    Raises:
        HubAccessError: no token, or one the Hub does not know.
        HubUnavailable: the Hub cannot be reached.
    """
    return _account(token, "asking for your account")["name"]


def check_write_access(
    repo_id: str | None,
    token: str | None = None,
    *,
    repo_type: str = "model",
    private: bool = False,
    pull_request: bool = False,
) -> str:
    """Makes sure that `grokaem.hub.publish` will be allowed, without changing anything.

    Args:
        repo_id (str or None): the repository to be published, which need not exist yet; a bare name means
            one of the user's own; None asks only for the user's own namespace.
        token (str, optional): (Default: `find_token`)
        repo_type (str): "model", "dataset" or "space". (Default: "model")
        private (bool, optional): what is published must not become public. (Default: ``False``)
        pull_request (bool, optional): the change will be proposed, which everybody may do. (Default: ``False``)

    Returns:
        str: the namespace, a user or an organization.

    Raises:
        ValueError: ``repo_id`` cannot be a repository's name.
        HubAccessError: no token, or one that may not write there; a public repository where ``private`` is asked.
        HubUnavailable: the Hub cannot be reached.
    """
    if repo_id is not None:
        check_repo_id(repo_id)
    token = require_token(token)
    account = _account(token, "checking that you may publish")
    user = account["name"]
    namespace = repo_id.split("/")[0] if repo_id and "/" in repo_id else user
    key = account.get("auth", {}).get("accessToken", {})
    where = f"{endpoint()}/settings/tokens"
    if key.get("role") == "read":
        raise HubAccessError(f"the token of {user} may only read: make one with the role write at {where}.")
    full_name = repo_id and f"{namespace}/{repo_id.split('/')[-1]}"
    if full_name and pull_request and (is_private := look_up_private(full_name, token, repo_type)) is not None:
        if private and not is_private:
            raise public_instead_of_private(full_name)
        return namespace
    if namespace != user:
        roles = {org["name"]: org.get("roleInOrg") for org in account.get("orgs", [])}
        if namespace not in roles:
            raise HubAccessError(
                f"{user} is no member of {namespace}: publish to {user}/... or use another token."
            )
        if roles[namespace] not in WRITING_ROLES:
            raise HubAccessError(
                f"{user} may only read in {namespace}: ask one of its admins for the role write, "
                f"or publish to {user}/..."
            )
    if key.get("role") == "fineGrained":
        scopes = key.get("fineGrained", {}).get("scoped", [])
        names = {
            scope["entity"].get("name") for scope in scopes if "repo.write" in scope.get("permissions", [])
        }
        if not names & {namespace, repo_id}:
            raise HubAccessError(
                f"the fine-grained token of {user} may not write to {namespace}: allow it at {where}."
            )
    if full_name:
        _check_existing(full_name, token, repo_type, private)
    return namespace


def public_instead_of_private(repo_id: str) -> HubAccessError:
    """The refusal where something private would become public."""
    return HubAccessError(
        f"{repo_id} exists and is public, so nothing was sent: make it private in its settings, choose another "
        "name, or publish without asking for private."
    )


def tag_is_taken(repo_id: str, tag: str, commit: str) -> HubError:
    """The refusal where a tag would have to move."""
    return HubTagTaken(f"the tag {tag} of {repo_id} names {commit[:8]} already and is never moved: choose another tag.")


def check_new_tag(repo_id: str, tag: str, token: str | None = None, *, repo_type: str = "model") -> None:
    """Makes sure that a repository, which need not exist yet, has no such tag.

    Args:
        repo_id (str): "user/name".
        tag (str): the name that the revision to come shall get.
        token (str, optional): (Default: `find_token`)
        repo_type (str): "model", "dataset" or "space". (Default: "model")

    Raises:
        ValueError: no name for a tag.
        HubTagTaken: the tag names a revision already.
        HubUnavailable: the Hub cannot be reached.
    """
    from huggingface_hub.errors import RepositoryNotFoundError

    check_tag_name(tag)
    api = connect(require_token(token))
    try:
        refs = with_retries(lambda: api.list_repo_refs(repo_id, repo_type=repo_type), "listing tags")
    except RepositoryNotFoundError:
        return
    except Exception as error:
        raise explain(error, repo_id, endpoint(), "looking at") from None
    for ref in refs.tags:
        if ref.name == tag:
            raise tag_is_taken(repo_id, tag, ref.target_commit)


def look_up_private(repo_id: str, token: str | None = None, repo_type: str = "model") -> bool | None:
    """Whether a repository is only for those who are allowed: private, or gated.

    Args:
        repo_id (str): "user/name".
        token (str, optional): asked with exactly this one, or with none at all. (Default: ``None``)
        repo_type (str): "model", "dataset" or "space". (Default: "model")

    Returns:
        bool or None: None where there is no such repository, or this token does not see it.

    Raises:
        HubUnavailable: the Hub cannot be reached.
    """
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    api = connect(token)
    try:
        info = with_retries(
            lambda: api.repo_info(repo_id, repo_type=repo_type, timeout=CONNECT_SECONDS), "looking it up"
        )
        return bool(info.private or getattr(info, "gated", False))
    except GatedRepoError:
        return True
    except RepositoryNotFoundError:
        return None
    except Exception as error:
        raise explain(error, repo_id, endpoint(), "looking at") from None


def _check_existing(repo_id: str, token: str, repo_type: str, private: bool) -> None:
    """An existing repository may still refuse (a contributor, somebody else's); a missing one is fine."""
    from huggingface_hub.errors import HfHubHTTPError

    api = connect(token)
    try:
        info = with_retries(
            lambda: api.repo_info(repo_id, repo_type=repo_type, timeout=CONNECT_SECONDS), "looking it up"
        )
        if private and not info.private:
            raise public_instead_of_private(repo_id)
        with_retries(
            lambda: api.auth_check(repo_id, repo_type=repo_type, write=True), "asking for write access"
        )
    except HfHubHTTPError as error:
        if error.response.status_code in (401, 403) and "RepoNotFound" != error.response.headers.get(
            "X-Error-Code"
        ):
            raise explain(error, repo_id, endpoint(), "publishing") from None
        if error.response.status_code >= 500 or error.response.status_code == 429:
            raise explain(error, repo_id, endpoint(), "publishing") from None
    except HubError:
        raise
    except Exception as error:
        raise explain(error, repo_id, endpoint(), "publishing") from None
