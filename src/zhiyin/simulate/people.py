"""seed → customers: who they are, what they like, when they come and go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhiyin.simulate import names
from zhiyin.simulate.catalogue import CATEGORIES, STYLES

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

CLIENTS = ("phone", "desktop", "gmail", "apple")  # what a customer reads mail with
_CITIES = names.CITIES_ZH + names.CITIES_EN
_HOURS = np.array([8.0, 12.5, 17.5, 21.0])  # when people shop, local time
# how much the six kinds of drinkers like the nine categories
_TASTES = np.array(
    [
        [2.0, 0.4, -0.5, 0.6, -1.0, 0.2, 0.0, 0.2, 0.3],  # green
        [0.0, 2.0, 0.2, 0.2, 0.6, -0.3, -0.8, 0.8, 0.0],  # gongfu
        [-0.8, 0.3, 0.0, 1.2, 2.2, -0.8, -0.8, 0.9, -0.3],  # collector
        [-0.3, -0.3, 1.8, -0.2, -0.6, 1.0, 0.4, 0.0, 1.2],  # afternoon
        [-0.4, -0.8, -0.2, 0.0, -0.6, 1.5, 2.0, -0.4, 0.8],  # herbs and flowers
        [0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.0, 0.8, 1.0],  # gifts
    ]
)


@dataclass(frozen=True, slots=True)
class People:
    """Customers as columns. Days count from the start of the history; ``rate`` is orders a day while the
    customer stays; ``level`` is the logarithm of the price they like relative to a category's usual one."""

    number: Ints
    chinese: Bools
    surname: Ints
    given: Ints
    domain: Ints
    city: Ints
    source: Ints
    birth_year: Ints
    has_email: Bools
    reachable: Bools  # whether the mailbox exists
    consent: Ints  # 1 yes, 0 no, -1 never asked
    taste: Floats  # one column a category
    style: Floats  # one column a style
    level: Floats
    thrift: Floats
    rate: Floats
    browsing: Floats  # visits without an order, a day
    arrival: Floats
    departure: Floats
    hour: Floats
    opens: Floats  # chance to open a message oneself
    client: Ints

    def __len__(self) -> int:
        return len(self.number)

    @property
    def ahead(self) -> Floats:
        """Days that the local time of each is ahead of UTC."""
        return np.array([city[2] for city in _CITIES])[self.city] / 24

    def ids(self) -> pa.Array:
        """The customers' ids."""
        digits = pc.utf8_lpad(pa.array(self.number).cast(pa.string()), 7, padding="0")
        return pc.binary_join_element_wise("c", digits, "")

    def names(self) -> pa.Array:
        """The customers' names, as written in their language."""
        chinese = pc.binary_join_element_wise(
            _pick([s[0] for s in names.SURNAMES_ZH], self.surname, self.chinese),
            _pick([g[0] for g in names.GIVEN_ZH], self.given, self.chinese),
            "",
        )
        english = pc.binary_join_element_wise(
            _pick(names.GIVEN_EN, self.given, ~self.chinese),
            _pick([s[0] for s in names.SURNAMES_EN], self.surname, ~self.chinese),
            " ",
        )
        return pc.coalesce(chinese, english)

    def emails(self) -> pa.Array:
        """The customers' addresses, null for those who gave none; all in reserved domains."""
        given = pc.coalesce(
            _pick([g[1] for g in names.GIVEN_ZH], self.given, self.chinese),
            _pick([g.lower() for g in names.GIVEN_EN], self.given, ~self.chinese),
        )
        surname = pc.coalesce(
            _pick([s[1] for s in names.SURNAMES_ZH], self.surname, self.chinese),
            _pick([s[0].lower().replace("'", "") for s in names.SURNAMES_EN], self.surname, ~self.chinese),
        )
        local = pc.binary_join_element_wise(given, surname, pa.array(self.number).cast(pa.string()), ".")
        address = pc.binary_join_element_wise(local, _pick(names.DOMAINS, self.domain), "@")
        return pc.if_else(pa.array(self.has_email), address, None)

    def table(self, created_at: pa.Array) -> pa.Table:
        """The customers as the shop's file has them."""
        return pa.table(
            {
                "customer_id": self.ids(),
                "name": self.names(),
                "email": self.emails(),
                "email_consent": _pick(["no", "yes"], np.maximum(self.consent, 0), self.consent >= 0),
                "language": _pick(["en", "zh-Hans"], self.chinese.astype(np.int64)),
                "city": _pick([city[0] for city in _CITIES], self.city),
                "country": _pick([city[1] for city in _CITIES], self.city),
                "birth_year": pa.array(self.birth_year),
                "source": _pick([name for name, _ in names.SOURCES], self.source),
                "created_at": created_at,
            }
        )


def draw(rng: np.random.Generator, n: int, *, first: int, days: float) -> People:
    """Draw n customers, numbered from ``first``, of a history of so many days.

    More than half were customers before it; the rest arrive during it. Everyone stays for an exponential
    time; how often they order while they stay differs by a gamma distribution (the Pareto/NBD model of
    Schmittlein, Morrison and Colombo 1987).
    """
    chinese = rng.random(n) < 0.55
    level = rng.normal(0, 0.5, n)
    has_email = rng.random(n) < 0.94
    asked = rng.random(n)
    arrival = np.where(rng.random(n) < 0.6, -rng.exponential(300.0, n), rng.uniform(0, days, n))
    rate = np.where(rng.random(n) < 0.84, rng.gamma(1.3, 1 / 38 / 1.3, n), 0.0)
    return People(
        number=np.arange(first, first + n),
        chinese=chinese,
        surname=_either(rng, chinese, names.SURNAMES_ZH, names.SURNAMES_EN),
        given=np.where(
            chinese, rng.integers(len(names.GIVEN_ZH), size=n), rng.integers(len(names.GIVEN_EN), size=n)
        ),
        domain=rng.integers(len(names.DOMAINS), size=n),
        city=_either(rng, chinese, names.CITIES_ZH, names.CITIES_EN)
        + np.where(chinese, 0, len(names.CITIES_ZH)),
        source=_weighted(rng, n, [share for _, share in names.SOURCES]),
        birth_year=np.rint(np.clip(rng.normal(1986, 11, n), 1945, 2006)).astype(np.int64),
        has_email=has_email,
        reachable=has_email & (rng.random(n) >= 0.015),
        consent=np.where(~has_email | (asked < 0.03), -1, np.where(asked < 0.90, 1, 0)),
        taste=_TASTES[rng.integers(len(_TASTES), size=n)] + rng.normal(0, 0.5, (n, len(CATEGORIES))),
        style=rng.normal(0, 1.0, (n, STYLES)),
        level=level,
        thrift=0.8 * rng.standard_normal(n) - 0.6 * level / 0.5,
        rate=rate,
        browsing=0.8 * rate + rng.gamma(1.0, 1 / 60, n),
        arrival=arrival,
        departure=np.maximum(arrival, 0.0) + rng.exponential(420.0, n),
        hour=_HOURS[rng.integers(len(_HOURS), size=n)] + rng.normal(0, 0.7, n),
        opens=rng.beta(2.0, 4.0, n),
        client=rng.integers(len(CLIENTS), size=n),
    )


def _either(rng: np.random.Generator, chinese: Bools, zh: tuple[tuple, ...], en: tuple[tuple, ...]) -> Ints:
    n = len(chinese)
    return np.where(
        chinese,
        _weighted(rng, n, [entry[-1] for entry in zh]),
        _weighted(rng, n, [entry[-1] for entry in en]),
    )


def _weighted(rng: np.random.Generator, n: int, weights: list[int]) -> Ints:
    bounds = np.cumsum(weights) / sum(weights)
    return np.minimum(np.searchsorted(bounds, rng.random(n), side="right"), len(weights) - 1)


def _pick(values: list[str] | tuple[str, ...], index: Ints, where: Bools | None = None) -> pa.Array:
    """The texts at the indices; null where ``where`` is false."""
    chosen = pa.array(index, mask=None if where is None else ~where)
    return pa.array(values, pa.string()).take(chosen)
