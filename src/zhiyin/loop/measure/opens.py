"""hits on pixels and links → human, machine or unknown.

A mail program or a scanner loads images and follows links too, so a hit is weak evidence, and all hits of a message
are looked at together. Scanners look like browsers and take their time: in a published log of 836 machine clicks
half came 43 s after sending or later, but 96 % followed all links within a second (putyourlightson/craft-campaign,
issue 546). The rule has a version and works on the raw events whenever a report is made: a better rule can be run
over old data.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from zhiyin.domain.engagement import HIDDEN, HUMAN, KINDS, MACHINE, RULE, UNKNOWN

VERSION = RULE

SOON = 2.0  # seconds after delivery in which nobody reads
BURST = 1.0  # seconds in which nobody follows two links
VISIT = 600.0  # seconds around a machine's hit in which whoever looks the same is that machine

_SCANNER = re.compile(
    r"bot\b|bot/|crawl|spider|scan|preview|monitor|probe|validator|headless|phantomjs|"
    r"barracuda|proofpoint|mimecast|forcepoint|trendmicro|symantec|messagelabs|fireeye|sophos|ironport|"
    r"safelinks|existence discovery|urldefense|"
    r"^(?:curl|wget|python|go-http-client|java|okhttp|apache-httpclient|libwww|axios|node|ruby|php)",
    re.IGNORECASE,
)
# Load an image once for whoever reads it, and sometimes before anybody does.
_PROXY = re.compile(
    r"googleimageproxy|yahoomailproxy|outlook-ios-proxy|qqmail.*proxy|imageproxy", re.IGNORECASE
)
# Apple's privacy protection names itself so and loads every image, read or not.
_APPLE_PRIVACY = "Mozilla/5.0"


@dataclass(frozen=True, slots=True)
class Hit:
    """One request for a pixel (no ``url``) or a link. ``after`` is seconds since delivery, None if not known.

    ``network`` is the first part of the address it came from, empty if it was not kept.
    """

    user_agent: str
    method: str = "GET"
    after: float | None = None
    url: str = ""
    network: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many people, by the best evidence there is for each."""

    human: int = 0
    unknown: int = 0
    machine: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.human + self.unknown + self.machine


def judge(hits: Sequence[Hit]) -> list[str]:
    """Who made the hits on one message, hit by hit: its opens and clicks together.

    By a machine is a hit that comes too soon, asks by HEAD, names itself a scanner or follows the link that nobody
    sees; what happens within a second of two different links being followed; and what the same visitor did around
    any of these, links being followed by it. A pixel loaded by a proxy or by nobody in particular is unknown.

    >>> judge([Hit("Firefox", after=45, url="/a"), Hit("Firefox", after=45.2, url="/b"), Hit("Safari", after=900)])
    ['machine', 'machine', 'human']
    """
    certain = [_by_machine(hit) for hit in hits]
    bursts = _bursts(hits)
    for i, hit in enumerate(hits):
        certain[i] |= hit.after is not None and _near(bursts, hit.after, BURST)
    seen = _seen(hits, certain)
    return [
        MACHINE if certain[i] or _same_visit(hit, seen) else UNKNOWN if _nameless(hit.user_agent) else HUMAN
        for i, hit in enumerate(hits)
    ]


def best(kinds: Iterable[str]) -> str:
    """The best evidence for one person: a human hit counts, whatever else came.

    >>> best(["machine", "human"])
    'human'
    """
    return min(kinds, key=KINDS.index, default=UNKNOWN)


def count(kinds: Iterable[str]) -> Counts:
    """People by kind."""
    totals = Counter(kinds)
    return Counts(totals[HUMAN], totals[UNKNOWN], totals[MACHINE])


def _by_machine(hit: Hit) -> bool:
    """Whether the hit says so by itself."""
    too_soon = hit.after is not None and hit.after < SOON
    by_apple = not hit.url and hit.user_agent.strip() == _APPLE_PRIVACY
    return (
        too_soon or by_apple or hit.method.upper() == "HEAD" or hit.url == HIDDEN or _scanner(hit.user_agent)
    )


def _bursts(hits: Sequence[Hit]) -> list[float]:
    """The moments at which different links were followed within a second, in their order."""
    timed = sorted((hit.after, hit.url) for hit in hits if hit.after is not None and hit.url)
    burst: set[float] = set()
    start = 0
    urls: Counter[str] = Counter()
    for at, url in timed:
        urls[url] += 1
        while at - timed[start][0] > BURST:
            first = timed[start][1]
            urls[first] -= 1
            if not urls[first]:
                del urls[first]
            start += 1
        if len(urls) > 1:
            burst |= {timed[start][0], at}
    return sorted(burst)


def _seen(hits: Sequence[Hit], certain: Sequence[bool]) -> dict[tuple[str, str], list[float]]:
    """When each visitor that can be told from others followed links as a machine does."""
    seen: dict[tuple[str, str], list[float]] = {}
    for hit, machine in zip(hits, certain, strict=True):
        if machine and hit.url and hit.after is not None and hit.network and hit.user_agent.strip():
            seen.setdefault((hit.network, hit.user_agent), []).append(hit.after)
    for moments in seen.values():
        moments.sort()
    return seen


def _same_visit(hit: Hit, seen: dict[tuple[str, str], list[float]]) -> bool:
    moments = seen.get((hit.network, hit.user_agent))
    return moments is not None and hit.after is not None and _near(moments, hit.after, VISIT)


def _near(moments: Sequence[float], at: float, within: float) -> bool:
    """Whether one of the sorted moments is that near."""
    return bisect_left(moments, at - within) < bisect_right(moments, at + within)


@lru_cache(maxsize=4096)
def _scanner(user_agent: str) -> bool:
    return bool(_SCANNER.search(user_agent))


@lru_cache(maxsize=4096)
def _nameless(user_agent: str) -> bool:
    return not user_agent.strip() or bool(_PROXY.search(user_agent))
