"""The datasets of the lake, declared in one place: schema, partition, key, person and erasure rule."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import pyarrow as pa

from zhiyin.domain.feature import FEATURES

_TIME = pa.timestamp("us")  # plain UTC: functions on zoned timestamps cost 10 to 30 times as much

LINES = pa.list_(
    pa.struct(
        [
            ("item_id", pa.string()),
            ("quantity", pa.int64()),
            ("price", pa.int64()),
            ("category", pa.string()),
        ]
    )
)


@dataclass(frozen=True, slots=True)
class Dataset:
    """One table of facts.

    ``key`` names the column that is unique, of ``interests`` the one whose rows come and go together; ``person``
    the column that names a customer, None where the table holds nobody; ``erasure`` what happens to a person's
    rows: ``delete`` removes them. ``changes`` names a small dataset of the same form, whose rows
    stand in the place of those with the same key.
    """

    name: str
    schema: pa.Schema
    key: str
    partition: str | None = None
    person: str | None = None
    erasure: Literal["delete", "none"] = "none"
    changes: str | None = None


EVENTS = Dataset(
    "events",
    pa.schema(
        [
            ("event_id", pa.string()),
            ("type", pa.string()),
            ("event", pa.string()),
            ("customer_id", pa.string()),
            ("anonymous_id", pa.string()),
            ("timestamp", _TIME),
            ("date", pa.date32()),  # UTC
            ("local_date", pa.date32()),  # in the shop's time zone
            ("received_at", _TIME),
            ("source", pa.string()),
            ("order_id", pa.string()),
            ("amount", pa.int64()),  # minor units
            ("currency", pa.string()),
            ("campaign", pa.string()),  # key of the campaign, on message events
            ("products", LINES),
            ("properties", pa.string()),  # JSON object
            ("session_id", pa.string()),  # of a visit: the id of its first event
            ("context", pa.string()),  # JSON object: device, page, referrer, utm, …
            ("month", pa.string()),  # partition, "2026-01"
        ]
    ),
    key="event_id",
    partition="month",
    person="customer_id",
    erasure="delete",
)

ITEMS = Dataset(
    "items",
    pa.schema(
        [
            ("item_id", pa.string()),
            ("name", pa.string()),
            ("names", pa.string()),  # JSON object, language -> name
            ("category", pa.string()),
            ("price", pa.int64()),
            ("currency", pa.string()),
            ("url", pa.string()),
            ("image_url", pa.string()),
            ("available", pa.bool_()),
            ("properties", pa.string()),  # JSON object
            ("updated_at", _TIME),
        ]
    ),
    key="item_id",
)

_COLUMN = {"text": pa.string(), "number": pa.int64(), "time": _TIME, "flag": pa.bool_()}

PROFILES = Dataset(
    "profiles",
    pa.schema(
        [
            *(
                (feature.name, pa.float64() if feature.decimals else _COLUMN[feature.kind])
                for feature in FEATURES
            ),
            ("traits", pa.string()),  # JSON object: the stated traits
            ("consents", pa.string()),  # JSON object: channel -> purpose -> true or false, the latest word
        ]
    ),
    key="customer_id",
    person="customer_id",
    erasure="delete",
    changes="profiles_changed",
)

INTERESTS = Dataset(
    "interests",
    pa.schema(
        [
            ("customer_id", pa.string()),
            ("kind", pa.string()),  # category, brand, price_band, search
            ("value", pa.string()),
            ("weight", pa.int64()),  # as of the landmark, see ``domain/interest``
            ("total", pa.int64()),  # of all values of the customer and kind, also those not kept
            ("last_at", _TIME),
            ("landmark", pa.date32()),
            ("half_life", pa.int64()),  # days
        ]
    ),
    key="customer_id",
    person="customer_id",
    erasure="delete",
    changes="interests_changed",
)

REJECTS = Dataset(
    "rejects",
    pa.schema(
        [
            ("reject_id", pa.string()),
            ("import_id", pa.string()),
            ("kind", pa.string()),
            ("file", pa.string()),
            ("line", pa.int64()),
            ("reason", pa.string()),
            ("detail", pa.string()),
            ("raw", pa.string()),
            ("customer_id", pa.string()),
            ("source", pa.string()),
            ("received_at", _TIME),
            ("rejected_at", _TIME),
            ("replay", pa.string()),  # key of the replay that it came back from
        ]
    ),
    key="reject_id",
    person="customer_id",
    erasure="delete",
)

PROFILES_CHANGED = replace(PROFILES, name="profiles_changed", changes=None)
INTERESTS_CHANGED = replace(INTERESTS, name="interests_changed", changes=None)

DATASETS = {
    d.name: d for d in (EVENTS, ITEMS, PROFILES, PROFILES_CHANGED, INTERESTS, INTERESTS_CHANGED, REJECTS)
}
