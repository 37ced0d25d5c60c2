"""``zhiyin suppressions`` on a workspace."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from zhiyin.entrypoints.cli import app
from zhiyin.services.workspace import Workspace


def call(workspace: Workspace, *words: object) -> str:
    result = CliRunner().invoke(app, ["suppressions", *map(str, words), "-w", str(workspace.folder)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_addresses_are_added_listed_exported_and_lifted(workspace: Workspace, tmp_path: Path) -> None:
    assert "on the list" in call(workspace, "add", "ann@example.com")
    told = json.loads(call(workspace, "list", "--json"))
    assert (told["total"], told["by_reason"], told["rows"][0]["address"]) == (
        1,
        {"manual": 1},
        "ann@example.com",
    )
    file = tmp_path / "list.csv"
    call(workspace, "export", str(file))
    assert file.read_text("utf-8").splitlines()[1].startswith("ann@example.com,manual,")
    call(workspace, "lift", "ann@example.com")
    assert "The list is empty." in call(workspace, "list")
