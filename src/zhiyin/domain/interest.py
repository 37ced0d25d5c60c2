"""Interests: what a customer looks for and buys, weighed so that it fades."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from math import floor

from zhiyin.domain.errors import BadSetting
from zhiyin.domain.event import ORDER_COMPLETED, PRODUCT_ADDED, PRODUCT_VIEWED, PRODUCTS_SEARCHED
from zhiyin.domain.text import say

UNIT = 2**20  # what a view on the landmark's day weighs, so that what fades stays a whole number
WEIGHTS: Mapping[str, int] = {PRODUCT_VIEWED: 1, PRODUCTS_SEARCHED: 1, PRODUCT_ADDED: 3, ORDER_COMPLETED: 5}
GROUND = 5  # views' worth of doubt: it takes more than one order to be sure of an interest
REACH = 20  # half-lives after which nothing is left
KEPT = 20  # values kept of each kind
PRICE_BANDS = ("low", "mid", "high")
_AHEAD = 10  # half-lives after the landmark; later days are told apart by the next profiling


class InterestKind(StrEnum):
    """What an interest is in."""

    CATEGORY = "category"
    BRAND = "brand"
    PRICE_BAND = "price_band"  # low, mid or high among the items of the category
    SEARCH = "search"  # words that were searched for


def half_life(days: int) -> int:
    """A half-life that can be. Raises ``BadSetting`` for one that is not from 1 to 365 days."""
    if not 1 <= days <= 365:
        raise BadSetting(
            say("profile.half_life_days is {days}.", days=days),
            why=say("Interests fade by half in 1 to 365 days."),
            fix=say("Set it to 30, or to how long a customer's taste lasts in your trade."),
        )
    return days


@dataclass(frozen=True, slots=True)
class Fading:
    """How weights fade: by half in ``half_life`` days. They are kept as of the ``landmark``, so that nothing has to
    be computed anew for them to fade (forward decay: Cormode, Shkapenyuk, Srivastava and Xu, ICDE 2009).

    Days are the shop's. Raises ``BadSetting`` for a half-life that is not from 1 to 365 days.

    >>> tea = Fading(date(2026, 3, 1), half_life=30)
    >>> tea.weight(date(2026, 3, 1)) == 2 * tea.weight(date(2026, 1, 30)) == UNIT
    True
    """

    landmark: date
    half_life: int = 30
    zone: tzinfo = UTC  # the shop's

    def __post_init__(self) -> None:
        half_life(self.half_life)

    def today(self, now: datetime) -> date:
        """The shop's day of a moment."""
        return now.astimezone(self.zone).date()

    def midnight(self, now: datetime) -> datetime:
        """The next moment at which scores change: the shop's next midnight."""
        return datetime.combine(self.today(now) + timedelta(days=1), time(), self.zone).astimezone(UTC)

    def weight(self, day: date) -> int:
        """What a view on that day weighs; 0 beyond ``REACH`` half-lives before the landmark."""
        halves = (day - self.landmark).days / self.half_life
        return 0 if halves < -REACH else floor(math.exp2(min(halves, _AHEAD)) * UNIT + 0.5)

    def ground(self, today: date) -> int:
        """What has to be outweighed on a day: ``GROUND`` views of that day, in weights of the landmark."""
        halves = (today - self.landmark).days / self.half_life
        return floor(math.exp2(max(0.0, min(halves, REACH))) * GROUND * UNIT + 0.5)

    def score(self, weight: int, total: int, today: date) -> int:
        """How sure an interest is on a day, 0 to 100: its weight of all weights of the kind and the ground.

        >>> tea = Fading(date(2026, 3, 1))
        >>> tea.score(UNIT, UNIT, tea.landmark), tea.score(95 * UNIT, 95 * UNIT, tea.landmark)
        (17, 95)
        """
        whole = total + self.ground(today)
        return (200 * weight + whole) // (2 * whole)

    def least(self, score: int, today: date) -> tuple[int, int]:
        """Two whole numbers a and b: the score is reached on a day where ``200 · weight ≥ a · (total + b)``."""
        return 2 * score - 1, self.ground(today)


@dataclass(frozen=True, slots=True)
class Interest:
    """One interest of a customer with its score of today; ``last_at`` is when they last showed it."""

    kind: InterestKind
    value: str
    score: int
    last_at: datetime


def words_searched(text: str) -> str:
    """Words as interests keep them: without blanks around, in small letters.

    Texts with one of the two letters of which engines have different small ones stay as they are.

    >>> words_searched(" Green Tea ")
    'green tea'
    """
    text = text.strip()
    return text if any(letter in text for letter in ODD) else text.lower()


ODD = "Σİ"
