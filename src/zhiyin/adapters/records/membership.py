"""Live membership: who is in which segment since when, whom to look at again, and what is still to be told.

Writes are set-based on either database: the ids of many customers travel as one parameter.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, models

from zhiyin.adapters.records.segment import Segment


class Membership(models.Model):
    """A customer is in a segment, since a moment; ``version`` is that of the rule under which they came in."""

    pk = models.CompositePrimaryKey("customer_id", "segment_id")
    customer_id = models.CharField(max_length=200)
    segment = models.ForeignKey(Segment, models.CASCADE, related_name="memberships", db_index=False)
    since = models.DateTimeField()
    version = models.PositiveIntegerField()

    class Meta:
        indexes = (models.Index(fields=("segment", "customer_id"), name="members_in_order"),)


class Wake(models.Model):
    """The time wheel: the minute (since 1970) at which time alone may change a customer's memberships next."""

    customer_id = models.CharField(max_length=200, primary_key=True)
    minute = models.BigIntegerField(db_index=True)


class Touched(models.Model):
    """A customer did an event that segments listen to, and was not looked at since; a new customer has ``""``."""

    customer_id = models.CharField(max_length=200, db_index=True)
    event = models.CharField(max_length=200)


class Transition(models.Model):
    """A customer entered a segment or left it; ``told`` when the event about it is kept."""

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="transitions", db_index=False)
    customer_id = models.CharField(max_length=200, db_index=True)
    entered = models.BooleanField()
    at = models.DateTimeField()
    version = models.PositiveIntegerField()
    told = models.BooleanField(default=False)

    class Meta:
        indexes = (
            models.Index(fields=("segment", "at"), name="transitions_by_day"),
            models.Index(fields=("id",), condition=models.Q(told=False), name="still_to_tell"),
        )


PAIR = ("text", "bigint")  # a customer and a number
NAMED = ("text", "text")
CHANGE = ("text", "bigint", "bigint")  # customer, segment, version of its rule


def enter(rows: Sequence[tuple[str, int, int]], at: datetime) -> None:
    """Customers are in segments from now on; who is in one already stays in it as before."""
    _insert(
        "INSERT INTO {membership} (customer_id, segment_id, version, since) SELECT {row}, %s FROM {rows} "
        "WHERE true ON CONFLICT DO NOTHING",
        CHANGE,
        rows,
        (_moment(Membership, "since", at),),
    )


def leave(rows: Sequence[tuple[str, int, int]]) -> None:
    """They are in them no longer."""
    _insert(
        "DELETE FROM {membership} WHERE (customer_id, segment_id) IN (SELECT {pair} FROM {rows})",
        CHANGE,
        rows,
        pair=2,
    )


def note(rows: Sequence[tuple[str, int, int]], at: datetime, *, entered: bool) -> None:
    """Transitions that are still to be told."""
    _insert(
        "INSERT INTO {transition} (customer_id, segment_id, version, entered, at, told) "
        "SELECT {row}, %s, %s, %s FROM {rows}",
        CHANGE,
        rows,
        (entered, _moment(Transition, "at", at), False),
    )


def told(last: int) -> None:
    """Transitions are told, up to that of this number."""
    Transition.objects.filter(told=False, pk__lte=last).update(told=True)


def touch(rows: Sequence[tuple[str, str]]) -> None:
    """These customers did these events."""
    _insert("INSERT INTO {touched} (customer_id, event) SELECT {row} FROM {rows}", NAMED, rows)


def wake(rows: Sequence[tuple[str, int]]) -> None:
    """Look at these customers when those minutes begin, or earlier where that was said before."""
    least = "LEAST" if connection.vendor == "postgresql" else "min"
    table = connection.ops.quote_name(Wake._meta.db_table)
    # "WHERE true": else SQLite takes ON CONFLICT for a part of a join
    _insert(
        "INSERT INTO {wake} (customer_id, minute) SELECT {row} FROM {rows} WHERE true "
        f"ON CONFLICT (customer_id) DO UPDATE SET minute = {least}({table}.minute, excluded.minute)",
        PAIR,
        rows,
    )


def delete(model: type[models.Model], key: str, keys: Sequence[Any]) -> None:
    """The rows whose ``key`` is one of ``keys``."""
    if not keys:
        return
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"DELETE FROM {table} WHERE {key} = ANY(%s)", [list(keys)])
        else:
            cursor.execute(
                f"DELETE FROM {table} WHERE {key} IN (SELECT value FROM json_each(%s))",
                [json.dumps(list(keys))],
            )


def _insert(
    sql: str,
    kinds: Sequence[str],
    rows: Iterable[Sequence[Any]],
    values: Sequence[Any] = (),
    *,
    pair: int = 0,
) -> None:
    """Run a statement over rows; ``{row}`` are their columns, ``{pair}`` the first few of them."""
    listed = list(rows)
    if not listed:
        return
    if connection.vendor == "postgresql":
        names = [f"c{i}" for i in range(len(kinds))]
        arrays = ", ".join(f"%s::{kind}[]" for kind in kinds)
        source = f"unnest({arrays}) AS t({', '.join(names)})"
        given: list[Any] = [list(column) for column in zip(*listed, strict=True)]
    else:
        names = [f"json_extract(t.value, '$[{i}]')" for i in range(len(kinds))]
        source, given = "json_each(%s) AS t", [json.dumps(listed)]
    quote = connection.ops.quote_name
    tables = {
        model.__name__.lower(): quote(model._meta.db_table)
        for model in (Membership, Transition, Touched, Wake)
    }
    text = sql.format(row=", ".join(names), pair=", ".join(names[:pair]), rows=source, **tables)
    with connection.cursor() as cursor:
        cursor.execute(text, [*values, *given])


def _moment(model: type[models.Model], field: str, at: datetime) -> Any:
    return model._meta.get_field(field).get_db_prep_value(at, connection)
