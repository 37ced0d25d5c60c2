"""``zhiyin campaigns``: mistakes are told in three parts, and a draft has nothing to report."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from zhiyin.adapters.records.models import Customer
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


def test_a_draft_is_changed_and_the_rest_of_it_stays(workspace: Workspace) -> None:
    segments.create(workspace, "all", "All", {"all": []})
    campaigns.create(
        workspace, key="tea", name="Tea", segment="all", subject="Hi", body="<mjml></mjml>", reply_to="a@b.cd"
    )
    told = json.loads(call(workspace, "update", "tea", "--subject", "Spring", "--holdout", "0", "--json"))
    assert (told["subject"], told["holdout"], told["name"]) == ("Spring", 0.0, "Tea")
    row = campaigns.get(workspace, "tea")
    assert (row.body, row.reply_to) == ("<mjml></mjml>", "a@b.cd")
    assert "Changed cost of tea" in call(workspace, "update", "tea", "--cost", "0.05")
    assert "Say what to change" in call(workspace, "update", "tea")


def test_a_test_that_fails_says_what_to_do(make_workspace: Callable[..., Workspace]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    ws = make_workspace(smtp__host="127.0.0.1", smtp__port=port, smtp__security="none")
    Customer.objects.create(customer_id="ann", email="ann@example.com")
    segments.create(ws, "all", "All", {"all": []})
    campaigns.create(
        ws, key="tea", name="Tea", segment="all", subject="Hi", sender_email="shop@example.com",
        body="<mjml><mj-body></mj-body></mjml>",
    )  # fmt: skip
    assert "Check smtp.host, smtp.port and smtp.security, or esp.options." in call(
        ws, "test-send", "tea", "me@example.com"
    )
    told = json.loads(call(ws, "test-send", "tea", "me@example.com", "--json"))
    assert (told["reason"], told["fix"][:16]) == ("unreachable", "Check smtp.host,")
