"""The report of a campaign as tables: the effect, everyone accounted for, for whom, the responses."""

from __future__ import annotations

from typing import Any

from zhiyin.domain.money import display
from zhiyin.entrypoints.cli.output import say, table

_STATES = {
    "measured": "Measured: the interval excludes zero.",
    "no_effect": "No effect seen: the interval lies within what would be worth having.",
    "not_clear": "Not clear: the interval holds both zero and effects worth having.",
    "measuring": "Measuring: figures so far, with intervals that hold for repeated looking.",
    "draft": "Not sent yet, so there is nothing to measure.",
    "no_holdout": "No holdout was kept, so the effect is not known.",
}

_NOTES = {"too_early": "too early to say", "too_few": "too few people", "no_holdout": "no holdout"}


def show(report: dict[str, Any]) -> None:
    """Print a report, given as ``CampaignReport.to_dict()``."""
    currency = report["currency"]
    say(f"[bold]{report['name']}[/] · {_STATES.get(report['state'], report['state'])}")
    if report["state"] == "draft":
        say(f"Send it with: zhiyin campaigns send {report['campaign']}")
        return
    arms = [("Message group", report["message_group"]), ("Holdout", report["holdout_group"])]
    table(
        "As assigned by chance",
        ("Group", "People", "Bought", "Rate", "Revenue"),
        [
            (
                name,
                f"{arm['n']:,}",
                f"{arm['bought']:,}",
                _share(arm["rate"]),
                display(arm["revenue"], currency),
            )
            for name, arm in arms
        ],
        right=(1, 2, 3, 4),
    )
    table(
        "Effect, 95 % interval",
        ("", "Estimate", "From", "To", ""),
        [_effect(line, currency) for line in report["effects"]],
        right=(1, 2, 3),
    )
    if report["probability_positive"] is not None:
        say(f"Probability that the lift is above zero: [bold]{report['probability_positive']:.1%}[/]")
    if report["detectable"] is not None:
        say(f"Smallest lift that this holdout finds with 80 % power: {report['detectable']:.2f} points")
    _accounted(report["accounted"])
    if report["groups"]:
        table(
            "For whom, intervals widened for the number of groups",
            ("Group", "Message", "Holdout", "Lift, points", "From", "To"),
            [
                (
                    part["name"],
                    f"{part['n_message']:,}",
                    f"{part['n_holdout']:,}",
                    *_interval(part["lift"], "points", currency),
                )
                for part in report["groups"]
            ],
            right=(1, 2, 3, 4, 5),
        )
    rows = [
        (name, f"{counts['human']:,}", f"{counts['unknown']:,}", f"{counts['machine']:,}")
        for name, counts in (("Clicked", report["clicked"]), ("Opened", report["opened"]))
    ]
    table("Response", ("", "Human", "Unknown", "Machine"), rows, right=(1, 2, 3))
    say(
        f"Converted {report['converted']:,} · revenue {display(report['revenue'], currency)} · "
        f"cost {display(report['cost'], currency)} · unsubscribed {report['unsubscribed']:,}"
    )
    if report["roi"]["value"] is not None:
        estimate = report["roi"]
        say(
            f"Return on cost: {estimate['value']:.2f} ({_plain(estimate['low'])} to {_plain(estimate['high'])})"
        )
    if report["links"]:
        table(
            "Links",
            ("Address", "Clicks", "People"),
            [(link["url"], f"{link['clicks']:,}", f"{link['people']:,}") for link in report["links"][:10]],
            right=(1, 2),
        )


def _effect(line: dict[str, Any], currency: str) -> tuple[str, str, str, str, str]:
    unit = line["unit"]
    name = line["name"].replace("_", " ") + (", points" if unit == "points" else "")
    note = line["estimate"].get("note", "")
    meaning = "" if line["meaning"] == "unclear" else line["meaning"]
    return (name, *_interval(line["estimate"], unit, currency), meaning or _NOTES.get(note, note))


def _interval(estimate: dict[str, Any], unit: str, currency: str) -> tuple[str, str, str]:
    values = (estimate["value"], estimate["low"], estimate["high"])
    first, second, third = (_value(value, unit, currency) for value in values)
    return first, second, third


def _value(value: float | None, unit: str, currency: str) -> str:
    if value is None:
        return "–"
    if unit == "money":
        return display(value, currency)
    return f"{value:+.2f}" if unit == "points" else f"{value:+,.0f}"


def _accounted(accounted: dict[str, Any]) -> None:
    rows = [("held out", accounted["held_out"])]
    rows += [(f"refused: {reason}", count) for reason, count in accounted["refused"].items()]
    rows += [("delivered", accounted["delivered"])]
    rows += [(f"  came back later: {kind}", count) for kind, count in accounted["came_back"].items()]
    rows += [(f"failed: {reason}", count) for reason, count in accounted["failed"].items()]
    rows += [(name, accounted[name]) for name in ("unknown", "pending") if accounted[name]]
    rows += [("planned", accounted["planned"])]
    table(
        "Everyone accounted for", ("", "People"), [(name, f"{count:,}") for name, count in rows], right=(1,)
    )


def _share(rate: float | None) -> str:
    return "–" if rate is None else f"{rate:.2%}"


def _plain(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
