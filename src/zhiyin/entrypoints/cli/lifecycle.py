"""``zhiyin lifecycle``: the stages of customers, and who moved between two days."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zhiyin.entrypoints.cli.output import (
    JsonOption,
    WorkspaceOption,
    open_workspace,
    print_json,
    progress,
    say,
    table,
)

app = typer.Typer(no_args_is_help=True, help="The stages of customers, and who moved between them.")


@app.command()
def show(workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """Show how many customers are in each stage, as last profiled, and how many visitors had no name by then."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import flow

    found = flow.show(ws)
    visitors = flow.visitors(ws, found.at)
    if as_json:
        gaps = {name: getattr(found.rules, name) / 100 for name in ("new", "active", "lapsed")}
        print_json(
            {"at": found.at, "customers": found.customers, "stages": dict(found.counts),
             "visitors": visitors, "gap_days": found.gap_days, "personal": found.rules.personal, "gaps": gaps}
        )  # fmt: skip
        return
    whole = found.customers or 1
    rows = [(name, f"{n:,}", f"{100 * n / whole:.1f} %") for name, n in found.counts.items()]
    table("", ("Stage", "Customers", "Share"), rows, right=(1, 2))
    rules, gap = found.rules, found.gap_days
    say(
        f"{found.customers:,} customers, profiled {found.at.astimezone(ws.timezone):%Y-%m-%d %H:%M}. "
        f"They usually order every {gap} days: new for {rules.days(rules.new, gap)} days after the first order, "
        f"active for {rules.days(rules.active, gap)} after the last, lapsed after {rules.days(rules.lapsed, gap)}."
    )
    if rules.personal:
        print(
            "So it is for who ordered once; each further order makes it the customer's own time between orders."
        )
    say(f"Besides them {visitors:,} visitors had been seen by then of whom nobody knew who they are.")


@app.command()
def history(
    customer: Annotated[str, typer.Argument(help="Id of the customer.")],
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Show since when a customer was in which stage, by the shop's usual time between orders of today."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import flow

    found = flow.history(ws, customer)
    if as_json:
        entered = [{"stage": one.stage, "since": one.at} for one in found.transitions]
        print_json(
            {"customer": customer, "gap_days": found.gap_days, "personal": found.personal, "stages": entered}
        )
        return
    rows = [(one.stage.value, f"{one.at.astimezone(ws.timezone):%Y-%m-%d}") for one in found.transitions]
    table(customer, ("Stage", "Since"), rows)


@app.command("flow")
def flow_(
    first: Annotated[str, typer.Option("--from", help="The first day, such as 2026-01-01.")],
    second: Annotated[str, typer.Option("--to", help="The second day; today at the latest.")],
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Show who moved from which stage to which between the ends of two days."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.domain.flow import PLACES, Course
    from zhiyin.services import flow

    with progress("Counting stages at both days", quiet=as_json):
        found = flow.flow(ws, flow.day(first), flow.day(second))
    if as_json:
        moves = [
            {"from": m.start, "to": m.end, "customers": m.customers, "course": m.course} for m in found.moves
        ]
        print_json(
            {"from": found.first, "to": found.second, "customers": found.customers,
             "visitors": found.visitors, "moves": moves,
             "at_first": dict(found.at_first), "at_second": dict(found.at_second),
             "gap_days": {"from": found.gap_first, "to": found.gap_second}}
        )  # fmt: skip
        return
    ends = PLACES[1:]
    rows = [
        (start, *(_cell(found.count(start, end)) for end in ends), f"{found.at_first[start]:,}")
        for start in PLACES
    ]
    people = found.customers + found.visitors
    rows.append(("all", *(f"{found.at_second[end]:,}" for end in ends), f"{people:,}"))
    table("From the row to the column", ("", *ends, "all"), rows, right=range(1, len(ends) + 2))
    came, closer, away, stayed = (
        found.of(course) for course in (Course.CAME, Course.CLOSER, Course.AWAY, Course.STAYED)
    )
    say(f"{came:,} came, {closer:,} moved closer, {away:,} moved away, {stayed:,} stayed where they were.")
    say(
        f"{found.visitors:,} visitors had no name at the second day; {found.named:,} customers were among those of "
        "the first."
    )


def _cell(count: int) -> str:
    return f"{count:,}" if count else "·"
