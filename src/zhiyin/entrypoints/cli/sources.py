"""``zhiyin sources``: who may send events, with which key, and how well it goes."""

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
    from zhiyin.adapters.records.models import Source
    from zhiyin.services.health import Health

app = typer.Typer(no_args_is_help=True, help="Sources of events: keys, limits, snippets and health.")

Name = Annotated[str, typer.Argument(help="The source's name, such as 'Web shop'.")]


@app.command("list")
def list_(workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """List the sources that have a key; the keys themselves are not kept."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import sources

    rows = [_plain(row) for row in sources.list_(ws)]
    if as_json:
        print_json(rows)
        return
    columns = ("Source", "Kind", "Events a second", "Created", "Revoked")
    cells = [
        (row["name"], row["kind"], row["limit"] or "any", _day(row["created_at"]), _day(row["revoked_at"]))
        for row in rows
    ]
    table("", columns, cells, right=(2,))


@app.command("create")
def create(
    name: Name,
    kind: Annotated[str, typer.Option("--kind", help="Where it sends from: web, server or app.")] = "web",
    limit: Annotated[int, typer.Option("--limit", help="Events a second it may send, 0 for any number.")] = 0,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Create a source; its write key is shown once."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import sources

    row, key = sources.create(ws, name, kind, limit)
    if as_json:
        print_json({**_plain(row), "write_key": key})
        return
    say(f"Write key of {row.name}: [bold]{key}[/]")
    say("It is not shown again. What to paste where: zhiyin sources snippet --key KEY")


@app.command("rename")
def rename(
    name: Name,
    new: Annotated[str, typer.Argument(help="Its new name.")],
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Give a source another name; the key stays, and what was counted follows."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import sources

    _tell(sources.rename(ws, name, new), as_json, f"{name} is now {{name}}.")


@app.command("limit")
def limit(
    name: Name,
    events: Annotated[int, typer.Argument(help="Events a second it may send, 0 for any number.")],
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """State how many events a second a source may send; in force within ten seconds."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import sources

    says = f"{{name}} may send {events:,} events a second." if events else "{name} may send any number."
    _tell(sources.limit(ws, name, events), as_json, says)


@app.command("revoke")
def revoke(name: Name, workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """Switch a source's key off for good; within ten seconds nothing takes it any more."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import sources

    _tell(sources.revoke(ws, name), as_json, "{name} is revoked.")


@app.command("snippet")
def snippet(
    sdk: Annotated[str, typer.Argument(help="Which one, such as 'tag' or 'curl'; all if left out.")] = "",
    key: Annotated[str, typer.Option("--key", help="The write key to put in.")] = "",
    url: Annotated[str, typer.Option("--url", help="Where events go; server.base_url if left out.")] = "",
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Show what to paste so that a website or a server sends events."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import snippets

    found = snippets.named(url or ws.settings.base_url, key or snippets.KEY, sdk)
    if as_json:
        print_json([{"name": s.name, "title": s.title, "install": s.install, "code": s.code} for s in found])
        return
    for one in found:
        if len(found) > 1:
            print(f"# {one.title} ({one.name})")
        if one.install:
            print(f"# {one.install}")
        print(one.code)


@app.command("health")
def health(
    source: Annotated[str, typer.Argument(help="One source; all if left out.")] = "",
    hours: Annotated[int, typer.Option("--hours", min=1, max=168, help="How far back to look.")] = 24,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Show what came in and what became of it: received = kept + duplicates + rejected."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import health as healths

    found = healths.get(ws, hours, source or None)
    if as_json:
        print_json(_document(found))
        return
    balance = found.balance
    say(
        f"{balance.received:,} received = {balance.kept:,} kept + {balance.duplicates:,} duplicates"
        f" + {balance.rejected:,} rejected in {hours} hours."
    )
    if balance.missing:
        say(f"[bold red]{balance.missing:,} are not accounted for.[/]")
    columns = ("Source", "State", "Received", "Rejected", "Last data")
    cells = [
        (one.name, one.state, f"{one.balance.received:,}", f"{one.balance.rejected:,}", _minute(one.last))
        for one in found.sources
    ]
    table("", columns, cells, right=(2, 3))
    if found.reasons:
        table(
            "", ("Rejected because", "Events"), [(c, f"{n:,}") for c, n in found.reasons.items()], right=(1,)
        )
    if found.door:
        table(
            "",
            ("Refused at the door", "Requests"),
            [(c, f"{n:,}") for c, n in found.door.items()],
            right=(1,),
        )


def _tell(row: Source, as_json: bool, text: str) -> None:
    if as_json:
        print_json(_plain(row))
    else:
        print(text.format(name=row.name))


def _plain(row: Source) -> dict[str, Any]:
    names = ("name", "kind", "limit", "created_at", "revoked_at")
    return {name: getattr(row, name) for name in names}


def _document(found: Health) -> dict[str, Any]:
    from dataclasses import asdict

    shown = asdict(found)
    shown["balance"]["missing"] = found.balance.missing
    return shown


def _day(moment: Any) -> str:
    return moment.strftime("%Y-%m-%d") if moment else ""


def _minute(moment: Any) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC") if moment else "none yet"
