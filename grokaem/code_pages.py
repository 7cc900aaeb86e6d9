"""Which eight-bit code page a text is in that is not UTF-8 and has no byte order mark; none where that is doubtful."""

from __future__ import annotations

import re

NAMES = {
    "cp1251": "Windows-1251 (Cyrillic)",
    "koi8-r": "KOI8-R",
    "cp866": "DOS code page 866 (Cyrillic)",
    "cp1252": "Windows-1252 (Western European)",
    "latin-1": "Latin-1 (Western European)",
}
_CYRILLIC = ("cp1251", "koi8-r", "cp866")
# Letters beyond ASCII of the languages that Windows-1252 is made for, a line each. Czech, Turkish or Chinese that is
# read as Windows-1252 has mixtures that none of them has.
_WESTERN = [
    frozenset(letters)
    for letters in (
        "àâæçèéêëîïôœùûüÿ", "äöüßé", "äëéèêîôöûüïóá", "áéíóúüñçà", "áâãàçéêíóôõúü", "àèéìíîòóù", "åäöéü", "æøåéöòôêü",
        "àçèéíïòóúüñ", "äöõüšž",
    )
]  # fmt: skip
_ICELANDIC, _ICELANDIC_ALONE = frozenset("áðéíóúýþæö"), frozenset("ðþæ")  # but for these Hungarian has them too
_WESTERN_LINES = 0.9  # of the lines are of one of these languages, or it is another code page
# Of the letters of Russian, Ukrainian, Bulgarian and Serbian 60 to 75 % are these; of Greek, Hebrew or Chinese that is
# read as Cyrillic fewer than half.
_FREQUENT, _FREQUENT_SHARE = frozenset("оеаинтсрвлкі"), 0.5
_STRANGE_SHARE = 0.01  # of the letters may stand where a text has none of them
_JUDGED = 1 << 16  # bytes
_CONTROL = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]")
_LETTER = r"[^\W\d_]"
# Between two letters people write a dash or an apostrophe; another sign is a letter of another code page.
_SIGN_IN_A_WORD = re.compile(
    rf"(?<={_LETTER})([^\w\s\x00-\x7f’‘“”–—…·\xad\xa0«»]|[¹²³¼½¾ªº])(?={_LETTER})|[\x80-\x9f\u2500-\u259f\ufffd]"
)
_CAPITAL_IN_A_WORD = re.compile(r"(?<=[а-яё])[А-ЯЁ]")


def is_no_text(start: bytes) -> bool:
    """Whether a file that starts so, without a byte order mark, is UTF-16, UTF-32 or no text at all.

    A single row may have a NUL or a control character by accident; that is no reason to refuse the others.
    """
    lines = start.split(b"\n")
    ends = len(lines) - 1
    if 2 * max(start.count(b"\n\0"), start.count(b"\0\n")) > ends > 0 or 4 * start.count(b"\0") > len(start):
        return True
    if not ends and 10 * start.count(b"\0") > len(start):
        return True
    try:
        start[: start.rfind(b"\n") + 1 or len(start)].decode("utf-8")
        return False
    except UnicodeDecodeError:
        return 4 * sum(b"\0" in line or _CONTROL.search(line) is not None for line in lines) > len(lines)


def code_page(content: bytes) -> str | None:
    """The code page of a text.

    Args:
        content (bytes): lines of it with letters beyond ASCII.

    Returns:
        str or None: a codec, one of :data:`NAMES`; None where it is none of these, or that is doubtful.
    """
    codec = _likeliest(content)
    text = content[:_JUDGED].decode(codec, "replace")
    fits = _is_cyrillic if codec in _CYRILLIC else _is_western
    return codec if fits(text) else None


def looks_like(content: bytes) -> str | None:
    """What charset-normalizer takes a text for that is in none of our code pages; None where it is not installed.

    It knows a hundred encodings, and takes a third of short Cyrillic and Western texts for the wrong one: so it names
    what is refused, and decides nothing.
    """
    try:
        from charset_normalizer import from_bytes
    except ImportError:
        return None
    best = from_bytes(content[:_JUDGED]).best()
    return best.encoding.replace("_", "-").upper() if best else None


def _is_cyrillic(text: str) -> bool:
    letters = [letter for letter in text.lower() if not letter.isascii() and letter.isalpha()]
    frequent = sum(letter in _FREQUENT for letter in letters)
    strange = len(_SIGN_IN_A_WORD.findall(text)) + len(_CAPITAL_IN_A_WORD.findall(text))
    return frequent >= _FREQUENT_SHARE * len(letters) and strange <= _STRANGE_SHARE * len(letters)


def _is_western(text: str) -> bool:
    lines = [line for line in text.split("\n") if not line.isascii()]
    return sum(map(_is_western_line, lines)) >= _WESTERN_LINES * len(lines)


def _is_western_line(line: str) -> bool:
    letters = {letter for letter in line.lower() if not letter.isascii() and letter.isalpha()} - {*"ªºµ"}
    if _SIGN_IN_A_WORD.search(line):
        return False
    icelandic = letters <= _ICELANDIC and letters & _ICELANDIC_ALONE
    return bool(icelandic) or any(letters <= language for language in _WESTERN)


def _likeliest(content: bytes) -> str:
    """Tells Cyrillic from Western European, and the three common Cyrillic code pages from each other.

    In Cyrillic text the letters above 127 stand in runs; in Western European text they stand alone among
    ASCII letters. Most letters of a text are lower case: those are 0xE0-0xFF in Windows-1251, 0xC0-0xDF in
    KOI8-R, and 0xA0-0xAF with 0xE0-0xEF in the code page 866 of DOS.
    """
    dos = sum(len(run) for run in re.findall(rb"[\x80-\xaf\xe0-\xef]{3,}", content))
    beyond = len(re.findall(rb"[\x80-\xff]", content))
    if dos > beyond / 2 and len(re.findall(rb"[\xa0-\xaf]", content)) > beyond / 4:
        return "cp866"
    high = len(re.findall(rb"[\xc0-\xff]", content))
    in_runs = sum(len(run) for run in re.findall(rb"[\xc0-\xff]{3,}", content))
    if high and in_runs > high / 2:
        low_half = len(re.findall(rb"[\xc0-\xdf]", content))
        return "koi8-r" if low_half > high / 2 else "cp1251"
    try:
        content.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"
