"""Tags and filters of the console: numbers, money, dates, names, icons and small drawings.

Filters: ``money`` ``money_whole`` ``count`` ``signed`` ``compact`` ``percent`` ``points`` ``day`` ``short_day``
``weekday`` ``clock`` ``date_time`` ``ago`` ``days_ago`` ``stage`` ``rfm_group`` ``event`` ``status`` ``reason``
``kind`` ``channel`` ``purpose`` ``initials``.
Tags: ``icon`` ``tag`` ``status_tag`` ``stage_tag`` ``interval`` ``scale`` ``bar`` ``empty`` ``paging`` ``sortable``
``problem``. All take what stands in their docstrings; times are shown in the shop's zone.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from zhiyin.domain import money as money_of
from zhiyin.domain.item import Item
from zhiyin.entrypoints.console import drawing, formats, words
from zhiyin.entrypoints.site import current

register = template.Library()
_SPRITE = "vendor/tabler-icons-3.51.0/icons.svg"


def _language() -> str:
    return get_language() or "en"


# -- numbers ---------------------------------------------------------------------------------------------


@register.filter
def money(minor: float | None, currency: str = "") -> str:
    """Minor units in full: ¥386.00. The shop's currency unless one is given."""
    if minor is None or minor == "":
        return formats.NONE
    return money_of.display(minor, currency or current().settings.shop.currency)


@register.filter
def money_whole(minor: float | None, currency: str = "") -> str:
    """Minor units without decimals: ¥4,236."""
    if minor is None or minor == "":
        return formats.NONE
    return money_of.display(minor, currency or current().settings.shop.currency, whole=True)


@register.filter
def count(value: float | None, digits: int = 0) -> str:
    """A number with thousands and a true minus: 24,860."""
    return formats.NONE if value in (None, "") else formats.number(value, digits)


@register.filter
def signed(value: float | None, digits: int = 0) -> str:
    """A number with its sign: +376."""
    return formats.NONE if value in (None, "") else formats.number(value, digits, signed=True)


@register.filter
def compact(value: float) -> str:
    """For headlines and axes: 184k, in Chinese 18.4 万."""
    return formats.compact(value, _language())


@register.filter
def percent(share: float | None, digits: int = 2) -> str:
    """A share: 0.0684 is 6.84%."""
    return formats.percent(share, digits)


@register.filter
def points(difference: float | None, digits: int = 2) -> str:
    """A difference of shares in points, signed, without its unit: 0.0125 is +1.25."""
    return formats.points(difference, digits)


# -- times -----------------------------------------------------------------------------------------------


@register.filter
def day(moment: datetime | None) -> str:
    """12 Mar 2026."""
    return formats.day(moment, current().timezone, _language())


@register.filter
def short_day(moment: datetime | None) -> str:
    """12 Mar."""
    return formats.day(moment, current().timezone, _language(), year=False)


@register.filter
def weekday(moment: datetime) -> str:
    """Monday."""
    return formats.weekday(moment, current().timezone, _language())


@register.filter
def clock(moment: datetime | None) -> str:
    """14:05."""
    return formats.clock(moment, current().timezone)


@register.filter
def date_time(moment: datetime | None) -> str:
    """12 Mar 2026, 14:05."""
    return formats.date_time(moment, current().timezone, _language())


@register.filter
def ago(moment: datetime | None) -> str:
    """14 s ago; yesterday 12:00; then the date."""
    workspace = current()
    return formats.ago(moment, workspace.now(), workspace.timezone, _language())


@register.filter
def days_ago(number_of_days: int | None) -> str:
    """47 days ago, from a number of days."""
    return formats.days(number_of_days)


@register.filter
def iso(text: str) -> datetime:
    """A moment that was kept as ISO 8601 text."""
    return datetime.fromisoformat(text)


@register.filter
def utc(plain: datetime) -> datetime:
    """A plain time of the lake, which is UTC, made aware."""
    return plain.replace(tzinfo=UTC)


# -- names -----------------------------------------------------------------------------------------------


@register.filter
def stage(code: str) -> str:
    """A lifecycle stage: At risk."""
    return words.name(words.STAGES, code) or formats.NONE


@register.filter
def rfm_group(code: str) -> str:
    """An RFM group: Champions."""
    return words.name(words.GROUPS, code) or formats.NONE


@register.filter
def event(name: str) -> str:
    """An event in words; names of the shop's own stand for themselves."""
    return words.name(words.EVENTS, name)


@register.filter
def status(code: str) -> str:
    """The status of a campaign, message, effect or import."""
    return words.name(words.STATUSES, code)


@register.filter
def reason(code: str) -> str:
    """Why somebody was refused, a row rejected, a message failed."""
    return words.name(words.REASONS, code)


@register.filter
def allowed(code: str) -> str:
    """What was checked before a message, said as it stands when it holds."""
    return words.name(words.ALLOWED, code)


@register.filter
def kind(code: str) -> str:
    """What a file holds."""
    return words.name(words.KINDS, code)


@register.filter
def field(name: str) -> str:
    """A field of an import."""
    return words.name(words.FIELDS, name)


@register.filter
def model(name: str) -> str:
    """A recommender's name."""
    return words.name(words.MODELS, name)


@register.filter
def check_name(code: str) -> str:
    """A check of the doctor."""
    return words.name(words.CHECKS, code)


@register.filter
def channel(code: str) -> str:
    """A channel: E-mail."""
    return words.name(words.CHANNELS, code)


@register.filter
def purpose(code: str) -> str:
    """What a consent is for: offers."""
    return words.name(words.PURPOSES, code)


@register.filter
def item_name(item: Item) -> str:
    """An item's name in the reader's language."""
    return item.name_in(_language())


@register.filter
def initials(name: str) -> str:
    """For the round picture of a person: LX, or the first sign of a Chinese name."""
    parts = str(name).split()
    if not parts:
        return "?"
    if ord(parts[0][0]) > 0x2E7F or len(parts) == 1:
        return parts[0][0].upper()
    return (parts[0][0] + parts[-1][0]).upper()


# -- small drawings --------------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str, small: bool = False) -> SafeString:
    """``{% icon "users" %}``: an icon of the sprite, hidden from screen readers."""
    return format_html(
        '<svg class="zy-icon{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        " zy-icon-sm" if small else "",
        static(_SPRITE),
        name,
    )


@register.simple_tag
def tag(text: str, tone: str = "plain", icon_name: str = "") -> SafeString:
    """``{% tag text "warn" "alert-triangle" %}``; tones: gain, warn, problem, plain, quiet."""
    picture = icon(icon_name) if icon_name else ""
    return format_html('<span class="zy-tag zy-{}">{}<span>{}</span></span>', tone, picture, text)


@register.simple_tag
def status_tag(code: str) -> SafeString:
    """``{% status_tag campaign.status %}``: the status with its tone and icon."""
    tone, picture = words.LOOKS.get(code, ("plain", "circle"))
    return tag(status(code), tone, picture)


@register.simple_tag
def stage_tag(code: str) -> SafeString:
    """``{% stage_tag customer.lifecycle %}``."""
    tone, picture = words.LOOKS.get(code, ("quiet", "circle-dashed"))
    return tag(stage(code), tone, picture)


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


@register.inclusion_tag("console/_empty.html")
def empty(
    icon_name: str, title: str, text: str = "", href: str = "", label: str = "", primary: bool = False
) -> dict[str, Any]:
    """``{% empty "filter" title text href label %}``: what will be here, and the button that makes the first."""
    return {
        "icon_name": icon_name,
        "title": title,
        "text": text,
        "href": href,
        "label": label,
        "primary": primary,
    }


@register.inclusion_tag("console/_paging.html", takes_context=True)
def paging(context: Any, page: int, pages: int, total: int) -> dict[str, Any]:
    """``{% paging page pages total %}``: keeps the rest of the query string."""
    return {
        "request": context["request"],
        "page": page,
        "pages": pages,
        "total": total,
        "before": page - 1 if page > 1 else None,
        "after": page + 1 if page < pages else None,
    }


@register.inclusion_tag("console/_sortable.html", takes_context=True)
def sortable(context: Any, key: str, label: str, css: str = "", down_first: bool = True) -> dict[str, Any]:
    """``{% sortable "revenue" label "zy-num" %}``: a column head that sorts; ``context["sort"]`` is ``-revenue``."""
    now = context.get("sort", "")
    up, down = key, f"-{key}"
    state = "descending" if now == down else "ascending" if now == up else ""
    first, second = (down, up) if down_first else (up, down)
    return {
        "request": context["request"],
        "label": label,
        "css": css,
        "state": state,
        "next": second if now == first else first,
    }


@register.inclusion_tag("console/_problem.html")
def problem(error: Any, tone: str = "problem") -> dict[str, Any]:
    """``{% problem error %}``: what, why and what next of a ``ZhiyinError``, with its code."""
    return {"error": error, "tone": tone}


def _percent(value: float) -> SafeString:
    return format_html("{}%", f"{value:.2f}")
