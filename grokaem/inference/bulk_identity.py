"""What the results of bulk prediction depend on: the content of the input and of the model, wherever they lie."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grokaem.file_hash import sha256_of
from grokaem.inference.export_folder import files as export_files
from grokaem.inference.rows import BadRow, Rows

# Of an export, what answers do not depend on.
ABOUT_IT = ("README.md", "parity.json")
HEARD = 16 << 20  # bytes of a sound that are compared, beside its size: what a model hears of it lies in them


@dataclass(frozen=True)
class BulkIdentity:
    """What an unfinished file of results was begun with.

    Attributes:
        input (str): sha256 of the file of inputs, and of the files where these are what it names.
        column (str or None): its column of inputs.
        model (str): sha256 of the model's files.
        before (dict): the same as earlier versions recorded it, by the input's place, size and time of change.
    """

    input: str
    column: str | None
    model: str
    before: dict[str, object] = field(default_factory=dict, compare=False)

    def to_json(self) -> dict[str, object]:
        """As it is recorded; :meth:`difference` reads it."""
        return {"input": self.input, "text column": self.column, "model": self.model}

    def difference(self, recorded: dict[str, Any]) -> str | None:
        """What of a record differs; None where it is of the same input and model, perhaps by an earlier version."""
        now = self.to_json() if isinstance(recorded.get("input"), str) else self.before
        changed = [key for key, value in now.items() if recorded.get(key) != value]
        return ", ".join(changed) or (None if recorded.keys() == now.keys() else "version")


def identity_of(rows: Rows, column: str | None, model: Path, names_files: bool = False) -> BulkIdentity:
    """Reads the input and the model for what tells them from others.

    Args:
        rows (Rows): the input.
        column (str or None): its column.
        model (Path): the folder of an export.
        names_files (bool, optional): the rows are names of files, beside the input. (Default: ``False``)

    Raises:
        OSError: the input or the model cannot be read.
    """
    digest = hashlib.sha256()
    for name in export_files():
        if name not in ABOUT_IT and (model / name).is_file():
            digest.update(bytes.fromhex(sha256_of(model / name)))
    found = sha256_of(rows.path)
    if names_files:
        found += "+" + _heard(rows, column)
    status = rows.path.stat()
    before: dict[str, object] = {
        "input": [str(rows.path.resolve()), status.st_size, status.st_mtime_ns],
        "text column": column,
        "model": digest.hexdigest(),
    }
    return BulkIdentity(f"sha256:{found}", column, digest.hexdigest(), before)


def _heard(rows: Rows, column: str | None) -> str:
    """sha256 over the beginnings and sizes of the sounds that the rows name, in their order."""
    digest = hashlib.sha256()
    for number, name in rows.read(column):
        line = f"{number}"
        if isinstance(name, str) and not isinstance(name, BadRow):
            path = rows.path.parent / Path(name).expanduser()
            try:
                if path.is_file():  # no pipe or device, which would never end
                    with path.open("rb") as file:
                        line += f" {path.stat().st_size} {hashlib.sha256(file.read(HEARD)).hexdigest()}"
            except (OSError, ValueError, RuntimeError):  # a NUL in the name, somebody without a home
                line += " unreadable"
        digest.update(f"{line}\n".encode())
    return digest.hexdigest()
