"""``zhiyin profile``: all customers without an id, one with it."""

from __future__ import annotations

import json

import pytest
from tests.services.test_interests import shop
from typer.testing import CliRunner

from zhiyin.adapters.records.models import Customer
from zhiyin.domain.errors import NotFound
from zhiyin.entrypoints.cli import app
from zhiyin.entrypoints.python import Shop
from zhiyin.services import segments
from zhiyin.services.workspace import Workspace


def call(workspace: Workspace, *words: str) -> str:
    result = CliRunner().invoke(app, ["profile", *words, "-w", str(workspace.folder)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_without_an_id_everyone_is_profiled(workspace: Workspace) -> None:
    shop(workspace)
    assert json.loads(call(workspace, "--json"))["customers"] == 2
    assert Customer.objects.get(pk="ann").orders == 1


def test_one_customer_is_shown_with_interests_stages_and_segments(workspace: Workspace) -> None:
    shop(workspace)
    segments.create(workspace, "buyers", "Buyers", "orders >= 1")
    segments.create(workspace, "idle", "Idle", "orders == 0")
    call(workspace)
    told = json.loads(call(workspace, "ann", "--json"))
    assert told["features"]["orders"] == 1
    assert [one["value"] for one in told["interests"]["category"]] == ["Tea", "Cups"]
    assert [one["stage"] for one in told["stages"]][-1] == "new"
    assert told["segments"] == [{"key": "buyers", "name": "Buyers"}]
    text = call(workspace, "ann")
    assert "Interests" in text
    assert "Tea" in text
    assert "buyers" in text
    hers = Shop(workspace.folder).profile("ann").to_dict()
    assert {**hers, "stages": None} == {**_timed(told, hers), "stages": None}


def _timed(told: dict[str, object], like: dict[str, object]) -> dict[str, object]:
    """What JSON tells, with the times of the same profile in Python."""
    assert json.loads(json.dumps(like, default=lambda at: at.isoformat())) == told
    return like


def test_who_came_after_the_profiling_has_none_yet(workspace: Workspace) -> None:
    Customer.objects.create(customer_id="new")
    assert "Not profiled yet" in call(workspace, "new")
    assert json.loads(call(workspace, "new", "--json"))["interests"] == {}


def test_somebody_unknown_is_not_found(workspace: Workspace) -> None:
    with pytest.raises(NotFound):
        call(workspace, "nobody")
