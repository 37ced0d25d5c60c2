"""Opens and clicks of a campaign, classified now from the raw events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from zhiyin.domain.engagement import HUMAN
from zhiyin.domain.event import EMAIL_DELIVERED, EMAIL_LINK_CLICKED, EMAIL_OPENED, UNSUBSCRIBED
from zhiyin.loop.measure import opens as rules
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
    soon = nw.col("timestamp") < nw.col("delivered_at") + nw.lit(timedelta(seconds=rules.SOON))
    seen = (
        own.filter(nw.col("event") == EMAIL_OPENED)
        .join(delivered, on="property_token", how="left")
        .with_columns(soon=soon.fill_null(False))
        .group_by("property_token", "property_user_agent", "property_method", "soon")
        .agg(timestamp=nw.col("timestamp").min(), delivered_at=nw.col("delivered_at").min())
    )
    kinds: dict[str, list[str]] = {}
    for token, hit in _rows(ws.lake.collect(seen)):
        kinds.setdefault(token, []).append(rules.opened(hit))
    followed = (
        own.filter(nw.col("event") == EMAIL_LINK_CLICKED)
        .select("timestamp", *wanted.values())
        .join(delivered, on="property_token", how="left")
    )
    clicks: dict[str, list[Hit]] = {}
    for token, hit in _rows(ws.lake.collect(followed)):
        clicks.setdefault(token, []).append(hit)
    verdicts = {token: rules.clicked(hits) for token, hits in clicks.items()}
    left = own.filter(nw.col("event") == UNSUBSCRIBED).select("customer_id").unique()
    return Hits(
        opened=rules.count(rules.best(each) for each in kinds.values()),
        clicked=rules.count(rules.best(each) for each in verdicts.values()),
        links=_links(clicks, verdicts),
        unsubscribed=ws.lake.collect(left).num_rows or 0,
    )


def _rows(hits: pa.Table) -> Iterator[tuple[str, Hit]]:
    """The message's token and the hit, column by column since there may be a million."""
    after = pc.divide(pc.subtract(hits["timestamp"], hits["delivered_at"]).cast(pa.int64()), 1e6)
    empty = pa.nulls(hits.num_rows, pa.string())
    url = hits["property_url"] if "property_url" in hits.column_names else empty
    columns = (
        hits["property_token"],
        pc.fill_null(hits["property_user_agent"], ""),
        pc.fill_null(hits["property_method"], "GET"),
        after,
        pc.fill_null(url, ""),
    )
    for token, *hit in zip(*(column.to_pylist() for column in columns), strict=True):
        yield token, Hit(*hit)


def _links(clicks: Mapping[str, list[Hit]], verdicts: Mapping[str, list[str]]) -> tuple[Link, ...]:
    total: Counter[str] = Counter()
    people: dict[str, set[str]] = {}
    for token, hits in clicks.items():
        for hit, kind in zip(hits, verdicts[token], strict=True):
            total[hit.url] += kind == HUMAN
            people.setdefault(hit.url, set())
            if kind == HUMAN:
                people[hit.url].add(token)
    return tuple(
        Link(url, total[url], len(people[url])) for url in sorted(people, key=lambda url: (-total[url], url))
    )


def _plain(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
