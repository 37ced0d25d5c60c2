"""``zhiyin customers``: list, find and show customers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from zhiyin.entrypoints.cli.output import JsonOption, WorkspaceOption, open_workspace, print_json, say, table

app = typer.Typer(no_args_is_help=True, help="List, find and show customers.")

_FIELDS = (
    "customer_id", "name", "email", "phone", "language", "created_at", "first_seen", "last_seen",
    "first_order_at", "last_order_at", "orders", "revenue", "average_order_value", "recency_days",
    "r", "f", "m", "rfm_group", "lifecycle", "profiled_at", "traits",
)  # fmt: skip


@app.command("list")
def list_(
    find: Annotated[str, typer.Option(help="Part of a name, an address, a phone number or an id.")] = "",
    stage: Annotated[str, typer.Option(help="Lifecycle stage, such as at_risk.")] = "",
    segment: Annotated[str, typer.Option(help="Key of a segment.")] = "",
    page: Annotated[int, typer.Option(min=1, help="Page to show.")] = 1,
    per_page: Annotated[int, typer.Option(min=1, max=1000, help="Customers on a page.")] = 50,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """List customers, those who ordered last first."""
    from zhiyin.domain.money import display

    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import customers

    found = customers.search(ws, q=find, stage=stage, segment=segment, page=page, per_page=per_page)
    if as_json:
        print_json({"total": found.total, "customers": [_as_dict(row) for row in found.rows]})
        return
    currency = ws.settings.shop.currency
    rows = [
        (c.customer_id, c.name, c.email, c.lifecycle, c.orders, display(c.revenue, currency),
         f"{c.last_order_at.astimezone(ws.timezone):%Y-%m-%d}" if c.last_order_at else "")
        for c in found.rows
    ]  # fmt: skip
    columns = ("Id", "Name", "E-mail", "Stage", "Orders", "Revenue", "Last order")
    table("", columns, rows, right=(4, 5))
    say(f"Page {found.page} of {found.pages}, {found.total:,} customers.")


@app.command()
def show(
    customer: Annotated[str, typer.Argument(help="Id of the customer.")],
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Show one customer: stated and computed traits, and consents."""
    from zhiyin.domain.money import display

    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import customers

    row, consents = customers.get(ws, customer), customers.consents(ws, customer)
    if as_json:
        said = [
            {"channel": c.channel, "purpose": c.purpose, "granted": c.granted, "source": c.source, "at": c.at}
            for c in consents
        ]
        print_json({**_as_dict(row), "consents": said})
        return
    shown = _as_dict(row)
    for name in ("revenue", "average_order_value"):
        if shown[name] is not None:
            shown[name] = display(shown[name], ws.settings.shop.currency)
    rows = [(name, value) for name, value in shown.items() if name != "traits" and value not in (None, "")]
    rows += [(name, value) for name, value in row.traits.items()]
    rows += [(f"{c.channel} {c.purpose}", "yes" if c.granted else "no") for c in consents]
    table(row.name or row.customer_id, ("Trait", "Value"), rows)


def _as_dict(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _FIELDS}
