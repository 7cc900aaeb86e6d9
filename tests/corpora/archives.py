"""Small archives made by hand, for the tests that must not fetch 143 MB."""

import gzip
import hashlib
import io
import lzma
import tarfile
import zipfile
from pathlib import Path

from grokaem.corpora.packages import Package


def tar_of(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
        for name, target in (links or {}).items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            tar.addfile(entry)
    return buffer.getvalue()


COMPRESS = {".xz": lzma.compress, ".gz": gzip.compress, "": bytes}


def deb_of(files: dict[str, bytes], suffix: str = ".xz", links: dict[str, str] | None = None, extra=None) -> bytes:
    compress = COMPRESS.get(suffix, extra)
    parts = [
        ("debian-binary", b"2.0\n"),
        ("control.tar.gz", gzip.compress(tar_of({"./control": b"Package: x\n"}))),
        (f"data.tar{suffix}", compress(tar_of(files, links))),
    ]
    archive = b"!<arch>\n"
    for name, content in parts:
        archive += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode()
        archive += content + b"\n" * (len(content) % 2)
    return archive


def wheel_of(files: dict[str, bytes], name: str = "tinydata", version: str = "1.0") -> bytes:
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
    tags = b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        for path, content in {**files, f"{info}/METADATA": metadata, f"{info}/WHEEL": tags}.items():
            bundle.writestr(path, content)
        bundle.writestr(f"{info}/RECORD", "")
    return buffer.getvalue()


def package_of(content: bytes, filename: str, **settings) -> Package:
    separator = "_" if filename.endswith(".deb") else "-"
    name, version = filename.split(separator)[:2]
    return Package(name, version, filename, hashlib.sha256(content).hexdigest(), 1, **settings)


def wheel_index(folder: Path, content: bytes, filename: str) -> dict[str, str]:
    """The environment in which pip finds the wheel in a folder, and nothing anywhere else."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / filename).write_bytes(content)
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": "/dev/null"}
