"""customers + items → visits and orders that follow from tastes, budgets and habits.

Times are whole seconds since the start of the history. Everything is vectorised over a block of customers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from zhiyin.simulate.catalogue import CATEGORIES, Catalogue
from zhiyin.simulate.people import Bools, Floats, Ints, People

COMPLETED, REFUNDED, CANCELLED = range(3)
STATUSES = ("completed", "refunded", "cancelled")
DAY = 86_400

_LINES = np.array([0.46, 0.33, 0.14, 0.05, 0.02])  # chance of 1, 2, … lines in an order
_QUANTITIES = np.array([0.74, 0.19, 0.07])
_FAVOURITES = np.array([0.5, 0.3, 0.2])  # which of their three favourites a customer takes
_HABIT = 0.45  # chance that a line is a favourite
_WEEKDAYS = np.array([0.92, 0.9, 0.92, 0.96, 1.04, 1.14, 1.12])
# (month, day) -> how much busier: singles' day, mid-year sale, new year's goods
_FESTIVALS = {
    (11, 10): 1.6,
    (11, 11): 2.4,
    (11, 12): 1.4,
    (6, 17): 1.4,
    (6, 18): 2.0,
    (12, 12): 1.6,
    (1, 20): 1.4,
}


@dataclass(frozen=True, slots=True)
class Orders:
    """Orders and their lines as columns; ``order`` of a line is the row of its order.

    ``status`` is what became of it; ``changed`` is when it was refunded or cancelled (0 if never);
    ``guest`` orders were placed without signing in.
    """

    customer: Ints
    at: Ints
    status: Ints
    changed: Ints
    guest: Bools
    order: Ints
    item: Ints
    quantity: Ints

    def __len__(self) -> int:
        return len(self.customer)


@dataclass(frozen=True, slots=True)
class Views:
    """Items looked at; ``signed_in`` is false where the visitor is only known by a cookie."""

    customer: Ints
    at: Ints
    item: Ints
    signed_in: Bools


@dataclass(frozen=True, slots=True)
class Choice:
    """What each customer of a block picks: chances over all items, and three favourites."""

    bounds: Floats  # cumulative chances, one row a customer
    favourites: Ints
    mean_price: Floats

    def pick(self, rng: np.random.Generator, customers: Ints) -> Ints:
        """One item for each entry of ``customers`` (rows of the block; repeated as often as they pick)."""
        rows, width = self.bounds.shape
        shifted = (self.bounds + np.arange(rows)[:, None]).ravel()
        found = np.searchsorted(shifted, customers + rng.random(len(customers)), side="right")
        fresh = np.clip(found - customers * width, 0, width - 1)
        rank = rng.choice(len(_FAVOURITES), size=len(customers), p=_FAVOURITES)
        return np.where(rng.random(len(customers)) < _HABIT, self.favourites[customers, rank], fresh)

    def spend(self, price: Ints) -> Floats:
        """The expected amount of an order of each customer, in minor units; exact."""
        usual = price[self.favourites] @ _FAVOURITES
        lines = np.arange(1, len(_LINES) + 1) @ _LINES
        quantity = np.arange(1, len(_QUANTITIES) + 1) @ _QUANTITIES
        return lines * quantity * (_HABIT * usual + (1 - _HABIT) * self.mean_price)


def choice(rng: np.random.Generator, people: People, items: Catalogue) -> Choice:
    """How customers choose: popularity, taste for the category and the style, and a price that suits them."""
    usual = np.array([category.price for category in CATEGORIES]) * 100.0
    dear = np.log(items.price / usual[items.category])
    utility = (
        np.log(items.weight)
        + 1.5 * people.taste[:, items.category]
        + 1.2 * people.style[:, items.style]
        - (dear - people.level[:, None]) ** 2 / (2 * 0.6**2)
    )
    chance = np.exp(utility - utility.max(axis=1, keepdims=True))
    chance /= chance.sum(axis=1, keepdims=True)
    bounds = np.cumsum(chance, axis=1)
    draws = rng.random((len(people), len(_FAVOURITES)))
    favourites = np.stack([(bounds < draws[:, [k]]).sum(axis=1) for k in range(draws.shape[1])], axis=1)
    return Choice(bounds, np.minimum(favourites, len(items) - 1), chance @ items.price)


def orders(rng: np.random.Generator, people: People, choice: Choice, calendar: Floats, days: float) -> Orders:
    """The orders of a block's customers within the history."""
    begin, end = np.clip(people.arrival, 0, days), np.clip(people.departure, 0, days)
    customer, at = moments(rng, people, people.rate, begin, end, calendar)
    # most newcomers come because they want something now
    arrived = np.flatnonzero((people.arrival >= 0) & (people.rate > 0) & (rng.random(len(people)) < 0.85))
    customer = np.concatenate([customer, arrived])
    first = begin[arrived] * DAY + rng.uniform(60, 3600, len(arrived))
    at = np.minimum(np.concatenate([at, first.astype(np.int64)]), int(days * DAY) - 1)
    ordering = np.lexsort((at, customer))
    customer, at = customer[ordering], at[ordering]
    n = len(customer)
    fate = rng.random(n)
    status = np.where(fate < 0.025, REFUNDED, np.where(fate < 0.045, CANCELLED, COMPLETED))
    delay = np.where(status == CANCELLED, rng.uniform(0.05, 1, n), rng.uniform(2, 12, n)) * DAY
    changed = at + delay.astype(np.int64)
    status = np.where(changed < days * DAY, status, COMPLETED)  # not yet
    guest = rng.random(n) < 0.03
    order, item, quantity = baskets(rng, choice, customer)
    return Orders(
        customer, at, status, np.where(status == COMPLETED, 0, changed), guest, order, item, quantity
    )


def baskets(rng: np.random.Generator, choice: Choice, customer: Ints) -> tuple[Ints, Ints, Ints]:
    """The lines of one order for each entry of ``customer``: (row of the order, item, quantity)."""
    count = 1 + rng.choice(len(_LINES), size=len(customer), p=_LINES)
    order = np.repeat(np.arange(len(customer)), count)
    item = choice.pick(rng, customer[order])
    quantity = 1 + rng.choice(len(_QUANTITIES), size=len(order), p=_QUANTITIES)
    width = choice.bounds.shape[1]
    pair, inverse = np.unique(order * width + item, return_inverse=True)  # the same item twice is one line
    return pair // width, pair % width, np.bincount(inverse, quantity, len(pair)).astype(np.int64)


def views(
    rng: np.random.Generator, people: People, choice: Choice, orders: Orders, calendar: Floats, days: float
) -> Views:
    """What a block's customers looked at: before their orders, and on visits without one."""
    begin, end = np.clip(people.arrival, 0, days), np.clip(people.departure, 0, days)
    visitor, visit_at = moments(rng, people, people.browsing, begin, end, calendar)
    looked = 1 + rng.poisson(1.6, len(visitor))
    visit = np.repeat(np.arange(len(visitor)), looked)
    hidden = rng.random(len(visitor)) < 0.12
    browsed = visitor[visit]
    before = np.repeat(np.arange(len(orders)), rng.poisson(1.2, len(orders)))  # others they compared
    customer = np.concatenate([browsed, orders.customer[before], orders.customer[orders.order]])
    at = np.concatenate(
        [
            visit_at[visit] + rng.integers(0, 1200, len(visit)),
            orders.at[before] - rng.integers(200, 2400, len(before)),
            orders.at[orders.order] - rng.integers(60, 1800, len(orders.order)),
        ]
    )
    item = np.concatenate([choice.pick(rng, browsed), choice.pick(rng, orders.customer[before]), orders.item])
    signed_in = np.concatenate([~hidden[visit], ~orders.guest[before], ~orders.guest[orders.order]])
    inside = (at >= 0) & (at < days * DAY)
    ordering = np.lexsort((at[inside], customer[inside]))
    return Views(*(column[inside][ordering] for column in (customer, at, item, signed_in)))


def moments(
    rng: np.random.Generator, people: People, rate: Floats, begin: Floats, end: Floats, calendar: Floats
) -> tuple[Ints, Ints]:
    """The times of a Poisson process per customer: (row of the customer, second), by the calendar's busy
    days and each customer's usual hour."""
    axis = np.arange(len(calendar))
    low, high = np.interp(begin, axis, calendar), np.interp(end, axis, calendar)
    customer = np.repeat(np.arange(len(people)), rng.poisson(rate * np.maximum(high - low, 0)))
    passed = low[customer] + rng.random(len(customer)) * (high - low)[customer]
    day = np.interp(passed, calendar, axis)
    local_day = np.floor(day + people.ahead[customer])
    hour = np.mod(people.hour[customer] + rng.normal(0, 1.6, len(customer)), 24)
    second = (local_day + hour / 24 - people.ahead[customer]) * DAY
    second = np.clip(second, begin[customer] * DAY, np.maximum(end, begin)[customer] * DAY - 1)
    return customer, np.maximum(second, 0).astype(np.int64)


def calendar(start: datetime, days: int) -> NDArray[np.float64]:
    """The shop's cumulative business at the start of each day, an average day counting one."""
    weight = np.empty(days)
    for number in range(days):
        day = start + timedelta(days=number)
        weight[number] = _WEEKDAYS[day.weekday()] * _FESTIVALS.get((day.month, day.day), 1.0)
    return np.concatenate([[0.0], np.cumsum(weight)])
