"""``zhiyin features``: the catalogue and one feature, for people and as JSON."""

from __future__ import annotations

import json

import pytest
from tests.services.test_features import shop
from typer.testing import CliRunner

from zhiyin.domain.errors import NotFound
from zhiyin.domain.feature import FEATURES
from zhiyin.entrypoints.cli import app
from zhiyin.services.workspace import Workspace


def call(workspace: Workspace, *words: str) -> str:
    result = CliRunner().invoke(app, ["features", *words, "-w", str(workspace.folder)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_the_catalogue_lists_every_feature(workspace: Workspace) -> None:
    text = call(workspace, "list")
    assert all(one.name in text for one in FEATURES)
    told = json.loads(call(workspace, "list", "--json"))
    assert [one["name"] for one in told] == [one.name for one in FEATURES]
    assert told[0]["share"] is None


def test_one_feature_is_shown_with_its_spread(workspace: Workspace) -> None:
    shop(workspace)
    text = " ".join(call(workspace, "show", "orders").split())
    assert "Number of orders (orders)" in text
    assert "least 0 · half below 20 · most 40" in text
    assert "known 100.0 % of 41 customers" in text
    assert "0 to below 5" in text
    told = json.loads(call(workspace, "show", "lifecycle", "--json"))
    assert [one["value"] for one in told["values"]] == ["lead", "new", "active"]
    assert (told["kind"], told["owner"], told["window_days"]) == ("text", "standing", None)
    assert "they name people" in call(workspace, "show", "email")
    assert "90 days" in call(workspace, "show", "visits_90d")


def test_an_unknown_feature_says_what_was_meant(workspace: Workspace) -> None:
    with pytest.raises(NotFound, match="Did you mean 'orders'"):
        call(workspace, "show", "order")


def test_some_customers_are_described_anew(workspace: Workspace) -> None:
    assert "`zhiyin profile` describes all" in call(workspace, "refresh", "--customer", "c01")
    shop(workspace)
    told = json.loads(
        call(workspace, "refresh", "--customer", "c01", "--customer", "nobody", "--customer", "c01", "--json")
    )
    assert told["customers"] == 1
    assert "1 of 2 customers" in call(workspace, "refresh", "--customer", "c01", "--customer", "nobody")
