"""Rows of many keys in one question, however many: Django's own way binds each key by itself, which takes longer
than the question."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from datetime import UTC
from typing import Any

from django.db import connection, models


def among(
    model: type[models.Model], key: str, keys: Collection[str], *columns: str
) -> Iterator[tuple[Any, ...]]:
    """The columns of those rows whose ``key`` is one of ``keys``; times are aware, UTC. Names are ours."""
    if not keys:
        return
    quote = connection.ops.quote_name
    listed = ", ".join(quote(name) for name in columns)
    start = f"SELECT {listed} FROM {quote(model._meta.db_table)} WHERE {quote(key)}"
    times = [i for i, name in enumerate(columns) if isinstance(_field(model, name), models.DateTimeField)]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"{start} = ANY(%s)", [list(keys)])
            times = []
        else:
            cursor.execute(f"{start} IN (SELECT value FROM json_each(%s))", [json.dumps(sorted(keys))])
        for row in cursor:
            yield _timed(row, times) if times else row


def _field(model: type[models.Model], column: str) -> Any:
    return next(field for field in model._meta.concrete_fields if field.column == column)


def _timed(row: tuple[Any, ...], times: list[int]) -> tuple[Any, ...]:
    values = list(row)
    for i in times:
        if values[i] is not None:
            values[i] = values[i].replace(tzinfo=UTC)  # SQLite keeps it plain
    return tuple(values)
