"""``zhiyin lifecycle``: sizes, the flow between two days, and what it answers to days that cannot be."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from tests.prepared import once
from tests.services.test_profiles import happened
from typer.testing import CliRunner

from zhiyin.domain.errors import BadPeriod, NotFound
from zhiyin.domain.event import ORDER_COMPLETED
from zhiyin.entrypoints.cli import app
from zhiyin.services import profiles
from zhiyin.services.workspace import Workspace


def call(workspace: Workspace, *words: object) -> str:
    result = CliRunner().invoke(app, ["lifecycle", *map(str, words), "-w", str(workspace.folder)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


@pytest.fixture
def shop(workspace: Workspace) -> Workspace:
    once(workspace, _shop)
    return workspace


def _shop(workspace: Workspace) -> None:
    happened(workspace, (ORDER_COMPLETED, "ann", 100, 1), (ORDER_COMPLETED, "bob", 3, 1))
    profiles.run(workspace)


def test_sizes_are_shown_with_the_rule(shop: Workspace) -> None:
    told = json.loads(call(shop, "show", "--json"))
    assert (told["customers"], told["gap_days"]) == (2, 30)
    assert told["stages"] == {"lead": 0, "new": 1, "active": 0, "at_risk": 0, "lapsed": 1, "won_back": 0}
    assert told["visitors"] == 0
    assert told["gaps"] == {"new": 1.0, "active": 1.5, "lapsed": 3.0}
    assert "active for 45 after the last, lapsed after 90" in " ".join(call(shop, "show").split())


def test_the_flow_is_a_table_that_adds_up(shop: Workspace) -> None:
    to = shop.today().date()
    since = to - timedelta(days=50)
    told = json.loads(call(shop, "flow", "--from", since, "--to", to, "--json"))
    assert told["moves"] == [
        {"from": "not_yet", "to": "new", "customers": 1, "course": "came"},
        {"from": "at_risk", "to": "lapsed", "customers": 1, "course": "away"},
    ]
    assert sum(told["at_first"].values()) == sum(told["at_second"].values()) == told["customers"] == 2
    assert told["visitors"] == 0
    text = " ".join(call(shop, "flow", "--from", since, "--to", to).split())
    assert "1 came, 0 moved closer, 1 moved away, 0 stayed where they were." in text


def test_a_customers_history_is_shown(shop: Workspace) -> None:
    told = json.loads(call(shop, "history", "ann", "--json"))
    assert [one["stage"] for one in told["stages"]] == ["new", "active", "at_risk", "lapsed"]
    assert "at_risk" in call(shop, "history", "ann")


def test_days_that_cannot_be_are_errors(shop: Workspace) -> None:
    to = shop.today().date()
    for first, second in ((to, to + timedelta(days=1)), (to, to - timedelta(days=1)), ("soon", to)):
        with pytest.raises(BadPeriod):
            call(shop, "flow", "--from", first, "--to", second)


def test_without_profiles_there_is_a_cure(workspace: Workspace) -> None:
    for words in (("show",), ("flow", "--from", "2026-01-01", "--to", "2026-01-02")):
        with pytest.raises(NotFound, match="zhiyin profile"):
            call(workspace, *words)
