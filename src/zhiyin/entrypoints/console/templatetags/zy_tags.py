"""Icons, and coloured tags with an icon and a word."""

from __future__ import annotations

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from zhiyin.entrypoints.console import words
from zhiyin.entrypoints.console.templatetags.zy_names import stage, status

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
def stage_tag(code: str) -> SafeString:
    """``{% stage_tag customer.lifecycle %}``."""
    tone, picture = words.LOOKS.get(code, ("quiet", "circle-dashed"))
    return tag(stage(code), tone, picture)
