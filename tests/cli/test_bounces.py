"""``zhiyin bounces classify`` as people type it, outside any workspace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from zhiyin.domain.errors import BadFile
from zhiyin.entrypoints.cli import app

GONE = b"From: MAILER-DAEMON@mx.example\nSubject: Undelivered mail\n\n<li@shop.example>: 550 5.1.1 no such user\n"
AWAY = b"From: wang@shop.example\nSubject: Out of office\n\nBack on Monday.\n"


def call(*words: object) -> str:
    result = CliRunner().invoke(app, ["bounces", "classify", *map(str, words)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


@pytest.fixture
def box(tmp_path: Path) -> Path:
    separator = b"From x Thu Jan  1 00:00:00 2026\n"
    (tmp_path / "box.mbox").write_bytes(separator + GONE + b"\n" + separator + AWAY)
    (tmp_path / "gone.eml").write_bytes(GONE)
    (tmp_path / "nothing").write_bytes(b"")
    return tmp_path


def test_each_message_is_an_object_with_what_was_promised_first(box: Path) -> None:
    found: list[dict[str, Any]] = json.loads(call(box, "--json"))
    promised = ("file", "kind", "status", "reason", "recipient")
    assert [tuple(one)[:5] for one in found] == [promised] * 4
    assert [tuple(one[name] for name in promised) for one in found] == [
        ("box.mbox", "hard", "5.1.1", "user_unknown", "li@shop.example"),
        ("box.mbox", "none", "", "auto_reply", "wang@shop.example"),
        ("gone.eml", "hard", "5.1.1", "user_unknown", "li@shop.example"),
        ("nothing", "none", "", "not_a_bounce", ""),
    ]
    assert [one["problem"] for one in found] == ["", "", "", "empty"]
    assert [one["number"] for one in found] == [1, 2, 1, 1]


def test_an_empty_folder_is_an_empty_list(tmp_path: Path) -> None:
    assert json.loads(call(tmp_path, "--json")) == []


def test_people_are_told_how_many_of_each_kind(box: Path) -> None:
    told = call(box)
    assert "4 messages, 1 that cannot be read." in told
    assert "nothing: empty" in told
    assert [line.split()[-2] for line in told.splitlines() if "user_unknown" in line] == ["2"]


def test_nothing_of_that_name_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadFile):
        call(tmp_path / "nowhere")
