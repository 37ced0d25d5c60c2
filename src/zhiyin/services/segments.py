"""Segments: named rules, who matches them, and why."""

from __future__ import annotations

import csv
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import IO, Any

import narwhals as nw
import pyarrow as pa
from django.db import IntegrityError, transaction

from zhiyin.adapters.lake.rows import events_of
from zhiyin.adapters.records.models import Campaign, Customer, Segment
from zhiyin.domain import spreadsheet
from zhiyin.domain.customer import TRAIT_KINDS
from zhiyin.domain.decision import Fact
from zhiyin.domain.errors import BadRule, Busy, Conflict, NotFound
from zhiyin.domain.event import Event
from zhiyin.domain.segment import All, Condition, Rule
from zhiyin.domain.text import say
from zhiyin.loop.profile import segment_expand, segment_json, segment_python, segment_text
from zhiyin.loop.profile.condition import One
from zhiyin.loop.profile.conditions.nearest import Cut
from zhiyin.loop.profile.segment_frame import Needs, plain
from zhiyin.services import consents, interests, listening, memberships, present, sizes
from zhiyin.services.workspace import Workspace

AnyRule = Mapping[str, Any] | Rule | str
EXPORT_COLUMNS = tuple(TRAIT_KINDS)
_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")


@dataclass(frozen=True, slots=True)
class Count:
    """How many match, of how many; ``steps`` are the conditions in JSON form with who is left after each."""

    count: int
    total: int
    steps: tuple[tuple[dict[str, Any], int], ...]


@dataclass(frozen=True, slots=True)
class Look:
    """A count, how many of these match a narrower rule too, and some of them."""

    count: Count
    narrower: int
    sample: tuple[Customer, ...]


@dataclass(frozen=True, slots=True)
class Why:
    """Whether a customer is inside, and each condition with what was found and what is needed.

    ``since`` is when they came into a live segment, ``until`` when time alone changes the answer if nothing else
    happens, None where it does not. ``deciding`` are the numbers of the facts of which each would change it alone.
    """

    inside: bool
    facts: tuple[Fact, ...]
    since: datetime | None = None
    until: datetime | None = None
    deciding: tuple[int, ...] = ()


def create(ws: Workspace, key: str, name: str, rule: AnyRule, *, live: bool = True) -> Segment:
    """Make a segment; a live one follows each event, another is counted only.

    Raises ``BadRule``, or ``Conflict`` where the key is taken.
    """
    if not _KEY.fullmatch(key):
        raise BadRule(
            say("{key!r} cannot be a key.", key=key),
            fix=say("Use up to 80 of a-z, 0-9, - and _, beginning with a-z or 0-9."),
        )
    now = ws.now()
    form = _form(ws, rule, key)
    try:
        with transaction.atomic():
            return Segment.objects.create(
                key=key, name=(name or key)[:120], rule=form, created_at=now, updated_at=now, live=live
            )
    except IntegrityError as error:
        raise Conflict(
            say("There is a segment {key!r} already.", key=key),
            fix=say("Choose another key, or update that one."),
        ) from error


def update(ws: Workspace, key: str, *, name: str | None = None, rule: AnyRule | None = None) -> Segment:
    """Change the name or the rule; another rule raises the version and forgets the count."""
    form = _form(ws, rule, key) if rule is not None else None
    with transaction.atomic():
        row = get(ws, key)
        if name is not None:
            row.name = name[:120]
        if form is not None and form != row.rule:
            row.rule, row.version, row.count, row.counted_at = form, row.version + 1, None, None
        row.updated_at = ws.now()
        row.save()
    return row


def archive(ws: Workspace, key: str) -> Segment:
    """Take a segment out of the lists; campaigns that use it keep working."""
    row = get(ws, key)
    row.archived, row.updated_at = True, ws.now()
    row.save(update_fields=["archived", "updated_at"])
    return row


def restore(ws: Workspace, key: str) -> Segment:
    """Put an archived segment back into the lists."""
    row = get(ws, key)
    row.archived, row.updated_at = False, ws.now()
    row.save(update_fields=["archived", "updated_at"])
    return row


def get(ws: Workspace, key: str) -> Segment:
    """The segment of that key. Raises ``NotFound``, listing the known ones."""
    row = Segment.objects.filter(key=key).first()
    if row is None:
        known = ", ".join(segment.key for segment in list_(ws)) or "none yet"
        raise NotFound(
            say("There is no segment {key!r}.", key=key),
            why=say("Known: {known}.", known=known),
            fix=say("See `zhiyin segments list`."),
        )
    return row


def list_(ws: Workspace) -> list[Segment]:
    """All segments that are not archived, by name."""
    return list(Segment.objects.filter(archived=False))


def archived(ws: Workspace) -> list[Segment]:
    """Those that were taken out of the lists, by name."""
    return list(Segment.objects.filter(archived=True))


def rule_of(rule: AnyRule, zone: tzinfo = UTC) -> Rule:
    """The rule of a JSON form or a text; times without an offset are in ``zone``. Raises ``BadRule``."""
    if isinstance(rule, str):
        return segment_text.parse(rule, zone)
    return segment_json.parse(rule, zone) if isinstance(rule, Mapping) else rule


def rule_or_key(ws: Workspace, key_or_rule: AnyRule) -> AnyRule:
    """The rule of a segment's key; a rule in any of its forms stays as it is. Raises ``NotFound``."""
    if isinstance(key_or_rule, str) and is_key(key_or_rule):
        rule: dict[str, Any] = get(ws, key_or_rule).rule
        return rule
    return key_or_rule


def is_key(text: str) -> bool:
    """Whether a text can only be the key of a segment.

    >>> is_key("at-risk"), is_key("everyone"), is_key("orders >= 3")
    (True, False, False)
    """
    return _KEY.fullmatch(text) is not None and text not in ("everyone", "nobody")


def expanded(ws: Workspace, rule: AnyRule, key: str = "") -> Rule:
    """The rule with those of the segments that it names in their place; ``key`` is its own, if it has one.

    Raises ``BadRule`` for a circle of segments, ``NotFound`` for one that does not exist.
    """
    return segment_expand.expand(
        rule_of(rule, ws.timezone), lambda named: segment_json.parse(get(ws, named).rule), key
    )


def of_campaign(ws: Workspace, campaign: Campaign) -> Rule:
    """The rule that a campaign goes by: as it was at the start, before that its segment's."""
    if campaign.segment_rule:
        return segment_json.load(campaign.segment_rule)
    return expanded(ws, campaign.segment.rule, campaign.segment.key)


def count(ws: Workspace, rule: AnyRule) -> Count:
    """How many match, and who is left after each condition of a rule that joins several: one query."""
    parts, prefixes = _cascade(rule_of(rule, ws.timezone))
    total, left = _sums(ws, _mark(ws, prefixes, ws.now()), len(prefixes))
    return _counted(parts, total, left)


def look(ws: Workspace, rule: AnyRule, narrower: AnyRule, n: int = 5, seed: int = 0) -> Look:
    """``count``, how many of those match a narrower rule too, and ``sample``: all in one pass over the events."""
    parsed = rule_of(rule, ws.timezone)
    parts, prefixes = _cascade(parsed)
    rules = [*prefixes, parsed, All((parsed, rule_of(narrower, ws.timezone)))]
    marked = _mark(ws, rules, ws.now()).select("customer_id", *_numbers(len(rules)))
    with ws.lake.kept(marked) as found:
        total, (*left, _, both) = _sums(ws, found, len(rules))
        inside = found.filter(nw.col(f"rule_{len(prefixes)}")).select("customer_id")
        some = _picked(ws, inside, n, seed)
    return Look(_counted(parts, total, left), both, tuple(some))


def _cascade(parsed: Rule) -> tuple[Sequence[Rule], list[Rule]]:
    """The conditions that a rule joins, and what is left of it after each."""
    parts = parsed.rules if isinstance(parsed, All) else (parsed,)
    return parts, [All(parts[: i + 1]) for i in range(len(parts))]


def _numbers(rules: int) -> list[str]:
    return [f"rule_{i}" for i in range(rules)]


def _sums(ws: Workspace, marked: nw.LazyFrame[Any], rules: int) -> tuple[int, list[int]]:
    """How many customers there are, and for how many each rule holds."""
    names = _numbers(rules)
    ones = [nw.when(nw.col(name)).then(nw.lit(1)).otherwise(nw.lit(0)).alias(name) for name in names]
    counted = marked.select("customer_id", *ones).select(
        nw.len().alias("total"), *(nw.col(name).sum() for name in names)
    )
    (row,) = ws.lake.collect(counted).to_pylist()
    return row["total"], [row[name] or 0 for name in names]


def _counted(parts: Sequence[Rule], total: int, left: Sequence[int]) -> Count:
    steps = tuple((segment_json.dump(part), n) for part, n in zip(parts, left, strict=True))
    return Count(left[-1] if left else total, total, steps)


def refresh(ws: Workspace, key: str) -> Count:
    """Count a segment and keep the figure with it, and as its size of today."""
    row = get(ws, key)
    found = count(ws, row.rule)
    row.count, row.counted_at = found.count, ws.now()
    with transaction.atomic():
        row.save(update_fields=["count", "counted_at"])
        sizes.note(ws, row, found.count)
    return found


def refresh_all(ws: Workspace, on_progress: Callable[..., None] | None = None) -> int:
    """Settle the live segments in the lists and count the others; returns how many there are."""
    try:
        memberships.settle(ws, on_progress=on_progress)
    except Busy:
        memberships.set_back()  # the worker does it when it can
    rows = [row for row in list_(ws) if not row.live]
    for done, row in enumerate(rows, 1):
        refresh(ws, row.key)
        if on_progress:
            on_progress(done, len(rows), "Counting segments")
    return Segment.objects.filter(archived=False).count()


def members(ws: Workspace, rule: AnyRule, limit: int | None = None, offset: int = 0) -> list[str]:
    """The ids of the customers who match, in order of id."""
    ids = ws.lake.collect(_members(ws, rule).sort("customer_id"))["customer_id"]
    return ids.slice(offset, limit).to_pylist()


def marked(ws: Workspace, keys: Sequence[str], as_of: datetime) -> pa.Table:
    """For every customer, whether they were in each of the segments at a moment: ``customer_id`` and a column each.

    Events count as they stood then; traits are those of the latest profiling.
    """
    columns = [nw.col(f"rule_{number}").alias(key) for number, key in enumerate(keys)]
    rules = [get(ws, key).rule for key in keys]
    return ws.lake.collect(_mark(ws, rules, as_of).select("customer_id", *columns))


def sample(ws: Workspace, rule: AnyRule, n: int = 5, seed: int = 0) -> list[Customer]:
    """Some of those who match, picked by chance; the same seed picks the same ones."""
    return _picked(ws, _members(ws, rule), n, seed)


def _picked(ws: Workspace, members: nw.LazyFrame[Any], n: int, seed: int) -> list[Customer]:
    ids = ws.lake.collect(members.sort("customer_id"))["customer_id"]
    picked = random.Random(seed).sample(range(len(ids)), min(n, len(ids)))
    wanted = [ids[i].as_py() for i in picked]
    rows = Customer.objects.in_bulk(wanted)
    return [rows[customer_id] for customer_id in wanted if customer_id in rows]


def stream(ws: Workspace, key: str, columns: Sequence[str] = EXPORT_COLUMNS) -> Iterator[pa.Table]:
    """The members with columns of their profiles, in order of id, a batch at a time."""
    yield from ws.lake.stream(
        _mark(ws, [get(ws, key).rule], ws.now()).filter(nw.col("rule_0")).select(*columns).sort("customer_id")
    )


def export(ws: Workspace, key: str, file: str | Path | IO[str]) -> int:
    """Write the members with their profiles as CSV to a path or an open text file; returns how many.

    Money is in minor units. A text that a spreadsheet would run as a formula gets an apostrophe before it.
    """
    if isinstance(file, str | Path):
        with open(file, "w", newline="", encoding="utf-8-sig") as out:  # the mark lets Excel see UTF-8
            return export(ws, key, out)
    written = 0
    writer = csv.writer(file)
    writer.writerow(EXPORT_COLUMNS)
    for table in stream(ws, key):
        columns = [table[name].to_pylist() for name in EXPORT_COLUMNS]
        writer.writerows([spreadsheet.cell(value) for value in row] for row in zip(*columns, strict=True))
        written += table.num_rows
    return written


def why(ws: Workspace, key_or_rule: AnyRule, customer_id: str) -> Why:
    """Whether a customer matches, since when, and what would change it; facts as ``segment_python`` gives them.

    Of a live segment it tells what is known this moment. Of others and of a rule it answers from the same
    profiles and events as ``count`` and ``members``, and raises ``NotFound`` for a customer without a profile.
    """
    row = get(ws, key_or_rule) if isinstance(key_or_rule, str) and is_key(key_or_rule) else None
    whole, as_of = expanded(ws, rule_or_key(ws, key_or_rule)), ws.now()
    found = cuts(ws, [whole], as_of)
    plan = listening.plan(ws, [whole], as_of, cuts=found)
    needs = plan.needs
    profile = _profile_now(ws, needs, customer_id, as_of) if row is not None and row.live else None
    if profile is None:
        profile = _profile_of(ws, needs, customer_id)
    one = One(
        _traits_of(profile, needs),
        _events_of(ws, needs, customer_id, segment_python.since(whole, as_of)),
        as_of,
        interests.weights(ws, customer_id) if needs.interests else {},
        plan.fading,
        json.loads(profile["consents"] or "{}"),
        found,
    )
    inside = segment_python.holds(whole, one)
    return Why(
        inside,
        segment_python.facts(whole, one),
        memberships.since(ws, row.key, customer_id) if row is not None and inside else None,
        segment_python.turn(whole, one),
        segment_python.deciding(whole, one),
    )


def cuts(ws: Workspace, rules: Sequence[Rule], as_of: datetime) -> dict[Condition, Cut | None]:
    """Where those end who are nearest, for each ``nearest`` of expanded rules, by the last profiling."""
    return listening.cuts(ws, rules, as_of, lambda needs: profiles(ws, needs))


def profiles(ws: Workspace, needs: Needs) -> nw.LazyFrame[Any]:
    """The customers as last profiled, with the columns that a plan needs."""
    return ws.lake.digested(ws.lake.frame("profiles", needs.profile), needs.digests)


def of_customer(ws: Workspace, customer_id: str) -> list[Segment]:
    """The segments, of those in the lists, that a customer is in now, by name: one query for all rules."""
    rows = list_(ws)
    if not rows:
        return []
    marked = _mark(ws, [row.rule for row in rows], ws.now()).filter(nw.col("customer_id") == customer_id)
    found = ws.lake.collect(marked.select(*(f"rule_{i}" for i in range(len(rows))))).to_pylist()
    return [row for i, row in enumerate(rows) if any(one[f"rule_{i}"] for one in found)]


def _form(ws: Workspace, rule: AnyRule, key: str) -> dict[str, Any]:
    """What is kept of a rule, once it is sure that it can be evaluated."""
    form = segment_json.dump(rule_of(rule, ws.timezone))
    expanded(ws, form, key)
    return form


def _mark(ws: Workspace, rules: Sequence[AnyRule], as_of: datetime) -> nw.LazyFrame[Any]:
    whole = [expanded(ws, rule) for rule in rules]
    plan = listening.plan(ws, whole, as_of, cuts=cuts(ws, whole, as_of))
    events = ws.lake.frame("events", plan.needs.properties, plan.needs.lines)
    interested = ws.lake.frame("interests") if plan.needs.interests else None
    return plan.mark(profiles(ws, plan.needs), events, interested)


def _members(ws: Workspace, rule: AnyRule) -> nw.LazyFrame[Any]:
    return _mark(ws, [rule], ws.now()).filter(nw.col("rule_0")).select("customer_id")


def _profile_of(ws: Workspace, needs: Needs, customer_id: str) -> dict[str, Any]:
    frame = ws.lake.frame("profiles", needs.traits).filter(nw.col("customer_id") == customer_id)
    rows = ws.lake.collect(frame.select(*TRAIT_KINDS, "consents", *needs.traits)).to_pylist()
    if not rows:
        raise NotFound(
            say("The customer {customer_id!r} has no profile.", customer_id=customer_id),
            why=say("They are not known, or came after the last profiling."),
            fix=say("Run `zhiyin profile`, or check the id."),
        )
    profile: dict[str, Any] = rows[0]
    return profile


def _profile_now(ws: Workspace, needs: Needs, customer_id: str, now: datetime) -> dict[str, Any] | None:
    """What is known of a customer this moment, None where nothing is."""
    names = sorted({"customer_id", *needs.features})
    frame = present.some(ws, [customer_id], needs, now).select(*names, *needs.traits)
    rows = ws.lake.collect(frame).to_pylist()
    return (
        {**rows[0], "consents": consents.as_text(consents.known([customer_id]).get(customer_id, {}))}
        if rows
        else None
    )


def _traits_of(row: Mapping[str, Any], needs: Needs) -> dict[str, object]:
    found = {path.partition(".")[2]: row[column] for column, path in needs.traits.items()}
    for name in TRAIT_KINDS:
        value = row.get(name)
        found[name] = value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
    return found


def _events_of(ws: Workspace, needs: Needs, customer_id: str, since: datetime | None) -> list[Event]:
    """What one customer did, as far as it counts: all that is needed of it and no more, since it may be a million."""
    if not needs.events:
        return []
    wanted = nw.col("event").is_in(sorted(needs.events))
    frame = ws.lake.events().filter(nw.col("customer_id") == customer_id, wanted)
    if since is not None:
        frame = frame.filter(nw.col("timestamp") >= plain(since))
    columns = [*_COUNTED, "properties"] if needs.properties else _COUNTED
    return list(events_of(ws.lake.collect(frame.select(*columns))))


_COUNTED = ["event", "timestamp", "amount", "campaign", "products"]
