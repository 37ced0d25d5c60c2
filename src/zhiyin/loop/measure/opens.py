"""hits on pixels and links → human, machine or unknown.

A mail program or a scanner loads images and follows links too, so a hit is weak evidence. The rule has a
version and works on the raw events whenever a report is made: a better rule can be run over old data.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from zhiyin.domain.engagement import HUMAN, KINDS, MACHINE, RULE, UNKNOWN

VERSION = RULE

SOON = 2.0  # seconds after delivery in which nobody reads
BURST = 1.0  # seconds in which nobody follows two links

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
    """One request for a pixel or a link. ``after`` is seconds since delivery, None if that is not known."""

    user_agent: str
    method: str = "GET"
    after: float | None = None
    url: str = ""


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


def opened(hit: Hit) -> str:
    """Who loaded the pixel.

    >>> opened(Hit("Mozilla/5.0 (Windows NT 5.1) Firefox/11.0 (via ggpht.com GoogleImageProxy)", after=3600))
    'unknown'
    """
    if _by_machine(hit) or hit.user_agent.strip() == _APPLE_PRIVACY:
        return MACHINE
    return UNKNOWN if _nameless(hit.user_agent) else HUMAN


def clicked(hits: Sequence[Hit]) -> list[str]:
    """Who followed the links of one message, hit by hit.

    Two different links within a second are followed by a program, all hits of that moment with them.
    """
    burst = set()
    timed = sorted(
        (i for i, hit in enumerate(hits) if hit.after is not None), key=lambda i: hits[i].after or 0.0
    )
    for position, i in enumerate(timed):
        for j in timed[position + 1 :]:
            if (hits[j].after or 0.0) - (hits[i].after or 0.0) > BURST:
                break
            if hits[i].url != hits[j].url:
                burst |= {i, j}
    return [
        MACHINE if i in burst or _by_machine(hit) else UNKNOWN if _nameless(hit.user_agent) else HUMAN
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
    too_soon = hit.after is not None and hit.after < SOON
    return too_soon or hit.method.upper() == "HEAD" or _scanner(hit.user_agent)


@lru_cache(maxsize=4096)
def _scanner(user_agent: str) -> bool:
    return bool(_SCANNER.search(user_agent))


@lru_cache(maxsize=4096)
def _nameless(user_agent: str) -> bool:
    return not user_agent.strip() or bool(_PROXY.search(user_agent))
