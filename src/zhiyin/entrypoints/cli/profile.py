"""``zhiyin profile``: describe every customer, or show what is known of one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zhiyin.entrypoints.cli.output import JsonOption, WorkspaceOption, print_json, progress, say, table

if TYPE_CHECKING:
    from zhiyin.services.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("profile")(profile)


def profile(
    customer: Annotated[str, typer.Argument(help="Id of a customer, to show her profile.")] = "",
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Compute what is known of all customers, as of now; with an id, show what is known of that one.

    Example: zhiyin profile customer-1
    """
    from zhiyin.entrypoints.cli.output import open_workspace

    ws = open_workspace(workspace)  # before anything touches the records
    if customer:
        _show(ws, customer, as_json=as_json)
    else:
        _run(ws, as_json=as_json)


def _run(ws: Workspace, *, as_json: bool) -> None:
    from dataclasses import asdict

    from zhiyin.domain.money import display
    from zhiyin.services import profiles

    with progress("Reading", quiet=as_json) as step:
        result = profiles.run(ws, step)
    if as_json:
        print_json(asdict(result))
        return
    revenue = display(result.revenue, ws.settings.shop.currency, whole=True)
    say(
        f"[bold]{result.customers:,}[/] customers, {result.buyers:,} buyers, {revenue} revenue, "
        f"in {result.seconds:.1f} s."
    )
    if result.gap_days:
        say(f"Customers usually order every {result.gap_days} days.")
    for title, head, counts in (
        ("Lifecycle", "Stage", result.lifecycle),
        ("RFM", "Group", result.rfm_groups),
    ):
        whole = sum(counts.values()) or 1
        rows = [(name, f"{n:,}", f"{100 * n / whole:.1f} %") for name, n in counts.items()]
        table(title, (head, "Customers", "Share"), rows, right=(1, 2))


def _show(ws: Workspace, customer: str, *, as_json: bool) -> None:
    from zhiyin.domain.feature import BY_NAME
    from zhiyin.services import customer_profile

    found = customer_profile.of(ws, customer)
    if as_json:
        print_json(found.to_dict())
        return

    def day(at: Any) -> str:
        return f"{at.astimezone(ws.timezone):%Y-%m-%d}"

    print(f"{found.name} ({found.customer_id})" if found.name else found.customer_id)
    if found.profiled_at is None:
        say("Not profiled yet: run `zhiyin profile`.")
    else:
        say(f"As profiled on {day(found.profiled_at)}.")
    table("Features", ("Feature", "Called", "Value"),
          [(name, str(BY_NAME[name].label), _shown(value, day)) for name, value in found.features.items()],
          right=(2,), whole=(0,))  # fmt: skip
    rows = [
        (kind.value, one.value, one.score, "█" * round(one.score / 5), day(one.last_at))
        for kind, several in found.interests.items()
        for one in several
    ]
    table("Interests", ("Kind", "In", "Score", "", "Last shown"), rows, right=(2,), whole=(0,))
    stages = [(one.stage.value, day(one.at)) for one in found.stages.transitions]
    table("Stages", ("Stage", "Since"), stages)
    table("Segments", ("Segment", "Name"), list(found.segments.items()))


def _shown(value: Any, day: Any) -> str:
    if hasattr(value, "astimezone"):
        return str(day(value))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
