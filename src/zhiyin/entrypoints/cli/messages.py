"""``zhiyin messages``: single messages sent, and every message found again."""

from __future__ import annotations

import json
from datetime import UTC, datetime
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
    from zhiyin.adapters.records.models import Message
    from zhiyin.services.workspace import Workspace

app = typer.Typer(no_args_is_help=True, help="Send one transactional message, and find any message again.")

Token = Annotated[str, typer.Argument(help="The message's id, as list and send show it.")]


@app.command("send")
def send(
    template: Annotated[str, typer.Argument(help="The key of a template.")],
    to: Annotated[str, typer.Option("--to", help="The address; the customer's own if left out.")] = "",
    customer: Annotated[str, typer.Option("--customer", help="The id of a customer.")] = "",
    values: Annotated[
        list[str] | None, typer.Option("--set", help="A variable as NAME=TEXT; as often as needed.")
    ] = None,
    data: Annotated[str, typer.Option("--data", help="Variables as a JSON object.")] = "",
    language: Annotated[str, typer.Option("--language", help="en or zh.")] = "",
    key: Annotated[
        str, typer.Option("--key", help="What it is about: the same key sends once. A new one if left out.")
    ] = "",
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Send one message of a template to an address or a customer; the worker hands it over."""
    variables = _variables(data, values or [])
    ws = open_workspace(workspace)  # before anything touches the records
    import uuid

    from zhiyin.services import send_requests, transactional

    asked = send_requests.Asked(template, to, customer, variables, language)
    taken = send_requests.send(ws, asked, key or uuid.uuid4().hex)
    state = transactional.state(taken.message)
    if as_json:
        print_json(state | {"again": taken.again})
        return
    if taken.again:
        say("This key was used before: nothing is sent twice.")
    because = f", {state['reason']}" if state["reason"] else ""
    say(f"Message [bold]{state['id']}[/] is {state['status']}{because}.")


@app.command("list")
def list_(
    q: Annotated[
        str, typer.Option("--search", "-s", help="An address, a customer's id, or a message's id.")
    ] = "",
    status: Annotated[str, typer.Option("--status", help="Such as accepted, refused, failed, unknown.")] = "",
    program: Annotated[
        str, typer.Option("--program", help="Such as campaign:spring, or transactional for all of these.")
    ] = "",
    since: Annotated[
        datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], help="From this day on.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="Before this day.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1_000, help="How many.")] = 50,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """List messages of all programs, the latest first."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import message_search

    wanted = message_search.Wanted(q, status, program, _moment(ws, since), _moment(ws, until))
    found = message_search.search(ws, wanted, per_page=limit)
    rows = [_plain(row) for row in found.rows]
    if as_json:
        print_json(rows)
        return
    names = ("planned_at", "status", "reason", "to", "program", "id")
    cells = [tuple(_cell(row[name]) for name in names) for row in rows]
    table("", ("Planned", "Status", "Reason", "To", "Program", "Message"), cells, whole=(5,))
    if found.more:
        say("There are more; narrow the search, or raise --limit.")


@app.command("show")
def show(
    token: Token,
    raw: Annotated[
        bool, typer.Option("--raw", help="The message itself, byte for byte as it was sent.")
    ] = False,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Show what became of one message, or the message itself."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import copies, message_search

    story = message_search.story(ws, token)
    if raw:
        typer.get_binary_stream("stdout").write(copies.get(ws, token))
        return
    found = _plain(story.row) | {"kept": story.copied}
    if story.decision:
        held = [fact["code"] for fact in story.decision.facts if not fact["holds"]]
        found["refused_by"] = ", ".join(held) or None
    found["came_back"] = ", ".join(note.reason for note in story.came_back) or None
    if as_json:
        print_json(found)
        return
    table("", ("", ""), [(name.replace("_", " "), _cell(value)) for name, value in found.items()])


def _variables(data: str, values: list[str]) -> dict[str, Any]:
    from zhiyin.domain.errors import BadSetting
    from zhiyin.domain.text import say as told

    try:
        found = json.loads(data) if data else {}
    except ValueError as error:
        raise BadSetting(told("--data is not JSON."), why=str(error), fix=told("Write an object.")) from error
    if not isinstance(found, dict):
        raise BadSetting(told("--data is no JSON object."), fix=told('Write it as {"number": 7}.'))
    for value in values:
        name, mark, text = value.partition("=")
        if not mark or not name:
            raise BadSetting(told("--set is {value!r}.", value=value), fix=told("Write NAME=TEXT."))
        found[name] = text
    return found


def _plain(row: Message) -> dict[str, Any]:
    from zhiyin.services import transactional

    state = transactional.state(row)
    del state["template"]
    return {"id": state.pop("id"), "program": row.program, "step": row.step, **state}


def _moment(ws: Workspace, day: datetime | None) -> datetime | None:
    return day.replace(tzinfo=ws.timezone).astimezone(UTC) if day else None


def _cell(value: Any) -> str:
    return value.strftime("%Y-%m-%d %H:%M:%S UTC") if hasattr(value, "strftime") else str(value or "")
