"""Links: every ``<a href>`` of a message becomes a tracked one, nothing else changes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape, unescape
from urllib.parse import parse_qsl, urlencode

# A tokeniser of HTML as the standard has it, as far as links need: comments (with Outlook's inside them) and
# raw text are passed over, and a ">" inside quotes does not end a tag.
_RAW = "script|style|title|textarea|xmp|noscript|iframe"
_WITHIN = r"""(?:[^<>"']++|"[^"]*+"|'[^']*+')*+"""  # a tag, from its name to its end; never given back
_TOKEN = re.compile(
    # text and tags that are none of the others, as many as there are: no call of ours for each of them
    rf"(?:[^<]++|</|<(?!a[\s/>]|(?:{_RAW})\b)[a-z][^\s/<>]*+{_WITHIN}>)++"
    r"|<!--.*?(?:-->|\Z)"
    rf"|<(?P<raw>{_RAW})\b.*?(?:</(?P=raw)\s*>|\Z)"
    rf"|<(?P<name>[a-z][^\s/<>]*+)(?P<attributes>{_WITHIN})>",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE = re.compile(
    r"""(?P<name>[^\s"'>/=]+)(?:\s*=\s*(?P<value>"[^"]*"|'[^']*'|[^\s"'>]+))?""", re.DOTALL
)
_END_OF_BODY = re.compile(r"</body\s*>", re.IGNORECASE)
_WEB = re.compile(r"https?://[^/\\?#\x00-\x20\x7f][^\x00-\x20\x7f]*", re.IGNORECASE)
# seen by no reader and by no screen reader: whoever follows it reads the source
_HIDDEN = '<a href="{}" tabindex="-1" aria-hidden="true" style="display:none"></a>'
START, END = "\x02", "\x03"  # around the addresses in a plain text template
_MARKED = re.compile(f"{START}([^{END}]*){END}")

Track = Callable[[str], str]


def rewrite(html: str, track: Track, *, keep: tuple[str, ...] = (), pixel: str = "", hidden: str = "") -> str:
    """The HTML with every web link replaced by ``track(url)``; before its end the pixel and the hidden link.

    Only ``http`` and ``https`` links are tracked; ``mailto:``, ``tel:`` and anchors stay, and so do addresses
    that start with one of ``keep`` (the unsubscribe page).

    >>> rewrite('<a href="https://shop.example/?a=1&amp;b=2">Tea</a>', lambda url: f"/t?{len(url)}")
    '<a href="/t?28">Tea</a>'
    """
    html = _TOKEN.sub(lambda match: _tag(match, track, keep), html)
    added = _HIDDEN.format(escape(hidden)) if hidden else ""
    if pixel:
        added += f'<img src="{escape(pixel)}" width="1" height="1" alt="" style="display:block;border:0">'
    if not added:
        return html
    ends = list(_END_OF_BODY.finditer(html))
    at = ends[-1].start() if ends else len(html)
    return f"{html[:at]}{added}{html[at:]}"


def annotated(html: str, note: Callable[[str], str]) -> str:
    """The HTML with ``note(url)``, which is HTML too, before every web link.

    >>> annotated('<a href="https://shop.example/?a=1&amp;b=2">Tea</a>', lambda url: f"<i>{url[-3:]}</i>")
    '<i>b=2</i><a href="https://shop.example/?a=1&amp;b=2">Tea</a>'
    """

    def noted(match: re.Match[str]) -> str:
        found = _address(match)
        return f"{note(found[0])}{match[0]}" if found and is_web(found[0]) else match[0]

    return _TOKEN.sub(noted, html)


def rewrite_text(text: str, track: Track, *, keep: tuple[str, ...] = ()) -> str:
    """A rendered plain text template with its marked addresses tracked and the marks taken off."""
    return _MARKED.sub(lambda match: _target(match[1].strip(), track, keep), text)


def labelled(url: str, labels: Mapping[str, str]) -> str:
    """A web address with these parameters added, those it has already left as they are.

    >>> labelled("https://shop.example/tea?a=1#top", {"utm_medium": "email"})
    'https://shop.example/tea?a=1&utm_medium=email#top'
    """
    if not labels or not is_web(url):
        return url
    address, mark, place = url.partition("#")
    path, _, query = address.partition("?")
    known = {name for name, _ in parse_qsl(query, keep_blank_values=True)}
    added = urlencode({name: value for name, value in labels.items() if name not in known})
    query = "&".join(part for part in (query.rstrip("&"), added) if part)
    return f"{path}?{query}{mark}{place}" if query else url


def is_web(url: str) -> bool:
    """Whether this is a web address that may be redirected to.

    >>> is_web("https://shop.example/a"), is_web("javascript:alert(1)"), is_web("//evil.example")
    (True, False, False)
    """
    return _WEB.fullmatch(url) is not None


def _tag(match: re.Match[str], track: Track, keep: tuple[str, ...]) -> str:
    found = _address(match)
    if found is None:
        return match[0]
    url, start, end = found
    target = _target(url, track, keep)
    return match[0] if target == url else f'{match[0][:start]}"{escape(target)}"{match[0][end:]}'


def _address(match: re.Match[str]) -> tuple[str, int, int] | None:
    """Where an ``<a>`` leads, and where in the tag that stands; None for what is no link."""
    if match["name"] not in ("a", "A"):
        return None
    for attribute in _ATTRIBUTE.finditer(match["attributes"]):
        if attribute["name"].lower() == "href":
            if attribute["value"] is None:
                break
            at = match.start("attributes") - match.start()
            url = unescape(attribute["value"].strip("\"'")).strip()
            return url, at + attribute.start("value"), at + attribute.end("value")
    return None


def _target(url: str, track: Track, keep: tuple[str, ...]) -> str:
    return track(url) if is_web(url) and not (keep and url.startswith(keep)) else url
