"""One customer's profile: what is known of her, what she is interested in, her stages, and the segments she is in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from zhiyin.domain.interest import Interest, InterestKind
from zhiyin.services import customers, features, flow, interests, segments
from zhiyin.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class CustomerProfile:
    """Everything that a profiling tells of one customer.

    ``profiled_at`` is when the features were computed, None for who came after the last profiling: of those only
    ``stages`` are known. ``segments`` maps the keys of those she is in to their names.
    """

    customer_id: str
    name: str
    profiled_at: datetime | None
    features: Mapping[str, Any]
    interests: Mapping[InterestKind, list[Interest]]
    stages: flow.History
    segments: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON; times stay times."""
        return {
            "customer_id": self.customer_id,
            "name": self.name,
            "profiled_at": self.profiled_at,
            "features": dict(self.features),
            "interests": {
                kind.value: [
                    {"value": one.value, "score": one.score, "last_at": one.last_at} for one in several
                ]
                for kind, several in self.interests.items()
            },
            "stages": [{"stage": one.stage.value, "since": one.at} for one in self.stages.transitions],
            "gap_days": self.stages.gap_days,
            "segments": [{"key": key, "name": name} for key, name in self.segments.items()],
        }


def of(ws: Workspace, customer_id: str) -> CustomerProfile:
    """The profile of one customer as of now. Raises ``NotFound``."""
    row = customers.get(ws, customer_id)
    return CustomerProfile(
        row.customer_id,
        row.name,
        row.profiled_at,
        features.of(ws, customer_id),
        interests.of(ws, customer_id),
        flow.history(ws, customer_id),
        {one.key: one.name for one in segments.of_customer(ws, customer_id)},
    )
