"""seed → a shop's world, block by block: customers, items, orders, views, and the truth about responses.

Each block of customers has random generators of its own, so what comes out depends on the seed and the
number of customers alone, not on how many blocks are made at a time or in which order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhiyin.domain.event import PRODUCT_VIEWED
from zhiyin.simulate import catalogue, people, response, shopping
from zhiyin.simulate.people import Floats, People
from zhiyin.simulate.response import Responses
from zhiyin.simulate.shopping import DAY, Choice, Orders, Views

BLOCK = 2_000
CURRENCY = "CNY"
WINDOW = 7  # days for which the chances of a response hold
_PEOPLE, _CHOICE, _RESPONSE, _ORDERS, _VIEWS = range(2, 7)  # one stream of random numbers each


@dataclass(frozen=True, slots=True)
class Block:
    """Some customers of a market, with what they choose and how they answer messages."""

    number: int
    people: People
    choice: Choice
    responses: Responses

    def __len__(self) -> int:
        return len(self.people)


@dataclass(frozen=True, slots=True)
class Market:
    """A tea shop with so many customers and a history of so many months that ends at ``until`` (aware).

    ``language`` is that of the category names: en or zh-hans. Money is in minor units of yuan.

    >>> market = Market(200, until=datetime(2026, 3, 1, tzinfo=UTC))
    >>> len(market.truth()), market.days
    (200, 183)
    """

    customers: int
    until: datetime
    seed: int = 7
    months: int = 6
    items: int = 300
    language: str = "en"

    @property
    def days(self) -> int:
        """Length of the history in days."""
        return round(self.months * 365.25 / 12)

    @property
    def start(self) -> datetime:
        """The first moment of the history, UTC."""
        return self.until.astimezone(UTC) - timedelta(days=self.days)

    @property
    def catalogue(self) -> catalogue.Catalogue:
        """What the shop sells."""
        return catalogue.catalogue(self.seed, self.items)

    @property
    def category_names(self) -> tuple[str, ...]:
        """The categories in the shop's language."""
        chinese = self.language.startswith("zh")
        return tuple(c.name_zh if chinese else c.name for c in catalogue.CATEGORIES)

    @property
    def count(self) -> int:
        """Number of blocks."""
        return -(-self.customers // BLOCK)

    def blocks(self) -> Iterator[Block]:
        """All blocks in order; only one is held at a time."""
        return (self.block(number) for number in range(self.count))

    def block(self, number: int) -> Block:
        """One block of customers."""
        first = number * BLOCK
        n = min(BLOCK, self.customers - first)
        persons = people.draw(self.rng(_PEOPLE, number), n, first=first + 1, days=self.days)
        picks = shopping.choice(self.rng(_CHOICE, number), persons, self.catalogue)
        truth = response.draw(
            self.rng(_RESPONSE, number),
            n,
            baseline=self._baseline(persons),
            spend=picks.spend(self.catalogue.price),
            thrift=persons.thrift,
            tenure=np.log1p(self.days - persons.arrival) - 5.0,
        )
        return Block(number, persons, picks, truth)

    def orders(self, block: Block) -> Orders:
        """The orders of a block's customers."""
        busy = _calendar(self.start, self.days)
        return shopping.orders(self.rng(_ORDERS, block.number), block.people, block.choice, busy, self.days)

    def views(self, block: Block, orders: Orders) -> Views:
        """What a block's customers looked at."""
        busy = _calendar(self.start, self.days)
        rng = self.rng(_VIEWS, block.number)
        return shopping.views(rng, block.people, block.choice, orders, busy, self.days)

    def truth(self) -> Responses:
        """How every customer answers a message, in the order of their numbers."""
        parts = [block.responses for block in self.blocks()]
        return Responses(
            np.concatenate([part.group for part in parts]),
            np.concatenate([part.baseline for part in parts]),
            np.concatenate([part.treated for part in parts]),
            np.concatenate([part.spend for part in parts]),
        )

    def reachable(self) -> np.ndarray:
        """Whether a letter to every customer would reach each: consent, an address, and a mailbox behind it."""
        parts = [(b.people.consent == 1) & b.people.reachable for b in self.blocks()]
        return np.concatenate(parts)

    def rng(self, stream: int, block: int) -> np.random.Generator:
        """The generator of one stream of one block."""
        return np.random.default_rng([self.seed, stream, block])

    def _baseline(self, persons: People) -> Floats:
        """The chance to order within a week by oneself: what the ordering rate says, little after leaving."""
        here = persons.departure > self.days
        alone = 1 - np.exp(-persons.rate * WINDOW)
        return np.where(here, np.clip(alone, 0.01, 0.6), 0.002)

    # -- tables as the shop's files have them -------------------------------------------------------------

    def item_table(self) -> pa.Table:
        """All items."""
        items = self.catalogue
        return pa.table(
            {
                "item_id": list(items.item_id),
                "name": list(items.name),
                "name_zh": list(items.name_zh),
                "category": pa.array(self.category_names).take(pa.array(items.category)),
                "price": _money(pa.array(items.price)),
                "currency": [CURRENCY] * len(items),
                "url": list(items.url),
            }
        )

    def customer_table(self, block: Block) -> pa.Table:
        """The customers of a block."""
        return block.people.table(self._time(block.people.arrival * DAY))

    def order_table(self, block: Block, orders: Orders) -> pa.Table:
        """One row per line of an order. What came back has a row of its own with a negative quantity, at that
        time; an order that was called off is marked so."""
        back = np.flatnonzero(orders.status[orders.order] == shopping.REFUNDED)
        line = np.concatenate([np.arange(len(orders.order)), back])
        order = orders.order[line]
        returned = np.arange(len(line)) >= len(orders.order)
        called_off = orders.status[order] == shopping.CANCELLED
        status = np.where(returned, shopping.REFUNDED, np.where(called_off, shopping.CANCELLED, 0))
        items, at = self.catalogue, np.where(returned, orders.changed[order], orders.at[order])
        guest = pa.array(orders.guest[order])
        customer = block.people.ids().take(pa.array(orders.customer[order]))
        return pa.table(
            {
                "order_id": _numbered("o", block.number, order),
                "customer_id": pc.if_else(guest, None, customer),
                "ordered_at": self._time(at),
                "status": pa.array(shopping.STATUSES).take(pa.array(status)),
                "item_id": pa.array(items.item_id).take(pa.array(orders.item[line])),
                "quantity": pa.array(np.where(returned, -1, 1) * orders.quantity[line]),
                "price": _money(pa.array(items.price[orders.item[line]])),
                "currency": pa.array([CURRENCY]).take(pa.array(np.zeros(len(line), np.int64))),
            }
        )

    def view_table(self, block: Block, views: Views) -> pa.Table:
        """One row per item looked at."""
        signed_in = pa.array(views.signed_in)
        customer = block.people.ids().take(pa.array(views.customer))
        cookie = pc.binary_join_element_wise("visitor", customer, "-")
        items = self.catalogue
        return pa.table(
            {
                "event_id": _numbered("v", block.number, np.arange(len(views.at))),
                "event": pa.array([PRODUCT_VIEWED]).take(pa.array(np.zeros(len(views.at), np.int64))),
                "timestamp": self._time(views.at),
                "customer_id": pc.if_else(signed_in, customer, None),
                "anonymous_id": pc.if_else(signed_in, None, cookie),
                "item_id": pa.array(items.item_id).take(pa.array(views.item)),
                "category": pa.array(self.category_names).take(pa.array(items.category[views.item])),
                "price": _money(pa.array(items.price[views.item])),
            }
        )

    def truth_table(self, block: Block) -> pa.Table:
        """How the customers of a block answer messages: what no shop ever sees."""
        truth = block.responses
        return pa.table(
            {
                "customer_id": block.people.ids(),
                "group": pa.array(response.GROUPS).take(pa.array(truth.group)),
                "baseline": truth.baseline,
                "treated": truth.treated,
                "spend": truth.spend,
            }
        )

    def _time(self, seconds: np.ndarray) -> pa.Array:
        start = int(self.start.timestamp())
        return pa.array(start + np.asarray(seconds).astype(np.int64), pa.timestamp("s", "UTC"))


@lru_cache(maxsize=4)
def _calendar(start: datetime, days: int) -> Floats:
    return shopping.calendar(start, days)


def _money(minor: pa.Array) -> pa.Array:
    """Minor units as people write them, with two places; exact."""
    return pc.multiply(minor.cast(pa.decimal128(19, 0)), pa.scalar(Decimal("0.01"))).cast(
        pa.decimal128(12, 2)
    )


def _numbered(letter: str, block: int, rows: np.ndarray) -> pa.Array:
    number = pa.array(np.asarray(rows, np.int64) + block * 10_000_000 + 1)
    return pc.binary_join_element_wise(letter, number.cast(pa.string()), "")
