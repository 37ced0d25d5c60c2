"""Topics and forms on the command line."""

from __future__ import annotations

import json
from typing import Any

from typer.testing import CliRunner

from zhiyin.adapters.records.models import Form, Topic
from zhiyin.entrypoints.cli import app
from zhiyin.services.workspace import Workspace


def run(ws: Workspace, *words: str) -> Any:
    return CliRunner().invoke(app, [*words, "--workspace", str(ws.folder)])


def told(ws: Workspace, *words: str) -> Any:
    return json.loads(run(ws, *words, "--json").stdout)


def test_topics_are_made_listed_and_put_away(workspace: Workspace) -> None:
    made = told(workspace, "topics", "create", "news", "--name", "News", "--name-zh", "资讯", "--hidden")
    assert (made["names"], made["public"]) == ({"en": "News", "zh-hans": "资讯"}, False)
    assert told(workspace, "topics", "update", "news", "--public")["public"]
    (one,) = told(workspace, "topics", "list")
    assert (one["yes"], one["no"], one["campaigns"]) == (0, 0, 0)
    run(workspace, "topics", "archive", "news")
    assert Topic.objects.get().archived_at
    run(workspace, "topics", "restore", "news")
    assert "everybody" in run(workspace, "topics", "list").stdout


def test_a_topic_without_a_name_is_refused(workspace: Workspace) -> None:
    assert run(workspace, "topics", "create", "news").exception.code == "bad_setting"
    assert run(workspace, "topics", "create", "marketing", "--name", "x").exception.code == "bad_setting"


def test_forms_are_made_changed_and_told_of(workspace: Workspace) -> None:
    run(workspace, "topics", "create", "news", "--name", "News")
    made = told(
        workspace, "forms", "create", "door", "--topic", "news", "--field", "name", "--origin", "https://a.example",
        "--text", "en.title=Tea post",
    )  # fmt: skip
    assert (made["topics"], made["texts"]["en"]["title"], made["version"]) == (["news"], "Tea post", 1)
    changed = told(workspace, "forms", "update", "door", "--opt-in", "single", "--text", "en.button=Go")
    assert (changed["opt_in"], changed["version"]) == ("single", 2)
    assert changed["texts"]["en"] == {"title": "Tea post", "button": "Go"}
    (one,) = told(workspace, "forms", "list")
    assert one["sign_ups"]["received"] == 0
    assert told(workspace, "forms", "sign-ups", "door") == {"total": 0, "rows": []}
    assert "received" in run(workspace, "forms", "show", "door").stdout
    codes = told(workspace, "forms", "snippet", "door", "--language", "zh-hans")
    assert set(codes) == {"html", "frame", "api"}
    assert "邮箱地址" in codes["html"]
    assert "<script" not in "".join(codes.values())
    assert run(workspace, "forms", "archive", "door").exit_code == 0
    assert Form.objects.get().archived_at
    assert run(workspace, "forms", "restore", "door").exit_code == 0


def test_what_a_form_cannot_have_is_said(workspace: Workspace) -> None:
    for words in (["--topic", "none"], ["--field", "iban"], ["--opt-in", "triple"], ["--origin", "a.example"],
                  ["--redirect", "javascript:alert(1)"], ["--text", "fr.title=x"], ["--text", "title"]):  # fmt: skip
        assert run(workspace, "forms", "create", "door", *words).exit_code != 0
    assert not Form.objects.exists()
