"""Publishes the page as a Hugging Face Space that serves your published model.

    python -m exporting.space --space-id me/grokaem --model-id me/reviews-openvino-int8
    python -m exporting.space --space-id me/grokaem --dry-run            # what would be published; sends nothing
    HF_TOKEN=... python -m exporting.space --space-id me/grokaem --model-id me/private-model --secret HF_TOKEN

The Space gets app.py, its tabs and the library, the requirements that they need, and its settings. The command ends
when the Space runs, or with the lines of its log that say why it does not.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from exporting.space_files import HARDWARE, ROOT, Hardware, page_files, requirements, space_card
from grokaem import kinds
from grokaem.command_line import run
from grokaem.flags import option

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
NAME = re.compile(r"[A-Za-z_]\w*")
# Names whose values are secrets; MAX_TOKENS is none.
SECRET_NAME = re.compile(
    r"(?i)(^|_)(token|secrets?|password|passwd|passphrase|credentials?|apikey|(api|access|secret|private)_key)(_|$)"
)


def main(argv: list[str]) -> int:
    """Runs the command; see the module's docstring for examples."""
    options = _parser().parse_args(argv)
    from grokaem import hub

    given = {kind.key: getattr(options, kind.variable.lower()) for kind in kinds.served()}
    models = {task: name for task, name in given.items() if name}
    variables = _variables(options.variable) | {kinds.find(task).variable: name for task, name in models.items()}
    secrets = _secrets(options.secret)
    token = hub.find_token(token_file=options.token_file)
    hardware = HARDWARE[options.hardware]
    if not hardware.gpu and not options.extra_index_url:
        print(
            f"the Space will carry gigabytes of CUDA, of which {options.hardware} has no use: add --extra-index-url "
            f"{CPU_INDEX} for PyTorch's builds for processors.",
            file=sys.stderr,
        )
    if not options.dry_run:
        hub.check_write_access(options.space_id, token, repo_type="space")
        for task, name in models.items():
            _check_model(name, task, token)
            _check_readable(name, secrets)
    with tempfile.TemporaryDirectory() as staged:
        stage(Path(staged), options.space_id, hardware, models.values(), options.extra_index_url)
        if options.dry_run:
            plan = hub.publish(staged, options.space_id, repo_type="space", dry_run=True, token=token)
            needed = (Path(staged) / "requirements.txt").read_text().splitlines()
            print(plan.describe(), "", "requirements.txt:", *(f"  {line}" for line in needed), "", sep="\n")
            print(f"hardware: {hardware.flavor}")
            print(*(f"variable: {name}={value}" for name, value in variables.items()), sep="\n")
            print(*(f"secret: {name}" for name in secrets), sep="\n")
            return 0
        _publish(Path(staged), options, hardware, variables, secrets, token)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m exporting.space", allow_abbrev=False, description="Publishes the page as a Hugging Face Space."
    )
    parser.add_argument("--space-id", required=True, help="the Space, as user/name")
    for kind in kinds.served():
        help_ = f"Hub repository of the {kind.thing} classifier it serves"
        parser.add_argument(option(kind.variable.lower()), help=help_)
    parser.add_argument(
        "--hardware",
        choices=tuple(HARDWARE),
        default="cpu-basic",
        help="free accounts may only have zero-gpu (default: %(default)s)",
    )
    parser.add_argument(
        "--variable",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a variable of the Space that everybody can see; may be repeated",
    )
    parser.add_argument(
        "--secret",
        action="append",
        default=[],
        metavar="NAME",
        help="a secret of the Space; its value is that of the environment variable NAME here",
    )
    parser.add_argument(
        "--extra-index-url",
        metavar="URL",
        help="another package index, as PyTorch's for its small CPU builds",
    )
    parser.add_argument("--private", action="store_true", help="make a new Space private")
    parser.add_argument(
        "--timeout", type=float, default=1200, help="seconds to wait until it runs (default: %(default)s)"
    )
    parser.add_argument(
        "--token-file", type=Path, help="file with the Hub token (default: HF_TOKEN or login)"
    )
    parser.add_argument("--dry-run", action="store_true", help="print what would be published; send nothing")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


def _publish(
    staged: Path,
    options: argparse.Namespace,
    hardware: Hardware,
    variables: dict[str, str],
    secrets: dict[str, str],
    token: str | None,
) -> None:
    """Sends settings and files, and waits until the Space runs."""
    from grokaem import hub

    space_id: str = options.space_id
    # The settings go first: each of them would restart a Space that has its files already.
    hub.create_space(space_id, hardware=hardware.flavor, private=options.private, token=token)
    hub.set_variables(space_id, variables, token=token)
    hub.set_secrets(space_id, secrets, token=token)
    message = "Publish the page"
    done = hub.publish(
        staged, space_id, repo_type="space", private=options.private, message=message, token=token
    )
    assert done.commit is not None  # only a dry run has none
    state = "published" if done.changed else "already up to date"
    print(f"{state}: {done.url} at {done.commit[:12]}, {len(done.files)} files", flush=True)
    reached = hub.wait_running(
        space_id,
        timeout=options.timeout,
        progress=lambda name: print(f"the Space is {name}", flush=True),
        token=token,
    )
    print(f"{done.url}: {reached}")


def stage(folder: Path, space_id: str, hardware: Hardware, models, index_url: str | None = None) -> None:
    """Puts together what the Space gets: the page's files, its requirements, its README.md.

    Args:
        folder (Path): an empty folder.
        space_id (str): "user/name".
        hardware (Hardware): what it is to run on.
        models (iterable of str): the models it serves.
        index_url (str, optional): see :func:`exporting.space_files.requirements`.
    """
    for name in page_files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    (folder / "requirements.txt").write_text(requirements(hardware, index_url=index_url), encoding="utf-8")
    (folder / "README.md").write_text(space_card(space_id, hardware, models), encoding="utf-8")


def _variables(given: list[str]) -> dict[str, str]:
    pairs = {}
    from grokaem import hub

    for item in given:
        name, equals, value = item.partition("=")
        if hub.looks_secret(item) or hub.URL_PASSWORD.search(item) or (equals and SECRET_NAME.search(name)):
            named = name if equals and NAME.fullmatch(name) and not hub.looks_secret(name) else "NAME"
            raise ValueError(
                f"--variable {named}: everybody can read a variable, and this is a secret; put the value into the "
                f"environment variable {named} and write --secret {named}."
            )
        if not (equals and NAME.fullmatch(name)):
            raise ValueError("--variable takes NAME=VALUE, with a name of letters, digits and underscores.")
        pairs[name] = value
    return pairs


def _secrets(names: list[str]) -> dict[str, str]:
    values = {}
    for name in names:
        if not NAME.fullmatch(name):  # not repeated in the message: it may be the secret itself
            raise ValueError(
                "--secret takes the name of an environment variable, never the value: put the value into it."
            )
        if not os.environ.get(name):
            raise ValueError(f"--secret {name}: set the environment variable {name} to its value first.")
        values[name] = os.environ[name]
    return values


def _check_readable(name: str, secrets: dict[str, str]) -> None:
    """A model that not everybody may read needs a token in the Space: told before it is built."""
    from grokaem import hub

    if hub.look_up_private(name) is False:
        return
    given = secrets.get("HF_TOKEN")
    if given is None:
        raise ValueError(
            f"{name} is private or gated and the Space could not read it: set HF_TOKEN to a token that may, and add "
            "--secret HF_TOKEN."
        )
    if hub.look_up_private(name, given) is None:
        raise ValueError(f"the token in HF_TOKEN does not see {name}: give --secret HF_TOKEN one that may read it.")


def _check_model(name: str, task: str, token: str | None) -> None:
    """The model is there and is of the tab's kind: told before the Space is built, not by its log."""
    import json

    from grokaem import hub

    folder = hub.download(name, allow_patterns=["config.json"], token=token)
    try:
        found = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("task")
    except (OSError, ValueError):
        found = None
    if found != task:
        raise ValueError(
            f"{name} is no {task} classifier made by exporting/export.py: publish one with --push, or name another."
        )


if __name__ == "__main__":
    sys.exit(run(main))
