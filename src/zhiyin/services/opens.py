"""Opens and clicks of a campaign, classified now from the raw events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from zhiyin.domain.engagement import HIDDEN, HUMAN
from zhiyin.domain.event import EMAIL_DELIVERED, EMAIL_LINK_CLICKED, EMAIL_OPENED, UNSUBSCRIBED
from zhiyin.loop.measure import opens as rules
from zhiyin.loop.measure.opens import Counts, Hit
from zhiyin.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Link:
    """A link of the message: clicks by people, how many people those were, and the hits that were not surely theirs."""

    url: str
    clicks: int
    people: int
    others: int = 0


@dataclass(frozen=True, slots=True)
class Hits:
    """People who opened, who clicked, on what, and who unsubscribed through this campaign."""

    opened: Counts = field(default_factory=Counts)
    clicked: Counts = field(default_factory=Counts)
    links: tuple[Link, ...] = ()
    unsubscribed: int = 0


_PROPERTIES = ("token", "user_agent", "method", "url", "ip")


@dataclass(frozen=True, slots=True)
class Follower:
    """One message whose reader followed a link: how often, and how many seconds after delivery first."""

    token: str
    clicks: int
    after: float | None


def of(ws: Workspace, key: str, since: datetime, until: datetime) -> Hits:
    """The opens and clicks of a campaign's messages between two moments."""
    own = _own(ws, key, since, until)
    hits, verdicts = _judged(ws, own)
    left = own.filter(nw.col("event") == UNSUBSCRIBED).select("customer_id").unique()
    return Hits(
        opened=_people(hits, verdicts, links=False),
        clicked=_people(hits, verdicts, links=True),
        links=_links(hits, verdicts),
        unsubscribed=ws.lake.collect(left).num_rows or 0,
    )


def followers(ws: Workspace, key: str, url: str, since: datetime, until: datetime) -> list[Follower]:
    """The messages of a campaign in which a person followed this link, the first to do so first."""
    hits, verdicts = _judged(ws, _own(ws, key, since, until))
    found = []
    for token, each in hits.items():
        theirs = [
            hit.after
            for hit, kind in zip(each, verdicts[token], strict=True)
            if hit.url == url and kind == HUMAN
        ]
        if theirs:
            found.append(
                Follower(token, len(theirs), min((a for a in theirs if a is not None), default=None))
            )
    return sorted(found, key=lambda one: (one.after is None, one.after or 0.0, one.token))


def _own(ws: Workspace, key: str, since: datetime, until: datetime) -> nw.LazyFrame:
    return ws.lake.events(properties=_PROPERTIES).filter(
        nw.col("campaign") == key,
        nw.col("timestamp") >= _plain(since),
        nw.col("timestamp") <= _plain(until),
    )


def _judged(ws: Workspace, own: nw.LazyFrame) -> tuple[dict[str, list[Hit]], dict[str, list[str]]]:
    """All hits of each message that was clicked or opened, and who made them."""
    delivered = (
        own.filter(nw.col("event") == EMAIL_DELIVERED)
        .group_by("property_token")
        .agg(delivered_at=nw.col("timestamp").min())
    )
    columns = ("timestamp", *(f"property_{name}" for name in _PROPERTIES))
    pixels = own.filter(nw.col("event") == EMAIL_OPENED).select(*columns)
    followed = own.filter(nw.col("event") == EMAIL_LINK_CLICKED).select(*columns)
    clicked = followed.select("property_token").unique()
    hits: dict[str, list[Hit]] = {}
    for part in (
        followed.join(delivered, on="property_token", how="left"),
        pixels.join(clicked, on="property_token", how="semi").join(
            delivered, on="property_token", how="left"
        ),
        _first(pixels.join(clicked, on="property_token", how="anti"), delivered),
    ):
        for token, hit in _rows(ws.lake.collect(part)):
            hits.setdefault(token, []).append(hit)
    return hits, {token: rules.judge(each) for token, each in hits.items()}


def _first(pixels: nw.LazyFrame, delivered: nw.LazyFrame) -> nw.LazyFrame:
    """Of equal hits on the pixel of a message the first is enough, where nothing else can say who that was."""
    soon = nw.col("timestamp") < nw.col("delivered_at") + nw.lit(timedelta(seconds=rules.SOON))
    return (
        pixels.join(delivered, on="property_token", how="left")
        .with_columns(soon=soon.fill_null(False))
        .group_by("property_token", "property_user_agent", "property_method", "soon")
        .agg(timestamp=nw.col("timestamp").min(), delivered_at=nw.col("delivered_at").min())
    )


def _rows(hits: pa.Table) -> Iterator[tuple[str, Hit]]:
    """The message's token and the hit, column by column since there may be a million."""
    after = pc.divide(pc.subtract(hits["timestamp"], hits["delivered_at"]).cast(pa.int64()), 1e6)
    empty = pa.nulls(hits.num_rows, pa.string())

    def text(name: str, missing: str = "") -> pa.ChunkedArray:
        return pc.fill_null(hits[name] if name in hits.column_names else empty, missing)

    columns = (
        hits["property_token"],
        text("property_user_agent"),
        text("property_method", "GET"),
        after,
        text("property_url"),
        text("property_ip"),
    )
    for token, *hit in zip(*(column.to_pylist() for column in columns), strict=True):
        yield token, Hit(*hit)


def _people(
    hits: Mapping[str, Sequence[Hit]], verdicts: Mapping[str, Sequence[str]], *, links: bool
) -> Counts:
    """People by the best evidence there is that they opened, or clicked."""
    kinds = (
        [kind for hit, kind in zip(each, verdicts[token], strict=True) if bool(hit.url) is links]
        for token, each in hits.items()
    )
    return rules.count(rules.best(each) for each in kinds if each)


def _links(hits: Mapping[str, Sequence[Hit]], verdicts: Mapping[str, Sequence[str]]) -> tuple[Link, ...]:
    total: Counter[str] = Counter()
    others: Counter[str] = Counter()
    people: dict[str, set[str]] = {}
    for token, each in hits.items():
        for hit, kind in zip(each, verdicts[token], strict=True):
            if hit.url in ("", HIDDEN):
                continue
            total[hit.url] += kind == HUMAN
            others[hit.url] += kind != HUMAN
            people.setdefault(hit.url, set())
            if kind == HUMAN:
                people[hit.url].add(token)
    return tuple(
        Link(url, total[url], len(people[url]), others[url])
        for url in sorted(people, key=lambda url: (-total[url], url))
    )


def _plain(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
