"""What customers stated of themselves, by attribute: what recommenders may part them by."""

from __future__ import annotations

from collections.abc import Sequence

from zhiyin.adapters.records.models import Customer
from zhiyin.services.workspace import Workspace

_BATCH = 10_000


def attributes(ws: Workspace, customer_ids: Sequence[str]) -> dict[str, list[str | None]]:
    """Language and stated traits that are words, one value for each customer, None where it is not known.

    Computed traits are left out: they tell what the customer did later, too, which no model may learn from.
    """
    found: dict[str, list[str | None]] = {}
    size = len(customer_ids)
    for start in range(0, size, _BATCH):
        batch = {customer_id: start + n for n, customer_id in enumerate(customer_ids[start : start + _BATCH])}
        rows = Customer.objects.filter(pk__in=list(batch)).order_by().values_list("pk", "language", "traits")
        for customer_id, language, traits in rows:
            for name, value in {**traits, "language": language}.items():
                if isinstance(value, str) and value:
                    found.setdefault(name, [None] * size)[batch[customer_id]] = value
    return found
