"""Contrast of two colours by the formulas of the Web Content Accessibility Guidelines 2.2."""

from __future__ import annotations

import re

LIGHT, DARK = ("#ffffff",), ("#1e293b", "#0a0f1e")  # what charts lie on: Gradio's blocks, the bare page, our reports
TEXT, MARK = 4.5, 3.0  # success criteria 1.4.3 and 1.4.11


def channels(colour: str) -> tuple[float, float, float, float]:
    """Red, green, blue and opacity, each of 1, of ``#rrggbb``, ``rgb(...)`` or ``rgba(...)``."""
    if re.fullmatch("#[0-9a-f]{6}", colour):
        red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
        return red, green, blue, 1.0
    found = re.fullmatch(r"rgba?\(([^)]*)\)", colour)
    if found is None:
        raise ValueError(f"{colour} is no colour that is read here.")
    numbers = [float(part) for part in found[1].split(",")]
    red, green, blue = (number / 255 for number in numbers[:3])
    return red, green, blue, numbers[3] if len(numbers) == 4 else 1.0


def luminance(colour: str) -> float:
    """Relative luminance, 0 black to 1 white."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels(colour)[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(colour: str, ground: str) -> float:
    """1 for the same colour, 21 for black on white; a colour that is not opaque lets the ground through."""
    *over, opacity = channels(colour)
    *under, _ = channels(ground)
    mixed = [255 * (opacity * top + (1 - opacity) * below) for top, below in zip(over, under, strict=True)]
    seen = f"rgb({', '.join(map(str, mixed))})"
    darker, lighter = sorted((luminance(seen), luminance(ground)))
    return (lighter + 0.05) / (darker + 0.05)
