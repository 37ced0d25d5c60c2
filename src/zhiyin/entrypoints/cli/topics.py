"""``zhiyin topics``: what people may want or not want."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from zhiyin.entrypoints.cli.output import JsonOption, WorkspaceOption, open_workspace, print_json, say, table

app = typer.Typer(no_args_is_help=True, help="Topics that people may want or not want.")

Key = Annotated[str, typer.Argument(help="Key of the topic; a purpose of consent for ever.")]
NameOption = Annotated[str | None, typer.Option(help="Its name in English, as customers read it.")]
NameZhOption = Annotated[str | None, typer.Option("--name-zh", help="Its name in Chinese.")]
AboutOption = Annotated[str | None, typer.Option(help="A sentence about it in English.")]
AboutZhOption = Annotated[str | None, typer.Option("--about-zh", help="A sentence about it in Chinese.")]
PublicOption = Annotated[
    bool | None, typer.Option("--public/--hidden", help="Whether everybody may see and choose it.")
]


@app.command()
def create(
    key: Key,
    name: NameOption = None,
    name_zh: NameZhOption = None,
    about: AboutOption = None,
    about_zh: AboutZhOption = None,
    public: PublicOption = None,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Make a topic, with a name in one language at least."""
    ws = open_workspace(workspace)
    from zhiyin.services import topics

    row = topics.create(
        ws, key, _texts(name, name_zh), _texts(about, about_zh), public=True if public is None else public
    )
    if as_json:
        print_json(_form(row))
        return
    say(f"Made the topic [bold]{row.key}[/]. Campaigns are about it with `--topic {row.key}`.")


@app.command()
def update(
    key: Key,
    name: NameOption = None,
    name_zh: NameZhOption = None,
    about: AboutOption = None,
    about_zh: AboutZhOption = None,
    public: PublicOption = None,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Change names, sentences or who may see it; what is left out stays. The key stays for ever."""
    ws = open_workspace(workspace)
    from zhiyin.services import topics

    row = topics.update(
        ws, key, names=_texts(name, name_zh), descriptions=_texts(about, about_zh), public=public
    )
    if as_json:
        print_json(_form(row))
        return
    say(f"Changed the topic [bold]{row.key}[/].")


@app.command("list")
def list_(workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """List all topics, with how many customers said yes and no, and how many campaigns are about each."""
    ws = open_workspace(workspace)
    from zhiyin.services import topics

    rows, words = topics.list_(ws), topics.words(ws)
    if as_json:
        print_json([{**_form(row), **words[row.key]} for row in rows])
        return
    table(
        "",
        ("Key", "Name", "Chinese", "Seen by", "Yes", "No", "Campaigns"),
        [
            (
                row.key, row.names.get("en", ""), row.names.get("zh-hans", ""), _seen(row),
                *(f"{words[row.key][name]:,}" for name in ("yes", "no", "campaigns")),
            )
            for row in rows
        ],
        right=(4, 5, 6),
    )  # fmt: skip
    if not rows:
        say("There are no topics yet. `zhiyin topics create news --name News` makes one.")


@app.command()
def archive(key: Key, workspace: WorkspaceOption = Path(".")) -> None:
    """Offer a topic no more; what people said about it is kept."""
    ws = open_workspace(workspace)
    from zhiyin.services import topics

    topics.archive(ws, key)
    say("It is offered no more. `zhiyin topics restore` takes that back.")


@app.command()
def restore(key: Key, workspace: WorkspaceOption = Path(".")) -> None:
    """Offer an archived topic again."""
    ws = open_workspace(workspace)
    from zhiyin.services import topics

    topics.restore(ws, key)
    say("It is offered again.")


def _texts(english: str | None, chinese: str | None) -> dict[str, str]:
    return {code: text for code, text in (("en", english), ("zh-hans", chinese)) if text is not None}


def _seen(row: Any) -> str:
    return "archived" if row.archived_at else "everybody" if row.public else "who got it"


def _form(row: Any) -> dict[str, Any]:
    return {
        "key": row.key,
        "names": row.names,
        "descriptions": row.descriptions,
        "public": row.public,
        "archived": row.archived_at is not None,
    }
