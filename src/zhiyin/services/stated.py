"""What records know of customers, as a file that the engine can join with what it finds in events."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import UTC
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from zhiyin.adapters.lake.datasets import PROFILES
from zhiyin.adapters.records.models import Customer
from zhiyin.domain.consent import MARKETING
from zhiyin.domain.customer import as_text
from zhiyin.services import consents

_ROW = ("customer_id", "email", "name", "language", "created_at", "traits")
OWN = (*_ROW, "email_consent", "consents")
SCHEMA = pa.schema([PROFILES.schema.field(name) for name in OWN])
BATCH = 20_000
_ASKED = 500  # ids in one question


def write(path: Path, of: Collection[str] | None = None) -> None:
    """Write what is stated of all customers, or of these, a batch at a time."""
    customers = Customer.objects.order_by()
    ids = sorted(of or ())
    asked = (
        [customers]
        if of is None
        else [customers.filter(pk__in=ids[start : start + _ASKED]) for start in range(0, len(ids), _ASKED)]
    )
    rows = (row for some in asked for row in some.values_list(*_ROW).iterator(chunk_size=BATCH))
    with pq.ParquetWriter(path, SCHEMA) as writer:
        while batch := [row for _, row in zip(range(BATCH), rows, strict=False)]:
            columns = dict(zip(_ROW, map(list, zip(*batch, strict=True)), strict=True))
            said = consents.known(columns["customer_id"])
            words = [said.get(who, {}) for who in columns["customer_id"]]
            columns["email_consent"] = [word.get(consents.EMAIL, {}).get(MARKETING) for word in words]
            columns["consents"] = [consents.as_text(word) for word in words]
            columns["created_at"] = [
                at and at.astimezone(UTC).replace(tzinfo=None) for at in columns["created_at"]
            ]
            columns["traits"] = [traits_text(stated) for stated in columns["traits"]]
            for name in ("email", "name", "language"):
                columns[name] = [text or None for text in columns[name]]
            writer.write_table(pa.table(columns, schema=SCHEMA))


def traits_text(stated: dict[str, Any]) -> str:
    """Stated traits as the lake keeps them: a JSON object of texts, so that every engine reads the same."""
    texts = {name: text for name, value in stated.items() if (text := as_text(value)) is not None}
    return json.dumps(texts, ensure_ascii=False, separators=(",", ":"))
