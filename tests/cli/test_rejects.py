"""``zhiyin events rejects`` and ``replay``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from zhiyin.entrypoints.cli import app
from zhiyin.services import ingest, rejects
from zhiyin.services.workspace import Workspace


@pytest.fixture
def shop(workspace: Workspace) -> Workspace:
    payloads = [
        {"type": "track", "event": "Order Completed", "userId": "ann", "messageId": f"m{number}",
         "properties": {"total": -number}}
        for number in range(1, 4)
    ]  # fmt: skip
    payloads.append(
        {"type": "track", "event": "Order Completed", "messageId": "m4", "properties": {"member": "bo"}}
    )
    entry = {"receivedAt": workspace.now(), "source": "web", "kind": "batch", "body": {"batch": payloads}}
    workspace.spool.append([msgspec.json.encode(entry)])
    workspace.spool.close()
    ingest.drain(workspace)
    return workspace


def run(ws: Workspace, *arguments: str, fails: bool = False) -> Any:
    result = CliRunner().invoke(app, ["events", *arguments, "--workspace", str(ws.folder)])
    assert (result.exit_code != 0) == fails, result.output
    return json.loads(result.stdout) if "--json" in arguments and not fails else result.output


def test_rejects_are_listed_by_reason_and_exported(shop: Workspace, tmp_path: Path) -> None:
    told = run(shop, "rejects", "--json", "--since", "1d")
    assert told["total"] == 4
    assert [(one["reason"], one["rejects"], one["sources"]) for one in told["reasons"]] == [
        ("negative_price", 3, {"web": 3}),
        ("missing_id", 1, {"web": 1}),
    ]
    assert run(shop, "rejects", "--reason", "missing_id", "--json")["total"] == 1
    file = tmp_path / "rejects.csv"
    assert run(shop, "rejects", "--export", str(file), "--json") == {"file": str(file), "rejects": 4}
    assert "negative_price" in run(shop, "rejects")


def test_a_dry_run_lists_what_rules_would_do(shop: Workspace) -> None:
    found = run(shop, "replay", "--reason", "negative_price", "--dry-run", "--json")
    assert [(one["rule"], one["repaired"], one["looked"]) for one in found] == [
        ("refund", 3, 3),
        ("positive", 3, 3),
    ]
    assert "3 of 3" in run(shop, "replay", "--reason", "negative_price", "--rule", "refund", "--dry-run")
    assert "No ready-made rule" in run(shop, "replay", "--reason", "missing_id", "--dry-run")
    assert rejects.total(shop) == 4


def test_a_replay_asks_first(shop: Workspace) -> None:
    run(shop, "replay", "--reason", "negative_price", "--rule", "refund", fails=True)
    assert rejects.total(shop) == 4
    done = run(shop, "replay", "--reason", "negative_price", "--rule", "refund", "--yes", "--json")
    assert (done["sent"], done["kept"], done["back"]) == (3, 3, {})
    assert ingest.counts(shop) == {"Order Refunded": 3}


def test_a_rule_of_ones_own_is_stated_by_options(shop: Workspace) -> None:
    own = ("--reason", "missing_id", "--copy", "userId=properties.member", "--set", "properties.checked=true")
    assert "1" in run(shop, "replay", *own, "--yes")
    assert ingest.counts(shop) == {"Order Completed": 1}


@pytest.mark.parametrize(
    "arguments",
    [(), ("--rule", "nonsense", "--yes"), ("--rule", "refund", "--positive"), ("--set", "novalue"),
     ("--set", "a=1", "--copy", "b=a", "--yes"), ("--rule", "refund", "--since", "soon")],
)  # fmt: skip
def test_what_is_no_rule_is_refused(shop: Workspace, arguments: tuple[str, ...]) -> None:
    run(shop, "replay", *arguments, fails=True)
    assert rejects.total(shop) == 4


def test_discarding_asks_first(shop: Workspace) -> None:
    run(shop, "rejects", "--discard", fails=True)
    assert rejects.total(shop) == 4
    assert run(shop, "rejects", "--discard", "--reason", "missing_id", "--yes", "--json") == {"discarded": 1}
