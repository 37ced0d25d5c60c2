"""who got a letter → what each customer does in the days after it: pure, drawn in advance.

Every customer lives the same days, whether they were written to or not: they browse and buy by their
baseline. A letter raises or lowers the chance to buy as the market's truth says; those whom it persuades
open it and mostly click before they buy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from zhiyin.simulate import shopping
from zhiyin.simulate.market import WINDOW, Block, Market
from zhiyin.simulate.people import CLIENTS, Bools, Floats, Ints
from zhiyin.simulate.shopping import DAY

_LIFE = 7  # stream of random numbers
_CLICKS = np.array([0.12, 0.25, 0.04, 0.03])  # chance to click after opening, by group of response
_LEAVES = np.array([0.002, 0.002, 0.006, 0.30])  # chance to unsubscribe, by group of response
_MARGIN = 3600  # seconds between the last order of the window and its end


class Do(StrEnum):
    """What a customer or their mail program does."""

    OPEN = "open"
    MACHINE_OPEN = "machine_open"
    CLICK = "click"
    MACHINE_CLICK = "machine_click"
    UNSUBSCRIBE = "unsubscribe"  # the button of the mail program, RFC 8058
    UNSUBSCRIBE_PAGE = "unsubscribe_page"
    VIEW = "view"
    ORDER = "order"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing done: seconds after the beginning, by which customer (number), with which items.

    ``items`` are (row of the catalogue, quantity) of an order, or the one item looked at.
    """

    at: int
    customer: int
    do: Do
    client: str = ""
    items: tuple[tuple[int, int], ...] = ()


def live(market: Market, block: Block, mailed: Bools, days: float) -> Iterator[Act]:
    """What the customers of a block do in ``days`` after the end of the history, in no order."""
    rng = market.rng(_LIFE, block.number)
    # drawn for everyone, used or not: who gets a letter changes nothing for the others
    luck = rng.random(len(block))
    when = rng.random(len(block))
    baskets = _baskets(rng, block)
    bought = luck < block.responses.chance(mailed)
    persuaded = mailed & bought & (luck >= block.responses.baseline)
    at = (60 + when * (min(WINDOW, days) * DAY - _MARGIN - 60)).astype(np.int64)
    letters = _letters(rng, block, mailed, persuaded, at)
    yield from (act for act in letters if act.at < days * DAY)
    numbers = block.people.number
    for row in np.flatnonzero(bought):
        yield Act(int(at[row]), int(numbers[row]), Do.ORDER, items=baskets[row])
        yield from _looks(int(at[row]), int(numbers[row]), baskets[row])
    if days > WINDOW:
        yield from _afterwards(rng, block, days)
    yield from _visits(rng, block, block.people.departure > market.days, days)


def _baskets(rng: np.random.Generator, block: Block) -> list[tuple[tuple[int, int], ...]]:
    order, item, quantity = shopping.baskets(rng, block.choice, np.arange(len(block)))
    starts = np.searchsorted(order, np.arange(len(block) + 1))
    pairs = list(zip(item.tolist(), quantity.tolist(), strict=True))
    return [tuple(pairs[starts[row] : starts[row + 1]]) for row in range(len(block))]


def _letters(
    rng: np.random.Generator, block: Block, mailed: Bools, persuaded: Bools, at: Ints
) -> Iterator[Act]:
    """What becomes of the letters. The persuaded read before they buy; others in their own time."""
    people, n = block.people, len(block)
    group = block.responses.group
    reads = persuaded | (rng.random(n) < people.opens)
    clicks = reads & (rng.random(n) < np.where(persuaded, 0.85, _CLICKS[group]))
    leaves = rng.random(n) < _LEAVES[group]
    share = rng.uniform(0.05, 0.9, n)
    own_time = 120 + rng.exponential(14 * 3600, n)
    opened = np.where(persuaded, share * at, own_time).astype(np.int64)
    pause = np.minimum(rng.exponential(90, n), np.where(persuaded, (at - opened) / 2, 600)).astype(np.int64)
    again, button = rng.random(n) < 0.2, rng.random(n) < 0.7
    fetched = rng.random(n)
    later = opened + rng.exponential(30 * 3600, n).astype(np.int64)
    for row in np.flatnonzero(mailed):
        who, client = int(people.number[row]), CLIENTS[people.client[row]]
        if client == "apple" and fetched[row] < 0.6:  # loads every picture ahead of the reader
            yield Act(int(20 + 900 * fetched[row]), who, Do.MACHINE_OPEN, client)
        if client == "desktop" and fetched[row] < 0.06:  # a scanner that follows every link
            yield Act(int(5 + 100 * fetched[row]), who, Do.MACHINE_OPEN, "scanner")
            yield Act(int(6 + 100 * fetched[row]), who, Do.MACHINE_CLICK, "scanner")
        if reads[row]:
            yield Act(int(opened[row]), who, Do.OPEN, client)
            if again[row]:
                yield Act(int(later[row]), who, Do.OPEN, client)
        if clicks[row]:
            yield Act(int(opened[row] + pause[row]), who, Do.CLICK, client)
        if leaves[row]:
            how = Do.UNSUBSCRIBE if button[row] else Do.UNSUBSCRIBE_PAGE
            yield Act(int(opened[row] + 30), who, how, client)


def _looks(at: int, who: int, basket: tuple[tuple[int, int], ...]) -> Iterator[Act]:
    """They look at what they buy, a little before."""
    for place, (item, _) in enumerate(basket, 1):
        yield Act(max(1, at - 97 * place), who, Do.VIEW, items=((item, 1),))


def _afterwards(rng: np.random.Generator, block: Block, days: float) -> Iterator[Act]:
    """After the window, life goes on at everyone's own rate."""
    rest = days - WINDOW
    chance = 1 - (1 - block.responses.baseline) ** (rest / WINDOW)
    baskets = _baskets(rng, block)
    at = ((WINDOW + rng.random(len(block)) * rest) * DAY).astype(np.int64)
    for row in np.flatnonzero(rng.random(len(block)) < chance):
        who = int(block.people.number[row])
        yield Act(int(at[row]), who, Do.ORDER, items=baskets[row])
        yield from _looks(int(at[row]), who, baskets[row])


def _visits(rng: np.random.Generator, block: Block, here: Bools, days: float) -> Iterator[Act]:
    """Visits without an order."""
    rate = np.where(here, block.people.browsing, 0.0)
    rows: Ints = np.repeat(np.arange(len(block)), rng.poisson(rate * days))
    start: Floats = rng.random(len(rows)) * (days * DAY - 1200)
    looked = 1 + rng.poisson(1.6, len(rows))
    items = block.choice.pick(rng, np.repeat(rows, looked))
    numbers = np.repeat(block.people.number[rows], looked)
    at = np.repeat(start, looked).astype(np.int64) + rng.integers(0, 1200, len(numbers))
    for moment, who, item in zip(at.tolist(), numbers.tolist(), items.tolist(), strict=True):
        yield Act(moment, who, Do.VIEW, items=((item, 1),))
