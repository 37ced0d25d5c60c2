"""messages and what people did with them → how much a customer reads of what the shop sends."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import narwhals as nw

from zhiyin.domain.engagement import RULE
from zhiyin.domain.event import EMAIL_DELIVERED, MESSAGE_CLICKED, MESSAGE_OPENED
from zhiyin.domain.feature import ENGAGED_DAYS
from zhiyin.loop.profile.features.whole import percent, plain


def engagement(events: nw.LazyFrame[Any], as_of: datetime) -> nw.LazyFrame[Any]:
    """``messages_90d``, ``opened_90d``, ``clicked_90d``, ``last_engaged_at`` and ``engagement`` of who got a message.

    Opens and clicks are those of people by the present rule, each message once, as of the first. ``engagement`` is the
    per cent of the messages delivered within ``ENGAGED_DAYS`` that were opened or clicked. Needs the columns ``token``
    and ``rule`` of ``COLUMNS``.
    """
    now = plain(as_of)
    recent = nw.col("timestamp") > now - timedelta(days=ENGAGED_DAYS)
    delivered, opened, clicked = (
        nw.col("event") == name for name in (EMAIL_DELIVERED, MESSAGE_OPENED, MESSAGE_CLICKED)
    )
    judged = (opened | clicked) & (nw.col("rule") == str(RULE)).fill_null(False)
    known = events.filter(
        delivered | opened | clicked, ~nw.col("customer_id").is_null(), nw.col("timestamp") <= now
    ).filter((delivered & recent) | judged)
    messages = (
        known.select(
            "customer_id",
            message=nw.coalesce("token", "event_id"),
            delivered=_one(delivered),
            touched=_one(judged),
            opened=_one(opened & recent),
            clicked=_one(clicked & recent),
            at=nw.when(judged).then(nw.col("timestamp")),
        )
        .group_by("customer_id", "message")
        .agg(
            *(nw.col(name).max() for name in ("delivered", "touched", "opened", "clicked")),
            nw.col("at").max(),
        )
        .with_columns(read=nw.col("delivered") * nw.col("touched"))
    )
    sums = ("delivered", "opened", "clicked", "read")
    return (
        messages.group_by("customer_id")
        .agg(*(nw.col(name).sum() for name in sums), nw.col("at").max())
        .with_columns(nw.col(name).cast(nw.Int64) for name in sums)
        .select(
            "customer_id",
            messages_90d=nw.col("delivered"),
            opened_90d=nw.col("opened"),
            clicked_90d=nw.col("clicked"),
            last_engaged_at=nw.col("at"),
            engagement=percent(nw.col("read"), nw.col("delivered")),
        )
    )


def _one(flag: nw.Expr) -> nw.Expr:
    return nw.when(flag).then(nw.lit(1)).otherwise(nw.lit(0))
