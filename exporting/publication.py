"""What is asked of a publication; everything of it that can be wrong is found before the work that it follows."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from exporting.own_card import OwnCard
from exporting.quantization import METHODS
from grokaem import hub

LONGEST = max(METHODS, key=len)  # of the methods' names, for a repository whose method is not chosen yet
SUFFIX = re.compile(rf"-openvino-({'|'.join(map(re.escape, METHODS))})$")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags that say how something is published, the same in every command that publishes."""
    parser.add_argument(
        "--card",
        type=Path,
        metavar="FILE",
        help="your part of the model card: Markdown with front matter, merged into what is measured",
    )
    parser.add_argument("--dry-run", action="store_true", help="print files, bytes and cards; send nothing")
    parser.add_argument("--tag", help="name for the published revision; a tag is never moved")
    parser.add_argument("--message", help="title of the commit, or of the pull request")
    parser.add_argument(
        "--pull-request", action="store_true", help="propose the change, which everybody may, instead of making it"
    )
    parser.add_argument("--hub-private", action="store_true", help="make new repositories private")
    parser.add_argument("--token-file", type=Path, help="file with the Hub token (default: HF_TOKEN or login)")


def add_push_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``exporting/export.py`` that :func:`from_options` reads."""
    parser.add_argument("--push", action="store_true", help="publish the export to the Hub")
    parser.add_argument("--push-original", action="store_true", help="also publish the unquantized weights")
    parser.add_argument(
        "--layout",
        choices=("one", "two"),
        help="publish the unquantized weights in the export's repository, or in one of their own "
        "(default: two with --push-original, else not at all)",
    )
    parser.add_argument("--repo-id", help="Hub repository (default: <you>/<run>-openvino-<method>)")
    add_arguments(parser)


def from_options(options: argparse.Namespace, card: OwnCard | None) -> Publication | None:
    """What the command line of ``exporting/export.py`` asks to publish; None where it asks for nothing.

    Args:
        options (argparse.Namespace): with the flags of :func:`add_push_arguments`.
        card (OwnCard, optional): what ``--card`` says.

    Raises:
        ValueError: a flag that says how to publish, and none that says to; or see :class:`Publication`.
    """
    how = {"--repo-id": options.repo_id, "--hub-private": options.hub_private, "--layout": options.layout,
           "--push-original": options.push_original, "--tag": options.tag, "--message": options.message,
           "--pull-request": options.pull_request}  # fmt: skip
    idle = [flag for flag, value in how.items() if value not in (None, False)]
    if idle and not (options.push or options.dry_run):
        raise ValueError(f"{', '.join(idle)}: nothing is published without --push (or --dry-run, to see what).")
    if not (options.push or options.dry_run):
        return None
    return Publication.of(
        options,
        original=options.push_original or options.layout is not None,
        one_repository=options.layout == "one",
        dry_run=options.dry_run,
        card=card,
    )


class Flags(Protocol):
    """The flags of a publication as a command read them: its options, or the settings of a training."""

    @property
    def repo_id(self) -> str | None: ...  # noqa: D102
    @property
    def hub_private(self) -> bool: ...  # noqa: D102
    @property
    def tag(self) -> str | None: ...  # noqa: D102
    @property
    def message(self) -> str | None: ...  # noqa: D102
    @property
    def pull_request(self) -> bool: ...  # noqa: D102


@dataclass(frozen=True)
class Publication:
    """A publication as the command line asks for it.

    Attributes:
        repo_id: the wanted repository; without an owner, one of the token's user.
            (Default: ``<you>/<name>-openvino-<method>``)
        private: new repositories are private.
        original: the unquantized weights are published too.
        one_repository: in the export's own repository, not in one beside it.
        tag: name of the new revision.
        message: title of the commit or the pull request.
        pull_request: propose the change instead of making it.
        dry_run: only say what would be sent; needs neither network nor token.
        card: what the user says of the model himself.

    Raises:
        ValueError: what cannot be asked together, or a name that the Hub does not take.
    """

    repo_id: str | None = None
    private: bool = False
    original: bool = False
    one_repository: bool = False
    tag: str | None = None
    message: str | None = None
    pull_request: bool = False
    dry_run: bool = False
    card: OwnCard | None = None

    @classmethod
    def of(
        cls,
        flags: Flags | argparse.Namespace,
        *,
        original: bool = False,
        one_repository: bool = False,
        dry_run: bool = False,
        card: OwnCard | None = None,
    ) -> Publication:
        """What the flags that every publishing command has ask for, and what each command reads in its own way."""
        return cls(
            flags.repo_id,
            private=flags.hub_private,
            original=original,
            one_repository=one_repository,
            tag=flags.tag,
            message=flags.message,
            pull_request=flags.pull_request,
            dry_run=dry_run,
            card=card,
        )

    def __post_init__(self) -> None:
        if self.repo_id is not None:
            hub.check_repo_id(self.repo_id)
        if self.tag is not None:
            hub.check_tag_name(self.tag)
            if self.pull_request:
                raise ValueError(
                    "--tag names a revision and --pull-request only proposes one: leave out one of the two, "
                    "and tag once the proposal is merged."
                )
        if self.message is not None and not self.message.strip():
            raise ValueError("--message says nothing: give a few words, or leave it out.")
        if self.message is not None and hub.looks_secret(self.message):
            raise ValueError("--message holds what looks like a token or a private key: leave it out of the message.")

    def target(self, name: str, method: str, token: str | None) -> str:
        """The repository of an export.

        Args:
            name (str): ``<base model>-<data set>``.
            method (str): one of :data:`exporting.quantization.METHODS`.
            token (str, optional): Hub token; in a dry run without one, the owner is told as ``your-name``.
        """
        wanted = self.repo_id or f"{name}-openvino-{method}"
        if "/" in wanted:
            return wanted
        try:
            user = hub.whoami(token=token)
        except hub.HubError:
            if not self.dry_run:
                raise
            user = "your-name"
        return f"{user}/{wanted}"

    def original_of(self, repo_id: str) -> str | None:
        """The repository of the unquantized weights, beside that of the export; None where there is none."""
        if not self.original or self.one_repository:
            return None
        return SUFFIX.sub("", repo_id) if SUFFIX.search(repo_id) else f"{repo_id}-original"

    def check(self, token: str | None, name: str | None = None, method: str | None = None, new: bool = True) -> None:
        """Makes sure, before the work, that it can be published; a dry run asks nobody.

        Args:
            token (str, optional): Hub token.
            name (str, optional): ``<base model>-<data set>``; without it only the namespace can be asked for.
            method (str, optional): that of the export; without it, while it is not chosen yet, the same.
            new (bool, optional): what will be published is not made yet, so that a tag of that name would have to
                move. (Default: ``True``)

        Raises:
            ValueError: no token, an unknown one, or one that may not write there; a public repository where a
                private one is asked for; a tag that is taken.
            hub.HubUnavailable: the Hub cannot be reached.
        """
        if self.dry_run:
            return
        try:
            if not self.repo_id and not (name and method):
                hub.check_write_access(None, token=token)
                if name:
                    hub.check_repo_id(f"you/{name}-openvino-{LONGEST}")
                return
            repo_id = self.target(name or "", method or "", token)
            for one in filter(None, (repo_id, self.original_of(repo_id))):
                hub.check_write_access(one, token=token, private=self.private, pull_request=self.pull_request)
                if self.tag and new:
                    hub.check_new_tag(one, self.tag, token=token)
        except hub.HubUnavailable:
            raise
        except hub.HubError as error:
            raise ValueError(str(error)) from None

    def check_sending(self, folder: Path, repo_id: str, token: str | None) -> None:
        """Finds what :meth:`send` would refuse, while nothing is sent; a dry run asks nobody.

        Args:
            folder (Path): with its card.
            repo_id (str): the repository.
            token (str, optional): Hub token.

        Raises:
            ValueError: the tag names another revision; a file that must not be published.
            hub.HubError: it could not be sent.
        """
        if self.dry_run:
            return
        try:
            hub.check_publishable(folder, repo_id, private=self.private, tag=self.tag, token=token)
        except hub.HubTagTaken as error:
            raise ValueError(str(error)) from None

    def send(self, folder, repo_id: str, title: str, token: str | None) -> hub.Published:
        """Publishes a folder as it is asked for, or says what would be sent.

        Args:
            folder (Path): with its card.
            repo_id (str): the repository.
            title (str): of the commit, where no message is given.
            token (str, optional): Hub token.

        Raises:
            ValueError: the tag names another revision.
            hub.HubError: it could not be sent.
        """
        try:
            published = hub.publish(
                folder,
                repo_id,
                private=self.private,
                message=self.message or title,
                dry_run=self.dry_run,
                pull_request=self.pull_request,
                tag=self.tag,
                token=token,
            )
        except hub.HubTagTaken as error:  # known only now, where the same content might have had that tag
            raise ValueError(str(error)) from None
        if self.dry_run:
            print(published.describe(), flush=True)
            if self.tag or self.pull_request:
                print(f"  {f'tagged {self.tag}' if self.tag else 'as a pull request'}", flush=True)
        return published


def describe_outcome(published: hub.Published) -> str:
    """What happened and where: the beginning of the line that a command ends with."""
    assert published.commit is not None  # only a dry run has none
    state = "proposed" if published.pull_request else "published" if published.changed else "already up to date"
    return f"{state}: {published.url} at {published.commit[:12]}"
