"""``zhiyin bounces read`` and ``list`` as people type them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.services.returned_mail import AWAY, dsn, sent
from typer.testing import CliRunner

from zhiyin.domain.errors import BadFile, BadSetting
from zhiyin.entrypoints.cli import app
from zhiyin.services.workspace import Workspace


def call(ws: Workspace, *words: object) -> str:
    result = CliRunner().invoke(app, ["bounces", *map(str, words), "--workspace", str(ws.folder)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


@pytest.fixture
def folder(workspace: Workspace, tmp_path: Path) -> Path:
    li, wang = sent(workspace, "li", "wang")
    box = tmp_path / "box"
    box.mkdir()
    for name, letter in {
        "1": dsn(li),
        "2": dsn(wang, recipient="eve@x.example"),
        "3": AWAY,
        "4": b"",
    }.items():
        (box / f"{name}.eml").write_bytes(letter)
    return box


def test_files_are_taken_in_once(workspace: Workspace, folder: Path) -> None:
    told = call(workspace, "read", folder)
    assert "4 received = 1 broken + 1 matched + 1 not a bounce + 1 unmatched." in told
    again = json.loads(call(workspace, "read", folder, "--json"))
    assert (again["received"], again["known"]) == (0, 4)


def test_the_list_holds_every_one_with_what_became_of_it(workspace: Workspace, folder: Path) -> None:
    call(workspace, "read", folder)
    found = json.loads(call(workspace, "list", "--json"))
    assert (
        found["received"] == found["matched"] + found["unmatched"] + found["nothing"] + found["broken"] == 4
    )
    (row,) = json.loads(call(workspace, "list", "--fate", "unmatched", "--json"))["rows"]
    assert (row["why"], row["address"], row["kind"]) == ("other_recipient", "eve@x.example", "hard")
    assert "4 received = 1 matched + 1 unmatched + 1 not a bounce + 1 broken." in call(workspace, "list")
    with pytest.raises(BadSetting, match="lost"):
        call(workspace, "list", "--fate", "lost")


def test_what_cannot_be_read_is_told(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="No mailbox"):
        call(workspace, "read")
    with pytest.raises(BadFile):
        call(workspace, "read", tmp_path / "nothing")
