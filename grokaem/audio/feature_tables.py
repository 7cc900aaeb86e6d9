"""Writing features to NPZ, CSV or Parquet, file after file, complete or not at all."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from grokaem.atomic import new_file
from grokaem.plain_text import printable_name


def write(
    output: Path, results: Iterable[tuple[Path, np.ndarray]], name: str, hop_seconds: float
) -> tuple[int, int]:
    """Writes features as they come; the output appears when it is complete.

    NPZ holds one float32 array (n, frames) for each file, under the file's path. CSV and Parquet hold one
    row for each frame: ``file``, ``frame``, ``seconds`` (the frame's centre), then ``<name>_0``, ...

    Args:
        output (Path): ends in .npz, .csv or .parquet.
        results (iterable): path and features, shape (n, frames).
        name (str): of the feature, for the columns.
        hop_seconds (float): between frames.

    Returns:
        tuple of int: files and frames written.
    """
    counts = [0, 0]

    def counted() -> Iterator[tuple[Path, np.ndarray]]:
        for path, array in results:
            counts[0] += 1
            counts[1] += array.shape[1]
            yield path, array

    writer = {".npz": _write_npz, ".csv": _write_csv, ".parquet": _write_parquet}[output.suffix.lower()]
    with new_file(output) as partial:
        writer(partial, counted(), name, hop_seconds)
        if not counts[0]:
            partial.unlink(missing_ok=True)
    return counts[0], counts[1]


def _write_npz(target: Path, results: Iterable[tuple[Path, np.ndarray]], name: str, hop: float) -> None:
    # As numpy.savez does, but one array at a time.
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        for path, array in results:
            with archive.open(f"{printable_name(path)}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)


def _write_csv(target: Path, results: Iterable[tuple[Path, np.ndarray]], name: str, hop: float) -> None:
    import csv

    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        for index, (path, array) in enumerate(results):
            if index == 0:
                writer.writerow(["file", "frame", "seconds", *_columns(name, array)])
            for frame, row in enumerate(array.T):
                # Nine digits name a float32 exactly.
                writer.writerow([printable_name(path), frame, f"{frame * hop:.6g}", *(f"{value:.9g}" for value in row)])


def _write_parquet(target: Path, results: Iterable[tuple[Path, np.ndarray]], name: str, hop: float) -> None:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise ValueError(
            "Parquet needs pyarrow: pip install pyarrow, or choose an output ending in .csv or .npz."
        ) from error
    writer = None
    try:
        for path, array in results:
            frames = np.arange(array.shape[1])
            columns = {"file": [printable_name(path)] * len(frames), "frame": frames, "seconds": frames * hop}
            columns |= {column: row for column, row in zip(_columns(name, array), array, strict=True)}
            table = pa.table(columns)
            writer = writer or pq.ParquetWriter(target, table.schema)
            writer.write_table(table)
    finally:
        if writer:
            writer.close()


def _columns(name: str, array: np.ndarray) -> list[str]:
    return [f"{name}_{i}" for i in range(array.shape[0])]
