"""``zhiyin messages`` and ``zhiyin keys`` on a workspace."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from zhiyin.domain.errors import ZhiyinError
from zhiyin.entrypoints.cli import app
from zhiyin.services import sending, templates
from zhiyin.services.workspace import Workspace
from zhiyin.testing.channel import FakeChannel

BODY = "<mjml><mj-body><mj-raw>Order {{ data.number }}</mj-raw></mj-body></mjml>"


@pytest.fixture
def ws(make_workspace: Any, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("ZHIYIN_SENDER_EMAIL", "shop@example.com")
    workspace: Workspace = make_workspace()
    templates.save(workspace, key="receipt", name="Receipt", subject="Order {{ data.number }}", body=BODY)
    return workspace


def call(ws: Workspace, *words: object) -> str:
    result = CliRunner().invoke(app, [*map(str, words), "-w", str(ws.folder)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def told(ws: Workspace, *words: object) -> Any:
    return json.loads(call(ws, *words, "--json"))


def test_one_message_is_sent_once_found_and_shown(ws: Workspace) -> None:
    given = (
        "messages",
        "send",
        "receipt",
        "--to",
        "li@example.com",
        "--set",
        "number=7",
        "--key",
        "receipt-7",
    )
    first = told(ws, *given)
    assert (first["status"], first["to"], first["again"]) == ("planned", "li@example.com", False)
    again = told(ws, *given)
    assert (again["id"], again["again"]) == (first["id"], True)
    assert "nothing is sent twice" in call(ws, *given)
    for words in (
        ("-s", "LI@example.com"),
        ("-s", first["id"]),
        ("--program", "transactional"),
        ("--status", "planned"),
    ):
        assert [row["id"] for row in told(ws, "messages", "list", *words)] == [first["id"]]
    for words in (("-s", "wei@example.com"), ("--status", "failed"), ("--until", "2020-01-01")):
        assert told(ws, "messages", "list", *words) == []
    assert told(ws, "messages", "show", first["id"])["program"] == "transactional:receipt"
    assert "li@example.com" in call(ws, "messages", "show", first["id"])
    with pytest.raises(ZhiyinError, match="not kept"):
        call(ws, "messages", "show", first["id"], "--raw")
    while sending.send_step(ws, "test:1", channel=FakeChannel()):
        pass
    raw = call(ws, "messages", "show", first["id"], "--raw")
    assert raw.splitlines()[0].startswith("From: ")
    assert "Subject: Order 7" in raw
    assert told(ws, "messages", "show", first["id"])["kept"]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--set", "number"), "--set is 'number'"),
        (("--data", "[1]"), "no JSON object"),
        (("--data", "{"), "not JSON"),
        (("--set", "nubmer=7"), "has no variable 'nubmer'"),
        ((), "needs the variable 'number'"),
    ],
)
def test_what_is_missing_or_mistyped_is_told(ws: Workspace, words: tuple[str, ...], what: str) -> None:
    with pytest.raises(ZhiyinError, match=what.replace("[", r"\[")):
        call(ws, "messages", "send", "receipt", "--to", "li@example.com", *words)


def test_a_key_is_shown_once_and_revoked(ws: Workspace) -> None:
    made = told(ws, "keys", "create", "Shop backend")
    assert made["key"].startswith("zk_")
    assert made["key"] not in call(ws, "keys", "list")
    with pytest.raises(ZhiyinError, match="already"):
        call(ws, "keys", "create", "Shop backend")
    assert "is revoked" in call(ws, "keys", "revoke", "Shop backend")
    assert told(ws, "keys", "list")[0]["revoked_at"]
    with pytest.raises(ZhiyinError, match="no key"):
        call(ws, "keys", "revoke", "Shop backend")
