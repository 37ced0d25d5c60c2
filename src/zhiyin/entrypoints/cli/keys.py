"""``zhiyin keys``: who may send transactional messages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zhiyin.entrypoints.cli.output import (
    JsonOption,
    WorkspaceOption,
    open_workspace,
    print_json,
    say,
    table,
)

if TYPE_CHECKING:
    from zhiyin.adapters.records.models import ApiKey

app = typer.Typer(no_args_is_help=True, help="API keys, which send transactional messages.")

Name = Annotated[str, typer.Argument(help="What holds the key, such as 'Shop backend'.")]


@app.command("list")
def list_(workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """List the keys; the keys themselves are not kept."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import api_keys

    rows = [_plain(row) for row in api_keys.list_(ws)]
    if as_json:
        print_json(rows)
        return
    columns = ("Key", "Scope", "Created", "Last used", "Revoked")
    table("", columns, [tuple(_cell(value) for value in row.values()) for row in rows])


@app.command("create")
def create(name: Name, workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """Create a key of the scope messages; it is shown once."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import api_keys

    row, key = api_keys.create(ws, name)
    if as_json:
        print_json({**_plain(row), "key": key})
        return
    say(f"Key of {row.name}: [bold]{key}[/]")
    say("It is not shown again. Send it as: Authorization: Bearer KEY")


@app.command("revoke")
def revoke(name: Name, workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """Switch a key off for good, at once."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import api_keys

    row = api_keys.revoke(ws, name)
    if as_json:
        print_json(_plain(row))
    else:
        print(f"{row.name} is revoked.")


def _plain(row: ApiKey) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("name", "scope", "created_at", "used_at", "revoked_at")}


def _cell(value: Any) -> str:
    return value.strftime("%Y-%m-%d") if hasattr(value, "strftime") else str(value or "")
