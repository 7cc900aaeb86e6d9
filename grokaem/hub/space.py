"""A Space around its files: created, given its secrets and hardware, awaited until it runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from grokaem.hub.access import require_token
from grokaem.hub.client import check_repo_id, connect, endpoint, web_address, with_retries
from grokaem.hub.errors import HubError, HubUnavailable, explain
from grokaem.hub.tokens import scrub

WORKING_STAGES = {"BUILDING", "RUNNING_BUILDING", "APP_STARTING", "RUNNING_APP_STARTING", "NO_APP_FILE"}
LOG_LINES = 5


def create_space(
    space_id: str, *, hardware: str | None = None, private: bool = False, token: str | None = None
) -> str:
    """Creates a gradio Space where it does not exist, and asks for its hardware.

    Args:
        space_id (str): "user/name".
        hardware (str, optional): as "cpu-basic" or "zero-a10g". (Default: what it has)
        private (bool): create it private. (Default: False)
        token (str, optional): (Default: `grokaem.hub.find_token`)

    Returns:
        str: the Space's address.
    """
    check_repo_id(space_id)
    api = connect(require_token(token))
    try:
        with_retries(
            lambda: api.create_repo(
                space_id, repo_type="space", space_sdk="gradio", private=private or None, exist_ok=True
            ),
            f"creating {space_id}",
        )
        if hardware is not None:
            runtime = with_retries(lambda: api.get_space_runtime(space_id), f"looking at {space_id}")
            if hardware not in (runtime.hardware, runtime.requested_hardware):
                with_retries(
                    lambda: api.request_space_hardware(space_id, hardware),  # pyright: ignore[reportArgumentType]  # as the user writes it
                    "asking for the hardware",
                )
    except Exception as error:
        raise explain(error, space_id, endpoint(), "creating") from None
    return web_address(space_id, "space")


def set_secrets(space_id: str, secrets: Mapping[str, str], *, token: str | None = None) -> None:
    """Sets what the app reads as environment variables and nobody else can read back.

    The values go into the request and nowhere else: to no file, no log and no message.
    """
    api = connect(require_token(token))
    try:
        for key, value in secrets.items():
            with_retries(
                lambda k=key, v=value: api.add_space_secret(space_id, k, v), f"setting the secret {key}"
            )
    except Exception as error:
        explained = explain(error, space_id, endpoint(), "setting the secrets of")
        raise type(explained)(scrub(str(explained), *secrets.values())) from None


def set_variables(space_id: str, variables: Mapping[str, str], *, token: str | None = None) -> None:
    """Sets what the app reads as environment variables and everybody can see."""
    api = connect(require_token(token))
    try:
        for key, value in variables.items():
            with_retries(lambda k=key, v=value: api.add_space_variable(space_id, k, v), f"setting {key}")
    except Exception as error:
        raise explain(error, space_id, endpoint(), "setting the variables of") from None


def wait_running(
    space_id: str,
    *,
    timeout: float = 900.0,
    poll: float = 5.0,
    progress: Callable[[str], None] | None = None,
    token: str | None = None,
) -> str:
    """Waits until the Space runs.

    Args:
        space_id (str): "user/name".
        timeout (float): seconds to wait at most. (Default: 900)
        poll (float): seconds between two questions. (Default: 5)
        progress (callable, optional): called with each new stage.
        token (str, optional): (Default: `grokaem.hub.find_token`)

    Returns:
        str: the stage, "RUNNING" (or "SLEEPING", which a visit ends).

    Raises:
        HubError: the build or the app failed; the last lines of its log are in the message.
        HubUnavailable: it does not run in time.
    """
    api = connect(require_token(token))
    deadline, shown = time.monotonic() + timeout, None
    while True:
        try:
            runtime = with_retries(lambda: api.get_space_runtime(space_id), f"looking at {space_id}")
        except Exception as error:
            raise explain(error, space_id, endpoint(), "waiting for") from None
        stage = str(runtime.stage)
        if progress is not None and stage != shown:
            progress(stage)
        shown = stage
        if stage not in WORKING_STAGES:
            break
        if time.monotonic() + poll > deadline:
            raise HubUnavailable(
                f"{space_id} is still {stage} after {timeout:.0f} s: wait at {web_address(space_id, 'space')}."
            )
        time.sleep(poll)
    if stage in ("RUNNING", "SLEEPING"):
        return stage
    said = runtime.raw.get("errorMessage") or "no message"
    log = " | ".join(_last_lines(api, space_id, build=stage == "BUILD_ERROR"))
    raise HubError(
        scrub(
            f"{space_id} does not run, its stage is {stage} ({said}; {log or 'no log'}): correct that and publish "
            "again."
        )
    )


def _last_lines(api, space_id: str, build: bool) -> list[str]:
    try:
        return [line.strip() for line in api.fetch_space_logs(space_id, build=build) if line.strip()][
            -LOG_LINES:
        ]
    except Exception:  # the log is an extra: without it the stage and the message still say what happened
        return []
