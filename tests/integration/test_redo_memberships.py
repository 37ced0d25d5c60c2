"""Looking at memberships dies after each of its writes; done again, everybody is where they belong and told once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.prepared import once

from zhiyin.adapters.records import membership
from zhiyin.adapters.records.models import Membership, Segment, Touched, Transition, Wake
from zhiyin.domain.event import Event
from zhiyin.services import ingest, listening, memberships, segments
from zhiyin.services.workspace import Workspace

AT = datetime(2026, 3, 2, 4, tzinfo=UTC)
WRITES = [
    (membership, "touch"),
    (membership, "enter"),
    (membership, "leave"),
    (membership, "note"),
    (membership, "wake"),
    (membership, "delete"),
    (membership, "told"),
    (memberships, "_step"),
    (memberships, "_settle_one"),
    (memberships, "_settle"),
    (ingest, "record"),
]
RULES = {
    "views": 'did("Product Viewed", within="1h")',
    "quiet": 'not did("Order Completed")',
    "named": 'in_segment("views") and orders >= 1',
}


class Killed(BaseException):
    """The process is gone."""


@contextmanager
def killing(monkeypatch: pytest.MonkeyPatch, last: int) -> Iterator[list[str]]:
    """Die after so many writes; gives their names."""
    done: list[str] = []

    def dying(where: Any, name: str) -> Callable[..., Any]:
        real = getattr(where, name)

        def write(*args: Any, **kwargs: Any) -> Any:
            result = real(*args, **kwargs)
            nothing = result == 0 or (where is membership and args[-1] == [])
            if not Shop.working or nothing:
                return result
            done.append(name)
            if len(done) == last:
                raise Killed
            return result

        return write

    with monkeypatch.context() as patch:
        for where, name in WRITES:
            patch.setattr(where, name, dying(where, name))
        yield done


def founded(ws: Workspace) -> None:
    """There are segments, and nobody in them yet."""
    ws = dataclasses.replace(ws, now=lambda: AT)
    for key, rule in RULES.items():
        segments.create(ws, key, key, rule)
    finish(ws)


def finish(ws: Workspace) -> None:
    """Rounds of the worker until there is nothing left to do."""
    done = 1
    while done:
        ws.spool.close()
        done = ingest.drain(ws) + memberships.round(ws)


class Shop:
    """A shop whose clock stands still until it is moved on; only its worker dies."""

    working = False

    def __init__(self, ws: Workspace) -> None:
        self.now, self.number = AT, 0
        once(ws, founded)
        self.ws = dataclasses.replace(ws, now=lambda: self.now)

    def happens(self, name: str, who: str) -> None:
        self.number += 1
        ingest.record(self.ws, [Event(f"e{self.number}", "track", name, self.now, who)])

    def until_done(self) -> None:
        Shop.working = True
        try:
            finish(self.ws)
        finally:
            Shop.working = False

    def state(self) -> dict[str, Any]:
        rows = self.ws.lake.collect(self.ws.lake.events(["segment"])).to_pylist()
        told = [
            (row["event"], row["property_segment"], row["customer_id"], row["timestamp"])
            for row in rows
            if row["event"].startswith("Segment")
        ]
        return {
            "members": sorted(Membership.objects.values_list("segment__key", "customer_id", "since")),
            "told": sorted(told),
            "noted": sorted(Transition.objects.values_list("segment__key", "customer_id", "entered", "at", "told")),
            "wakes": sorted(Wake.objects.values_list("customer_id", "minute")),
            "touched": list(Touched.objects.values()),
            "settled": [row.settled_rule == mark.mark for row, mark in zip(
                Segment.objects.order_by("key"), listening.live(), strict=True
            )],
        }  # fmt: skip


def lived(shop: Shop) -> None:
    """Some come, one goes because of an event, the others as time passes; a rule changes."""
    for who in ("ann", "bob"):
        shop.happens("Product Viewed", who)
    shop.until_done()
    shop.happens("Order Completed", "ann")
    shop.until_done()
    segments.update(shop.ws, "quiet", rule='did("Order Completed")')
    shop.until_done()
    shop.now = AT + timedelta(minutes=61)
    shop.until_done()


def test_a_look_that_dies_after_any_write_leaves_the_same_when_it_is_done_again(
    make_workspace: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = Shop(make_workspace("undisturbed"))
    with killing(monkeypatch, 0) as writes:
        lived(undisturbed)
    wanted = undisturbed.state()
    assert {name for _, name in WRITES} == set(writes)
    assert [(key, who) for key, who, _ in wanted["members"]] == [("quiet", "ann")]
    assert len(wanted["told"]) == len(wanted["noted"]) == 11
    assert all(told for *_, told in wanted["noted"])
    for last in range(1, len(writes) + 1):
        shop = Shop(make_workspace(f"killed-{last}"))
        resumed(shop, monkeypatch, last)
        assert shop.state() == wanted, f"after write {last}, {writes[last - 1]}"


def resumed(shop: Shop, monkeypatch: pytest.MonkeyPatch, last: int) -> None:
    """The same life, in which the worker dies once and is started again."""
    until_done = shop.until_done

    def again() -> None:
        try:
            until_done()
        except Killed:
            until_done()

    monkeypatch.setattr(shop, "until_done", again)
    with killing(monkeypatch, last):
        lived(shop)
