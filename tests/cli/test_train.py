"""``zhiyin train`` and what belongs to it: who answers where, why, and the way back."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.services.test_training import stock, tastes
from typer.testing import CliRunner

from zhiyin.domain.errors import Conflict, NotFound
from zhiyin.entrypoints.cli import app
from zhiyin.services.workspace import Workspace


def call(workspace: Workspace, *words: str) -> str:
    result = CliRunner().invoke(app, [*words, "-w", str(workspace.folder)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def answers(workspace: Workspace) -> dict[str, Any]:
    told = json.loads(call(workspace, "recommend", "placements", "--json"))
    return {one["placement"]: one["model"] for one in told}


def test_a_training_is_told_and_can_be_taken_back(workspace: Workspace, tmp_path: Path) -> None:
    stock(workspace, *tastes())
    training = ("train", "--models", "item_neighbours", "--placement", "email")
    report = tmp_path / "report.html"
    text = " ".join(call(workspace, *training, "--report", str(report)).split())
    page = report.read_text(encoding="utf-8")
    assert "Item neighbours serves best here." in page
    assert not re.search(r'(src|href)="', page)  # it needs nothing else
    assert "item_neig" in text
    assert "best on" in text
    assert "Chosen on validation" in text
    told = json.loads(call(workspace, *training, "--json"))
    assert told["report"]["placements"]["email"]["version"] == 2
    assert answers(workspace) == {"email": "item_neighbours/2", "home": None, "item": None, "basket": None}
    assert "item_neighbours/1 answers again" in " ".join(call(workspace, "recommend", "rollback").split())
    assert answers(workspace)["email"] == "item_neighbours/1"
    with pytest.raises(Conflict):
        call(workspace, "recommend", "rollback")
    assert "trained until" in call(workspace, "recommend", "models", "--card", "item_neighbours")
    with pytest.raises(NotFound, match="popularity/2"):
        call(workspace, "recommend", "models", "--card", "magic")
    (first,) = json.loads(
        call(workspace, "recommend", "for", "c000", "-n", "1", "--placement", "basket", "--json")
    )
    assert first["item_id"]


def test_rules_of_a_placement_are_changed_by_name(workspace: Workspace) -> None:
    call(
        workspace,
        "recommend",
        "placements",
        "email",
        "--exclude-bought-days",
        "0",
        "--most-per-category",
        "2",
    )
    (told, *_) = json.loads(call(workspace, "recommend", "placements", "--json"))
    assert (told["exclude_bought_days"], told["most_per_category"]) == (None, 2)
    with pytest.raises(NotFound):
        call(workspace, "recommend", "placements", "shelf", "--most-per-category", "2")
    assert "Say whose rules" in call(workspace, "recommend", "placements", "--most-per-category", "2")


@pytest.mark.parametrize("budget", ["10", "10 d", "", "-1m"])
def test_a_budget_has_a_unit(workspace: Workspace, budget: str) -> None:
    assert "90s, 10m or 2h" in " ".join(call(workspace, "train", "--budget", budget).split())
