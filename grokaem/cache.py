"""The folder where fetched, converted and computed things are kept between runs, and files kept there by their key."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from grokaem.atomic import SUFFIX as UNDER_WAY
from grokaem.atomic import temporary_folder

TALLY = "tally"  # the file beside the shards, a byte long for each block that was written
BLOCK = 4096  # bytes: what a file takes of a disk in
LEFT = 0.9  # of the limit, once the oldest files went: the next look at all of them is a tenth of the limit away


def cache_folder(name: str) -> Path:
    """The folder of that name under ``$GROKAEM_CACHE``, by default under ``~/.cache/grokaem``; it may not exist yet.

    Args:
        name (str): what is kept there, such as ``"corpora"``.
    """
    named = os.environ.get("GROKAEM_CACHE")
    if named:
        return Path(named) / name
    try:
        return Path.home() / ".cache" / "grokaem" / name
    except RuntimeError:  # a user without a home, as containers have them
        return Path(tempfile.gettempdir()) / f"grokaem-{os.getuid()}" / name


@dataclass(frozen=True)
class FileCache:
    """Files by key, the least recently used of which go when they take more than a limit.

    Nothing that is done for one file looks at the others: they lie in 256 folders, and what was written is counted in
    the length of a file, to which several processes may append at once. Only when that count passes the limit are all
    files looked at. The count is raised before a file appears: a kill can make it too high, which costs a look at the
    files, and not too low.

    Attributes:
        folder: where they are; made when the first one is written.
        suffix: of their names, such as ``".npy"``.
        limit_bytes: of all of them, in blocks of 4 KiB.
    """

    folder: Path
    suffix: str
    limit_bytes: int

    def path(self, key: str) -> Path:
        """Where the file of a key is, if it is there.

        Args:
            key (str): hexadecimal digits of a hash.
        """
        return self.folder / key[:2] / f"{key}{self.suffix}"

    @contextmanager
    def new_file(self, key: str) -> Iterator[Path]:
        """Yields a temporary name; when the block ends without an error, the file appears and the oldest ones go.

        Args:
            key (str): see :meth:`path`; an older file of that key is replaced.

        Raises:
            OSError: the folder cannot take it; then there is no such file, or the older one.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        target = self.path(key)
        # beside the shards, not in one: what a kill leaves is found by the next writer, whichever shard is his
        with temporary_folder(self.folder, target.name) as folder:
            temporary = folder / target.name
            yield temporary
            fits = self._count(temporary.stat().st_size)
            target.parent.mkdir(exist_ok=True)
            os.replace(temporary, target)
        if not fits:
            self.drop_oldest()

    def drop_oldest(self) -> None:
        """Looks at all files, removes the least recently used ones where they pass the limit, and counts the rest."""
        descriptor = os.open(self.folder / TALLY, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:  # another one is at it
                return
            except OSError:  # a file system without locks: two who remove the same files do no harm
                pass
            before = os.fstat(descriptor).st_size
            # what is under way first: a file that appears meanwhile is counted twice rather than not at all
            blocks = sum(size for _, size, _ in self._files(lambda name: name.endswith(UNDER_WAY)))
            # an earlier version kept its files in no shard
            files = sorted([*self._files(lambda name: len(name) == 2), *self._in(str(self.folder))])
            blocks += sum(size for _, size, _ in files)
            limit = self.limit_bytes // BLOCK
            if blocks > limit:
                for _, size, path in files:
                    if blocks <= LEFT * limit:
                        break
                    Path(path).unlink(missing_ok=True)
                    blocks -= size
            meanwhile = max(0, os.fstat(descriptor).st_size - before)
            os.ftruncate(descriptor, blocks + meanwhile)
        finally:
            os.close(descriptor)

    def _count(self, size: int) -> bool:
        """Counts a file that is about to appear; whether all of them are known to be within the limit."""
        tally = self.folder / TALLY
        new = not tally.exists()  # files of a version that did not count may be there
        descriptor = os.open(tally, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            whole = os.write(descriptor, bytes(_blocks(size))) == _blocks(size)  # less where the disk is just full
            return whole and not new and os.fstat(descriptor).st_size * BLOCK <= self.limit_bytes
        finally:
            os.close(descriptor)

    def _files(self, chosen: Callable[[str], bool]) -> Iterator[tuple[int, int, str]]:
        """When each file in the folders of such names was last used, its blocks, its path."""
        with os.scandir(self.folder) as entries:
            folders = [entry.path for entry in entries if chosen(entry.name)]
        for folder in folders:
            yield from self._in(folder)

    def _in(self, folder: str) -> Iterator[tuple[int, int, str]]:
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(self.suffix):
                    with suppress(FileNotFoundError):  # another process tidied at the same time
                        status = entry.stat()
                        yield status.st_mtime_ns, _blocks(status.st_size), entry.path


def _blocks(size: int) -> int:
    return -(-size // BLOCK)
