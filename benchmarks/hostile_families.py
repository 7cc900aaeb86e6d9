"""Inputs that try to hurt a reader, made from a seed: families of files, texts, numbers, options and paths."""

from __future__ import annotations

import io
import json
import os
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import hostile_sounds

SUBJECTS = ("rocket orbit moon launch crew", "bread butter oven flour salt", "match goal coach league team")
CELLS = {
    "control characters": [
        "\x00",
        "\x1b[31mred\x1b[0m",
        "a\x07b\x08c",
        "\x85\u2028\x0c",
        "\x1b]0;title\x07",
        "\r",
    ],
    "lone surrogates": ["\ud800", "a\udfffb", "\udcff" * 50],
    "markup": [
        "<img src=https://elsewhere.example/x>",
        "![x](https://elsewhere.example/y)",
        "<script>alert(1)</script>",
        "[a](javascript:alert(1))",
        "$\\frac{1}{0}$",
        "%{x} {0} {{}} %s",
        "<!--",
        "&lt;b&gt;",
        "|a|b|\n|-|-|",
    ],
    "formulas": [
        "=1+1",
        "@SUM(A1)",
        "+cmd|' /C calc'!A0",
        "-2+3",
        '=HYPERLINK("https://elsewhere.example")',
        "\t=1",
    ],
    "direction and width": [
        "\u202eabc",
        "\u2066x\u2069",
        "a\u200bb",
        "\ufeffx",
        "e" + "\u0301" * 300,
        "\U000e0041",
        "👩‍👩‍👧‍👦" * 40,
    ],
}
NUMBERS = [
    "nan",
    "inf",
    "-inf",
    "-1",
    "0",
    "1",
    "0.5",
    "1e308",
    "2147483648",
    "9223372036854775808",
    "9" * 400,
    "1e-320",
    "٣",
    "0x10",
    "1_000",
    "",
    " ",
    "--",
    "true",
    "10**9",
    "1;2",
    "99999999",
]
ENCODINGS = ["utf-16", "utf-16-le", "utf-32", "cp1251", "koi8-r", "shift_jis", "utf-8-sig", "cp037", "utf-7"]
Value = str | int | Path


@dataclass(frozen=True)
class Hostile:
    """One input.

    Attributes:
        family: what kind of harm.
        form: ``table`` or ``sound`` (a file), ``text``, ``number``, ``repetition`` or ``path``.
        value: the file, the text, the digits, how often an option is repeated, or the path.
    """

    family: str
    form: str
    value: Value


def rows(count: int = 60) -> list[tuple[str, str]]:
    """Good documents of three subjects, half of each label."""
    chance = random.Random(1)
    return [
        (" ".join(chance.choices(SUBJECTS[number % 3].split(), k=6)) + f" {number}", "ab"[number % 2])
        for number in range(count)
    ]


def write_table(path: Path, header: list[str], lines: list[tuple]) -> Path:
    """The rows in the form that the path's ending names; .txt takes the first column."""
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(dict(zip(header, line, strict=False))) + "\n" for line in lines))
    elif path.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        clean = [[str(cell).encode("utf-8", "replace").decode() for cell in line] for line in lines]
        names = [f"{name}".encode("utf-8", "replace").decode() for name in header]
        pq.write_table(pa.table([pa.array(column) for column in zip(*clean, strict=True)], names=names), path)
    elif path.suffix == ".txt":
        path.write_bytes("\n".join(line[0] for line in lines).encode("utf-8", "surrogatepass"))
    else:
        import csv

        text = io.StringIO(newline="")
        csv.writer(text, delimiter="\t" if path.suffix == ".tsv" else ",").writerows([header, *lines])
        path.write_bytes(text.getvalue().encode("utf-8", "surrogatepass"))
    return path


class Maker:
    """Makes inputs into a folder.

    Args:
        folder (Path): where the files go.
        seed (int): of every choice.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.chance = random.Random(seed)
        self.number = 0

    def inputs(self, count: int) -> list[Hostile]:
        """``count`` inputs, the families in turn."""
        makers: list[tuple[str, Callable[[], tuple[str, Value]]]] = [
            ("empty", self._empty),
            ("huge", self._huge),
            *[(name, lambda name=name: self._cells(name)) for name in CELLS],
            ("bombs", self._bomb),
            ("deep JSON", self._deep),
            ("wide tables", self._wide),
            ("encodings", self._encoding),
            ("broken tables", self._broken),
            ("sound headers", lambda: self._written(*hostile_sounds.header(self.chance))),
            ("lying sounds", lambda: self._written(*hostile_sounds.lying(self.chance))),
            ("extreme numbers", lambda: ("number", self.chance.choice(NUMBERS))),
            ("repetitions", lambda: ("repetition", self.chance.choice([2, 3, 50, 1000]))),
            ("paths", lambda: ("path", self._path())),
        ]
        return [
            Hostile(name, *make()) for place in range(count) for name, make in [makers[place % len(makers)]]
        ]

    def _file(self, *endings: str) -> Path:
        self.number += 1
        return (
            self.folder
            / f"{self.number}{self.chance.choice(endings or ('.csv', '.tsv', '.jsonl', '.txt', '.parquet'))}"
        )

    def _written(self, content: bytes, *endings: str) -> tuple[str, Path]:
        path = self._file(*endings)
        path.write_bytes(content)
        return "sound" if path.suffix in (".wav", ".flac", ".mp3", ".ogg") else "table", path

    def _empty(self) -> tuple[str, Value]:
        content = self.chance.choice(
            [b"", b"\n" * 50, b"text,label\n", b"\xef\xbb\xbf", b"\0" * 900, b"[]", b"{}\n", b"PAR1PAR1"]
        )
        if self.chance.random() < 0.2:
            return "text", self.chance.choice(["", " \n\t", "\u200b", "\x00"])
        return self._written(content, ".csv", ".tsv", ".jsonl", ".txt", ".parquet", ".wav", ".flac")

    def _huge(self) -> tuple[str, Value]:
        size = self.chance.choice([100_000, 1_000_000, 5_000_000])
        kind = self.chance.choice(["cell", "line", "rows", "label", "text"])
        if kind == "text":
            return "text", self.chance.choice(["a", "river ", "\n", ",", "😀"]) * (size // 10)
        if kind == "rows":
            return "table", write_table(
                self._file(".csv", ".jsonl", ".txt"), ["text", "label"], rows(size // 30)
            )
        if kind == "line":
            return self._written(b"word " * (size // 5), ".txt", ".csv", ".jsonl")
        long = ("x" * size, "a") if kind == "cell" else ("a text", "y" * size)
        return "table", write_table(self._file(), ["text", "label"], [*rows(), long])

    def _cells(self, family: str) -> tuple[str, Value]:
        pool = CELLS[family]
        if self.chance.random() < 0.4:
            return "text", f"a river {self.chance.choice(pool)} and a town {self.chance.choice(pool)}"
        lines, header = rows(), ["text", "label"]
        place = self.chance.choice(["text", "label", "header", "all"])
        if place in ("text", "all"):
            lines = [(f"{text} {self.chance.choice(pool)}", label) for text, label in lines]
        if place in ("label", "all"):
            names = {label: self.chance.choice(pool) + label for label in "ab"}
            lines = [(text, names[label]) for text, label in lines]
        if place in ("header", "all"):
            header = ["text", "label" if self.chance.random() < 0.5 else self.chance.choice(pool)]
        return "table", write_table(self._file(), header, lines)

    def _bomb(self) -> tuple[str, Value]:
        kind = self.chance.choice(["rows", "cell", "zip", "gzip"])
        if kind == "zip":
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("x.csv", b"0" * 50_000_000)
            return self._written(file.getvalue(), ".csv", ".jsonl", ".txt", ".parquet", ".wav")
        if kind == "gzip":
            import gzip

            return self._written(gzip.compress(b"text,label\n" + b"0" * 50_000_000), ".csv", ".txt", ".jsonl")
        import numpy as np
        import pyarrow as pa
        import pyarrow.parquet as pq

        words = "a river and a town" if kind == "rows" else "a river " * 1_000_000
        count = self.chance.choice([5_000_000, 30_000_000]) if kind == "rows" else 2000
        column = pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([words]))
        path = self._file(".parquet")
        pq.write_table(pa.table({"text": column, "label": column}), path, compression="zstd")
        return "table", path

    def _deep(self) -> tuple[str, Value]:
        depth = self.chance.choice([1000, 100_000])
        content = self.chance.choice(
            [
                b"[" * depth,
                b'{"text":' * depth + b"1" + b"}" * depth,
                b'{"text": ' + b"[" * depth + b"]" * depth + b"}",
                b'{"text": 1e99999, "label": NaN}\n' * 30,
                b'{"text": "a", "text": "b", "label": null}\n' * 30,
                b'{"text": ' + b"9" * depth + b', "label": "a"}\n',
                json.dumps({f"key{n}": n for n in range(depth)}).encode() + b"\n",
            ]
        )
        return self._written(content, ".jsonl")

    def _wide(self) -> tuple[str, Value]:
        columns = self.chance.choice([500, 9000, 20_000])
        ending = self.chance.choice([".csv", ".tsv", ".jsonl", ".parquet"])
        names = [f"column{number}" for number in range(columns)]
        if self.chance.random() < 0.3:
            names[0], names[1] = "text", "label"
        return "table", write_table(self._file(ending), names, [("a b",) * columns] * 3)

    def _encoding(self) -> tuple[str, Value]:
        text = "text,label\n" + "".join(f"река и город {text},{label}\n" for text, label in rows())
        content = text.encode(self.chance.choice(ENCODINGS), "replace")
        harm = self.chance.choice(["none", "cut", "mixed", "bom"])
        if harm == "cut":
            content = content[: -self.chance.randrange(1, 9)] + b"\xe2\x82"
        elif harm == "mixed":
            content += "ещё строка,a\n".encode("cp1251") + b"\xff\xfe\xfd,b\n"
        elif harm == "bom":
            content = self.chance.choice([b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0"]) + content
        return self._written(content, ".csv", ".tsv", ".txt")

    def _broken(self) -> tuple[str, Value]:
        good = "text,label\n" + "".join(f"{text},{label}\n" for text, label in rows())
        return self._written(
            self.chance.choice(
                [
                    good.replace("rocket", '"rocket'),
                    good.replace(",", '","'),
                    good.replace("\n", "\r"),
                    good.replace(",", ";", 40),
                    good.replace("text,label", "text,text"),
                    good.replace("text,label", ","),
                    good + ",,,,,\n" * 9,
                    good.replace("a\n", "a"),
                    good.replace("text,label\n", ""),
                    good.replace(" ", "\0"),
                    "text,label\n" + "same text,a\n" * 60,
                    good.replace(",a", ",").replace(",b", ","),
                    "text\n" + "river\n" * 60,
                    "text,label\n" + "the,a\n" * 40,
                ]
            ).encode(),
            ".csv",
            ".tsv",
            ".txt",
            ".jsonl",
            ".parquet",
        )

    def _path(self) -> str:
        self.number += 1
        made = self.folder / f"path{self.number}"
        kind = self.chance.choice(
            ["plain", "fifo", "dangling", "loop", "folder", "newline", "bytes", "long", "dash"]
        )
        if kind == "fifo":
            os.mkfifo(made.with_suffix(".csv"))
        elif kind == "dangling":
            made.with_suffix(".csv").symlink_to("nowhere")
        elif kind == "loop":
            made.with_suffix(".csv").symlink_to(made.with_suffix(".csv").name)
        elif kind == "folder":
            made.with_suffix(".csv").mkdir()
        elif kind in ("newline", "bytes", "dash"):
            name = {"newline": "a\n\x1b[31m.csv", "bytes": os.fsdecode(b"\xff\xfe.csv"), "dash": "-rf.csv"}[
                kind
            ]
            return str(write_table(made.with_name(f"{made.name}{name}"), ["text", "label"], rows()))
        else:
            return self.chance.choice(
                [
                    "../../../../etc/passwd",
                    "/dev/zero",
                    "/dev/full",
                    "/proc/self/mem",
                    "/",
                    ".",
                    "",
                    "~nobody/x.csv",
                    "C:\\x.csv",
                    "https://elsewhere.example/x.csv",
                    "file:///etc/passwd",
                    "x" * 300 + ".csv",
                    "a/" * 3000,
                    "owner/name",
                    "\ud800.csv",
                ]
            )
        return str(made.with_suffix(".csv"))
