"""Small drawings inside tables: intervals on a common scale, and bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from zhiyin.domain import money as money_of
from zhiyin.entrypoints.console import drawing, formats
from zhiyin.entrypoints.site import current

register = template.Library()


@register.inclusion_tag("console/_interval.html")
def interval(
    value: float | None, low: float | None, high: float | None, domain: drawing.Domain, good: str = "up"
) -> dict[str, Any]:
    """``{% interval value low high domain %}``: dot, band and zero line; ``domain`` from ``drawing.domain(values)``.

    The dot is filled where the interval excludes zero; ``good="down"`` where less is better. Digits must stand
    beside it, since it is hidden from screen readers.
    """
    if value is None or low is None or high is None:
        return {"known": False}
    clear = low > 0 or high < 0
    gain = (value > 0) == (good == "up")
    return {
        "known": True,
        "clear": clear,
        "tone": ("gain" if gain else "harm") if clear else "open",
        "point": _percent(domain.at(value)),
        "low": _percent(domain.at(low)),
        "high": _percent(domain.at(high)),
        "zero": _percent(domain.at(0.0)),
    }


@register.inclusion_tag("console/_scale.html")
def scale(domain: drawing.Domain, unit: str = "points") -> dict[str, Any]:
    """``{% scale domain "points" %}``: tick labels above a column of intervals; units: points, percent, number, money."""

    def label(tick: float) -> str:
        if unit in ("points", "percent"):
            tick = round(tick * 100, 6)
        if unit == "money":
            return money_of.display(tick, current().settings.shop.currency, whole=True)
        digits = 0 if float(tick).is_integer() else 1 if round(tick * 10) == tick * 10 else 2
        if unit == "percent":
            return f"{formats.number(tick, digits)}%"
        return formats.number(tick, digits, signed=True)

    return {"ticks": [(_percent(domain.at(tick)), label(tick)) for tick in domain.ticks]}


@register.simple_tag
def bar(share: float, tone: str = "gain", hatch: bool = False) -> SafeString:
    """``{% bar 0.62 "grey" %}``: a bar of a share; tones: gain, harm, blue, violet, grey, ink, pale."""
    return format_html(
        '<span class="zy-bar" aria-hidden="true"><span class="zy-fill-{}{}" style="--x: {}"></span></span>',
        tone,
        " zy-hatch" if hatch else "",
        _percent(min(1.0, max(0.0, share)) * 100),
    )


@register.inclusion_tag("console/_spark.html")
def spark(values: Sequence[float], tone: str = "") -> dict[str, Any]:
    """``{% spark values "harm" %}``: a small line with a dot at its end; digits must stand beside it. Tones: harm,
    grey, else the accent colour."""
    points = drawing.line(values, 100.0)
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return {"points": drawn, "top": _percent(points[-1][1]), "tone": tone}


def _percent(value: float) -> SafeString:
    return format_html("{}%", f"{value:.2f}")
