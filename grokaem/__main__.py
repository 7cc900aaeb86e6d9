"""The command ``grokaem``: ``grokaem predict ...`` is the same as ``python -m grokaem predict ...``.

A subpackage is imported when its command is called, and no sooner.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import NamedTuple

import grokaem
from grokaem.address import install_command
from grokaem.command_line import run
from grokaem.plain_text import terminal


class Command(NamedTuple):
    """A command of the library.

    Attributes:
        module (str): its ``main`` takes the arguments and gives the exit code.
        does (str): what it does, in a line of the help.
        extra (str): with which its packages are installed; empty where the library's own are enough.
    """

    module: str
    does: str
    extra: str = ""


COMMANDS = {
    "predict": Command("grokaem.inference.predict", "classify texts or sound files with an exported model"),
    "plan": Command("grokaem.memory.plan", "what a training step costs, and the fastest settings that fit", "plan"),
    "topics": Command("grokaem.topics.compare", "compare topic models on your documents", "topics"),
    "select-features": Command("grokaem.text.select_features", "how few words are enough to classify", "topics"),
    "audio-features": Command("grokaem.audio.extract", "features of sound files as a table", "audio"),
}


def main(argv: list[str]) -> int:
    """Hands the arguments to the command that the first of them names."""
    if not argv or argv[0] in ("-h", "--help"):
        print(_help(), file=sys.stdout if argv else sys.stderr)
        return 0 if argv else 2
    if argv[0] == "--version":
        print(f"grokaem {grokaem.__version__}")
        return 0
    name, *rest = argv
    if name not in COMMANDS:
        raise ValueError(f"there is no command {terminal(name)}: give one of {', '.join(COMMANDS)}.")
    command = COMMANDS[name]
    try:
        return import_module(command.module).main(rest) or 0
    except ModuleNotFoundError as error:
        if not command.extra or (error.name or "grokaem").split(".")[0] == "grokaem":
            raise
        remedy = install_command(command.extra)
        raise RuntimeError(f"grokaem {name} needs the package {error.name}: {remedy}.") from error


def _help() -> str:
    lines = [f"  {name:17}{command.does}" for name, command in COMMANDS.items()]
    usage = "usage: grokaem COMMAND ...        (grokaem COMMAND --help lists its options)\n       grokaem --version\n"
    return "\n".join([usage, *lines])


def console() -> None:
    """Entry of the installed command ``grokaem``."""
    sys.exit(run(main))


if __name__ == "__main__":
    console()
