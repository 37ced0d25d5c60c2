"""baskets → sets of items that are often bought together → rules "who buys these buys that too".

Eclat: every item is the set of the baskets that hold it, a set of items their intersection, and sets are grown
depth first while they stay frequent (Zaki, Scalable algorithms for association mining, IEEE TKDE 2000). A set of
baskets is one Python integer with a bit for each basket, so that intersecting and counting run at the speed of
memory. Rules and their support and confidence are those of Agrawal & Srikant (VLDB 1994).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

Itemset = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """Baskets that hold all of ``left`` also hold ``right``.

    ``count`` baskets hold both. ``support`` is their share of all baskets, ``confidence`` their share of those
    that hold ``left``, ``lift`` how many times more often that is than if the two had nothing to do with each
    other, ``leverage`` by what share of all baskets it is more often.
    """

    left: Itemset
    right: int
    count: int
    support: float
    confidence: float
    lift: float
    leverage: float


def rules(
    baskets: Sequence[Sequence[int]],
    *,
    support: float,
    confidence: float,
    longest: int = 10,
) -> list[Rule]:
    """All rules with one item on the right and at least one on the left, the most confident first.

    ``support`` and ``confidence`` are shares of 1, at least which a rule must have; they are compared as the
    decimal numbers they were written as, so that a rule on the border is in. ``longest`` bounds the items of a
    rule, both sides together.

    >>> one = rules([[1, 2], [1, 2], [1], [2, 3]], support=0.5, confidence=0.6)[0]
    >>> one.left, one.right, one.count, round(one.confidence, 2)
    ((1,), 2, 2, 0.67)
    """
    total = len(baskets)
    counts = frequent(baskets, at_least=least(support, total), longest=longest)
    bar = Fraction(str(confidence))
    found = []
    for items, count in counts.items():
        if len(items) < 2:
            continue
        for place, right in enumerate(items):
            left = items[:place] + items[place + 1 :]
            if Fraction(count, counts[left]) >= bar:
                found.append(rule(left, right, count, counts[left], counts[(right,)], total))
    return sorted(found, key=lambda one: (-one.confidence, -one.count, one.left, one.right))


def frequent(baskets: Sequence[Sequence[int]], *, at_least: int, longest: int = 10) -> dict[Itemset, int]:
    """Every set of up to ``longest`` items that ``at_least`` baskets hold, and how many do.

    An item that stands in a basket twice counts once. The items of a set ascend.

    >>> frequent([[1, 2], [1, 2], [1], [2, 3]], at_least=2)
    {(1,): 3, (1, 2): 2, (2,): 3}
    """
    if at_least < 1:
        raise ValueError("at_least must be 1 or more: every set there is stands in no basket")
    if longest < 1:
        return {}
    return dict(_grown((), sorted(_bits(baskets, at_least).items()), at_least, longest))


def least(share: float, total: int) -> int:
    """The fewest of ``total`` that are at least this share of it, and at least one."""
    return max(1, math.ceil(Fraction(str(share)) * total))


def _grown(
    base: Itemset, candidates: Sequence[tuple[int, int]], at_least: int, longest: int
) -> Iterator[tuple[Itemset, int]]:
    for place, (item, held) in enumerate(candidates):
        items = (*base, item)
        yield items, held.bit_count()
        if len(items) == longest:
            continue
        deeper = [
            (other, both)
            for other, theirs in candidates[place + 1 :]
            if (both := held & theirs).bit_count() >= at_least
        ]
        yield from _grown(items, deeper, at_least, longest)


def _bits(baskets: Sequence[Sequence[int]], at_least: int) -> dict[int, int]:
    """Item -> integer whose bit b says that basket b holds it; only items that enough baskets hold.

    The rare ones are counted out first: a long tail of them would cost more memory than all the rest.
    """
    counts = Counter(item for basket in baskets for item in set(basket))
    size = len(baskets) // 8 + 1
    places = {item: bytearray(size) for item, count in counts.items() if count >= at_least}
    for number, basket in enumerate(baskets):
        for item in basket:
            if item in places:
                places[item][number >> 3] |= 1 << (number & 7)
    return {item: int.from_bytes(held, "little") for item, held in places.items()}


def rule(left: Itemset, right: int, both: int, of_left: int, of_right: int, total: int) -> Rule:
    """The rule ``left`` → ``right`` from its counts: baskets of both, of either, and of all."""
    return Rule(
        left=left,
        right=right,
        count=both,
        support=both / total,
        confidence=both / of_left,
        lift=both * total / (of_left * of_right),
        leverage=both / total - (of_left / total) * (of_right / total),
    )
