"""The user's own Markdown inside a model card: his as he wrote it, as long as the sections around it stay whole."""

from __future__ import annotations

import re

from grokaem.plain_text import lines_of

# The headings of the measured sections, of all kinds of card.
MEASURED = ("Results", "What quantization costs", "How to use it", "Labels", "Training", "What was measured", "Limits",
            "The unquantized weights", "The words of each class")  # fmt: skip
FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
HEADING = re.compile(r"( {0,3})(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*")
UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*")
PARAGRAPH = re.compile(r" {0,3}(?![#>|]|[-*+][ \t]|\d+[.)][ \t])\S.*")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)[^`]+(?<!`)\1(?!`)")
# Elements that would go on into the sections that follow; those that may stay open (p, li, td, ...) do not.
ELEMENT = re.compile(
    r"<(/?)(a|abbr|article|aside|b|blockquote|button|center|code|del|details|dl|div|em|figure|font|footer|form|h[1-6]|"
    r"header|i|iframe|ins|kbd|main|map|mark|math|nav|noscript|object|ol|picture|pre|q|s|samp|script|section|select|"
    r"small|span|strike|strong|style|sub|summary|sup|svg|table|template|textarea|title|u|ul|video|audio)(?=[\s/>]|\Z)",
    re.IGNORECASE,
)


def fit_prose(prose: str, taken: tuple[str, ...] = MEASURED) -> str:
    """The prose as it goes into a card, whose title stands above it.

    Where it has headings of the first level, all are one level deeper; everything else stays as it is.

    Args:
        prose (str): Markdown; it is not escaped, for it is its author's own card.
        taken (tuple of str, optional): headings of the sections around it. (Default: :data:`MEASURED`)

    Raises:
        ValueError: a code block, comment or element that is not closed and would absorb what follows; a heading of
            a measured section; a control character.
    """
    lines = lines_of(prose)
    for number, line in enumerate(lines, 1):
        if found := CONTROL.search(line):
            raise ValueError(f"the prose's line {number} holds the control character {found[0]!r}: take it out.")
    outside = _outside_code(lines)
    _check_elements("\n".join(line if row in outside else "" for row, line in enumerate(lines)))
    headings = _headings(lines, outside)
    reserved = {name.casefold() for name in taken}
    for _, _, name in headings:
        if name.strip("*_` ").casefold() in reserved:
            raise ValueError(f"the heading {name!r} is that of a section that the card has anyway: give it another.")
    if any(level == 1 for _, level, _ in headings):
        for row, level, name in headings:
            hashes = "#" * min(6, level + 1)
            if HEADING.fullmatch(lines[row]):
                lines[row] = f"{hashes} {name}".rstrip()
            else:  # underlined
                lines[row - 1], lines[row] = f"{hashes} {name}", ""
    return "\n".join(lines).strip("\n")


def _outside_code(lines: list[str]) -> set[int]:
    """The rows that stand in no fenced block."""
    outside, fence, opened = set(), "", 0
    for row, line in enumerate(lines):
        found = FENCE.fullmatch(line)
        if fence:
            if found and found[1].startswith(fence) and not found[2].strip():
                fence = ""
        elif found and not (found[1][0] == "`" and "`" in found[2]):
            fence, opened = found[1], row + 1
        else:
            outside.add(row)
    if fence:
        raise ValueError(f"the block of code that begins in the prose's line {opened} is not closed: add {fence}.")
    return outside


def _check_elements(text: str) -> None:
    text = CODE_SPAN.sub("", text)
    kept, start = [], 0
    while (comment := text.find("<!--", start)) >= 0:
        kept.append(text[start:comment])
        end = text.find("-->", comment)
        if end < 0:
            raise ValueError("a comment of the prose is not closed: add --> after it.")
        start = end + 3
    text = "".join([*kept, text[start:]])
    open_elements: dict[str, int] = {}
    for end, name in ELEMENT.findall(text):
        open_elements[name.lower()] = max(0, open_elements.get(name.lower(), 0) + (-1 if end else 1))
    for name, count in open_elements.items():
        if count:
            raise ValueError(f"<{name}> of the prose is not closed: add </{name}>.")


def _headings(lines: list[str], outside: set[int]) -> list[tuple[int, int, str]]:
    """Row, level and text of each heading."""
    found = []
    for row in sorted(outside):
        line = lines[row]
        if heading := HEADING.fullmatch(line):
            found.append((row, len(heading[2]), heading[3] or ""))
        elif (under := UNDERLINE.fullmatch(line)) and row - 1 in outside and PARAGRAPH.fullmatch(lines[row - 1]):
            found.append((row, 1 if under[1][0] == "=" else 2, lines[row - 1].strip()))
    return found
