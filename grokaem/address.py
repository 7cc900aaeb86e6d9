"""Where this library is to be had: the one place that says it, for cards, messages and pages."""

REPOSITORY = "https://github.com/grokaem/grokaem"


def install_command(extra: str = "") -> str:
    """The command that installs the library from its repository.

    Args:
        extra (str, optional): the extra to install with it, such as ``topics``. (Default: none)
    """
    return f'pip install "grokaem{f"[{extra}]" if extra else ""} @ git+{REPOSITORY}"'
