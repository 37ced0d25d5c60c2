"""The segment language, all customers at once: a rule becomes an expression on a lazy frame.

``segment_python`` says the same for one customer; a property test holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any as Unknown

import narwhals as nw

from zhiyin.domain.customer import TRAIT_KINDS, as_text
from zhiyin.domain.segment import (
    ISO_DATE,
    LINE_FIELDS,
    NUMBER,
    NUMBER_IN_DATA,
    All,
    Any,
    Did,
    Not,
    Rule,
    Scalar,
    Trait,
    conditions,
)

Frame = nw.LazyFrame[Unknown]


@dataclass(frozen=True, slots=True)
class Needs:
    """Columns that the frames must bring for some rules, beside those of their datasets.

    ``traits`` and ``properties`` map a column to the JSON path it is taken from, ``lines`` a column to the
    pairs that one line of the event must have. What ``Lake.frame`` takes.
    """

    traits: Mapping[str, str]
    properties: Mapping[str, str]
    lines: Mapping[str, Sequence[tuple[str, str]]]


def needs(rules: Sequence[Rule]) -> Needs:
    """The columns that ``mark`` of the same rules, in the same order, will look at."""
    columns = _columns(rules)
    return Needs(
        traits={column: f"traits.{name}" for name, column in columns.stated.items()},
        properties={column: f"properties.{name}" for name, column in columns.properties.items()},
        lines={column: pairs for pairs, column in columns.lines.items()},
    )


def mark(rules: Sequence[Rule], profiles: Frame, events: Frame, as_of: datetime) -> Frame:
    """The profiles with a true or false column ``rule_0``, ``rule_1``, … for each rule, never null."""
    columns, now, frame = _columns(rules), _plain(as_of), profiles
    if columns.dids:
        frame = frame.join(_counts(columns, events, now), on="customer_id", how="left")
    if not rules:
        return frame
    return frame.with_columns(
        **{f"rule_{i}": _expression(rule, columns, now) for i, rule in enumerate(rules)}
    )


def members(rule: Rule, profiles: Frame, events: Frame, as_of: datetime) -> Frame:
    """The ids of the customers for whom the rule holds, in one column ``customer_id``."""
    return mark([rule], profiles, events, as_of).filter(nw.col("rule_0")).select("customer_id")


@dataclass(frozen=True, slots=True)
class _Columns:
    """Names of columns by what they hold. Numbered, since names of traits differ only by case at times."""

    stated: dict[str, str]
    properties: dict[str, str]
    lines: dict[tuple[tuple[str, str], ...], str]
    dids: dict[Did, str]


def _columns(rules: Sequence[Rule]) -> _Columns:
    columns = _Columns({}, {}, {}, {})
    for rule in rules:
        for condition in conditions(rule):
            if isinstance(condition, Trait):
                if condition.name not in TRAIT_KINDS:
                    columns.stated.setdefault(condition.name, f"trait_{len(columns.stated)}")
                continue
            columns.dids.setdefault(condition, f"did_{len(columns.dids)}")
            if lines := _lines(condition):
                columns.lines.setdefault(lines, f"line_{len(columns.lines)}")
            for name, _ in _properties(condition):
                columns.properties.setdefault(name, f"property_{len(columns.properties)}")
    return columns


def _lines(did: Did) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in did.where if pair[0] in LINE_FIELDS)


def _properties(did: Did) -> Iterator[tuple[str, str]]:
    return (pair for pair in did.where if pair[0] not in (*LINE_FIELDS, "campaign"))


def _counts(columns: _Columns, events: Frame, now: datetime) -> Frame:
    """How often each customer did each thing: one scan for all of them."""
    dids = columns.dids
    within = [did.within_days for did in dids]
    # equalities joined by "or" reach the Parquet reader, where a list to look into would not
    wanted = reduce(or_, (nw.col("event") == event for event in sorted({did.event for did in dids})))
    known = events.filter(wanted, ~nw.col("customer_id").is_null(), nw.col("timestamp") <= now)
    if None not in within:
        start = now - timedelta(days=max(days for days in within if days is not None))
        # the month too, so that files of older partitions are not opened
        known = known.filter(nw.col("timestamp") > start, nw.col("month") >= f"{start:%Y-%m}")
    flags = {column: _event_matches(did, columns, now) for did, column in dids.items()}
    if len(flags) == 1:
        ((column, flag),) = flags.items()
        return known.filter(flag).group_by("customer_id").agg(nw.len().alias(column))
    marked = known.select(
        "customer_id",
        *(nw.when(flag).then(nw.lit(1)).otherwise(nw.lit(0)).alias(name) for name, flag in flags.items()),
    )
    return marked.group_by("customer_id").agg(*(nw.col(name).sum() for name in flags))


def _event_matches(did: Did, columns: _Columns, now: datetime) -> nw.Expr:
    holds = nw.col("event") == did.event
    if did.within_days is not None:
        holds = holds & (nw.col("timestamp") > now - timedelta(days=did.within_days))
    if lines := _lines(did):
        holds = holds & nw.col(columns.lines[lines])
    for name, value in did.where:
        if name == "campaign":
            holds = holds & (nw.col("campaign") == value).fill_null(False)
    for name, value in _properties(did):
        holds = holds & _same(nw.col(columns.properties[name]), value).fill_null(False)
    return holds


def _expression(rule: Rule, columns: _Columns, now: datetime) -> nw.Expr:
    match rule:
        case All(rules):
            holds = nw.lit(True)
            for inner in rules:
                holds = holds & _expression(inner, columns, now)
            return holds
        case Any(rules):
            holds = nw.lit(False)
            for inner in rules:
                holds = holds | _expression(inner, columns, now)
            return holds
        case Not(inner):
            return ~_expression(inner, columns, now)
        case Did():
            return (nw.col(columns.dids[rule]) >= rule.at_least).fill_null(False)
        case Trait():
            return _trait(rule, columns, now).fill_null(False)


def _trait(trait: Trait, columns: _Columns, now: datetime) -> nw.Expr:
    kind = TRAIT_KINDS.get(trait.name, "stated")
    column = nw.col(columns.stated[trait.name] if kind == "stated" else trait.name)
    present = ~column.is_null()
    if kind in ("text", "stated"):
        present = present & (column != "")
    values = trait.value if isinstance(trait.value, tuple) else (trait.value,)
    match trait.operator:
        case "exists":
            return present if trait.value else ~present
        case "is" | "in":
            return present & _equals_one(column, kind, values)
        case "is_not" | "not_in":
            return present & ~_equals_one(column, kind, values)
        case "contains":
            return column.str.contains(str(trait.value), literal=True)
        case "within_days":
            start = now - timedelta(days=int(values[0]))
            if kind == "stated":
                day = column.str.slice(0, 10)
                dated = column.str.contains(rf"\A{ISO_DATE}")
                return dated & (day > f"{start:%Y-%m-%d}") & (day <= f"{now:%Y-%m-%d}")
            return (column > start) & (column <= now)
        case "at_least" | "at_most":
            number = _number(column) if kind == "stated" else column
            bound = float(values[0])
            return number >= bound if trait.operator == "at_least" else number <= bound
    raise ValueError(f"unknown operator {trait.operator!r}")


def _equals_one(column: nw.Expr, kind: str, values: Sequence[Scalar]) -> nw.Expr:
    if kind == "flag":
        flags = {text == "true" for text in map(as_text, values) if text in ("true", "false")}
        return column.is_in(sorted(flags)) if flags else nw.lit(False)
    if kind == "number":
        numbers = [float(text) for text in map(as_text, values) if text and re.fullmatch(NUMBER, text)]
        return column.cast(nw.Float64).is_in(numbers) if numbers else nw.lit(False)
    texts = [text for text in map(as_text, values) if text]
    if kind == "text":
        return column.is_in(texts) if texts else nw.lit(False)
    holds = nw.lit(False)
    for text in texts:
        holds = holds | _same(column, text)
    return holds


def _same(column: nw.Expr, text: str) -> nw.Expr:
    """Equal letter by letter, or as a number where both are numbers; null where the column is."""
    if not re.fullmatch(NUMBER, text):
        return column == text
    return (column == text) | (_number(column) == float(text)).fill_null(False)


def _number(column: nw.Expr) -> nw.Expr:
    """The number that a text is, else null. Only texts that are numbers reach the cast."""
    return nw.when(column.str.contains(rf"\A{NUMBER_IN_DATA}\z")).then(column).cast(nw.Float64)


def _plain(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
