"""What a publication did, or would do: the exact files, their bytes, the card."""

from __future__ import annotations

from dataclasses import dataclass, field

from grokaem.plain_text import terminal


@dataclass(frozen=True)
class PublishedFile:
    """A file of the folder: its path there, its size in bytes, and "new", "changed" or "unchanged"."""

    path: str
    bytes: int
    state: str


@dataclass(frozen=True)
class Published:
    """What `publish` did, or would do.

    Attributes:
        repo_id: the repository.
        commit: the revision that holds the folder now; None in a dry run of a repository that does not exist.
        url: the page to look at: the repository's, or the pull request's.
        changed: whether there was anything to send.
        files: every file of the folder.
        card: text of README.md, None where the folder has none.
        kept: files that the repository has and the folder has not; they stay.
        pull_request: revision of the pull request, as "refs/pr/3"; None without one.
        dry_run: nothing was sent.
        left_out: files of the folder that never leave it: caches, backups, what holds keys or passwords.
    """

    repo_id: str
    commit: str | None
    url: str
    changed: bool
    files: list[PublishedFile]
    card: str | None = None
    kept: list[str] = field(default_factory=list)
    pull_request: str | None = None
    dry_run: bool = False
    left_out: list[str] = field(default_factory=list)

    def describe(self) -> str:
        """The exact files with their bytes, and the card: what ``--dry-run`` prints."""
        width = max(len(f"{file.bytes:,}") for file in self.files)
        lines = [f"{'would publish' if self.dry_run else 'published'} to {self.url}"]
        lines += [f"  {file.bytes:>{width},} bytes  {file.state:9}  {terminal(file.path)}" for file in self.files]
        lines.append(
            f"  {sum(file.bytes for file in self.files):>{width},} bytes  in {len(self.files)} files"
        )
        lines += [f"  stays as it is: {terminal(path)}" for path in self.kept]
        lines += [f"  never published: {terminal(path)}" for path in self.left_out]
        if self.card is not None:
            lines += ["", "README.md:", *("  " + terminal(line) for line in self.card.split("\n"))]
        return "\n".join(lines)
