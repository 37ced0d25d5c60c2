"""``zhiyin domains``: the keys that sign messages, and what to publish in the DNS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zhiyin.entrypoints.cli.output import JsonOption, WorkspaceOption, open_workspace, print_json, say, table

if TYPE_CHECKING:
    from zhiyin.adapters.records.models import DkimKey, SendingDomain
    from zhiyin.services.workspace import Workspace

app = typer.Typer(no_args_is_help=True, help="Sending domains: keys that sign messages, and DNS records.")

Name = Annotated[str, typer.Argument(help="The domain, such as example.com.")]


@app.command("list")
def list_(workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """List the domains and the keys that sign for them."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import sending_domain

    rows = sending_domain.list_(ws)
    if as_json:
        print_json([{"domain": row.name, "keys": [_plain(key) for key in row.keys.all()]} for row in rows])
        return
    cells = [
        (row.name, key.selector, key.algorithm, key.noun.state, f"{key.created_at:%Y-%m-%d}")
        for row in rows
        for key in row.keys.all()
    ]
    table("", ("Domain", "Selector", "Algorithm", "State", "Made"), cells)


@app.command("add")
def add(name: Name, workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """Add a domain with a first RSA key; from then on its messages are signed."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import sending_domain

    _show(ws, sending_domain.add(ws, name), as_json)


@app.command("show")
def show(name: Name, workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """Show the keys of a domain and the DNS records to publish, as lines of a zone file."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import sending_domain

    _show(ws, sending_domain.get(ws, name), as_json)


@app.command("key")
def key(
    name: Name,
    algorithm: Annotated[str, typer.Option("--algorithm", help="rsa-2048 or ed25519.")] = "rsa-2048",
    selector: Annotated[
        str, typer.Option("--selector", help="Its name; made of the month if left out.")
    ] = "",
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", exists=True, dir_okay=False, help="A private key in PEM to take, not to make one."
        ),
    ] = None,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Add a key, made here or taken from a file; it signs beside the others."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import sending_domain

    pem = file.read_bytes() if file else b""
    sending_domain.add_key(ws, name, algorithm, selector=selector, pem=pem)
    _show(ws, sending_domain.get(ws, name), as_json)


@app.command("rotate")
def rotate(name: Name, workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """Make new keys; old and new sign together until the old ones are retired."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import sending_domain

    sending_domain.rotate(ws, name)
    _show(ws, sending_domain.get(ws, name), as_json)


@app.command("retire")
def retire(
    name: Name,
    selector: Annotated[str, typer.Argument(help="The selector of the key.")],
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Stop signing with a key; leave its record in the DNS for a week."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import sending_domain

    sending_domain.retire(ws, name, selector)
    _show(ws, sending_domain.get(ws, name), as_json)


@app.command("remove")
def remove(name: Name, workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """Forget a domain and its keys; its messages go unsigned from then on."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import sending_domain

    row = sending_domain.get(ws, name)
    sending_domain.remove(ws, name)
    if as_json:
        print_json({"removed": row.name})
    else:
        say(f"{row.name} is removed, and its keys with it.")


def _show(ws: Workspace, row: SendingDomain, as_json: bool) -> None:
    from zhiyin.services import dns_records

    keys, records = [_plain(one) for one in row.keys.all()], dns_records.of(ws, row)
    if as_json:
        published = [
            {"kind": one.kind, "name": one.record.name, "value": one.record.value,
             "strings": one.record.strings, "why": one.why}
            for one in records
        ]  # fmt: skip
        print_json({"domain": row.name, "keys": keys, "records": published})
        return
    cells = [
        (one["selector"], one["algorithm"], one["state"], f"{one['created_at']:%Y-%m-%d}") for one in keys
    ]
    table(row.name, ("Selector", "Algorithm", "State", "Made"), cells)
    print("Publish in the DNS:")
    for one in records:
        print(f"\n; {one.why}\n{one.record.zone}")


def _plain(row: DkimKey) -> dict[str, Any]:
    noun = row.noun
    return {
        "selector": noun.selector,
        "algorithm": str(noun.algorithm),
        "state": str(noun.state),
        "created_at": row.created_at,
        "retired_at": row.retired_at,
    }
