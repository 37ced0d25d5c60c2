"""One process's share of a batch: what arrived is read and understood here, in the worker and in its children.

A share reads the spool and its memory, which nobody changes meanwhile. Nothing here touches records or lake: what
they know is asked for and given by the worker.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from zhiyin.adapters.children import serve
from zhiyin.adapters.lake.rows import events_to_table, rejects_to_table
from zhiyin.adapters.spool.journal import Batch
from zhiyin.adapters.spool.memory import SpoolMemory, visit_rows, visitor_keys
from zhiyin.adapters.spool.runs import Keys, keys
from zhiyin.domain.event import Event
from zhiyin.loop.collect import arrival, pipeline
from zhiyin.loop.collect.facts import Facts
from zhiyin.loop.collect.parts import Part
from zhiyin.services.live import Outcome, outcomes

RECEIVED = "received"
Key = tuple[str, datetime, str]  # source, hour, outcome


class Asked(NamedTuple):
    """Of whom a share has to know, and what it is about: ``whole`` says that it concerns nobody of another."""

    messages: Keys  # and orders
    persons: set[str]
    whole: bool


class Known(NamedTuple):
    """The answer, without what the spool remembers; and when and where we are."""

    facts: Facts
    now: datetime
    timezone: ZoneInfo


@dataclass(slots=True)
class Understood:
    """What a share gives: rows for the lake, and what records and memory are told.

    ``received`` counts what came in before anything is made of it, ``last`` is when the last of each came;
    ``became`` counts outcomes. ``identified`` are events that state traits, each with its place in the batch.
    """

    arrived: int
    events: pa.Table
    rejects: pa.Table
    received: Counter[Key]
    last: dict[Key, datetime]
    became: Counter[Key]
    identified: list[tuple[list[int], Event]]
    messages: Keys
    orders: Keys
    visits: pa.Table
    links: dict[str, str]
    outcomes: list[Outcome]


class Share:
    """A part of a batch; all of it unless told otherwise."""

    def __init__(self, batch: Batch, part: Part = Part()) -> None:  # noqa: B008 - a part never changes
        wanted = part.holds if part.of > part.width else None
        self._part, self._memory, self._version = part, SpoolMemory(batch.folder), batch.version
        self.arrived = [
            one
            for number, (entry, whole) in enumerate(batch.entries())
            for one in arrival.arrivals(entry, f"{batch.version}:{number}", whole=whole, wanted=wanted)
        ]
        self._run = pipeline.Run(())
        self._ids: dict[str, int] = {}  # each with its place: first those of messages, then those of orders
        self._messages = 0
        self._visitors: dict[str, int] = {}  # each with its place
        self._keys = keys(())

    def asked(self) -> Asked:
        """What has to be known before it can be understood."""
        self._run = pipeline.Run(self.arrived)
        messages, orders, persons, visitors = self._run.asked()
        self._visitors = {who: number for number, who in enumerate(visitors)}
        messages -= orders  # a client's own messageId cannot be taken for an order's: it is refused
        self._ids = {text: number for number, text in enumerate((*messages, *orders))}
        self._messages = len(messages)
        self._keys = keys(self._ids)
        return Asked(self._keys, persons, all(map(self._part.whole, self.arrived)))

    def begin(self, shop: Facts) -> None:
        """Understand what can be understood before the rest is known."""
        self._run.begin(shop)

    def understood(self, known: Known) -> Understood:
        """What the arrivals mean; ``known`` answers what ``asked``."""
        memory = known.facts.memory
        messages, orders = self._keys[: self._messages], self._keys[self._messages :]
        seen = [*self._memory.seen(messages).tolist(), *self._memory.ordered(orders, self._version).tolist()]
        memory.seen = {text for text, before in zip(self._ids, seen, strict=True) if before}
        visitors = list(self._visitors)
        hashed = visitor_keys(visitors)
        memory.visits = self._memory.visits(visitors, hashed)
        result = self._run.finish(known.facts)
        received, last = _received(self.arrived)
        number = self._ids
        new = np.fromiter((number[text] for text in memory.new_ids), np.int64, len(memory.new_ids))
        return Understood(
            len(self.arrived),
            events_to_table(
                result.events,
                timezone=known.timezone,
                received_at=[one.received_at for one in result.kept],
            ),
            rejects_to_table(result.rejects, rejected_at=known.now),
            received,
            last,
            Counter({key: n for key, n in result.tallies.items() if key[2] != RECEIVED}),
            [
                (list(map(int, one.position.split(":"))), event)
                for one, event in zip(result.kept, result.events, strict=True)
                if event.type == "identify" and event.customer_id
            ],
            self._keys[new[new < self._messages]],
            self._keys[new[new >= self._messages]],
            visit_rows(memory.new_visits, self._visitors, hashed),
            memory.links,
            outcomes(result, known.now),
        )


def apart(asked: Sequence[Asked]) -> bool:
    """Whether shares can be understood apart: none concerns another, and no message and no order came to two of
    them."""
    ids = np.concatenate([one.messages["high"] for one in asked])
    return all(one.whole for one in asked) and len(np.unique(ids)) == len(ids)


def joined(several: Sequence[Understood]) -> Understood:
    """What the shares of a batch give together: the same as one alone would, but for the order of rows."""
    first = several[0]
    if len(several) == 1:
        return first
    together = Understood(
        sum(one.arrived for one in several),
        pa.concat_tables([one.events for one in several]),
        pa.concat_tables([one.rejects for one in several]),
        Counter(), {}, Counter(), [],
        np.concatenate([one.messages for one in several]),
        np.concatenate([one.orders for one in several]),
        pa.concat_tables([one.visits for one in several]),
        {}, [],
    )  # fmt: skip
    for one in several:
        together.received.update(one.received)
        together.became.update(one.became)
        for key, at in one.last.items():
            together.last[key] = max(at, together.last.get(key, at))
        together.identified += one.identified
        together.links |= one.links
        together.outcomes += one.outcomes
    together.identified.sort(key=lambda one: one[0])
    return together


def _received(arrived: Sequence[arrival.Arrival]) -> tuple[Counter[Key], dict[Key, datetime]]:
    came: Counter[Key] = Counter()
    last: dict[Key, datetime] = {}
    fresh = (one for one in arrived if one.again is None)  # the others were counted when they came first
    for (source, at), group in groupby(fresh, key=lambda one: (one.source, one.received_at)):
        key = (source, at.replace(minute=0, second=0, microsecond=0), RECEIVED)
        came[key] += sum(1 for _ in group)
        last[key] = max(at, last.get(key, at))
    return came, last


class _Child:
    """A child of the worker: gets its part of a batch, asks, and gets what it has to know."""

    share: Share | None = None
    shop = Facts()

    def answer(self, question: tuple[Batch, Part, Facts] | Known) -> Asked | Understood:
        if isinstance(question, Known):
            assert self.share is not None
            return self.share.understood(question)
        # nothing of a batch stays; only now, since the worker waits for what it was understood as
        self.share = None
        gc.collect()
        gc.disable()  # a batch makes many objects and no cycles: looking for some costs a third of the time
        batch, part, self.shop = question
        self.share = Share(batch, part)
        return self.share.asked()

    def go_on(self) -> None:
        """What can be done before the next question comes."""
        if self.share is not None:
            self.share.begin(self.shop)


if __name__ == "__main__":
    from zhiyin.services import shares  # under its own name, by which the worker knows what is answered

    child = shares._Child()
    gc.freeze()  # what was loaded stays: it is not looked through after every batch
    serve(child.answer, child.go_on)
