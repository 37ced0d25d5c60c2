"""Attributes of a workspace: cleaned with every profiling and refresh, while what was stated stays as it was."""

from __future__ import annotations

import json
from datetime import timedelta

from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.adapters.records.models import Customer
from zhiyin.domain.event import PRODUCT_VIEWED, Event
from zhiyin.services import profiles, refresh, segments
from zhiyin.services.workspace import Workspace

STATED = {"年龄": "35岁", "gender": "女士", "city": "深圳", "月收入": "8k-12k", "job": "程序员"}


def shop(ws: Workspace) -> None:
    Customer.objects.bulk_create(
        [*(Customer(customer_id=f"c{i:02}", traits=STATED) for i in range(30)), Customer(customer_id="quiet")]
    )
    seen = [Event("v", "track", PRODUCT_VIEWED, ws.now() - timedelta(hours=1), "visitor")]
    ws.lake.append(
        "events", events_to_table(seen, timezone=ws.timezone, received_at=ws.now()), app_id="t", version=1
    )
    profiles.run(ws)


def rows(ws: Workspace) -> dict[str, dict[str, object]]:
    return {row["customer_id"]: row for row in ws.lake.collect(ws.lake.profiles()).to_pylist()}


NAMES = ("age", "gender", "region", "income", "occupation")
CLEAN = [35, "female", "Guangdong", 3, "engineer"]


def test_attributes_are_cleaned_and_assumed_of_whoever_did_not_state_them(workspace: Workspace) -> None:
    shop(workspace)
    found = rows(workspace)
    for who, told, assumed in (
        ("c00", CLEAN, [None] * 5),
        ("quiet", [None] * 5, CLEAN),
        ("visitor", [None] * 5, CLEAN),
    ):
        assert [found[who][f"{name}_stated"] for name in NAMES] == told, who
        assert [found[who][f"{name}_imputed"] for name in NAMES] == assumed, who
    assert json.loads(str(found["c00"]["traits"])) == STATED
    assert Customer.objects.get(pk="c00").traits == STATED
    assert segments.members(workspace, 'gender_stated == "female" and age_stated >= 35')[0] == "c00"
    assert segments.members(workspace, 'gender_imputed == "female" or gender == "女"') == ["quiet", "visitor"]


def test_one_described_anew_is_assumed_what_all_told(workspace: Workspace) -> None:
    shop(workspace)
    before = rows(workspace)
    Customer.objects.filter(pk="c01").update(traits={"age": 61, "income": 1_000_000})
    refresh.refresh(workspace, ["c01", "quiet", "visitor"])
    found = rows(workspace)
    for who in ("quiet", "visitor"):
        told = [f"{name}_{how}" for name in NAMES for how in ("stated", "imputed")]
        assert {name: found[who][name] for name in told} == {name: before[who][name] for name in told}
    assert (found["c01"]["age_stated"], found["c01"]["age_imputed"]) == (61, None)
    assert (found["c01"]["income_stated"], found["c01"]["gender_imputed"]) == (3, "female")


def test_few_tell_nothing_of_others(workspace: Workspace) -> None:
    Customer.objects.create(customer_id="a", traits=STATED)
    Customer.objects.create(customer_id="b")
    profiles.run(workspace)
    assert [rows(workspace)["b"][f"{name}_imputed"] for name in NAMES] == [None] * 5
