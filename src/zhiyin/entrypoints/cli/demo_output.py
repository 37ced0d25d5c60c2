"""How the demo is told: a progress bar while a step runs, then its figures as a table."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from zhiyin.domain.money import display
from zhiyin.entrypoints.cli.demo_report import report_tables
from zhiyin.entrypoints.cli.output import progress, say, table

if TYPE_CHECKING:
    from zhiyin.services.workspace import Workspace
    from zhiyin.simulate.market import Market
    from zhiyin.simulate.story import Tell

Figures = Mapping[str, Any]
CURRENCY = "CNY"


class Telling:
    """Prints each step with its figures; prints nothing when ``quiet``."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.number = 0
        self.title = ""
        self._begun = time.perf_counter()
        self._bar: AbstractContextManager[Any] | None = None

    @property
    def seconds(self) -> float:
        """Real time since the beginning."""
        return round(time.perf_counter() - self._begun, 1)

    def begin(self, ws: Workspace, market: Market) -> None:
        """What is about to happen."""
        if not self.quiet:
            say(
                f"A tea shop with {market.customers:,} simulated customers in [bold]{ws.folder}[/]: six months "
                f"until {market.until:%Y-%m-%d}, then a campaign, then the days until today."
            )

    def before(self, key: str, title: str) -> Tell:
        """A progress bar for a step."""
        self.number += 1
        self.title = title
        self._bar = progress(title, quiet=self.quiet)
        tell: Tell = self._bar.__enter__()
        return tell

    def after(self, key: str, figures: Figures, seconds: float) -> None:
        """What a step found."""
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
        if not self.quiet:
            say()
            say(f"[bold]{self.number}  {self.title}[/] [dim]{seconds:.1f} s[/]")
            _TELL[key](figures)

    def end(self, ws: Workspace, login: Mapping[str, str], *, serve: bool) -> None:
        """Where to go from here."""
        say()
        say(f"Done in {self.seconds:.0f} s. The workspace is [bold]{ws.folder}[/].")
        if serve:
            say("The console is running; mail sent from it stays on this machine. Ctrl+C ends it.")
        else:
            say(f"`zhiyin serve --workspace {ws.folder}` opens the console.")
        say(f"Console   [bold]{login['address']}[/]")
        say(f"User      [bold]{login['user']}[/]")
        say(f"Password  [bold]{login['password']}[/]  (shown once)")


def _simulate(figures: Figures) -> None:
    rows = figures["rows"]
    table(
        "",
        ("File", "Rows"),
        [(", ".join(figures["files"][kind]), f"{count:,}") for kind, count in rows.items()],
        right=(1,),
    )


def _import(figures: Figures) -> None:
    table(
        "",
        ("Kind", "Read", "Imported", "Rejected", "New", "Rows/s"),
        [
            (
                kind,
                f"{result['read']:,}",
                f"{result['imported']:,}",
                f"{result['rejected']:,}",
                f"{result['new']:,}",
                f"{result['read'] / max(result['seconds'], 0.001):,.0f}",
            )
            for kind, result in figures.items()
        ],
        right=(1, 2, 3, 4, 5),
    )


def _profile(figures: Figures) -> None:
    customers = max(1, figures["customers"])
    say(
        f"{figures['customers']:,} customers, {figures['buyers']:,} have bought, "
        f"revenue {display(figures['revenue'], CURRENCY, whole=True)}, usually {figures['gap_days']} days between orders."
    )
    table(
        "",
        ("Stage", "Customers", "Share"),
        [
            (stage.replace("_", " "), f"{count:,}", f"{count / customers:.0%}")
            for stage, count in figures["lifecycle"].items()
        ],
        right=(1, 2),
    )


def _segments(figures: Figures) -> None:
    table(
        "",
        ("Segment", "Name", "Customers"),
        [(key, found["name"], f"{found['count']:,}") for key, found in figures.items()],
        right=(2,),
    )


def _recommend(figures: Figures) -> None:
    told = figures["report"]["placements"]["email"]
    if "test" not in told:
        say("Too few purchases to compare recommenders; what is popular is shown.")
        return
    validation, metric = told["validation"], told["metric"]
    over = {
        one["model"]: one
        for one in validation["differences"]
        if one["against"] == "popularity" and one["metric"] == metric
    }
    table(
        "",
        (
            "Model, chosen for e-mail on past weeks",
            "Found in 10",
            "NDCG@10",
            "Over popularity",
            "Items shown",
        ),
        [
            (
                name,
                f"{score['recall@10']['value']:.1%}",
                f"{score[metric]['value']:.3f}",
                _interval(over.get(name), "{:+.3f}"),
                f"{score['coverage@10']['value']:.0%}",
            )
            for name, score in validation["models"].items()
        ],
        right=(1, 2, 3, 4),
    )
    test = told["test"]["models"][told["published"]]
    say(
        f"[bold]{told['published']}[/] answers in letters. On later weeks, not looked at before: NDCG@10 "
        f"{test[metric]['value']:.3f}, over popularity {_interval(told['over_popularity'], '{:+.3f}')}."
    )
    say(f"[dim]Protocol: {told['test']['protocol']['told']}[/]")


def _campaign(figures: Figures) -> None:
    table(
        "",
        ("Campaign", "Segment", "Held out", "Refused", "Receive", "Visible from"),
        [
            (
                key,
                f"{review['segment']:,}",
                f"{review['held_out']:,}",
                f"{sum(review['refused'].values()):,}",
                f"{review['will_receive']:,}",
                "" if review["smallest_effect"] is None else f"{100 * review['smallest_effect']:.1f} points",
            )
            for key, review in figures.items()
        ],
        right=(1, 2, 3, 4, 5),
    )


def _send(figures: Figures) -> None:
    table(
        "",
        ("Campaign", "Planned", "Held out", "Refused", "Sent", "Failed", "Unknown", "Per s"),
        [
            (
                key,
                *(f"{sent[part]:,}" for part in ("planned", "held_out", "refused", "accepted", "failed")),
                f"{sent['unknown']:,}",
                f"{sent['per_second']:.0f}",
            )
            for key, sent in figures.items()
        ],
        right=tuple(range(1, 8)),
    )


def _live(figures: Figures) -> None:
    done = {key: value for key, value in figures.items() if key not in _LIVED}
    say(
        f"{figures['days']:.1f} days in {figures['seconds']:.0f} s, {figures['requests']:,} requests; "
        f"orders of {display(figures['revenue'], CURRENCY, whole=True)}."
    )
    table(
        "",
        ("What customers did", "Times"),
        [(what.replace("_", " "), f"{times:,}") for what, times in done.items()],
        right=(1,),
    )


def _interval(estimate: Figures | None, form: str) -> str:
    if estimate is None or estimate["value"] is None:
        return ""
    low, high = form.format(estimate["low"]), form.format(estimate["high"])
    return f"{form.format(estimate['value'])} ({low} to {high})"


_LIVED = ("days", "seconds", "requests", "revenue")
_TELL: dict[str, Callable[[Figures], None]] = {
    "simulate": _simulate,
    "import": _import,
    "profile": _profile,
    "segments": _segments,
    "recommend": _recommend,
    "campaign": _campaign,
    "send": _send,
    "live": _live,
    "report": report_tables,
}
