"""rules → which segments have to be looked at again after an event.

A segment listens to the events that its conditions count and to those that move the traits it compares. What
happens to memberships themselves is heard by none: a segment that listened to its own events would never rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from zhiyin.domain.event import (
    CONSENT_CHANGED,
    ORDER_CANCELLED,
    ORDER_COMPLETED,
    ORDER_REFUNDED,
    SEGMENT_ENTERED,
    SEGMENT_EXITED,
)
from zhiyin.domain.segment import Rule, conditions
from zhiyin.loop.profile.condition import Condition
from zhiyin.loop.profile.features.spending import NOT_SEEN
from zhiyin.loop.profile.segment_frame import plan

IDENTIFY = "identify"  # the name of events that state traits
NEW = ""  # a customer of whom nothing was known before: all segments listen
DESCRIBED = "#"  # a customer whose features were found anew
UNHEARD = frozenset({SEGMENT_ENTERED, SEGMENT_EXITED})
_ORDERS = frozenset({ORDER_COMPLETED, ORDER_CANCELLED, ORDER_REFUNDED})
_ORDERED = frozenset(
    {
        "orders",
        "revenue",
        "average_order_value",
        "first_order_at",
        "last_order_at",
        "recency_days",
        "lifecycle",
    }
)
_SEEN = frozenset({"first_seen", "last_seen", "tenure_days"})
_AT_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Listeners:
    """Segments by event name; ``seen`` are those that ask when somebody was seen, ``described`` those that compare any
    feature or interest."""

    by_event: Mapping[str, frozenset[str]] = field(default_factory=dict)
    seen: frozenset[str] = frozenset()
    described: frozenset[str] = frozenset()
    every: frozenset[str] = frozenset()

    def of(self, event: str) -> frozenset[str]:
        """The segments that an event concerns."""
        if event == NEW:
            return self.every
        if event == DESCRIBED:
            return self.described
        if event in UNHEARD:
            return frozenset()
        found = self.by_event.get(event, frozenset())
        return found if event in NOT_SEEN else found | self.seen


def index(rules: Mapping[str, Rule]) -> Listeners:
    """Who listens to what, for rules by the key of their segment.

    >>> from zhiyin.loop.profile.segment_text import parse
    >>> heard = index({"tea": parse('did("Product Viewed") and orders >= 1'), "all": parse("everyone")})
    >>> sorted(heard.of("Order Completed")), sorted(heard.of("Email Opened")), sorted(heard.of(""))
    (['tea'], [], ['all', 'tea'])
    """
    by_event: dict[str, set[str]] = {}
    seen, described = set(), set()
    for key, rule in rules.items():
        needs = plan([rule], _AT_ANY_TIME).needs
        if needs.features or needs.interests:
            described.add(key)
        said = {name for leaf in conditions(rule) if isinstance(leaf, Condition) for name in leaf.LISTENS}
        for event in said | needs.events | moving(needs.features, stated=bool(needs.traits)):
            by_event.setdefault(event, set()).add(key)
        if needs.features & _SEEN:
            seen.add(key)
    return Listeners(_frozen(by_event), frozenset(seen), frozenset(described), frozenset(rules))


def moving(features: Iterable[str], *, stated: bool = False) -> frozenset[str]:
    """The events that move one of these features at once; ``stated`` where stated traits are among them."""
    found: set[str] = {IDENTIFY} if stated else set()
    for name in features:
        if name in _ORDERED:
            found |= _ORDERS
        elif name == "email_consent":
            found.add(CONSENT_CHANGED)
        elif name in ("email", "name", "language"):
            found.add(IDENTIFY)
    return frozenset(found)


def _frozen(found: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {name: frozenset(keys) for name, keys in found.items()}
