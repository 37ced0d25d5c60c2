"""visits and searches → how often, how deep, how long, and for what a customer looks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import narwhals as nw

from zhiyin.domain.event import PRODUCTS_SEARCHED
from zhiyin.domain.feature import RHYTHM_DAYS, VISIT_DAYS
from zhiyin.loop.profile.features.whole import plain, seconds, share

_LONGEST = 200  # characters of a search


def visits(events: nw.LazyFrame[Any], as_of: datetime) -> nw.LazyFrame[Any]:
    """The visits that customers made within ``VISIT_DAYS``, one row each.

    ``pages`` counts pages and screens, ``seconds`` is from the first to the last event, ``device`` and ``channel``
    what the visit came from, as far as known: the channel is that of the first event, or if that one was
    anonymous still, of any whose referrer is not the shop itself. Only events up to ``as_of`` and within the
    window count, so a visit on its border is counted by what lies inside.

    Needs the columns ``device``, ``utm_medium`` and ``referrer_medium`` of ``COLUMNS``.
    """
    now = plain(as_of)
    start = now - timedelta(days=VISIT_DAYS)
    mark = nw.col("utm_medium").str.to_lowercase()
    outside = (nw.col("referrer_medium") != "internal").fill_null(False)
    page = (nw.col("type") == "page") | (nw.col("type") == "screen")
    found = (
        events.filter(
            ~nw.col("session_id").is_null(),
            ~nw.col("customer_id").is_null(),
            nw.col("timestamp") > start,
            nw.col("timestamp") <= now,
            nw.col("month") >= f"{start:%Y-%m}",
        )
        .with_columns(
            page=nw.when(page).then(nw.lit(1)).otherwise(nw.lit(0)),
            channel=nw.coalesce(mark, nw.when(outside).then(nw.col("referrer_medium"))),
        )
        .with_columns(entry=nw.when(nw.col("event_id") == nw.col("session_id")).then(nw.col("channel")))
        .group_by("customer_id", "session_id")
        .agg(
            begin=nw.col("timestamp").min(),
            end=nw.col("timestamp").max(),
            pages=nw.col("page").sum(),
            device=nw.col("device").min(),
            entry=nw.col("entry").min(),
            channel=nw.col("channel").min(),
        )
    )
    return found.select(
        "customer_id",
        "device",
        pages=nw.col("pages").cast(nw.Int64),
        seconds=seconds("end") - seconds("begin"),
        channel=nw.coalesce("entry", "channel"),
    )


def browsing(visited: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """``visits_90d``, ``pages_per_visit`` and ``visit_seconds`` of each customer with ``visits``."""
    seeing = nw.when(nw.col("pages") > 0).then(nw.lit(1)).otherwise(nw.lit(0))
    summed = (
        visited.with_columns(seeing=seeing)
        .group_by("customer_id")
        .agg(
            visits_90d=nw.len(),
            pages=nw.col("pages").sum(),
            seeing=nw.col("seeing").sum(),
            middle=nw.col("seconds").median(),
        )
        .with_columns(nw.col("pages").cast(nw.Int64), nw.col("seeing").cast(nw.Int64))
    )
    tenths = share(nw.col("pages") * 20 + nw.col("seeing"), nw.col("seeing") * 2)
    return summed.select(
        "customer_id",
        visits_90d=nw.col("visits_90d").cast(nw.Int64),
        pages_per_visit=nw.when(nw.col("seeing") > 0).then(tenths.cast(nw.Float64) / 10.0),
        visit_seconds=(nw.col("middle") + 0.5).floor().cast(nw.Int64),
    )


def searches(events: nw.LazyFrame[Any], as_of: datetime) -> nw.LazyFrame[Any]:
    """``searches_90d``, ``last_search`` and ``main_search``, as they were written; of two at one moment the last by
    letters, of two as frequent the first.

    Needs the column ``query`` of ``COLUMNS``.
    """
    now = plain(as_of)
    start, recent = (now - timedelta(days=days) for days in (RHYTHM_DAYS, VISIT_DAYS))
    words = nw.col("query").str.strip_chars().str.slice(0, _LONGEST)
    searched = events.filter(
        nw.col("event") == PRODUCTS_SEARCHED,
        ~nw.col("customer_id").is_null(),
        nw.col("timestamp") > start,
        nw.col("timestamp") <= now,
        nw.col("month") >= f"{start:%Y-%m}",
    ).select(
        "customer_id",
        "timestamp",
        words=nw.when(words != "").then(words),
        recent=nw.when(nw.col("timestamp") > recent).then(nw.lit(1)).otherwise(nw.lit(0)),
    )
    last = (
        searched.with_columns(worded=nw.when(~nw.col("words").is_null()).then(nw.col("timestamp")))
        .with_columns(last=nw.col("worded").max().over("customer_id"))
        .with_columns(words=nw.when(nw.col("timestamp") == nw.col("last")).then(nw.col("words")))
        .group_by("customer_id")
        .agg(searches_90d=nw.col("recent").sum(), last_search=nw.col("words").max())
        .with_columns(nw.col("searches_90d").cast(nw.Int64))
    )
    main = (
        searched.filter(nw.col("recent") == 1, ~nw.col("words").is_null())
        .group_by("customer_id", "words")
        .agg(n=nw.len())
        .with_columns(n=nw.col("n").cast(nw.Int64))
        .with_columns(most=nw.col("n").max().over("customer_id"))
        .filter(nw.col("n") == nw.col("most"))
        .group_by("customer_id")
        .agg(main_search=nw.col("words").min())
    )
    return last.join(main, on="customer_id", how="left")
