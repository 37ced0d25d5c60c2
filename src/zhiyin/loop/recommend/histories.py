"""Tables of steps → what models learn from, and the questions they are asked: where ids become numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhiyin.domain.item import Item
from zhiyin.loop.recommend import described
from zhiyin.loop.recommend.arrays import U8, Text
from zhiyin.loop.recommend.catalogue import NEVER, Catalogue
from zhiyin.loop.recommend.data import Customers, Data, moment
from zhiyin.loop.recommend.groups import parted
from zhiyin.loop.recommend.log import KINDS, Log
from zhiyin.loop.recommend.queries import LATEST, Queries


def learned(
    steps: pa.Table,
    items: Sequence[Item],
    now: datetime,
    digests: Callable[[Sequence[str]], U8] | None = None,
    attributes: Callable[[Sequence[str]], Mapping[str, Sequence[str | None]]] | None = None,
) -> Data:
    """Everything that a table of steps tells, all of it before ``now``; ``session_id`` and ``order_id`` may be missing.

    The catalogue is ``items`` and every item that was ever touched, which may explain a taste and is never
    recommended. Customers, items, sessions and orders are numbered by their ids in order. ``digests`` makes the
    keyed digests of customers, for the models that keep rows of them; ``attributes`` tells what is known of
    them, which parts them into groups.
    """
    names = customers(steps)
    steps = _known(steps)
    offered = {item.item_id: item for item in items}
    ids = sorted(offered.keys() | set(pc.unique(steps["item_id"]).to_pylist()))
    log = Log.of(
        _number(steps["customer_id"], names),
        _number(steps["item_id"], pa.array(ids, pa.string())),
        moments(steps["at"]),
        kind=_number(steps["kind"], pa.array(KINDS)),
        session=_numbered(steps, "session_id"),
        basket=_numbered(steps, "order_id"),
    )
    first = np.full(len(ids), NEVER, dtype=np.int64)
    np.minimum.at(first, log.item, log.at)
    known = [offered.get(item_id) for item_id in ids]
    categories = sorted({item.category for item in items if item.category})
    place = {category: number for number, category in enumerate(categories)}
    catalogue = Catalogue.of(
        ids,
        available=[item is not None and item.available for item in known],
        text=[described.text(item) for item in known],
        category=[-1 if item is None else place.get(item.category, -1) for item in known],
        categories=categories,
        attributes=described.attributes(known),
        vectors=described.vectors(known),
        price=[np.nan if item is None or item.price is None else item.price for item in known],
        seen_first=first,
    )
    who = names.to_pylist()
    known_of = Customers(
        groups=parted(attributes(who)) if attributes else {}, digests=digests(who) if digests else None
    )
    return Data(log, len(who), catalogue, known_of, moment(now))


def customers(steps: pa.Table) -> pa.Array:
    """The ids of the customers of a table of steps; their places are their numbers in ``learned``."""
    return _sorted(_known(steps)["customer_id"])


def questions(
    steps: pa.Table, customer_ids: Sequence[str], item_ids: Text, now: datetime, *, latest: int = LATEST
) -> Queries:
    """One question for each id, in the order of the ids, from a table of steps; histories may be empty.

    Items that are not among ``item_ids`` are left out, and all but the ``latest`` events of each.
    """
    user = _number(steps["customer_id"], pa.array(customer_ids, pa.string()))
    item = _number(steps["item_id"], pa.array(item_ids))
    kind = _number(steps["kind"], pa.array(KINDS))
    kept = (user >= 0) & (item >= 0) & (kind >= 0)
    user, item, kind, at = user[kept], item[kept], kind[kept], moments(steps["at"])[kept]
    order = np.lexsort((kind, item, at, user))
    user = user[order]
    lengths = np.bincount(user, minlength=len(customer_ids))
    from_last = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(user))
    order = order[from_last <= latest]
    indptr = np.concatenate([[0], np.cumsum(np.minimum(lengths, latest))])
    return Queries.of(indptr, item[order], at=at[order], now=moment(now), kind=kind[order])


def moments(at: pa.ChunkedArray) -> Any:
    """Times as microseconds."""
    return at.cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()


def _number(values: pa.ChunkedArray, known: pa.Array) -> Any:
    """The place of each value among ``known``, -1 for none."""
    return pc.fill_null(pc.index_in(values, value_set=known.cast(values.type)), -1).to_numpy()


def _known(steps: pa.Table) -> pa.Table:
    return steps.filter(pc.is_in(steps["kind"], value_set=pa.array(KINDS)))


def _sorted(values: pa.ChunkedArray) -> pa.Array:
    found = pc.drop_null(pc.unique(values))
    return found.take(pc.sort_indices(found))


def _numbered(steps: pa.Table, name: str) -> Any:
    return _number(steps[name], _sorted(steps[name])) if name in steps.column_names else -1
