"""Opens and clicks of a campaign, classified now from the raw events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import narwhals as nw

from zhiyin.domain.event import EMAIL_DELIVERED, EMAIL_LINK_CLICKED, EMAIL_OPENED, UNSUBSCRIBED
from zhiyin.loop.measure import opens
from zhiyin.loop.measure.opens import Counts, Hit
from zhiyin.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Link:
    """A link of the message: clicks by people, and how many people those were."""

    url: str
    clicks: int
    people: int


@dataclass(frozen=True, slots=True)
class Hits:
    """People who opened, who clicked, on what, and who unsubscribed through this campaign."""

    opened: Counts = field(default_factory=Counts)
    clicked: Counts = field(default_factory=Counts)
    links: tuple[Link, ...] = ()
    unsubscribed: int = 0


def of(ws: Workspace, key: str, since: datetime, until: datetime) -> Hits:
    """The opens and clicks of a campaign's messages between two moments."""
    own = ws.lake.events(properties=["token", "user_agent", "method", "url"]).filter(
        nw.col("campaign") == key,
        nw.col("timestamp") >= _plain(since),
        nw.col("timestamp") <= _plain(until),
    )
    wanted = {name: f"property_{name}" for name in ("token", "user_agent", "method", "url")}
    delivered = (
        own.filter(nw.col("event") == EMAIL_DELIVERED)
        .group_by("property_token")
        .agg(delivered_at=nw.col("timestamp").min())
    )
    # of equal hits on one message the first is enough, save for clicks, which are counted
    seen = (
        own.filter(nw.col("event") == EMAIL_OPENED)
        .group_by("property_token", "property_user_agent", "property_method")
        .agg(timestamp=nw.col("timestamp").min())
        .join(delivered, on="property_token", how="left")
    )
    kinds: dict[str, list[str]] = {}
    for hit in ws.lake.collect(seen).to_pylist():
        kinds.setdefault(hit["property_token"], []).append(opens.opened(_hit(hit)))
    followed = (
        own.filter(nw.col("event") == EMAIL_LINK_CLICKED)
        .select("timestamp", *wanted.values())
        .join(delivered, on="property_token", how="left")
    )
    clicks: dict[str, list[Hit]] = {}
    for hit in ws.lake.collect(followed).to_pylist():
        clicks.setdefault(hit["property_token"], []).append(_hit(hit))
    verdicts = {token: opens.clicked(hits) for token, hits in clicks.items()}
    left = own.filter(nw.col("event") == UNSUBSCRIBED).select(nw.col("customer_id").n_unique())
    return Hits(
        opened=opens.count(opens.best(each) for each in kinds.values()),
        clicked=opens.count(opens.best(each) for each in verdicts.values()),
        links=_links(clicks, verdicts),
        unsubscribed=ws.lake.collect(left)["customer_id"][0].as_py(),
    )


def _hit(row: Mapping[str, Any]) -> Hit:
    delivered = row["delivered_at"]
    after = (row["timestamp"] - delivered).total_seconds() if delivered else None
    return Hit(
        row["property_user_agent"] or "",
        row["property_method"] or "GET",
        after,
        row.get("property_url") or "",
    )


def _links(clicks: Mapping[str, list[Hit]], verdicts: Mapping[str, list[str]]) -> tuple[Link, ...]:
    total: Counter[str] = Counter()
    people: dict[str, set[str]] = {}
    for token, hits in clicks.items():
        for hit, kind in zip(hits, verdicts[token], strict=True):
            total[hit.url] += kind == opens.HUMAN
            people.setdefault(hit.url, set())
            if kind == opens.HUMAN:
                people[hit.url].add(token)
    return tuple(
        Link(url, total[url], len(people[url])) for url in sorted(people, key=lambda url: (-total[url], url))
    )


def _plain(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
