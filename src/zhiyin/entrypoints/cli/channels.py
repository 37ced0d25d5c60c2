"""``zhiyin channels``: does the mail server take our messages, and what waits for it?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zhiyin.entrypoints.cli.output import JsonOption, WorkspaceOption, open_workspace, print_json, say, table

app = typer.Typer(
    no_args_is_help=True, help="Channels: does the server take messages, and what waits for it?"
)
Name = Annotated[str, typer.Argument(help="Name of the channel.")]


@app.command()
def health(name: Name = "email", workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """Show whether messages go, the last 24 hours, the pace and the server's last answers. Asks no server."""
    ws = open_workspace(workspace)
    from zhiyin.services import channel_health

    found = channel_health.health(ws, name)
    if as_json:
        print_json(found.to_dict())
        return
    say(
        f"[bold]{found.name}[/] · breaker {found.breaker.state.replace('_', ' ')} · {found.due:,} messages due"
    )
    if found.why:
        say(found.why)
    if found.breaker.next_try:
        say(f"Tried again at {found.breaker.next_try.astimezone(ws.timezone):%H:%M:%S}.")
    pace = found.pace
    say(
        f"Last minute: {pace.minute:,}{_of(pace.per_minute)}. Today: {pace.today:,}{_of(pace.allowed_today)}."
    )
    hours = [(one, [getattr(one, name) for name in channel_health.OUTCOMES]) for one in found.hours]
    busy = [(one, counts) for one, counts in hours if any(counts)]
    table(
        "" if busy else "Nothing was handed over in the last 24 hours",
        ("Hour", *(name.capitalize() for name in channel_health.OUTCOMES)),
        [(f"{one.at:%d %b %H:%M}", *(f"{n:,}" for n in counts)) for one, counts in busy],
        right=(1, 2, 3, 4),
    )
    table(
        "",
        ("Last answers", "Status", "Of the last 500"),
        [(one.detail, one.status, f"{one.count:,}") for one in found.answers],
        right=(2,),
    )


@app.command("test")
def sign_in(
    name: Name = "email", workspace: WorkspaceOption = Path("."), as_json: JsonOption = False
) -> None:
    """Ask the server to let us in; nothing is sent. Ends with exit code 1 if it does not."""
    ws = open_workspace(workspace)
    from zhiyin.services import breaker, channel_health

    refusal = channel_health.try_connection(ws, name)
    if as_json:
        told = {} if refusal is None else {"reason": refusal.reason, "detail": refusal.detail}
        print_json({"channel": name, "open": refusal is None, **told})
    elif refusal is None:
        say("The server lets us in.")
    else:
        from rich.markup import escape

        say(escape(refusal.detail))
        say(breaker.cure(refusal))
    if refusal is not None:
        raise typer.Exit(1)


@app.command()
def reset(name: Name = "email", workspace: WorkspaceOption = Path(".")) -> None:
    """Let messages go again at once, without waiting for the next try."""
    open_workspace(workspace)
    from zhiyin.services import channels

    say("Messages go again." if channels.reset(name) else "Nothing held them; the breaker is closed.")


def _of(limit: int | None) -> str:
    return "" if limit is None else f" of {limit:,}"
