"""The words of templates: languages by their own names, kinds of blocks and their fields."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

# by their own names, as people look for them
LANGUAGES: Mapping[str, str] = {
    "en": "English", "zh-hans": "简体中文", "zh-hant": "繁體中文", "ja": "日本語", "ko": "한국어", "de": "Deutsch",
    "fr": "Français", "es": "Español", "pt-br": "Português (Brasil)", "it": "Italiano", "nl": "Nederlands",
    "pl": "Polski", "ru": "Русский", "th": "ไทย", "vi": "Tiếng Việt", "id": "Bahasa Indonesia",
}  # fmt: skip
KINDS: Mapping[str, str] = {
    "header": _("Header"),
    "text": _("Text"),
    "image": _("Picture"),
    "button": _("Button"),
    "product-grid": _("Products"),
    "recommendations": _("Recommendations"),
    "coupon": _("Coupon"),
    "countdown": _("Countdown"),
    "two-columns": _("Two columns"),
    "divider": _("Divider"),
    "spacer": _("Space"),
    "footer": _("Footer"),
    "saved": _("Saved block"),
    "mjml": "MJML",
}
ICONS: Mapping[str, str] = {
    "header": "home", "text": "list", "image": "photo", "button": "pointer", "product-grid": "shopping-bag",
    "recommendations": "sparkles", "coupon": "gift", "countdown": "hourglass", "two-columns": "layout-list",
    "divider": "minus", "spacer": "selector", "footer": "mail", "saved": "star", "mjml": "code",
}  # fmt: skip
FIELDS: Mapping[str, str] = {
    "logo": _("Logo (address of a picture)"),
    "link": _("Link"),
    "width": _("Width in pixels"),
    "name": _("Name"),
    "kicker": _("Line above the heading"),
    "heading": _("Heading"),
    "text": _("Text"),
    "align": _("Alignment"),
    "colour": _("Colour"),
    "background": _("Background"),
    "image": _("Picture (its address)"),
    "alt": _("What the picture shows"),
    "edge": _("Edge"),
    "label": _("Label"),
    "columns": _("Columns"),
    "products": _("Products"),
    "price": _("Price"),
    "count": _("How many"),
    "reason": _("Reason"),
    "code": _("Code"),
    "terms": _("Terms"),
    "until": _("Until (a date)"),
    "many": _("With more than one day left"),
    "one": _("With one day left"),
    "last": _("On the last day"),
    "height": _("Height in pixels"),
    "left_image": _("Left picture (its address)"),
    "left_alt": _("What the left picture shows"),
    "left_heading": _("Left heading"),
    "left_text": _("Left text"),
    "right_image": _("Right picture (its address)"),
    "right_alt": _("What the right picture shows"),
    "right_heading": _("Right heading"),
    "right_text": _("Right text"),
    "why": _("Why they get it"),
    "unsubscribe": _("Words of the unsubscribe link"),
    "key": _("Saved block"),
}
PARTS: Mapping[str, str] = {
    "subject": _("Subject"),
    "preheader": _("Preview line"),
    "body": _("Message"),
    "text": _("Plain text"),
}
CHOICES: Mapping[str, str] = {
    "left": pgettext_lazy("alignment", "Left"),
    "center": pgettext_lazy("alignment", "Centre"),
    "right": pgettext_lazy("alignment", "Right"),
    "wide": _("To the edge"),
    "inset": _("With an edge"),
}


def language(name: str) -> str:
    """A language by its own name; empty is one that nobody named.

    >>> language("zh-hans")
    '简体中文'
    """
    return LANGUAGES.get(name, name) or gettext("not named")
