"""``zhiyin templates``: list, show, save, look at and restore versions, render."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from zhiyin.entrypoints.cli.output import JsonOption, WorkspaceOption, open_workspace, print_json, say, table

app = typer.Typer(
    no_args_is_help=True, help="Wordings to start a campaign from, their languages and versions."
)
Key = Annotated[str, typer.Argument(help="Key of the template.")]
LanguageOption = Annotated[
    str, typer.Option(help="A further language of the template, such as zh-hans; the main one if left out.")
]


@app.command("list")
def list_(
    archived: Annotated[bool, typer.Option("--archived", help="Those that were archived.")] = False,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """List the templates, by name."""
    ws = open_workspace(workspace)
    from zhiyin.services import templates

    rows = templates.list_(ws, archived=archived)
    if as_json:
        print_json([_line(row) for row in rows])
        return
    table(
        "",
        ("Key", "Name", "Languages", "Version", "Subject"),
        [(r.key, r.name, ", ".join(_languages(r)), r.version, r.subject) for r in rows],
        right=(3,),
    )


@app.command()
def show(
    key: Key,
    language: LanguageOption = "",
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Show the wording of a template and the blocks that it is made of."""
    ws = open_workspace(workspace)
    from rich.markup import escape

    from zhiyin.loop.deliver import blocks
    from zhiyin.services import templates

    row = templates.get(ws, key)
    wording = row.wordings.of(language)
    made_of = [block.kind for block in blocks.parse(wording.body).blocks]
    if as_json:
        parts = {"preheader": wording.preheader, "body": wording.body, "text": wording.text}
        print_json({**_line(row), "subject": wording.subject, **parts, "blocks": made_of})
        return
    say(f"[bold]{escape(row.name)}[/] · version {row.version} · {', '.join(_languages(row))}")
    say(f"Subject: {escape(wording.subject)}")
    say(f"Blocks: {', '.join(made_of)}")
    say()
    say(escape(wording.body))


@app.command()
def save(
    key: Key,
    body: Annotated[Path, typer.Option(help="File with the body, in MJML and Liquid.")],
    subject: Annotated[str | None, typer.Option(help="Subject, in Liquid; as it was if left out.")] = None,
    preheader: Annotated[str | None, typer.Option(help="The line that mail programs show beside it.")] = None,
    text: Annotated[Path | None, typer.Option(help="File with a plain text in your own words.")] = None,
    name: Annotated[str | None, typer.Option(help="Name for people; the key if left out.")] = None,
    language: Annotated[str, typer.Option(help="Language of this wording, such as zh-hans.")] = "",
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Make a template, or a new version of it; with the language of another wording, that one."""
    ws = open_workspace(workspace)
    from zhiyin.entrypoints.cli.campaigns import read
    from zhiyin.services import template_versions

    parts = {
        "body": read(body),
        "subject": subject,
        "preheader": preheader,
        "text": read(text) if text else None,
    }
    given = {part: said for part, said in parts.items() if said is not None}
    row = template_versions.save_language(ws, key, language, given, name=name or "")
    if as_json:
        print_json(_line(row))
        return
    say(f"Saved [bold]{row.key}[/], version {row.version}.")


@app.command()
def versions(key: Key, workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """List everything that a template ever was."""
    ws = open_workspace(workspace)
    from zhiyin.services import template_versions

    rows = template_versions.versions(ws, key)
    if as_json:
        print_json(
            [{"version": r.number, "at": r.at.isoformat(), "by": r.by, "subject": r.subject} for r in rows]
        )
        return
    table(
        "",
        ("Version", "Saved", "By", "Subject"),
        [(r.number, f"{r.at:%Y-%m-%d %H:%M}", r.by, r.subject) for r in rows],
    )


@app.command()
def compare(
    key: Key,
    before: Annotated[int, typer.Argument(help="Number of the earlier version.")],
    after: Annotated[int, typer.Argument(help="Number of the later version.")],
    language: LanguageOption = "",
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Show the lines that differ between two versions."""
    ws = open_workspace(workspace)
    from rich.markup import escape

    from zhiyin.services import template_versions

    found = template_versions.compare(ws, key, before, after, language)
    changes = [
        {"part": part, "change": line.change, "before": line.before, "after": line.after}
        for part, lines in found
        for line in lines
        if line.change != "same"
    ]
    if as_json:
        print_json(changes)
        return
    for change in changes:
        if change["before"] is not None:
            say(f"[red]- {change['part']}: {escape(change['before'])}[/]")
        if change["after"] is not None:
            say(f"[green]+ {change['part']}: {escape(change['after'])}[/]")
    if not changes:
        say("They say the same.")


@app.command()
def restore(
    key: Key,
    number: Annotated[int, typer.Argument(help="Number of the version to bring back.")],
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Make an earlier version the newest one; those in between are kept."""
    ws = open_workspace(workspace)
    from zhiyin.services import template_versions

    row = template_versions.restore(ws, key, number)
    if as_json:
        print_json(_line(row))
        return
    say(f"Version {number} of [bold]{row.key}[/] is version {row.version} now.")


@app.command()
def render(
    key: Key,
    customer: Annotated[str | None, typer.Option(help="Id of the customer to write it for.")] = None,
    language: Annotated[
        str | None, typer.Option(help="In this language; that of the customer if left out.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write the HTML here, to look at in a browser.")] = None,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Show what a customer would see."""
    ws = open_workspace(workspace)
    from rich.markup import escape

    from zhiyin.services import template_previews

    shown = template_previews.preview(ws, key, customer, language=language)
    if html:
        html.write_text(shown.html, encoding="utf-8")
    if as_json:
        parts = {
            "subject": shown.subject,
            "preheader": shown.preheader,
            "text": shown.text,
            "html": shown.html,
        }
        print_json(parts)
        return
    say(f"[bold]{escape(shown.subject)}[/]")
    say()
    say(escape(shown.text))
    if html:
        say(f"\nThe HTML is in {html}.")


@app.command()
def blocks(workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """List the saved blocks, which templates use by their key."""
    ws = open_workspace(workspace)
    from zhiyin.services import blocks as service

    rows = [(row, service.used_by(ws, row.key)) for row in service.list_(ws)]
    if as_json:
        print_json(
            [{"key": r.key, "name": r.name, "version": r.version, "used_by": users} for r, users in rows]
        )
        return
    table(
        "",
        ("Key", "Name", "Version", "Used by"),
        [(r.key, r.name, r.version, ", ".join(users)) for r, users in rows],
        right=(2,),
    )


@app.command("save-block")
def save_block(
    key: Annotated[str, typer.Argument(help="Key of the block: templates say {% render 'KEY' %}.")],
    body: Annotated[Path, typer.Option(help="File with its sections, in MJML and Liquid.")],
    name: Annotated[str | None, typer.Option(help="Name for people; the key if left out.")] = None,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Keep a block under a key, or change it everywhere that it is used."""
    ws = open_workspace(workspace)
    from zhiyin.entrypoints.cli.campaigns import read
    from zhiyin.services import blocks as service

    row = service.save(ws, key=key, name=name or key, body=read(body))
    if as_json:
        print_json({"key": row.key, "name": row.name, "version": row.version})
        return
    say(f"Saved the block [bold]{row.key}[/], version {row.version}.")


@app.command("block-versions")
def block_versions(
    key: Annotated[str, typer.Argument(help="Key of the block.")],
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """List everything that a saved block ever was."""
    ws = open_workspace(workspace)
    from zhiyin.services import blocks as service

    rows = service.versions(ws, key)
    if as_json:
        print_json([{"version": r.number, "at": r.at.isoformat(), "by": r.by, "body": r.body} for r in rows])
        return
    shown = [(r.number, f"{r.at:%Y-%m-%d %H:%M}", r.by) for r in rows]
    table("", ("Version", "Saved", "By"), shown, right=(0,))


@app.command("restore-block")
def restore_block(
    key: Annotated[str, typer.Argument(help="Key of the block.")],
    number: Annotated[int, typer.Argument(help="Number of the version to bring back.")],
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Make an earlier version of a saved block the newest one, everywhere that it is used."""
    ws = open_workspace(workspace)
    from zhiyin.services import blocks as service

    row = service.restore(ws, key, number)
    if as_json:
        print_json({"key": row.key, "name": row.name, "version": row.version})
        return
    say(f"Version {number} of [bold]{row.key}[/] is version {row.version} now.")


def _languages(row: Any) -> list[str]:
    return [row.language or "main", *row.others]


def _line(row: Any) -> dict[str, Any]:
    return {
        "key": row.key,
        "name": row.name,
        "language": row.language,
        "languages": _languages(row),
        "version": row.version,
        "subject": row.subject,
        "updated_at": row.updated_at.isoformat(timespec="seconds"),
    }
