"""``zhiyin forms``: where people sign up by themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from zhiyin.entrypoints.cli.output import JsonOption, WorkspaceOption, open_workspace, print_json, say, table

app = typer.Typer(no_args_is_help=True, help="Forms in which people sign up, and what came in through them.")

Key = Annotated[str, typer.Argument(help="Key of the form; a part of its address.")]
NameOption = Annotated[str | None, typer.Option(help="Name for yourself; the key if left out.")]
TopicOption = Annotated[
    list[str] | None, typer.Option("--topic", help="Key of a topic that it offers; may be given again.")
]
FieldOption = Annotated[
    list[str] | None, typer.Option("--field", help="name, city or language; asked beside the address.")
]
OptInOption = Annotated[
    str | None, typer.Option("--opt-in", help="double (the address is confirmed by mail) or single.")
]
OriginOption = Annotated[
    list[str] | None, typer.Option("--origin", help="A site that may hold it, such as https://shop.example.")
]
RedirectOption = Annotated[
    list[str] | None, typer.Option("--redirect", help="An address that it may lead on to; no other is.")
]
TextOption = Annotated[
    list[str] | None,
    typer.Option(
        "--text",
        help="LANGUAGE.NAME=TEXT, such as en.title='Tea post'; names: title, intro, consent, button, subject, letter.",
    ),
]
DisposableOption = Annotated[
    bool | None,
    typer.Option("--take-disposable/--refuse-disposable", help="Addresses that are thrown away after use."),
]


@app.command()
def create(
    key: Key,
    name: NameOption = None,
    topic: TopicOption = None,
    field: FieldOption = None,
    opt_in: OptInOption = None,
    origin: OriginOption = None,
    redirect: RedirectOption = None,
    text: TextOption = None,
    take_disposable: DisposableOption = None,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Make a form; texts that nobody wrote are ready-made, in English and Chinese."""
    ws = open_workspace(workspace)
    from zhiyin.services import confirmations, forms

    given = _given(topic, field, opt_in, origin, redirect, text, take_disposable)
    row = forms.create(ws, key, name or key, **given)
    if as_json:
        print_json(_form(ws, row))
        return
    say(f"Made the form [bold]{row.key}[/]: {forms.address(ws, row)}")
    say(f"Next: `zhiyin forms snippet {row.key}` to have it on a page of your own.")
    if lacks := confirmations.lacking(ws, row):
        say(f"Confirmations wait: {lacks}")


@app.command()
def update(
    key: Key,
    name: NameOption = None,
    topic: TopicOption = None,
    field: FieldOption = None,
    opt_in: OptInOption = None,
    origin: OriginOption = None,
    redirect: RedirectOption = None,
    text: TextOption = None,
    take_disposable: DisposableOption = None,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Change a form; what is left out stays, a list that is given takes the place of the old one. What people read or
    are asked becomes another version."""
    ws = open_workspace(workspace)
    from zhiyin.services import forms

    given = _given(topic, field, opt_in, origin, redirect, text, take_disposable)
    row = forms.update(ws, key, name=name, **given)
    if as_json:
        print_json(_form(ws, row))
        return
    say(f"Changed the form [bold]{row.key}[/]; it is version {row.version}.")


@app.command("list")
def list_(workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """List all forms with what came in: received = confirmed + pending + expired + refused."""
    ws = open_workspace(workspace)
    from zhiyin.services import forms, sign_ups

    rows, sums = forms.list_(ws), sign_ups.balance(ws)
    if as_json:
        print_json([{**_form(ws, row), "sign_ups": sums[row.key]} for row in rows])
        return
    names = ("received", "confirmed", "pending", "expired", "refused")
    table(
        "",
        ("Key", "Name", "Opt-in", *(name.capitalize() for name in names)),
        [(row.key, row.name, _state(row), *(f"{sums[row.key][name]:,}" for name in names)) for row in rows],
        right=(3, 4, 5, 6, 7),
    )
    if not rows:
        say("There are no forms yet. `zhiyin forms create home-page` makes one.")


@app.command()
def show(key: Key, workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """Show a form, and what came in by outcome and reason."""
    ws = open_workspace(workspace)
    from zhiyin.services import forms, sign_ups

    row = forms.get(ws, key)
    sums = sign_ups.balance(ws, [row])[row.key]
    if as_json:
        print_json({**_form(ws, row), "sign_ups": sums})
        return
    told = {name: value for name, value in _form(ws, row).items() if name != "texts"}
    table(
        "", (row.name, ""), [(name, ", ".join(v) if isinstance(v, list) else v) for name, v in told.items()]
    )
    reasons = sums.pop("reasons")
    table("", ("Sign-ups", ""), [(name, f"{count:,}") for name, count in sums.items()], right=(1,))
    if reasons:
        table(
            "", ("Refused because", ""), [(name, f"{count:,}") for name, count in reasons.items()], right=(1,)
        )


@app.command("sign-ups")
def list_sign_ups(
    key: Key,
    status: Annotated[str, typer.Option(help="pending, confirmed or expired; all if left out.")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many.")] = 50,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """List the latest sign-ups of a form with their proof."""
    ws = open_workspace(workspace)
    from zhiyin.services import forms, sign_ups

    total, rows = sign_ups.of_form(ws, forms.get(ws, key), status, per_page=limit)
    if as_json:
        print_json({"total": total, "rows": [_sign_up(row) for row in rows]})
        return
    table(
        "",
        ("Address", "State", "Topics", "Asked", "Confirmed", "Network"),
        [
            (row.address, row.status, ", ".join(row.topics), _when(row.created_at), _when(row.confirmed_at),
             row.proof.get("ip", ""))
            for row in rows
        ],
    )  # fmt: skip
    say(f"{len(rows):,} of {total:,}.")


@app.command()
def snippet(
    key: Key,
    kind: Annotated[str, typer.Option(help="html (a form without a script), frame or api.")] = "html",
    language: Annotated[str, typer.Option(help="en or zh-hans.")] = "en",
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Print what to paste to have a form on a page of your own."""
    ws = open_workspace(workspace)
    from zhiyin.domain.topic import spoken_language
    from zhiyin.services import form_snippets, forms

    found = form_snippets.snippets(ws, forms.get(ws, key), spoken_language(language))
    if as_json:
        print_json({one.name: one.code for one in found})
        return
    codes = {one.name: one.code for one in found}
    if kind not in codes:
        raise typer.BadParameter(f"Choose one of: {', '.join(codes)}.")
    print(codes[kind])


@app.command()
def archive(key: Key, workspace: WorkspaceOption = Path(".")) -> None:
    """Take nothing in through a form any more; what came in stays."""
    ws = open_workspace(workspace)
    from zhiyin.services import forms

    forms.archive(ws, key)
    say("It takes nothing in any more. `zhiyin forms restore` takes that back.")


@app.command()
def restore(key: Key, workspace: WorkspaceOption = Path(".")) -> None:
    """Take sign-ups in again."""
    ws = open_workspace(workspace)
    from zhiyin.services import forms

    forms.restore(ws, key)
    say("It takes sign-ups in again.")


def _given(
    topic: list[str] | None,
    field: list[str] | None,
    opt_in: str | None,
    origin: list[str] | None,
    redirect: list[str] | None,
    text: list[str] | None,
    take_disposable: bool | None,
) -> dict[str, Any]:
    """What was said on the command line; of a list that was not given nothing."""
    texts: dict[str, dict[str, str]] = {}
    for one in text or ():
        where, equals, written = one.partition("=")
        code, _, name = where.partition(".")
        if not equals or not name:
            raise typer.BadParameter(f"{one!r} is no text. Write --text en.title='Tea post'.")
        texts.setdefault(code, {})[name] = written
    lists = {"topics": topic, "fields": field, "origins": origin, "redirects": redirect}
    given: dict[str, Any] = {name: value for name, value in lists.items() if value}
    return given | {"opt_in": opt_in, "take_disposable": take_disposable, "texts": texts or None}


def _form(ws: Any, row: Any) -> dict[str, Any]:
    from zhiyin.services import forms

    return {
        "key": row.key,
        "name": row.name,
        "address": forms.address(ws, row),
        "version": row.version,
        "opt_in": row.opt_in,
        "topics": row.topics,
        "fields": row.fields,
        "take_disposable": row.take_disposable,
        "origins": row.origins,
        "redirects": row.redirects,
        "texts": row.texts,
        "archived": row.archived_at is not None,
    }


def _sign_up(row: Any) -> dict[str, Any]:
    return {
        "address": row.address,
        "status": row.status,
        "fields": row.fields,
        "topics": row.topics,
        "language": row.language,
        "disposable": row.disposable,
        "customer_id": row.customer_id,
        "created_at": row.created_at,
        "confirmed_at": row.confirmed_at,
        "proof": row.proof,
        "confirmed_proof": row.confirmed_proof,
    }


def _state(row: Any) -> str:
    return "archived" if row.archived_at else row.opt_in


def _when(at: Any) -> str:
    return at.isoformat(timespec="minutes") if at else ""
