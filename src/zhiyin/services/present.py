"""Customers as they are now: the profiles of the lake, and over them what records have moved since."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import narwhals as nw
import pyarrow as pa
from django.db.models import Q

from zhiyin.adapters.lake.datasets import PROFILES
from zhiyin.adapters.records.among import among
from zhiyin.adapters.records.models import Customer, ProfileRun
from zhiyin.domain.consent import MARKETING
from zhiyin.domain.customer import as_text
from zhiyin.domain.feature import BY_NAME
from zhiyin.loop.profile import present
from zhiyin.loop.profile.segment_frame import Needs, plain
from zhiyin.services import consents, facts
from zhiyin.services.workspace import Workspace

# what records know better than the last profiling
_ROW = (
    "customer_id", "email", "name", "language", "created_at", "first_seen", "last_seen", "first_order_at",
    "last_order_at", "orders", "revenue", "average_order_value", "lifecycle", "personal_gap_days",
)  # fmt: skip
MOVED = (*_ROW[1:], "email_consent")
Said = Mapping[str, Mapping[str, Mapping[str, bool]]]  # by customer, channel and purpose
# what is moved while customers are being profiled may be in the profiles or not
_OVERLAP = timedelta(hours=1)
_MANY = 20_000


def some(ws: Workspace, customer_ids: Collection[str], needs: Needs, now: datetime) -> nw.LazyFrame[Any]:
    """The profiles of those among these customers of whom anything is known."""
    rows = among(Customer, "customer_id", customer_ids, *_ROW, "traits")
    frame = ws.lake.given(_table(list(rows), consents.known(customer_ids), needs))
    others = _others(needs)
    if others:
        lake = ws.lake.frame("profiles", of=customer_ids).select("customer_id", *others)
        frame = _filled(frame.join(lake, on="customer_id", how="left"), others)
    return _now(ws, frame, needs, now)


def everyone(ws: Workspace, needs: Needs, now: datetime) -> nw.LazyFrame[Any]:
    """The profiles of all customers."""
    run = ProfileRun.objects.order_by("-at").first()
    changed = Customer.objects.order_by()
    if run is not None:
        moved = Q(moved_at__gte=run.at - _OVERLAP) | Q(profiled_at__isnull=True)
        changed = changed.filter(moved)
    over = ws.lake.given(pa.concat_tables(_changed(changed, needs)))
    others, traits = _others(needs), list(needs.profile)
    names = {name: f"{name}_moved" for name in (*MOVED, *traits)}
    lake = ws.lake.frame("profiles", needs.profile).select("customer_id", *MOVED, *others, *traits)
    both = lake.join(
        over.rename(names).with_columns(moved=nw.lit(True)), on="customer_id", how="full", suffix="_moved"
    )
    known = nw.col("moved").fill_null(False)
    frame = both.with_columns(
        *(
            nw.when(known).then(nw.col(over)).otherwise(nw.col(name)).alias(name)
            for name, over in names.items()
        ),
        customer_id=nw.coalesce("customer_id", "customer_id_moved"),
    ).select("customer_id", *MOVED, *others, *traits)
    return _now(ws, _filled(frame, others), needs, now)


def _now(ws: Workspace, frame: nw.LazyFrame[Any], needs: Needs, now: datetime) -> nw.LazyFrame[Any]:
    found = present.present(frame, now, facts.gap_days(ws), ws.settings.profile.rules)
    return ws.lake.digested(found, needs.digests)


def _others(needs: Needs) -> list[str]:
    """The features that only profiling finds."""
    return sorted(needs.features - {"customer_id", *MOVED, *present.GIVES})


def _filled(frame: nw.LazyFrame[Any], names: Iterable[str]) -> nw.LazyFrame[Any]:
    """With what the features are of who was not profiled yet."""
    empty = {name: BY_NAME[name].empty for name in names}
    filled = [nw.col(name).fill_null(value) for name, value in empty.items() if value is not None]
    return frame.with_columns(*filled) if filled else frame


def _changed(changed: Any, needs: Needs) -> Iterator[pa.Table]:
    yield _table([], {}, needs)
    rows = changed.values_list(*_ROW, "traits").iterator(chunk_size=_MANY)
    while batch := [row for _, row in zip(range(_MANY), rows, strict=False)]:
        yield _table(batch, consents.known([row[0] for row in batch]), needs)


def _table(rows: Sequence[tuple[Any, ...]], said: Said, needs: Needs) -> pa.Table:
    """Rows of customers as the lake's profiles have them, with the stated traits that are needed."""
    columns: dict[str, pa.Array] = {}
    values = list(zip(*rows, strict=True)) or [()] * (len(_ROW) + 1)
    for name, column in zip(_ROW, values, strict=False):
        kind = PROFILES.schema.field(name).type
        if pa.types.is_timestamp(kind):
            column = tuple(at and plain(at.replace(tzinfo=at.tzinfo or UTC)) for at in column)
        elif pa.types.is_string(kind) and name != "customer_id":
            column = tuple(text or None for text in column)
        columns[name] = pa.array(column, kind)
    words = [said.get(who, {}) for who in values[0]]
    columns["email_consent"] = pa.array([one.get("email", {}).get(MARKETING) for one in words], pa.bool_())
    for column_name, (_, channel, purpose) in needs.consents.items():
        columns[column_name] = pa.array(
            [as_text(one.get(channel, {}).get(purpose)) for one in words], pa.string()
        )
    stated = [json.loads(text) if isinstance(text, str) else text for text in values[-1]]
    for column_name, path in needs.traits.items():
        trait = path.partition(".")[2]
        columns[column_name] = pa.array([as_text(one.get(trait)) for one in stated], pa.string())
    return pa.table(columns)
