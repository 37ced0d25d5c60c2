"""Colours of CSS, and how well one can be told from another (WCAG 2.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAMED = {
    "black": "#000000", "silver": "#c0c0c0", "gray": "#808080", "grey": "#808080", "white": "#ffffff",
    "maroon": "#800000", "red": "#ff0000", "purple": "#800080", "fuchsia": "#ff00ff", "green": "#008000",
    "lime": "#00ff00", "olive": "#808000", "yellow": "#ffff00", "navy": "#000080", "blue": "#0000ff",
    "teal": "#008080", "aqua": "#00ffff", "orange": "#ffa500", "pink": "#ffc0cb", "brown": "#a52a2a",
    "gold": "#ffd700", "lightgray": "#d3d3d3", "lightgrey": "#d3d3d3", "darkgray": "#a9a9a9",
    "darkgrey": "#a9a9a9", "crimson": "#dc143c", "tomato": "#ff6347", "whitesmoke": "#f5f5f5",
}  # fmt: skip
_HEX = re.compile(r"#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
_RGB = re.compile(r"rgba?\(\s*([\d.]+)(%?)[\s,]+([\d.]+)%?[\s,]+([\d.]+)%?(?:[\s,/]+([\d.]+)(%?))?\s*\)")


@dataclass(frozen=True, slots=True)
class Colour:
    """Red, green and blue from 0 to 255, and how opaque it is, from 0 to 1."""

    red: float
    green: float
    blue: float
    alpha: float = 1.0

    def __str__(self) -> str:
        return f"#{round(self.red):02x}{round(self.green):02x}{round(self.blue):02x}"


BLACK, WHITE = Colour(0, 0, 0), Colour(255, 255, 255)


def parse(text: str) -> Colour | None:
    """The colour that a word of CSS names; None where it names none, or one we do not know.

    >>> str(parse("rgb(15, 118, 110)")), str(parse("#fff")), parse("url(x.png)")
    ('#0f766e', '#ffffff', None)
    """
    word = text.strip().lower()
    word = _NAMED.get(word, word)
    if found := _HEX.fullmatch(word):
        digits = found[1] if len(found[1]) > 4 else "".join(2 * digit for digit in found[1])
        parts = [int(digits[at : at + 2], 16) for at in range(0, len(digits), 2)]
        return Colour(parts[0], parts[1], parts[2], parts[3] / 255 if len(parts) > 3 else 1.0)
    if found := _RGB.fullmatch(word):
        try:
            scale = 2.55 if found[2] else 1.0
            red, green, blue = (min(float(found[n]) * scale, 255.0) for n in (1, 3, 4))
            alpha = 1.0 if found[5] is None else float(found[5]) / (100 if found[6] else 1)
        except ValueError:
            return None
        return Colour(red, green, blue, min(alpha, 1.0))
    return None


def over(top: Colour, below: Colour) -> Colour:
    """What is seen of a colour that lets another one through."""
    part = top.alpha
    return Colour(
        *(
            part * mine + (1 - part) * theirs
            for mine, theirs in zip(
                (top.red, top.green, top.blue), (below.red, below.green, below.blue), strict=True
            )
        )
    )


def contrast(one: Colour, other: Colour) -> float:
    """The ratio of luminances, from 1 to 21 (WCAG 2.2, "contrast ratio").

    >>> contrast(BLACK, WHITE)
    21.0
    """
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return round((light + 0.05) / (dark + 0.05), 2)


def _luminance(colour: Colour) -> float:
    def linear(value: float) -> float:
        share = value / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(colour.red) + 0.7152 * linear(colour.green) + 0.0722 * linear(colour.blue)
