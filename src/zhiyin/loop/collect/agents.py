"""a user agent → whether a program browses, and on what device; each text is looked at once."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_REMEMBERED = 50_000  # user agents; a busy shop sees some thousands
_LITERAL = re.compile(r"(?:[^()|\[\]^$*+?{}.\\]|\\[^A-Za-z0-9])+")  # a pattern that stands for itself
_TABLET = re.compile(r"iPad|Tablet|PlayBook|Kindle|Silk(?!.*Mobile)|Android(?!.*Mobile)|Nexus (?:7|9|10)\b")
_MOBILE = re.compile(r"Mobi|iPhone|iPod|Android|Windows Phone|BlackBerry|BB10|Opera Mini|HarmonyOS|SymbianOS")
_TELEVISION = re.compile(
    r"SMART-?TV|SmartTV|AppleTV|GoogleTV|HbbTV|BRAVIA|CrKey|Roku|\bTV\b|NetCast|AFT[A-Z]"
)
# entries of the crawler list that fit people too, and what we look for in their place: the list has the number of a
# build of Android that many phones of OPPO, OnePlus and realme run, and names that phones and tablets have too
_NARROWER = {
    r"AP3A\.240617\.008": r"CPH2557 Build/AP3A\.240617\.008; wv\).* NV/\d",
    "Butterfly": r"Butterfly/\d",  # of HTC
    "Sonic": r"Sonic(?:SiteAuditor)?/\d",  # ViewSonic
    "speedy": "[Ss]peedy[ _]?[Ss]pider",  # of HTC
}
# programs that the list does not have, but that say what they are or where to read about them; phones of CUBOT do not
_SAYS_SO = re.compile(r"\+https?://|spider|crawler|(?<!cu)bot(?:\b|_)", re.IGNORECASE)
# words of the list that are no longer than this must begin a word: "RED/" is not "WIRED/", "008/" not "39008/"
_SHORT = 4
_DESKTOP = re.compile(r"Windows|Macintosh|X11|CrOS|Linux")


@lru_cache(maxsize=_REMEMBERED)
def is_bot(agent: str) -> bool:
    """Whether the public list of crawlers knows the user agent, or the agent says itself that it is one.

    >>> is_bot("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)")
    True
    """
    return listed(agent) or _SAYS_SO.search(agent) is not None


def listed(agent: str) -> bool:
    """Whether the public list of crawlers knows the user agent.

    >>> listed("curl/8.5.0"), listed("NobodyKnowsThisSpider")
    (True, False)
    """
    words, rest = _crawlers()
    return any(word in agent for word in words) or rest.search(agent) is not None


@lru_cache(maxsize=_REMEMBERED)
def device(agent: str) -> dict[str, Any]:
    """``type`` (desktop, mobile, tablet, tv, other), ``os`` and ``browser`` of a user agent.

    The result is shared; do not change it.
    """
    browser, system = _parser()
    found = {"type": _type(agent)}
    os_, browser_ = system(agent), browser(agent)
    if os_ is not None and os_.family != "Other":
        found["os"] = os_.family
    if browser_ is not None and browser_.family != "Other":
        found["browser"] = browser_.family
    return found


def _type(agent: str) -> str:
    # televisions run Android, tablets say that they are no phones, phones pretend to be desktops
    for name, pattern in (
        ("tv", _TELEVISION),
        ("tablet", _TABLET),
        ("mobile", _MOBILE),
        ("desktop", _DESKTOP),
    ):
        if pattern.search(agent):
            return name
    return "other"


@lru_cache(maxsize=1)
def _crawlers() -> tuple[tuple[str, ...], re.Pattern[str]]:
    """The list's patterns: plain words, which are found much faster, and the other patterns as one."""
    import crawleruseragents

    words, rest = [], []
    for crawler in crawleruseragents.CRAWLER_USER_AGENTS_DATA:
        pattern = _NARROWER.get(crawler["pattern"], crawler["pattern"])
        word = re.sub(r"\\(.)", r"\1", pattern) if _LITERAL.fullmatch(pattern) else ""
        if len(word) > _SHORT:
            words.append(word)
        elif word:
            rest.append(rf"(?<![A-Za-z0-9]){pattern}")
        else:
            rest.append(f"(?:{pattern})")
    return tuple(words), re.compile("|".join(rest))


@lru_cache(maxsize=1)
def _parser() -> tuple[Any, Any]:
    from ua_parser import BestAvailableResolver as Resolver
    from ua_parser import Parser, load_builtins

    parser = Parser(Resolver(load_builtins()))
    return parser.parse_user_agent, parser.parse_os
