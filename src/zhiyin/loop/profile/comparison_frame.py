"""Comparisons for all customers: expressions on a column. What each means: ``comparison``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import narwhals as nw

from zhiyin.domain.customer import LIST, as_text
from zhiyin.loop.profile.comparison import LETTERS, Kind
from zhiyin.loop.profile.comparison_python import (
    FRACTION,
    ISO_DATE,
    NUMBER_IN_DATA,
    midnight,
    numbers,
    ordered,
    texts,
)


def expression(kind: Kind, operator: str, value: Any, column: nw.Expr, now: datetime) -> nw.Expr:
    """The same for a column, at a plain UTC time. Null only where the column is."""
    present = ~column.is_null()
    if kind in ("text", "stated", "property"):
        present = present & (column != "")
    if kind == "property":
        present = present & ~column.str.starts_with("[") & ~column.str.starts_with("{")
        if operator in LETTERS:
            present = present & ~column.str.contains(rf"\A{FRACTION}\z")
    if operator == "exists":
        return present if value else ~present
    values = value if isinstance(value, tuple) else (value,)
    if kind == "stated":
        text = as_text(values[0])
        if operator == "has":
            return (column == text) | column.str.contains(f"{LIST}{text}{LIST}", literal=True)
        present = present & ~column.str.starts_with(LIST)
    match operator:
        case "is" | "in":
            return present & _equals_one_of(column, kind, values)
        case "is_not" | "not_in":
            return present & ~_equals_one_of(column, kind, values)
        case "contains":
            return present & column.str.contains(str(value), literal=True)
        case "starts":
            return present & column.str.starts_with(str(value))
        case "ends":
            return present & column.str.ends_with(str(value))
        case "within" | "before" | "after":
            return _timed_expression(kind, operator, value, column, now)
    number = column if kind == "number" else number_of(column)
    holds: nw.Expr = present & ordered(operator, number, value)
    return holds


def turns(column: nw.Expr, span: timedelta | None, now: datetime) -> nw.Expr:
    """When ``within`` a span turns by itself, null for never; without a span it is a stated time."""
    if span is None:
        next_day = midnight(now.replace(tzinfo=UTC)).replace(tzinfo=None)
        return nw.when(column.str.contains(rf"\A{ISO_DATE}")).then(nw.lit(next_day))
    leaves = column + nw.lit(span)
    return nw.when(column > now).then(column).otherwise(nw.when(leaves > now).then(leaves))


def _timed_expression(kind: Kind, operator: str, value: Any, column: nw.Expr, now: datetime) -> nw.Expr:
    if kind == "time":
        start: datetime = now - value if operator == "within" else value.replace(tzinfo=None)
        if operator == "within":
            return (column > start) & (column <= now)
        return column < start if operator == "before" else column >= start
    day, dated = column.str.slice(0, 10), column.str.contains(rf"\A{ISO_DATE}")
    if operator == "within":
        return dated & (day > f"{now - value:%Y-%m-%d}") & (day <= f"{now:%Y-%m-%d}")
    edge: str = value.isoformat()
    return dated & (day < edge if operator == "before" else day >= edge)


def _equals_one_of(column: nw.Expr, kind: Kind, values: Sequence[Any]) -> nw.Expr:
    if kind == "flag":
        return column.is_in(sorted(set(values)))
    if kind == "number":
        return column.cast(nw.Float64).is_in([float(value) for value in values])
    letters, figures = texts(values), [] if kind == "text" else numbers(values)
    holds = column.is_in(letters) if letters else nw.lit(False)
    return holds | number_of(column).is_in(figures).fill_null(False) if figures else holds


def number_of(column: nw.Expr, pattern: str = NUMBER_IN_DATA) -> nw.Expr:
    """The number that a text is, else null. Only texts that are numbers reach the cast."""
    return nw.when(column.str.contains(rf"\A(?:{pattern})\z")).then(column).cast(nw.Float64)
