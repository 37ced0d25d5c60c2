"""events and items → interests: how much each customer looks for and buys of each category, brand, price band and word.

Weights are whole numbers, so that every engine finds the same sums; ``domain/interest`` says how they fade.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from zhiyin.domain.event import PRODUCTS_SEARCHED
from zhiyin.domain.interest import KEPT, ODD, PRICE_BANDS, REACH, WEIGHTS, Fading, InterestKind
from zhiyin.loop.profile.features.whole import plain

Frame = nw.LazyFrame[Any]

# The text columns that events and items must bring beside their own: what ``Lake.frame`` takes to extract.
EVENT_COLUMNS: Mapping[str, tuple[str, ...]] = {"query": ("properties", "query")}
ITEM_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "brand": ("properties", "brand"),
    "brand_title": ("properties", "Brand"),
    "brand_zh": ("properties", "品牌"),
}
_LONGEST = 200  # characters of a search


def days(fading: Fading, until: date) -> pa.Table:
    """What a view weighs on each of the shop's days up to one: ``local_date``, ``unit``. To be joined, since engines
    share no power of two."""
    start = fading.landmark - timedelta(days=REACH * fading.half_life)
    every = [start + timedelta(days=n) for n in range((until - start).days + 1)]
    return pa.table(
        {
            "local_date": pa.array(every, pa.date32()),
            "unit": pa.array([fading.weight(day) for day in every], pa.int64()),
        }
    )


def catalogue(items: pa.Table) -> pa.Table:
    """``item_id``, ``category``, ``brand`` and ``price_band`` of items with ``price``, ``currency`` and ``ITEM_COLUMNS``.

    The band is the third of the item's price among the items of its category and currency, halfway through those
    at the same price: items that all cost the same are all in the middle.
    """
    brand = pc.coalesce(*(_filled(items[name]) for name in ITEM_COLUMNS))
    category = _filled(items["category"])
    return pa.table(
        {
            "item_id": items["item_id"],
            "category": category,
            "brand": brand,
            "price_band": _bands(category, items["currency"], items["price"]),
        }
    )


def lines(events: Frame, weights: Frame, as_of: datetime, start: date) -> Frame:
    """What each customer looked at, added and ordered up to a moment, line by line: ``customer_id``, ``item_id``,
    ``category`` as the event named it, ``weight``, ``last_at``. ``weights`` are ``days``, ``start`` their first."""
    shown = [name for name in WEIGHTS if name != PRODUCTS_SEARCHED]
    seen = _weighed(events, weights, as_of, start, shown)
    products = nw.col("products")
    return (
        seen.filter(products.list.len() > 0)
        .select("customer_id", "products", weight="gain", last_at="timestamp")
        .explode("products")
        .with_columns(
            item_id=products.struct.field("item_id"),
            category=products.struct.field("category").str.strip_chars(),
        )
        .drop("products")
    )


def searches(events: Frame, weights: Frame, as_of: datetime, start: date) -> Frame:
    """The same of words: ``customer_id``, ``value``, ``weight``, ``last_at``. Needs ``EVENT_COLUMNS``."""
    text = nw.col("query").str.strip_chars()
    small = nw.when(text.str.contains(f"[{ODD}]")).then(text).otherwise(text.str.to_lowercase())
    searched = _weighed(events, weights, as_of, start, [PRODUCTS_SEARCHED])
    return _summed(
        searched.with_columns(value=small.str.slice(0, _LONGEST)).rename(
            {"gain": "weight", "timestamp": "last_at"}
        )
    )


def interests(
    seen: Frame,
    searched: Frame,
    items: Frame,
    fading: Fading,
    keep: Callable[[Frame], Frame] = lambda frame: frame,
) -> Frame:
    """The rows of the dataset ``interests``: of each customer and kind the ``KEPT`` heaviest values, with the
    ``total`` of all of them. ``seen`` are ``lines``, ``searched`` are ``searches``, ``items`` is ``catalogue``.
    ``keep`` computes a frame that is looked at several times."""
    of_items = items.rename({"category": "shelf"})
    kinds = (InterestKind.CATEGORY, InterestKind.BRAND, InterestKind.PRICE_BAND)
    category = nw.coalesce(nw.when(nw.col("category") != "").then(nw.col("category")), "shelf")
    named = keep(
        seen.join(of_items, on="item_id", how="left")
        .with_columns(category=category)
        .select("customer_id", "weight", "last_at", *(kind.value for kind in kinds))
    )
    of_kind = {
        kind: _summed(named.select("customer_id", "weight", "last_at", value=nw.col(kind.value)))
        for kind in kinds
    } | {InterestKind.SEARCH: searched}
    return nw.concat(
        [_heaviest(keep(rows)).with_columns(kind=nw.lit(kind.value)) for kind, rows in of_kind.items()]
    ).with_columns(landmark=nw.lit(fading.landmark), half_life=nw.lit(fading.half_life).cast(nw.Int64))


def _weighed(events: Frame, weights: Frame, as_of: datetime, start: date, names: list[str]) -> Frame:
    """The events of these names with what they weigh."""
    # equalities joined by "or" reach the Parquet reader, where a list to look into would not
    wanted = reduce(or_, (nw.col("event") == name for name in names))
    factor: nw.Expr = nw.lit(0)
    for name in names:
        factor = nw.when(nw.col("event") == name).then(nw.lit(WEIGHTS[name])).otherwise(factor)
    earliest = start - timedelta(days=1)  # a day of the shop may begin the day before
    return (
        events.filter(
            wanted,
            ~nw.col("customer_id").is_null(),
            nw.col("timestamp") <= plain(as_of),
            nw.col("month") >= f"{earliest:%Y-%m}",
        )
        .join(weights, on="local_date", how="inner")
        .with_columns(gain=(factor.cast(nw.Int64) * nw.col("unit")))
    )


def _summed(named: Frame) -> Frame:
    return (
        named.filter(nw.col("value") != "")
        .group_by("customer_id", "value")
        .agg(weight=nw.col("weight").sum(), last_at=nw.col("last_at").max())
        .with_columns(nw.col("weight").cast(nw.Int64))
        .filter(nw.col("weight") > 0)
    )


def _heaviest(rows: Frame) -> Frame:
    """The heaviest of each customer, of one kind, with the ``total`` of all."""
    totals = (
        rows.group_by("customer_id")
        .agg(total=nw.col("weight").sum(), n=nw.len())
        .with_columns(nw.col("total").cast(nw.Int64))
    )
    joined = rows.join(totals, on="customer_id", how="inner")
    # few have more than are kept, and to put all in order would cost the most
    many = (
        joined.filter(nw.col("n") > KEPT)
        .with_columns(light=nw.lit(0) - nw.col("weight"), one=nw.lit(1))
        .with_columns(place=nw.col("one").cum_sum().over("customer_id", order_by=["light", "value"]))
        .filter(nw.col("place") <= KEPT)
    )
    columns = ("customer_id", "value", "weight", "total", "last_at")
    return nw.concat([joined.filter(nw.col("n") <= KEPT).select(*columns), many.select(*columns)])


def _filled(texts: Any) -> Any:
    """Texts, null where there is nothing in them."""
    plain_texts = pc.utf8_trim_whitespace(texts)
    return pc.if_else(pc.equal(plain_texts, ""), pa.scalar(None, pa.string()), plain_texts)


def _bands(category: Any, currency: Any, price: Any) -> pa.Array:
    groups = pc.binary_join_element_wise(
        pc.fill_null(category, ""), pc.fill_null(currency, ""), "\x1f"
    ).combine_chunks()
    codes = groups.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    known = pc.is_valid(price).combine_chunks().to_numpy(zero_copy_only=False)
    found = np.full(len(codes), -1)
    found[known] = _thirds(codes[known], pc.drop_null(price).to_numpy())
    return pa.array(PRICE_BANDS).take(pa.array(found, pa.int64(), mask=found < 0))


def _thirds(group: NDArray[Any], price: NDArray[Any]) -> NDArray[Any]:
    """0, 1 or 2: the third of its group in which a price lies, by the middle of the places of equal ones."""
    order = np.lexsort((price, group))
    first, last = _runs(group[order])
    begin, end = _runs(group[order], price[order])
    n, twice = last - first, (begin - first) + (end - first)  # twice the middle of the places
    thirds = np.empty(len(order), np.int64)
    thirds[order] = 1 + (3 * twice > 4 * n) - (3 * twice < 2 * n)
    return thirds


def _runs(*sorted_by: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Of each place where its run of equal values begins, and where the next one does."""
    size = len(sorted_by[0])
    differs = reduce(np.logical_or, (one[1:] != one[:-1] for one in sorted_by))
    starts = np.flatnonzero(np.concatenate(([True], differs))) if size else np.empty(0, np.int64)
    lengths = np.diff(np.append(starts, size))
    return np.repeat(starts, lengths), np.repeat(starts + lengths, lengths)
