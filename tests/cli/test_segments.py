"""``zhiyin segments``: made, changed, and warned about where a rule names what nobody has."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.adapters.records.models import Campaign, Customer, Segment
from zhiyin.domain.errors import BadRule
from zhiyin.domain.event import Event
from zhiyin.entrypoints.cli import app
from zhiyin.loop.profile import segment_json
from zhiyin.services import profiles
from zhiyin.services.workspace import Workspace


def call(workspace: Workspace, *words: object) -> str:
    result = CliRunner().invoke(app, ["segments", *map(str, words), "-w", str(workspace.folder)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_a_segment_is_changed_and_counted_again(workspace: Workspace) -> None:
    call(workspace, "create", "tea", "--rule", "everyone")
    told = json.loads(call(workspace, "update", "tea", "--rule", "orders >= 2", "--name", "Twice", "--json"))
    assert told == {"key": "tea", "version": 2, "count": 0, "total": 0, "warnings": []}
    row = Segment.objects.get(key="tea")
    assert (row.name, row.rule) == ("Twice", {"trait": "orders", "at_least": 2})
    assert "Changed the segment tea" in call(workspace, "update", "tea", "--name", "Two")
    assert Segment.objects.get(key="tea").version == 2
    assert "Say what to change" in call(workspace, "update", "tea")


def test_a_trait_that_nobody_has_is_warned_about(workspace: Workspace) -> None:
    Customer.objects.create(customer_id="ann", traits={"city": "Suzhou", "a.b [c]": None})
    rule = 'ctiy == "Suzhou" and city == "Suzhou" and orders >= 1 and not shoes.exists()'
    warned = ["No customer has the trait 'ctiy'. Did you mean 'city'?", "No customer has the trait 'shoes'."]
    assert json.loads(call(workspace, "count", "--rule", rule, "--json"))["warnings"] == warned
    for words in (("create", "a", "--rule", rule), ("update", "a", "--rule", rule), ("count", "a")):
        text = " ".join(call(workspace, *words).split())
        assert all(warning in text for warning in warned)
    fine = {"any": [{"trait": "a.b [c]", "exists": False}, {"trait": "email", "exists": True}]}
    assert "No customer has" not in call(workspace, "count", "--rule", json.dumps(fine))


def test_a_campaign_that_there_is_not_is_warned_about(workspace: Workspace) -> None:
    call(workspace, "create", "all", "--rule", "everyone")
    Campaign.objects.create(
        key="spring", name="Spring", segment=Segment.objects.get(), subject="", body="", sender_name="",
        sender_email="", seed="s", created_at=workspace.now(),
    )  # fmt: skip
    rule = 'engaged("opened", campaign="sprimg") and engaged("opened", campaign="spring")'
    assert json.loads(call(workspace, "count", "--rule", rule, "--json"))["warnings"] == [
        "There is no campaign 'sprimg'. Did you mean 'spring'?"
    ]


def test_why_tells_of_messages(workspace: Workspace) -> None:
    Customer.objects.create(customer_id="ann")
    read = Event("e1", "track", "Message Opened", workspace.now() - timedelta(days=3), "ann", campaign="spring",
                 properties={"token": "t", "rule": "1"})  # fmt: skip
    table = events_to_table([read], timezone=workspace.timezone, received_at=workspace.now())
    workspace.lake.append("events", table, app_id="test", version=1)
    profiles.run(workspace)
    call(workspace, "create", "readers", "--rule", 'engaged("opened", at_least=2, within="30d")')
    (fact,) = json.loads(call(workspace, "why", "readers", "ann", "--json"))["facts"]
    assert (fact["code"], fact["holds"], fact["detail"]["found"]) == ("engaged", False, 1)
    text = " ".join(call(workspace, "why", "readers", "ann").split())
    assert "ann is not in readers" in text
    assert 'engaged("opened",' in text


def test_a_rule_of_ten_thousand_brackets_is_refused(workspace: Workspace) -> None:
    for rule in ('{"not": ' * 10_000, "not (" * 10_000):
        with pytest.raises(BadRule, match="nested too deep"):
            call(workspace, "count", "--rule", rule)


def test_the_schema_of_rules_is_printed(workspace: Workspace) -> None:
    told = json.loads(CliRunner().invoke(app, ["segments", "schema"]).output)
    assert told == segment_json.schema()
