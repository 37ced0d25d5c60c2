"""Outcomes of campaigns: their people from the lake, and what those did within the window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhiyin.adapters.records.models import Campaign
from zhiyin.domain.campaign import CampaignStatus
from zhiyin.domain.decision import HOLDOUT
from zhiyin.domain.lifecycle import OF_CUSTOMERS, Lifecycle
from zhiyin.loop.measure.campaign import too_early
from zhiyin.loop.measure.outcomes import OUTCOMES, Group, Responses, arms, decided, outcomes
from zhiyin.loop.profile.features.spending import spending
from zhiyin.loop.profile.lifecycle import lifecycle
from zhiyin.services.workspace import Workspace

_SIGNS = (1, -1, -1, 0)  # of the amounts of OUTCOMES: completed, refunded, cancelled, unsubscribed


@dataclass(frozen=True, slots=True)
class Found:
    """What the lake knows about one campaign: its people and what they did."""

    row: Campaign
    people: pa.Table
    n_message: int
    n_holdout: int
    responses: Responses
    customers: pa.Array  # by the codes of ``responses.person``
    starts: datetime | None
    ends: datetime | None

    def arms(self) -> tuple[Group, Group]:
        """Message group and holdout over the window."""
        return arms(self.responses, self.n_message, self.n_holdout)

    def open(self, moment: datetime) -> bool:
        """Whether somebody's window has not closed yet, or people are still being added."""
        return (
            self.ends is None
            or moment < self.ends
            or (self.row.planned_at is None and self.row.status == CampaignStatus.SENDING)
        )

    def too_early(self, moment: datetime) -> bool:
        """Whether the window is open and too fresh for an interval."""
        if not self.open(moment):
            return False
        days = (moment - self.starts) / timedelta(days=1) if self.starts else 0.0
        return too_early(days, *self.arms())

    def fraction(self, moment: datetime) -> float | None:
        """The share of the window that has passed, None once it has closed."""
        if not self.open(moment):
            return None
        if self.starts is None or self.ends is None:
            return 0.0
        return min(1.0, (moment - self.starts) / (self.ends - self.starts))

    @property
    def held_out(self) -> bool:
        """Whether anybody is, or should be, kept back for comparison."""
        return self.row.holdout > 0 or self.n_holdout > 0


def of(ws: Workspace, rows: Sequence[Campaign], moment: datetime) -> dict[str, Found]:
    """What became of the people of these campaigns, by key, as far as it was known at a moment.

    All campaigns at once: one pass for the people, one for what they did.
    """
    if not rows:
        return {}
    windows = {row.key: timedelta(days=row.window_days) for row in rows}
    frame = decided(ws.lake.events(properties=["assigned"]), list(windows), moment)
    people = _with_until(ws.lake.collect(frame), windows)
    if people.num_rows:
        since = pc.min(people["at"]).as_py().replace(tzinfo=UTC)
        acts = ws.lake.collect(outcomes(ws.lake.engine.table(people), ws.lake.events(), since, moment))
    else:
        acts = None
    return {row.key: _found(row, people, acts) for row in rows}


def _with_until(people: pa.Table, windows: Mapping[str, timedelta]) -> pa.Table:
    keys = pa.array(list(windows))
    spans = pa.array(list(windows.values()), pa.duration("us"))
    span = spans.take(pc.index_in(people["campaign"].combine_chunks(), value_set=keys))
    return people.append_column("until", pc.add(people["at"].combine_chunks(), span))


def _found(row: Campaign, people: pa.Table, acts: pa.Table | None) -> Found:
    own = people.filter(pc.equal(people["campaign"], row.key))
    held = pc.sum(pc.equal(own["assigned"], HOLDOUT)).as_py() or 0
    mine = acts.filter(pc.equal(acts["campaign"], row.key)) if acts is not None else None
    responses, customers = _responses(mine) if mine is not None else (_NOTHING, pa.array([], pa.string()))
    return Found(
        row=row,
        people=own,
        n_message=own.num_rows - held,
        n_holdout=held,
        responses=responses,
        customers=customers,
        starts=_aware(pc.min(own["at"]).as_py()),
        ends=_aware(pc.max(own["until"]).as_py()),
    )


def _responses(acts: pa.Table) -> tuple[Responses, pa.Array]:
    """The rows as arrays, and the customers that their codes stand for."""
    people, customers = _codes(acts["customer_id"])
    orders, _ = _codes(acts["order_id"])
    event = pc.index_in(acts["event"].combine_chunks(), value_set=pa.array(list(OUTCOMES)))
    kinds = event.to_numpy(zero_copy_only=False).astype(np.int64)
    elapsed = pc.subtract(acts["timestamp"], acts["at"]).cast(pa.int64()).to_numpy() / 1e6
    amount = pc.fill_null(acts["amount"], 0).to_numpy().astype(np.float64) * np.array(_SIGNS)[kinds]
    held = pc.equal(acts["assigned"], HOLDOUT).to_numpy()
    return Responses(people, held, elapsed, kinds, orders, amount), customers


def _codes(column: pa.ChunkedArray) -> tuple[np.ndarray[Any, Any], pa.Array]:
    encoded = column.combine_chunks().dictionary_encode()
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, encoded.dictionary


_EMPTY = np.array([], np.int64)
_NOTHING = Responses(_EMPTY, _EMPTY.astype(bool), _EMPTY.astype(float), _EMPTY, _EMPTY, _EMPTY.astype(float))


def stages(ws: Workspace, found: Found) -> dict[str, tuple[Group, Group]]:
    """Both arms by lifecycle stage when the campaign began.

    The stage of today would not do: a message that makes people buy changes it.
    """
    if found.starts is None:
        return {}
    orders = ws.lake.events().filter(nw.col("event").is_in(OUTCOMES[:3]))
    then = lifecycle(spending(orders, found.starts), ws.settings.profile.gap_days, ws.settings.profile.rules)
    people = ws.lake.engine.table(found.people.select(["customer_id", "assigned"]))
    staged = ws.lake.collect(
        people.join(then.select("customer_id", "lifecycle"), on="customer_id", how="left")
    )
    stage = pc.fill_null(staged["lifecycle"], Lifecycle.LEAD.value).combine_chunks()
    held = pc.equal(staged["assigned"], HOLDOUT).combine_chunks()
    of_person = stage.take(pc.index_in(found.customers, value_set=staged["customer_id"].combine_chunks()))
    groups = {}
    for name in OF_CUSTOMERS:
        here = pc.equal(stage, name.value)
        n, n_held = pc.sum(here).as_py() or 0, pc.sum(pc.and_(here, held)).as_py() or 0
        if n:
            rows = pc.equal(of_person, name.value).to_numpy(zero_copy_only=False)[found.responses.person]
            groups[name.value] = arms(found.responses.where(rows), n - n_held, n_held)
    return groups


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None
