"""Reading members out of package archives without installing them: wheels, sdists, Debian packages.

A wheel is a zip, an sdist a tar, and a ``.deb`` an ``ar`` of three members of which the last, ``data.tar.*``,
holds the files. Nothing in an archive is executed or unpickled, and only regular files are read: links,
devices and names that would leave the target folder are refused.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO


class ArchiveError(OSError):
    """The archive is not what its name says, or a member of it is not safe to read."""


def safe_name(name: str) -> str:
    """The member's path relative to the archive's root.

    Args:
        name (str): the member's name as stored.

    Returns:
        str: the same path without a leading ``./``.

    Raises:
        ArchiveError: the path is absolute, climbs out with ``..``, or holds a drive, backslash or NUL.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or any(mark in name for mark in ("\\", "\0", ":")):
        raise ArchiveError(f"the archive holds the unsafe path {name!r}: delete the file and fetch it again.")
    return str(path)


def members(archive: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """Reads the regular files of an archive whose name passes ``wanted``.

    Args:
        archive (Path): a ``.whl`` or ``.zip``, a ``.tar.*`` or ``.tgz``, or a ``.deb``.
        wanted (callable): takes a member's path, says whether to read it.

    Yields:
        tuple: the member's path (posix, relative) and its bytes, in the archive's order.

    Raises:
        ArchiveError: the archive is damaged or holds an unsafe path.
    """
    try:
        if archive.suffix in (".whl", ".zip"):
            yield from _zip_members(archive, wanted)
        elif archive.suffix == ".deb":
            with _deb_data(archive) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
                yield from _tar_members(tar, wanted)
        else:
            with tarfile.open(archive, mode="r|*") as tar:
                yield from _tar_members(tar, wanted)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, ValueError) as error:
        raise ArchiveError(f"{archive} is damaged ({error}): delete it and run again.") from error


def read_member(archive: Path, name: str) -> bytes:
    """The bytes of one member.

    Args:
        archive (Path): see :func:`members`.
        name (str): the member's path.

    Raises:
        ArchiveError: there is no such member.
    """
    for _, content in members(archive, lambda path: path == name):
        return content
    raise ArchiveError(f"{archive} has no member {name}: delete it and run again.")


def _zip_members(archive: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(archive) as bundle:
        for entry in bundle.infolist():
            # A zip keeps the Unix mode in the upper half of external_attr; 0o120000 marks a symbolic link.
            is_link = (entry.external_attr >> 16) & 0o170000 == 0o120000
            if not entry.is_dir() and not is_link and wanted(safe_name(entry.filename)):
                yield safe_name(entry.filename), bundle.read(entry)


def _tar_members(tar: tarfile.TarFile, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    for entry in tar:
        if entry.isreg() and wanted(safe_name(entry.name)):
            content = tar.extractfile(entry)
            assert content is not None  # None is for what is no regular file
            yield safe_name(entry.name), content.read()


@contextmanager
def _deb_data(archive: Path) -> Iterator[IO[bytes]]:
    """The uncompressed ``data.tar`` of a Debian package."""
    with archive.open("rb") as file:
        if file.read(8) != b"!<arch>\n":
            raise ArchiveError(f"{archive} is not a Debian package: delete it and run again.")
        while len(header := file.read(60)) == 60:
            name, size = header[:16].decode("ascii", "replace").strip().rstrip("/"), int(header[48:58])
            if name.startswith("data.tar"):
                with _decompressed(io.BytesIO(file.read(size)), name.removeprefix("data.tar")) as stream:
                    yield stream
                return
            file.seek(size + size % 2, io.SEEK_CUR)  # members start at even offsets
    raise ArchiveError(f"{archive} has no data.tar member: delete it and run again.")


@contextmanager
def _decompressed(stream: IO[bytes], suffix: str) -> Iterator[IO[bytes]]:
    import bz2
    import gzip
    import lzma

    openers = {".xz": lzma.open, ".lzma": lzma.open, ".gz": gzip.open, ".bz2": bz2.open}
    if suffix in openers:
        with openers[suffix](stream) as plain:
            try:
                yield plain
            except lzma.LZMAError as error:
                raise tarfile.ReadError(str(error)) from error
    elif suffix == "":
        yield stream
    elif suffix == ".zst":
        yield io.BytesIO(_unzstd(stream.read()))
    else:
        raise ArchiveError(
            f"data.tar{suffix} is compressed in a way that is not known here: pack it with gzip, xz or zstandard."
        )


def _unzstd(content: bytes) -> bytes:
    """Ubuntu's packages are compressed with zstandard, which Python reads itself only from 3.14 on."""
    try:
        import zstandard  # pyright: ignore[reportMissingImports]  # not required
    except ImportError:
        program = shutil.which("zstd")
        if program is None:
            raise ArchiveError(
                "this package is compressed with zstandard: run `pip install zstandard`, or install zstd."
            ) from None
        return subprocess.run([program, "-dcq"], input=content, stdout=subprocess.PIPE, check=True).stdout
    return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content)).read()
