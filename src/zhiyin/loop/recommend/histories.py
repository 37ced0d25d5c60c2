"""interactions → the history of each customer, latest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from zhiyin.domain.interaction import Interaction

LATEST = 200  # what a customer did before that says little and costs as much


def histories(
    interactions: pa.Table, customer_ids: Sequence[str], *, latest: int = LATEST
) -> list[list[Interaction]]:
    """One history for each id, in the order of the ids; empty for customers without interactions."""
    wanted = pc.is_in(interactions["customer_id"], value_set=pa.array(customer_ids, pa.string()))
    rows = interactions.filter(wanted).sort_by([("at", "descending"), ("item_id", "ascending")])
    found: dict[str, list[Interaction]] = {}
    moments = rows["at"].cast(pa.timestamp("us")).cast(pa.int64()).to_pylist()
    for customer_id, item_id, kind, moment in zip(
        rows["customer_id"].to_pylist(),
        rows["item_id"].to_pylist(),
        rows["kind"].to_pylist(),
        moments,
        strict=True,
    ):
        history = found.setdefault(customer_id, [])
        if len(history) < latest:
            history.append(Interaction(item_id, kind, datetime.fromtimestamp(moment / 1_000_000, UTC)))
    return [found.get(customer_id, []) for customer_id in customer_ids]
