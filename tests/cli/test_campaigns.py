"""``zhiyin campaigns``: mistakes are told in three parts, and a draft has nothing to report."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from zhiyin.domain.errors import BadFile
from zhiyin.entrypoints.cli import app
from zhiyin.services import campaigns, segments
from zhiyin.services.workspace import Workspace


def call(workspace: Workspace, *words: object) -> str:
    result = CliRunner().invoke(app, ["campaigns", *map(str, words), "-w", str(workspace.folder)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


@pytest.mark.parametrize("name", ["missing.mjml", "folder", "gbk.mjml"])
def test_a_body_that_cannot_be_read_is_told_with_its_cure(
    workspace: Workspace, tmp_path: Path, name: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "gbk.mjml").write_bytes("春茶".encode("gb18030"))
    with pytest.raises(BadFile) as told:
        call(workspace, "create", "tea", "--segment", "all", "--body", tmp_path / name)
    assert name in told.value.what
    assert told.value.why
    assert told.value.fix


def test_the_report_of_a_draft_says_that_it_is_not_sent(workspace: Workspace) -> None:
    segments.create(workspace, "all", "All", {"all": []})
    campaigns.create(workspace, key="tea", name="Tea", segment="all", subject="Hi", body="<mjml></mjml>")
    text = call(workspace, "report", "tea")
    assert "Not sent yet" in text
    assert "holdout" not in text.lower()


def test_resending_a_campaign_without_unknown_outcomes_sends_nothing(workspace: Workspace) -> None:
    segments.create(workspace, "all", "All", "everyone")
    campaigns.create(workspace, key="tea", name="Tea", segment="all", subject="Hi", body="<mjml></mjml>")
    assert "No message" in call(workspace, "resend", "tea")
