"""The catalogue of features: what is known of how many customers, how it is spread, and of one customer."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa

from zhiyin.domain.errors import NotFound
from zhiyin.domain.feature import BY_NAME, FEATURES, Feature, Owner
from zhiyin.domain.text import say
from zhiyin.services.workspace import Workspace
from zhiyin.stats.histogram import Bar, histogram

TOP = 10  # values shown of a text
_MONTHS = 24  # bars by month up to so many, by year beyond


@dataclass(frozen=True, slots=True)
class Known:
    """A feature, of how many customers it is known, and of how many there are."""

    feature: Feature
    known: int
    customers: int

    @property
    def share(self) -> float | None:
        """Known of all; None where there is nobody."""
        return self.known / self.customers if self.customers else None


@dataclass(frozen=True, slots=True)
class Value:
    """How many customers have a value; of a time the value is a month or a year. None is all others together."""

    value: str | None
    n: int


@dataclass(frozen=True, slots=True)
class Spread:
    """How the values of a feature are spread: ``bars`` of a number, or ``values`` of anything else.

    ``private`` features, such as addresses, have neither. ``least``, ``middle`` and ``most`` are of numbers.
    """

    of: Known
    bars: tuple[Bar, ...] = ()
    values: tuple[Value, ...] = ()
    private: bool = False
    least: float | None = None
    middle: float | None = None
    most: float | None = None


def catalogue(ws: Workspace) -> tuple[Known, ...]:
    """All features in the order of the registry, with of how many customers each is known."""
    counts = [nw.col(one.name).count().alias(one.name) for one in FEATURES]
    row = ws.lake.collect(ws.lake.profiles().select(*counts)).to_pylist()[0]
    customers = int(row["customer_id"])
    return tuple(Known(one, int(row[one.name]), customers) for one in FEATURES)


def get(name: str) -> Feature:
    """The feature of that name. Raises ``NotFound``."""
    if name in BY_NAME:
        return BY_NAME[name]
    close = difflib.get_close_matches(name, BY_NAME, 1)
    raise NotFound(
        say("There is no feature {name!r}.", name=name),
        fix=say("Did you mean {close!r}?", close=close[0])
        if close
        else say("`zhiyin features list` shows them all."),
    )


def spread(ws: Workspace, name: str) -> Spread:
    """How the values of a feature are spread over the customers of whom it is known. Raises ``NotFound``."""
    feature = get(name)
    profiles = ws.lake.profiles()
    row = ws.lake.collect(
        profiles.select(known=nw.col(name).count(), customers=nw.col("customer_id").count())
    ).to_pylist()[0]
    of = Known(feature, int(row["known"]), int(row["customers"]))
    if feature.owner == Owner.CONTACT and feature.kind == "text" and not feature.closed:
        return Spread(of, private=True)
    known = profiles.filter(~nw.col(name).is_null())
    if feature.kind == "time":
        return Spread(of, values=_by_month(ws, known.select(at=nw.col(name))))
    counted = known.select(value=nw.col(name)).group_by("value").agg(n=nw.len())
    if feature.kind == "number" and not feature.closed:
        return _numbers(of, ws.lake.collect(counted.sort("value")))
    rows = ws.lake.collect(counted.sort("n", "value", descending=[True, False]).head(TOP)).to_pylist()
    values = [Value(_text(row["value"]), int(row["n"])) for row in rows]
    if feature.closed:
        values.sort(key=lambda one: _place(feature, one.value))
    rest = of.known - sum(one.n for one in values)
    return Spread(of, values=(*values, *((Value(None, rest),) if rest else ())))


def of(ws: Workspace, customer_id: str) -> Mapping[str, Any]:
    """The computed features of one customer that are known, as last profiled, times aware; empty for who was not."""
    names = [one.name for one in FEATURES if one.owner != Owner.CONTACT]
    frame = ws.lake.profiles().filter(nw.col("customer_id") == customer_id).select(*names)
    rows = ws.lake.collect(frame).to_pylist()
    found = rows[0] if rows else {}
    return {
        name: value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
        for name, value in found.items()
        if value is not None
    }


def _numbers(of: Known, counted: pa.Table) -> Spread:
    if not counted.num_rows:
        return Spread(of)
    # amounts may be as many as customers: no Python object for each
    values, counts = counted["value"].to_numpy(), counted["n"].to_numpy()
    middle = values[np.searchsorted(np.cumsum(counts), of.known / 2)]
    least, half, most = (one.item() for one in (values[0], middle, values[-1]))
    return Spread(of, bars=histogram(values, counts), least=least, middle=half, most=most)


def _by_month(ws: Workspace, times: nw.LazyFrame[Any]) -> tuple[Value, ...]:
    months = times.with_columns(year=nw.col("at").dt.year(), month=nw.col("at").dt.month())
    counted = months.group_by("year", "month").agg(n=nw.len()).sort("year", "month")
    rows = ws.lake.collect(counted).to_pylist()
    found: dict[str, int] = {}
    for row in rows:
        label = f"{row['year']}-{row['month']:02d}" if len(rows) <= _MONTHS else str(row["year"])
        found[label] = found.get(label, 0) + int(row["n"])
    return tuple(Value(label, n) for label, n in found.items())


def _place(feature: Feature, value: str | None) -> tuple[int, str]:
    known = feature.values.index(value) if value in feature.values else len(feature.values)
    return known, value or ""


def _text(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
