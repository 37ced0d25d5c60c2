"""``zhiyin campaigns schedule`` on a workspace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.services.mailing import campaign, people
from typer.testing import CliRunner

from zhiyin.adapters import settings
from zhiyin.entrypoints.cli import app
from zhiyin.services import campaigns
from zhiyin.services.workspace import Workspace


def call(folder: Path, *words: str) -> str:
    result = CliRunner().invoke(app, ["campaigns", *words, "-w", str(folder)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_a_moment_is_on_the_shops_clock_and_can_be_taken_back(workspace: Workspace) -> None:
    ws = workspace
    settings.write(ws.folder, {"smtp.host": "127.0.0.1"})
    people(ws, 1)
    campaign(ws, holdout=0)
    day = (ws.now().astimezone(ws.timezone) + timedelta(days=2)).date()
    told = call(ws.folder, "schedule", "spring", "--at", f"{day} 10:00", "--local", "--allow-local-links")
    assert f"{day} 10:00+08:00, on each recipient's own clock." in " ".join(told.split())
    row = campaigns.get(ws, "spring")
    assert row.send_at == datetime(day.year, day.month, day.day, 2, tzinfo=UTC)
    assert "is a draft again" in call(ws.folder, "unschedule", "spring")
    assert "2026-11-28 10:00" in call(ws.folder, "schedule", "spring", "--at", "tomorrow")
