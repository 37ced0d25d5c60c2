"""Live segments: their whole rules, who listens to what, and whom a batch of events touches."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import narwhals as nw
import pyarrow.compute as pc

from zhiyin.adapters.records.among import among
from zhiyin.adapters.records.models import Customer, Segment
from zhiyin.domain.errors import ZhiyinError
from zhiyin.domain.segment import Condition, Rule, conditions
from zhiyin.loop.profile import listeners, segment_expand, segment_frame, segment_json
from zhiyin.loop.profile.conditions import Interested
from zhiyin.loop.profile.conditions.nearest import Cut
from zhiyin.loop.profile.listeners import NEW, Listeners
from zhiyin.loop.profile.segment_frame import Cuts, Needs, Plan
from zhiyin.services import interests
from zhiyin.services.shares import Understood
from zhiyin.services.workspace import Workspace

SEEN = "*"  # any event by which a customer is seen, where its name is heard by nobody


@dataclass(frozen=True, slots=True)
class Live:
    """A live segment with its whole rule, those of the segments it names included.

    ``mark`` tells such rules apart; ``settled`` says that all customers were looked at under this one, last at
    ``settled_at``, None where they have to be looked at again.
    """

    id: int
    key: str
    version: int
    rule: Rule
    mark: str
    settled: bool
    settled_at: datetime | None

    @property
    def follows(self) -> bool:
        """Whether single customers can be looked at: all were, and the answer depends on nobody else."""
        return self.settled and not any(getattr(leaf, "COMPARES", False) for leaf in conditions(self.rule))


def live() -> list[Live]:
    """The live segments in the lists, by key."""
    rows = list(Segment.objects.order_by("key"))
    whole = _whole(tuple((row.key, json.dumps(row.rule)) for row in rows))
    return [
        Live(
            row.pk, row.key, row.version, *whole[row.key], row.settled_rule == whole[row.key][1], row.settled_at
        )
        for row in rows
        if row.live and not row.archived and row.key in whole
    ]  # fmt: skip


def index(segments: Sequence[Live]) -> Listeners:
    """Who among them listens to what."""
    return _index(tuple((one.key, one.mark) for one in segments), {one.key: one.rule for one in segments})


def plan(ws: Workspace, rules: Sequence[Rule], as_of: datetime, *, cuts: Cuts, wake: bool = False) -> Plan:
    """What it takes to evaluate whole rules, with how interests fade if any of them asks for one."""
    asks = any(isinstance(leaf, Interested) for rule in rules for leaf in conditions(rule))
    return segment_frame.plan(
        rules, as_of, wake=wake, fading=interests.fading(ws) if asks else None, cuts=cuts
    )


def cuts(
    ws: Workspace, rules: Sequence[Rule], as_of: datetime, people: Callable[[Needs], nw.LazyFrame[Any]]
) -> dict[Condition, Cut | None]:
    """Where those end who are nearest, for each ``nearest`` of whole rules: one query each, over all that ``people``
    gives with the columns needed."""
    found: dict[Condition, Cut | None] = {}
    for one in segment_frame.nearests(rules):
        asked = segment_frame.plan([], as_of)
        one.measure(asked)  # notes what it needs
        found[one] = one.cut(ws.lake.collect(one.ranked(people(asked.needs), asked)))
    return found


def touched(result: Understood) -> list[tuple[str, str]]:
    """Customers of a batch whom segments have to look at again, each with what they did; called before those of whom
    nothing was known have a row."""
    segments = live()
    if not segments:
        return []
    heard = index(segments)
    named = result.events.select(["customer_id", "event"])
    named = named.filter(pc.is_valid(named["customer_id"]))
    pairs = named.group_by(["customer_id", "event"]).aggregate([])
    who, events = pairs["customer_id"].to_pylist(), pairs["event"].to_pylist()
    names = {name: _name(name, heard) for name in set(events)}
    found = {(one, names[event]) for one, event in zip(who, events, strict=True) if names[event]}
    people = set(who) | set(result.links.values())
    return sorted(
        {(one, name or "") for one, name in found} | {(one, NEW) for one in people - _known(people)}
    )


def _name(event: str, heard: Listeners) -> str | None:
    """Under which name an event is kept for the segments; None where none hears it."""
    if event in heard.by_event:
        return event if heard.of(event) else None
    return SEEN if heard.of(event) else None


def _known(people: Collection[str]) -> set[str]:
    return {who for (who,) in among(Customer, "customer_id", people, "customer_id")}


@lru_cache(maxsize=8)
def _whole(forms: tuple[tuple[str, str], ...]) -> Mapping[str, tuple[Rule, str]]:
    """Whole rules with their marks; a segment whose rule has become too large with those it names is left out."""
    parsed = {key: segment_json.parse(json.loads(form)) for key, form in forms}
    found = {}
    for key, rule in parsed.items():
        try:
            whole = segment_expand.expand(rule, parsed.__getitem__, key)
        except (ZhiyinError, KeyError):
            continue
        text = json.dumps(segment_json.dump(whole), sort_keys=True)
        found[key] = (whole, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())
    return found


_indexes: dict[tuple[tuple[str, str], ...], Listeners] = {}


def _index(marks: tuple[tuple[str, str], ...], rules: Mapping[str, Rule]) -> Listeners:
    if marks not in _indexes:
        if len(_indexes) > 8:
            _indexes.clear()
        _indexes[marks] = listeners.index(rules)
    return _indexes[marks]
