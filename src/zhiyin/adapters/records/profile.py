"""Publishing computed columns to the customers' rows, set-based on either database."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection, transaction

from zhiyin.adapters.records.among import among
from zhiyin.adapters.records.customer import Customer
from zhiyin.domain.customer import COMPUTED_TRAITS
from zhiyin.domain.lifecycle import Lifecycle

COLUMNS = COMPUTED_TRAITS
_TEXTS = ("rfm_group", "lifecycle")


MOVED = (
    "first_seen", "last_seen", "first_order_at", "last_order_at", "orders", "revenue", "average_order_value",
    "lifecycle",
)  # fmt: skip

_ASKED = 500  # ids in one question


def publish(rows: pa.Table, profiled_at: datetime) -> None:
    """Write the computed columns of these customers in one transaction, making the rows that do not exist.

    ``rows`` has ``customer_id``, ``created_at`` (for rows that are made) and ``COLUMNS``; times plain UTC.
    """
    _upsert(_stamped(rows, "profiled_at", profiled_at), (*COLUMNS, "profiled_at"))


def move(rows: pa.Table, now: datetime) -> None:
    """Write what single events changed: ``customer_id``, ``created_at`` and ``MOVED``, as ``publish`` does."""
    _upsert(_stamped(rows, "moved_at", now), (*MOVED, "moved_at"))


def see(rows: pa.Table, now: datetime) -> None:
    """Write that customers were seen: ``customer_id``, ``first_seen``, ``last_seen``, plain UTC; who has no row gets
    one, as a lead. No index is touched, which makes it cheap."""
    least, most = ("LEAST", "GREATEST") if connection.vendor == "postgresql" else ("min", "max")
    table = connection.ops.quote_name(Customer._meta.db_table)
    stage = pa.repeat(pa.scalar(Lifecycle.LEAD.value), rows.num_rows)
    rows = _stamped(rows, "moved_at", now).append_column("created_at", rows["first_seen"])
    _upsert(
        rows.append_column("lifecycle", stage),
        ("first_seen", "last_seen", "lifecycle", "moved_at"),
        {"moved_at": "excluded.moved_at"}
        | {
            name: f"{which}(coalesce({table}.{name}, excluded.{name}), excluded.{name})"
            for name, which in (("first_seen", least), ("last_seen", most))
        },
    )


def stir(customer_ids: Collection[str], now: datetime) -> None:
    """Note that something moved of these customers, where they have a row, though they were not seen."""
    ids = sorted(customer_ids)
    for start in range(0, len(ids), _ASKED):
        Customer.objects.filter(pk__in=ids[start : start + _ASKED]).update(moved_at=now)


def standings(customer_ids: Collection[str]) -> Iterator[tuple[Any, ...]]:
    """``customer_id``, ``MOVED`` and ``personal_gap_days`` of the customers who have a row."""
    return among(Customer, "customer_id", customer_ids, "customer_id", *MOVED, "personal_gap_days")


def _upsert(rows: pa.Table, columns: Sequence[str], update: Mapping[str, str] | None = None) -> None:
    """Insert rows; of those that exist, set the columns, or what ``update`` says in SQL."""
    if not rows.num_rows:
        return
    fields = {field.column: field for field in Customer._meta.concrete_fields}
    names = ["customer_id", "created_at", *columns]
    made = [name for name in fields if name not in names]
    defaults = [fields[name].get_db_prep_save(fields[name].get_default(), connection) for name in made]
    quote = connection.ops.quote_name
    into = ", ".join(quote(name) for name in (*names, *made))
    update = update or {name: f"excluded.{quote(name)}" for name in columns}
    sets = ", ".join(f"{quote(name)} = {value}" for name, value in update.items())
    table = quote(Customer._meta.db_table)
    conflict = f"ON CONFLICT (customer_id) DO UPDATE SET {sets}"
    values = [_values(rows[name], name) for name in names]
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            arrays = ", ".join(f"%s::{_kind(fields[name])}[]" for name in names)
            constants = "".join(f", %s::{_kind(fields[name])}" for name in made)
            cursor.execute(
                f"INSERT INTO {table} ({into}) SELECT t.*{constants} FROM unnest({arrays}) AS t {conflict}",
                [*defaults, *values],
            )
        else:
            places = ", ".join(["%s"] * len(names) + [_literal(value) for value in defaults])
            several = zip(*values, strict=True)
            cursor.executemany(f"INSERT INTO {table} ({into}) VALUES ({places}) {conflict}", list(several))


def _stamped(rows: pa.Table, name: str, at: datetime) -> pa.Table:
    return rows.append_column(name, pa.repeat(pa.scalar(_plain(at), pa.timestamp("us")), rows.num_rows))


def _plain(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def _values(column: Any, name: str) -> list[Any]:
    """Values as the database takes them; times as texts, since making Python's times of them takes longest."""
    if name in _TEXTS:
        return pc.fill_null(column, "").to_pylist()
    if pa.types.is_timestamp(column.type):
        texts = column.cast(pa.timestamp("us")).cast(pa.string())
        if connection.vendor == "postgresql":
            return pc.binary_join_element_wise(texts, "+00", "").to_pylist()
        # Django writes no fraction where there is none, and SQLite compares texts
        return pc.replace_substring_regex(texts, r"\.000000$", "").to_pylist()
    return column.to_pylist()


def _kind(field: Any) -> str:
    return str(field.db_type(connection)).split("(")[0]


def _literal(value: Any) -> str:
    """A default value of a model field as SQL; these come from our own models."""
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | float):
        return str(int(value) if isinstance(value, bool) else value)
    return "'" + str(value).replace("'", "''").replace("%", "%%") + "'"
