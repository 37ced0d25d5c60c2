"""Machine and human opens and clicks, simulated with published timings: the share judged right, each way.

Machines come as in the published log of 836 bursts (putyourlightson/craft-campaign, issue 546): half of them 43
seconds after sending or later, 0.5 % within 10 s, 2.6 % within 20 s, 31 % after a minute, 96 % with all links within
a second, the others over minutes; they call themselves as browsers do, as the worst of them do. Some follow the
hidden link, some do not: both are shown. Image proxies of mail services are left out: they load for whoever reads,
and are told as unknown. People open after minutes to days, follow one to three links, seconds and more apart, some of
them twice in a row; a machine looks at half of their messages first, every fifth time from their own network. Each
message has two links; those with one are shown apart, also where nothing can tell: a single link, followed by a
machine that passes over the hidden one. Beside it the rules that others use, as read from their sources, on the same
hits: two of three of "within 2 s", a list of networks, a list of names (Mautic 5); a name, or within 7 s (Notifuse
32).
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from zhiyin.domain.engagement import HIDDEN, HUMAN, MACHINE
from zhiyin.loop.measure import opens
from zhiyin.loop.measure.opens import Hit

MESSAGES, BAR = 20_000, 95.0
# quantiles of the published delays, and a tail that ends after an hour
DELAYS = ((0.0, 2.0), (0.005, 10.0), (0.026, 20.0), (0.5, 43.0), (0.69, 60.0), (1.0, 3600.0))
TOGETHER = 0.96
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/130.0 Mobile MicroMessenger/8.0.50",
)
Told = list[tuple[Hit, bool]]  # a hit, and whether a person made it


def main() -> list[dict[str, Any]]:
    """Rows: how many hits of machines and of people are judged right, by our rule and by those of others."""
    rows = []
    for what, links, hidden in (
        ("two links and the hidden one", 2, True),
        ("two links, machines pass over the hidden one", 2, False),
        ("one link and the hidden one", 1, True),
        ("one link, machines pass over the hidden one", 1, False),
    ):
        rng = random.Random(7)
        messages = [message(rng, links, hidden=hidden) for _ in range(MESSAGES)]
        for name, rule in RULES.items():
            if name != "ours" and (links, hidden) != (2, False):
                continue  # they look at no other hit, so that it makes no difference to them
            found = right(messages, rule)
            for who in (MACHINE, HUMAN):
                for kind in ("opens", "clicks"):
                    good, total = found[who, kind, True], found[who, kind, True] + found[who, kind, False]
                    rows.append(
                        {
                            "what": f"{what}: {kind} by a {who}, {name}",
                            "value": round(100 * good / total, 1),
                            "unit": f"% right of {total:,}",
                            "bar": f"≥ {BAR:.0f}" if name == "ours" and links + hidden > 1 else "",
                        }
                    )
    return rows


def message(rng: random.Random, links: int, *, hidden: bool) -> Told:
    """The hits on one message: of a machine, of a person, or of both."""
    told: Told = []
    scanned, outside = rng.random() < 0.5, f"203.0.{rng.randrange(256)}.0"
    if scanned:
        inside = rng.random() < 0.2
        network = outside if inside else f"198.51.{rng.randrange(256)}.0"
        told += [(hit, False) for hit in machine(rng, links, network, hidden=hidden)]
    if not scanned or rng.random() < 0.5:
        told += [(hit, True) for hit in person(rng, links, outside)]
    return told


def machine(rng: random.Random, links: int, network: str, *, hidden: bool) -> list[Hit]:
    """A scanner: the pixel and all links at once, or one after the other over some minutes."""
    start, agent = _delay(rng), rng.choice(AGENTS)
    urls = ["", *(f"/{n}" for n in range(links)), *([HIDDEN] if hidden else [])]
    spread = 0.0 if rng.random() < TOGETHER else rng.uniform(10, 300)
    return [
        Hit(agent, "GET", start + (rng.random() * 0.9 if not spread else rng.random() * spread), url, network)
        for url in urls
    ]


def person(rng: random.Random, links: int, network: str) -> list[Hit]:
    """A reader: opens once or more, and follows links one after the other, or none."""
    at = math.exp(rng.gauss(math.log(3 * 3600), 1.8)) + 5
    agent = rng.choice(AGENTS)
    hits = []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        hits.append(Hit(agent, "GET", at, "", network))
        if rng.random() < 0.4:
            moment = at
            for url in rng.sample([f"/{n}" for n in range(links)], rng.randrange(1, links + 1)):
                moment += 1.2 + rng.expovariate(1 / 20)
                hits.append(Hit(agent, "GET", moment, url, network))
                if rng.random() < 0.03:
                    hits.append(Hit(agent, "GET", moment + 0.3, url, network))
        at += math.exp(rng.gauss(math.log(6 * 3600), 1.0))
    return hits


def right(
    messages: Sequence[Told], rule: Callable[[Sequence[Hit]], list[str]]
) -> Counter[tuple[str, str, bool]]:
    """Hits by who made them, what they are, and whether the rule said so."""
    found: Counter[tuple[str, str, bool]] = Counter()
    for told in messages:
        verdicts = rule([hit for hit, _ in told])
        for (hit, human), verdict in zip(told, verdicts, strict=True):
            if hit.url != HIDDEN:
                who = HUMAN if human else MACHINE
                found[who, "clicks" if hit.url else "opens", verdict == who] += 1
    return found


def _mautic(hits: Sequence[Hit]) -> list[str]:
    # its list of networks knows none of these machines; two of three cannot be reached
    return [MACHINE if (hit.after or 0) < 2 and opens._scanner(hit.user_agent) else HUMAN for hit in hits]


def _notifuse(hits: Sequence[Hit]) -> list[str]:
    return [MACHINE if (hit.after or 0) < 7 or opens._scanner(hit.user_agent) else HUMAN for hit in hits]


RULES = {"ours": opens.judge, "as Mautic": _mautic, "as Notifuse": _notifuse}


def _delay(rng: random.Random) -> float:
    chance = rng.random()
    for (low, start), (high, end) in pairwise(DELAYS):
        if chance <= high:
            return start + (end - start) * ((chance - low) / (high - low)) ** (3 if high == 1.0 else 1)
    raise AssertionError(chance)


if __name__ == "__main__":
    from rich.console import Console

    from bench.__main__ import drawn

    Console().print(drawn(main()))
