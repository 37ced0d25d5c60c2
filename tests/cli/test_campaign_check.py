"""``zhiyin campaigns check`` on a workspace."""

from __future__ import annotations

import json

from tests.services.mailing import BODY, campaign, people
from typer.testing import CliRunner

from zhiyin.entrypoints.cli import app
from zhiyin.services.workspace import Workspace


def call(ws: Workspace, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["campaigns", "check", *words, "-w", str(ws.folder)])
    return result.exit_code, result.output


def test_problems_are_listed_with_their_lines_and_errors_end_with_1(workspace: Workspace) -> None:
    people(workspace, 1, profile=False)
    campaign(workspace, body=BODY.replace("<mj-text>Dear", '<mj-text>\n<a href="#">x</a>Dear'))
    code, told = call(workspace, "spring", "--json")
    found = {one["code"]: one for one in json.loads(told)["problems"]}
    assert (code, found["empty_link"]["level"], found["empty_link"]["line"]) == (1, "error", 2)
    code, told = call(workspace, "spring")
    assert "empty_link" in told
    code, told = call(workspace, "spring", "--links", "--json")
    assert {one["state"] for one in json.loads(told)["links"]} <= {"unclear", "gone", "there"}
