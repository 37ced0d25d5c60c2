"""``zhiyin demo``: the whole loop on a simulated shop, step by step, with its figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zhiyin.entrypoints.cli.output import JsonOption, print_json

if TYPE_CHECKING:
    from zhiyin.services.workspace import Workspace
    from zhiyin.simulate.mailbox import Mailbox

OWNER = "owner@example.com"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    folder: Annotated[Path, typer.Argument(help="Folder for the demo's workspace.")] = Path("demo"),
    customers: Annotated[int, typer.Option(min=200, max=200_000, help="Number of customers.")] = 5_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same customers.")] = 7,
    language: Annotated[str, typer.Option(help="Of the shop: en or zh-hans.")] = "en",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the console.")] = 8321,
    serve: Annotated[bool, typer.Option(help="Leave the console running at the end.")] = True,
    fresh: Annotated[bool, typer.Option("--fresh", help="Replace an earlier demo in this folder.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Set up a simulated shop and run the whole loop on it: import, profile, segments, recommendations, a
    campaign by e-mail, the customers' responses, and what the campaign changed."""
    import signal
    import sys

    from zhiyin.adapters import clock
    from zhiyin.entrypoints.cli.demo_output import Telling
    from zhiyin.entrypoints.site import create_workspace
    from zhiyin.simulate import story, wording
    from zhiyin.simulate.mailbox import Mailbox
    from zhiyin.simulate.market import CURRENCY, Market

    if language not in wording.SHOP:
        raise typer.BadParameter("must be en or zh-hans", param_hint="--language")
    signal.signal(
        signal.SIGTERM, lambda number, frame: sys.exit(143)
    )  # end in order: a server may be running
    _make_room(folder, fresh)
    telling = Telling(quiet=as_json)
    until = story.end_of_history(clock.system())
    market = Market(customers, until, seed=seed, language=language)
    ws = create_workspace(folder, name=wording.SHOP[language], language=language, currency=CURRENCY)
    settings = {"shop.address": wording.ADDRESS[language], "sender.email": wording.SENDER}
    ws = _settle(ws, {**settings, "server.port": story.free_port(port)})
    password = _make_owner()
    telling.begin(ws, market)
    with Mailbox(exists=story.exists(market)) as mailbox:
        figures = story.run(story.tell_story(ws, market, mailbox), before=telling.before, after=telling.after)
        login = {"address": ws.settings.base_url, "user": OWNER, "password": password}
        if as_json:
            print_json({"workspace": str(ws.folder), "login": login, "seconds": telling.seconds, **figures})
        else:
            telling.end(ws, login, serve=serve)
        if serve:
            _serve(ws.folder, mailbox)


def _make_room(folder: Path, fresh: bool) -> None:
    import shutil

    from zhiyin.adapters.settings import FILE
    from zhiyin.domain.errors import Conflict
    from zhiyin.simulate.story import is_demo

    if not (folder / FILE).exists():
        return
    if not is_demo(folder):
        raise Conflict(
            f"{folder} is a workspace that the demo did not make.",
            fix="Choose another folder: `zhiyin demo DIR`.",
        )
    if not fresh:
        raise Conflict(
            f"{folder} holds a demo already.",
            fix=f"`zhiyin serve --workspace {folder}` opens it; `zhiyin demo {folder} --fresh` starts anew.",
        )
    shutil.rmtree(folder)


def _settle(ws: Workspace, settings: dict[str, Any]) -> Workspace:
    from zhiyin.adapters import settings as settings_file
    from zhiyin.entrypoints.site import open_workspace

    settings_file.write(ws.folder, settings)
    return open_workspace(ws.folder)


def _make_owner() -> str:
    """The owner's account with a random password, which is shown once."""
    import secrets

    from django.contrib.auth import get_user_model

    password = secrets.token_urlsafe(9)
    get_user_model().objects.create_superuser(OWNER, OWNER, password, first_name="Owner")
    return password


def _serve(folder: Path, mailbox: Mailbox) -> None:
    """The console, with the demo's mail server behind it, so that nothing that is sent leaves the machine."""
    import os

    from zhiyin.entrypoints.cli.output import open_workspace
    from zhiyin.entrypoints.cli.serve import run

    # by environment, since the worker beside the server must know it too
    os.environ.update(
        ZHIYIN_SMTP_HOST=mailbox.host, ZHIYIN_SMTP_PORT=str(mailbox.port), ZHIYIN_SMTP_SECURITY="none"
    )
    run(open_workspace(folder))
