"""visits → the device and the channel of most of them."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from zhiyin.loop.profile.features.whole import percent


def devices(visited: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """``main_device``, ``mobile_share`` and ``device_kinds`` of each customer with ``visits`` on a known device."""
    counted = _counted(visited, "device")
    mobile = nw.when(nw.col("device") == "mobile").then(nw.col("n")).otherwise(nw.lit(0))
    return (
        counted.with_columns(mobile=mobile)
        .group_by("customer_id")
        .agg(
            nw.len().alias("kinds"),
            main_device=nw.col("main").min(),
            n=nw.col("n").sum(),
            mobile=nw.col("mobile").sum(),
        )
        .with_columns(nw.col(name).cast(nw.Int64) for name in ("kinds", "n", "mobile"))
        .select(
            "customer_id",
            "main_device",
            mobile_share=percent(nw.col("mobile"), nw.col("n")),
            device_kinds=nw.col("kinds"),
        )
    )


def channels(visited: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """``main_channel`` and ``channel_kinds`` of each customer with ``visits`` of which one tells where it comes from."""
    return (
        _counted(visited, "channel")
        .group_by("customer_id")
        .agg(nw.len().alias("channel_kinds"), main_channel=nw.col("main").min())
        .with_columns(nw.col("channel_kinds").cast(nw.Int64))
    )


def _counted(visited: nw.LazyFrame[Any], column: str) -> nw.LazyFrame[Any]:
    """Each value with its number of visits ``n``; ``main`` is the value where no other has more."""
    counted = (
        visited.filter((nw.col(column) != "").fill_null(False))
        .group_by("customer_id", column)
        .agg(n=nw.len())
        .with_columns(n=nw.col("n").cast(nw.Int64))
        .with_columns(most=nw.col("n").max().over("customer_id"))
    )
    return counted.with_columns(main=nw.when(nw.col("n") == nw.col("most")).then(nw.col(column)))
