"""Facts: what the pipeline may know besides the payload, and the memory that it carries on."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

KeepIp = Literal["none", "network", "full"]
LATE = "late:"  # before a visitor: the visit of events that came after those of the next one


class Visit(NamedTuple):
    """The last visit of a visitor: its session, its first and last moment (seconds since 1970, UTC), and how
    many events its last minute had so far."""

    session: str
    start: float
    last: float
    n: int


@dataclass(slots=True)
class Memory:
    """What is remembered between batches. ``seen``, ``visits`` are as they were before; the caller fills in
    those that the batch asks for (see ``pipeline.Asked``).

    Steps write only ``new_ids`` (kept events), ``new_visits`` and ``links`` (anonymous → customer), which the
    caller stores; so that the same batch with the same memory gives the same again.
    """

    seen: Set[str] = frozenset()
    visits: Mapping[str, tuple[str, float, float, int]] = field(default_factory=dict)
    new_ids: dict[str, None] = field(default_factory=dict)
    new_visits: dict[str, Visit] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def visit(self, visitor: str) -> tuple[str, float, float, int] | None:
        """The visit that a visitor made last."""
        return self.new_visits.get(visitor) or self.visits.get(visitor)


@dataclass(frozen=True, slots=True)
class Facts:
    """The shop and what it knows of the people in a batch.

    ``currency`` and ``timezone`` are the shop's; ``keep_ip`` says how much of an address stays: ``none``,
    ``network`` (/24, /48) or ``full``; ``bots`` whether bots are refused. ``identities`` goes from anonymous
    to customer id, ``refusing`` names customers and visitors who do not want to be tracked, ``erased`` when a
    customer was erased: nothing that came before is kept.
    """

    currency: str = "CNY"
    timezone: str = "Asia/Shanghai"
    keep_ip: KeepIp = "network"
    bots: bool = True
    identities: Mapping[str, str] = field(default_factory=dict)
    refusing: Set[str] = frozenset()
    erased: Mapping[str, datetime] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)

    def customer(self, anonymous_id: str) -> str | None:
        """The customer whom an anonymous id belongs to, as far as known by now."""
        return self.memory.links.get(anonymous_id) or self.identities.get(anonymous_id)
