"""Links: do they lead anywhere, and where their words say?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from zhiyin.domain.host import ascii_domain
from zhiyin.domain.problem import ERROR, WARNING, Problem, ProblemCode
from zhiyin.domain.text import Text, say
from zhiyin.loop.deliver.checks.letter import Letter
from zhiyin.loop.deliver.checks.page import Link

UNSUBSCRIBE = "#unsubscribe"  # what a preview has in its place
SHORTENERS = frozenset(
    (
        "bit.ly", "bitly.com", "buff.ly", "cutt.ly", "dwz.cn", "goo.gl", "is.gd", "lnkd.in", "ow.ly", "rb.gy",
        "rebrand.ly", "s.id", "shorturl.at", "suo.im", "t.cn", "t.co", "t.ly", "tiny.cc", "tinyurl.com", "u.nu",
        "url.cn", "v.gd", "w.url.cn", "0x9.me", "985.so", "dwz.mk", "mrw.so",
    )
)  # fmt: skip
_OTHERS = ("mailto", "tel", "sms", "weixin", "alipays", "cid", "geo", "xmpp")
_EXAMPLES = re.compile(r"(?:.*\.)?(?:example(?:\.com|\.net|\.org)?|invalid)")
_SHOWN = re.compile(
    r"(?:https?://)?(?P<host>(?:[\w-]+\.)+(?:com|net|org|cn|io|co|shop|store|me|info|biz|top|xyz|de|uk|fr|jp))"
    r"(?:[/?#:]\S*)?",
    re.IGNORECASE,
)
_TAGS = ("a", "mj-button", "mj-image", "mj-navbar-link", "mj-social-element", "area", "mj-carousel-image")


def broken(letter: Letter) -> Iterator[Problem]:
    """Links that lead nowhere: errors where everybody gets them so, warnings where one customer's data do."""
    told: set[str] = set()
    for tag in letter.tags:
        href = tag.fixed("href") if tag.name in _TAGS else None
        if href is None:
            continue
        found = _broken(href.strip(), letter.page.anchors)
        if found:
            told.add(href.strip())
            code, text = found
            yield Problem(WARNING if code == ProblemCode.PLACEHOLDER_LINK else ERROR, code, text, tag.line)
    for link in letter.page.links:
        found = None if link.href in told else _broken(link.href, letter.page.anchors)
        if found and found[0] != ProblemCode.PLACEHOLDER_LINK:
            told.add(link.href)
            yield Problem(
                WARNING,
                found[0],
                say(
                    "For some customers: {what} It is the link “{words}”.", what=found[1], words=_words(link)
                ),
                letter.line_of(link.words),
            )


def shortened(letter: Letter) -> Iterator[Problem]:
    """Links behind a shortener, whose reputation is that of all its users."""
    for link in letter.page.links:
        host = _host(link.href)
        if host in SHORTENERS:
            yield Problem(
                WARNING,
                ProblemCode.SHORTENED_LINK,
                say(
                    "The link through {host} hides where it leads; filters distrust that. Use the address itself.",
                    host=host,
                ),
                letter.line_of(link.href),
            )


def other_address(letter: Letter) -> Iterator[Problem]:
    """Links whose words show one address and which lead to another, as in phishing."""
    for link in letter.page.links:
        shown = _SHOWN.fullmatch(link.words.strip())
        host = _host(link.href)
        if shown is None or not host or _site(shown["host"].lower()) == _site(host):
            continue
        yield Problem(
            WARNING,
            ProblemCode.OTHER_ADDRESS,
            say(
                "A link shows {shown} and leads to {host}; filters take that for fraud.",
                shown=shown["host"],
                host=host,
            ),
            letter.line_of(link.words),
        )


def _broken(href: str, anchors: frozenset[str]) -> tuple[ProblemCode, Text] | None:
    if not href or href == "#":
        return ProblemCode.EMPTY_LINK, say("A link has no address.")
    if href == UNSUBSCRIBE:
        return None
    if href.startswith("#"):
        return None if href[1:] in anchors else (ProblemCode.EMPTY_LINK, say("A link has no address."))
    if any(mark in href for mark in ("{{", "{%", "[[")):
        return ProblemCode.BROKEN_LINK, say(
            "The link {href} holds a variable that was not filled in.", href=href
        )
    scheme = href.partition(":")[0].lower() if ":" in href else ""
    if scheme in _OTHERS:
        return None
    if scheme not in ("http", "https"):
        return ProblemCode.BROKEN_LINK, say(
            "The link {href} leads nowhere: it does not begin with https://.", href=href[:80]
        )
    host = _host(href)
    if not host or any(sign.isspace() for sign in href) or not ascii_domain(host):
        return ProblemCode.BROKEN_LINK, say("The link {href} is not an address.", href=href[:80])
    if _EXAMPLES.fullmatch(host) and urlsplit(href).path in ("", "/"):
        return ProblemCode.PLACEHOLDER_LINK, say(
            "The link {href} is only an example; put yours there.", href=href
        )
    return None


def _host(href: str) -> str:
    """The host of an address in small letters; empty where there is none."""
    try:
        parts = urlsplit(href)
        _ = parts.port
    except ValueError:
        return ""
    return (parts.hostname or "").rstrip(".") if parts.scheme in ("http", "https") else ""


def _site(host: str) -> str:
    """The part of a host that one owner has, roughly: its last two labels, three below .com.cn and the like."""
    labels = host.split(".")
    many = (
        3
        if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in ("com", "net", "org", "co", "gov")
        else 2
    )
    return ".".join(labels[-many:])


def _words(link: Link) -> str:
    return link.words[:40] or link.href[:40] or "…"
