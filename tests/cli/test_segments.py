"""``zhiyin segments``: made, changed, and warned about where a rule names what nobody has."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta

import pytest
from tests.services.live import Day
from typer.testing import CliRunner

from zhiyin.adapters import clock
from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.adapters.records.models import Campaign, Customer, Segment
from zhiyin.domain.engagement import RULE
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


def test_nobody_counted_before_the_first_profile_says_what_to_do(workspace: Workspace) -> None:
    assert "zhiyin profile" not in call(workspace, "count", "everyone")  # there is nobody
    Customer.objects.create(customer_id="ann")
    assert "1 customers are there and not profiled yet" in call(workspace, "count", "everyone")
    profiles.run(workspace)
    assert "not profiled" not in call(workspace, "create", "all", "--rule", "everyone")


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
                 properties={"token": "t", "rule": str(RULE)})  # fmt: skip
    table = events_to_table([read], timezone=workspace.timezone, received_at=workspace.now())
    workspace.lake.append("events", table, app_id="test", version=1)
    profiles.run(workspace)
    call(workspace, "create", "readers", "--rule", 'engaged("opened", at_least=2, within="30d")')
    (fact,) = json.loads(call(workspace, "why", "readers", "ann", "--json"))["facts"]
    assert (fact["code"], fact["holds"], fact["detail"]["found"]) == ("engaged", False, 1)
    text = " ".join(call(workspace, "why", "readers", "ann").split())
    assert "ann is not in readers" in text
    assert 'engaged("opened",' in text


def test_why_tells_what_amounts_came_to(workspace: Workspace) -> None:
    Customer.objects.create(customer_id="ann")
    orders = [
        Event(f"o{n}", "track", "Order Completed", workspace.now() - timedelta(days=n), "ann", amount=16_000)
        for n in (3, 4)
    ]
    table = events_to_table(orders, timezone=workspace.timezone, received_at=workspace.now())
    workspace.lake.append("events", table, app_id="test", version=1)
    profiles.run(workspace)
    rule = (
        'sum("Order Completed", at_least=50000, within="30d") or distinct("Order Completed", at_least=3) '
        'or not last("Order Completed", within="7d") or sequence(["Product Added", "Order Completed"])'
    )
    told = json.loads(call(workspace, "create", "big", "--rule", rule, "--json"))
    assert (told["count"], told["total"]) == (0, 1)
    facts = json.loads(call(workspace, "why", "big", "ann", "--json"))["facts"]
    assert [(fact["code"], fact["holds"]) for fact in facts] == [
        ("sum", False), ("distinct", False), ("last_not", False), ("sequence", False),
    ]  # fmt: skip
    assert (facts[0]["detail"]["found"], facts[0]["detail"]["needs"]) == (32_000, 50_000)
    text = re.sub(r"[\s│┃|]+", " ", call(workspace, "why", "big", "ann"))
    assert "¥320.00" in text
    assert "none of the 2 steps" in text


def test_a_rule_of_ten_thousand_brackets_is_refused(workspace: Workspace) -> None:
    for rule in ('{"not": ' * 10_000, "not (" * 10_000):
        with pytest.raises(BadRule, match="nested too deep"):
            call(workspace, "count", "--rule", rule)


def test_the_schema_of_rules_is_printed(workspace: Workspace) -> None:
    told = json.loads(CliRunner().invoke(app, ["segments", "schema"]).output)
    assert told == segment_json.schema()


def test_why_tells_since_when_until_when_and_what_decides(workspace: Workspace) -> None:
    day = Day(workspace, clock.system().replace(microsecond=0))
    day.segment("views", 'did("Product Viewed", within="30d") and not did("Order Completed")')
    day.happens("Product Viewed")
    day.work()
    told = json.loads(call(workspace, "why", "views", "ann", "--json"))
    assert told["inside"] is True
    assert datetime.fromisoformat(told["since"]) == day.now
    assert datetime.fromisoformat(told["until"]) == day.now + timedelta(days=30)
    assert told["deciding"] == [0, 1]
    text = call(workspace, "why", "views", "ann")
    assert "ann is in views since" in text
    assert "If nothing else happens: out on" in text
    day.happens("Order Completed")
    day.work()
    told = json.loads(call(workspace, "why", "views", "ann", "--json"))
    assert (told["inside"], told["since"], told["until"], told["deciding"]) == (False, None, None, [1])


def test_the_size_of_a_segment_is_told_day_by_day(workspace: Workspace) -> None:
    day = Day(workspace, clock.system())
    day.segment("views", 'did("Product Viewed")')
    for who in ("ann", "bob"):
        day.happens("Product Viewed", who)
    day.work()
    told = json.loads(call(workspace, "size", "views", "--days", "2", "--json"))
    assert [one["entered"] for one in told["days"]] == [0, 2]
    day.now += timedelta(hours=1)
    day.work()
    text = call(workspace, "size", "views")
    assert "Entered" in text
    assert f"{workspace.today():%Y-%m-%d}" in text


def test_a_rule_and_a_key_have_the_same_members(workspace: Workspace) -> None:
    Customer.objects.bulk_create(Customer(customer_id=f"c{i}", traits={"n": i}) for i in range(5))
    profiles.run(workspace)
    call(workspace, "create", "some", "--rule", "n >= 1")
    for what in ("some", "n >= 1", '{"trait": "n", "at_least": 1}'):
        assert call(workspace, "members", what).split() == ["c1", "c2", "c3", "c4"]
        told = json.loads(call(workspace, "members", what, "--limit", "2", "--offset", "1", "--json"))
        assert told == {"offset": 1, "members": ["c2", "c3"], "more": True, "warnings": []}
        assert json.loads(call(workspace, "count", what, "--json"))["count"] == 4
        assert "c0 is not in" in call(workspace, "why", what, "c0")
