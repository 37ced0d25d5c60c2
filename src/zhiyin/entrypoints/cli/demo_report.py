"""How the demo tells its reports: the effect with its interval first, and the truth beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zhiyin.domain.money import display
from zhiyin.entrypoints.cli.output import say, table

Figures = Mapping[str, Any]
CURRENCY = "CNY"


def report_tables(figures: Figures) -> None:
    """Both groups, what the message changed, and whether the interval holds the truth, for each campaign."""
    for key, found in figures.items():
        report = found["report"]
        arms = [("message", report["message_group"]), ("holdout", report["holdout_group"])]
        say(f"[bold]{report['name']}[/] ({key}): {report['state'].replace('_', ' ')}")
        table(
            "",
            ("Group", "People", "Bought", "Rate", "Revenue"),
            [
                (
                    name,
                    f"{arm['n']:,}",
                    f"{arm['bought']:,}",
                    "" if arm["rate"] is None else f"{arm['rate']:.2%}",
                    display(arm["revenue"], report["currency"], whole=True),
                )
                for name, arm in arms
            ],
            right=(1, 2, 3, 4),
        )
        table(
            "",
            ("What the message changed", "Estimate", "95 % interval"),
            [
                (
                    effect["name"].replace("_", " "),
                    _value(effect["estimate"]["value"], effect["unit"]),
                    _bounds(effect["estimate"], effect["unit"]),
                )
                for effect in report["effects"]
            ],
            right=(1, 2),
        )
        _verdict(found)


def _verdict(found: Figures) -> None:
    report = found["report"]
    lift = report["effects"][0]["estimate"]
    opened, clicked = report["opened"], report["clicked"]
    say(
        f"Opened by {opened['human']:,} people, {opened['unknown']:,} unclear and {opened['machine']:,} machines; "
        f"clicked by {clicked['human']:,} people and {clicked['machine']:,} machines; "
        f"unsubscribed {report['unsubscribed']:,}."
    )
    if report["probability_positive"] is not None:
        say(f"Probability that the lift is above zero: [bold]{report['probability_positive']:.1%}[/].")
    if lift["low"] is not None:
        inside = "inside" if lift["low"] <= found["true_lift"] <= lift["high"] else "outside"
        say(
            f"The truth, known since the market is simulated: {found['true_lift']:+.2f} points, {inside} the "
            "interval. One interval in twenty misses it."
        )


def _value(value: float | None, unit: str) -> str:
    if value is None:
        return "unknown"
    if unit == "points":
        return f"{value:+.2f} points"
    return display(value, CURRENCY, whole=True) if unit == "money" else f"{value:+,.0f}"


def _bounds(estimate: Figures, unit: str) -> str:
    if estimate["low"] is None:
        return str(estimate["note"]).replace("_", " ")
    return f"{_value(estimate['low'], unit)} to {_value(estimate['high'], unit)}"
