"""How every command of the project starts and fails: one sentence for an error, a traceback only on request."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

from grokaem.plain_text import terminal
from grokaem.thread_counts import limit_libraries


def run(main: Callable[[list[str]], int | None], argv: list[str] | None = None) -> int:
    """Calls ``main``, its libraries held to the quota, and turns what it raises into one sentence and an exit code.

    Args:
        main (callable): takes the list of arguments without the program's name.
        argv (list of str, optional): the arguments. (Default: those of the process)

    Returns:
        int: 0 done, 1 the run failed, 2 wrong usage or wrong input, 130 interrupted.
    """
    argv = sys.argv[1:] if argv is None else argv
    debug = "--debug" in argv
    limit_libraries()
    try:
        for word in argv[: argv.index("--") if "--" in argv else None]:
            if word.startswith("--") and word.endswith("=--"):  # argparse would hand on an empty list
                raise ValueError(f"{word} gives no value: write one after the equals sign.")
        return main(argv) or 0
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # The reader (head, less) went away: nothing is wrong, but Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, FileNotFoundError) as error:
        if debug:
            raise
        print(f"error: {_sentence(error)}", file=sys.stderr)
        return 2
    except Exception as error:
        if debug:
            raise
        print(f"error: {_sentence(error)} (--debug shows the traceback)", file=sys.stderr)
        return 1


def check_writable(
    path: Path, *inputs: str | Path | None, flag: str = "--output", overwrite: bool = False
) -> Path:
    """Looks a result's file over and makes its folder now, so that a wrong path fails before the work, not after it.

    Args:
        path (Path): the file to be written; a link to a file is followed.
        *inputs (str, Path or None): files that the command reads, which the result must not replace; names of
            other things (of a data set) do not matter.
        flag (str, optional): that it was given by, for the messages. (Default: ``--output``)
        overwrite (bool, optional): replace a file that is there, as the user says. (Default: ``False``)

    Returns:
        Path: the same file, by a name that can be renamed to.

    Raises:
        ValueError: it is there already, is one of the inputs or no regular file, or its folder cannot be made or
            written to.
    """
    try:
        link = path.is_symlink()
        exists = path.exists()
        resolved = path.resolve() if link else path
    except (OSError, RuntimeError) as error:  # a name that is too long, a folder that is not ours, a loop of links
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"{flag} {path} cannot be used ({reason}): give another file.") from None
    if link and not exists:
        raise ValueError(f"{flag} {path} is a link that leads nowhere: remove it, or make what it points to.")
    for name in filter(None, inputs):
        if exists and os.path.exists(name) and path.samefile(name):
            raise ValueError(f"{path} is read by this command and would be replaced: give another file to write.")
    if path.is_dir():
        raise ValueError(f"{path} is a folder: give the name of a file to write.")
    if exists and not path.is_file():  # a pipe, a device: what is complete or absent would take its place
        raise ValueError(f"{path} is no regular file and cannot be replaced: give the name of a file to write.")
    if exists and not overwrite:
        raise ValueError(f"{path} exists already: --overwrite replaces it, {flag} chooses another.")
    path = resolved
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"{path.parent} cannot be made ({error.strerror}): give another folder.") from error
    if not os.access(path.parent, os.W_OK):
        raise ValueError(f"{path.parent} cannot be written to: give another folder.")
    return path


def add_reports(parser: argparse.ArgumentParser, html: str) -> None:
    """The flags of a command that writes reports, which :func:`check_reports` looks over.

    Args:
        parser (argparse.ArgumentParser): gets ``--json``, ``--html`` and ``--overwrite``.
        html (str): what the page shows.
    """
    parser.add_argument("--json", type=user_path, help="write the results here")
    parser.add_argument("--html", type=user_path, help=f"write {html} here")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing --json or --html")


def check_reports(arguments: argparse.Namespace, *inputs: str | Path | None) -> None:
    """As :func:`check_writable`, for a command's ``--json`` and ``--html``, under its ``--overwrite``.

    Args:
        arguments (argparse.Namespace): ``json`` and ``html`` become the names to write to.
        *inputs (str, Path or None): files that the command reads.

    Raises:
        ValueError: see there.
    """
    for name in ("json", "html"):
        if (path := getattr(arguments, name)) is not None:
            path = check_writable(path, *inputs, flag=f"--{name}", overwrite=arguments.overwrite)
            setattr(arguments, name, path)


def user_path(text: str) -> Path:
    """A path of the command line; ``~`` is the home folder also where the shell did not see to it (``--json=~/a``).

    Raises:
        argparse.ArgumentTypeError: there is no such user.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise argparse.ArgumentTypeError(f"{terminal(text)} cannot be found ({error}): write the path out.") from None


def quiet_libraries() -> None:
    """Keeps the libraries' notices off the terminal, so that ours are seen; their errors still show."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    warnings.filterwarnings("ignore")
    for name in ("bitsandbytes", "nncf", "openvino", "optimum", "torch.onnx"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # nncf sets its logger's level when it is imported, which is later; a filter stays.
    logging.getLogger("nncf").addFilter(_is_error)


def _is_error(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR


def one_line(error: BaseException) -> str:
    """The error's message on one line, with its type where the message alone says nothing."""
    message = terminal(" ".join(str(error).split()))
    return message if " " in message else f"{type(error).__name__}: {message}"


def _sentence(error: BaseException) -> str:
    """:func:`one_line` with a full stop: those who add a message to their own sentence leave it out."""
    message = one_line(error)
    return message if message.endswith((".", "!", "?")) else f"{message}."
