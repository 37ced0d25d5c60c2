"""Icons, and coloured tags with an icon and a word."""

from __future__ import annotations

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from zhiyin.entrypoints.console import formats, words
from zhiyin.entrypoints.console.templatetags.zy_names import stage, status
from zhiyin.entrypoints.site import current
from zhiyin.services.health import SourceHealth

register = template.Library()
_SPRITE = "vendor/tabler-icons-3.51.0/icons.svg"


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
def source_tag(source: SourceHealth) -> SafeString:
    """``{% source_tag source %}``: how a source stands; how many it rejects, since when it is late."""
    text = words.name(words.SOURCE_STATES, source.state)
    if source.state == "rejecting":
        text = gettext("Rejects %(count)s") % {"count": formats.number(source.balance.rejected)}
    elif source.state == "late" and source.last is not None:
        hours = int((current().now() - source.last).total_seconds() // 3600)
        text = ngettext("%(count)s hour late", "%(count)s hours late", hours) % {"count": hours}
    elif source.state == "silent" and source.last is None:
        text = gettext("No data yet")
    tone, picture = words.SOURCE_LOOKS[source.state]
    return tag(text, tone, picture)


@register.simple_tag
def source_icon(kind: str) -> SafeString:
    """``{% source_icon source.kind %}``."""
    return icon(words.SOURCE_PICTURES.get(kind, "world"))


@register.simple_tag
def stage_tag(code: str) -> SafeString:
    """``{% stage_tag customer.lifecycle %}``."""
    tone, picture = words.LOOKS.get(code, ("quiet", "circle-dashed"))
    return tag(stage(code), tone, picture)
