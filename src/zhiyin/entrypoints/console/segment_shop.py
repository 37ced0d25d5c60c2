"""What the builder's lists offer in a shop: its traits, its segments, the events that can be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from zhiyin.loop.profile.comparison import trait_kind
from zhiyin.services.traits import TraitInfo
from zhiyin.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop as the builder needs it; amounts are typed in major units of its currency, times in its zone."""

    currency: str
    zone: ZoneInfo
    traits: Mapping[str, TraitInfo] = field(default_factory=dict)
    segments: Mapping[str, str] = field(default_factory=dict)  # key -> name
    campaigns: Mapping[str, str] = field(default_factory=dict)

    def trait(self, name: str) -> TraitInfo:
        """A trait; one that no customer has is a text, unless it is computed."""
        kind = trait_kind(name)
        return self.traits.get(name) or TraitInfo(name, "text" if kind == "stated" else kind)


def shop(ws: Workspace, own: str = "") -> Shop:
    """The shop of a workspace; a segment (``own``) cannot name itself."""
    from zhiyin.services import campaigns, segments, traits

    return Shop(
        ws.settings.shop.currency,
        ws.timezone,
        {info.name: info for info in traits.known(ws)},
        {row.key: row.name for row in segments.list_(ws) if row.key != own},
        {row.key: row.name for row in campaigns.list_(ws)},
    )
