"""Erasure: afterwards nothing of the person is in any file of the workspace."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa
import pytest

from zhiyin.adapters.lake.datasets import REJECTS
from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.adapters.records.erasure import address_mark
from zhiyin.adapters.records.models import (
    Campaign,
    Consent,
    Customer,
    Decision,
    Message,
    Segment,
    Suppression,
)
from zhiyin.domain.errors import NotFound
from zhiyin.domain.event import ORDER_COMPLETED, Event
from zhiyin.services import gate, ingest, privacy, profiles, segments
from zhiyin.services.workspace import Workspace

ID, EMAIL, NAME = "wei-71134", "wei.71134@example.com", "Wei Seventyone"


@pytest.fixture
def shop(workspace: Workspace) -> Workspace:
    """Wei, with traces everywhere, and Bob."""
    now = workspace.now()
    for customer_id, email, name in ((ID, EMAIL, NAME), ("bob", "bob@example.com", "Bob")):
        Customer.objects.create(customer_id=customer_id, email=email, name=name, traits={"note": name})
        Consent.objects.create(customer_id=customer_id, channel="email", granted=True, at=now)
    Suppression.objects.create(channel="email", address=EMAIL, reason="manual", at=now)
    events = [
        Event(
            f"{who}:{i}",
            "track",
            ORDER_COMPLETED,
            now - timedelta(days=i),
            who,
            amount=100,
            properties={"n": who},
        )
        for who in (ID, "bob")
        for i in range(3)
    ]
    table = events_to_table(events, timezone=workspace.timezone, received_at=now)
    workspace.lake.append("events", table, app_id="test", version=1)
    blank = dict.fromkeys(REJECTS.schema.names)
    rejects = [{**blank, "reject_id": "1", "raw": f"x,{EMAIL}"}, {**blank, "reject_id": "2", "raw": "x,bob"}]
    workspace.lake.append(
        "rejects", pa.Table.from_pylist(rejects, schema=REJECTS.schema), app_id="t", version=1
    )
    segment = segments.create(workspace, "all", "All", "everyone")
    campaign = Campaign.objects.create(
        key="spring", name="Spring", segment=segment, subject="", body="", sender_name="", sender_email="",
        seed="s", created_at=now,
    )  # fmt: skip
    for number, status in enumerate(("accepted", "planned")):
        message = Message.objects.create(
            token=f"t{number}", program="campaign:spring", step=f"s{number}", customer_id=ID, campaign=campaign,
            status=status, address=EMAIL, detail=f"550 <{EMAIL}>", planned_at=now, due_at=now,
        )  # fmt: skip
        Decision.objects.create(
            message=message, customer_id=ID, choice="send", assigned="send", probability=0.9,
            facts=[{"found": NAME}], decided_at=now,
        )  # fmt: skip
    profiles.run(workspace)
    ingest.record(workspace, [Event("late", "track", "Product Viewed", now, ID)])
    return workspace


def traces(ws: Workspace) -> set[str]:
    """Files of the workspace that hold anything of Wei."""
    secrets = [text.encode() for text in (ID, EMAIL, NAME)]
    files = [path for path in ws.folder.rglob("*") if path.is_file()]
    return {str(p.relative_to(ws.folder)) for p in files if any(s in p.read_bytes() for s in secrets)}


def test_nothing_is_left_in_any_file(shop: Workspace) -> None:
    assert any("events" in name for name in traces(shop))
    privacy.erase(shop, ID)
    assert traces(shop) == set()


def test_others_stay_as_they_were(shop: Workspace) -> None:
    privacy.erase(shop, ID)
    assert segments.members(shop, "everyone") == ["bob"]
    assert shop.lake.count("events") == 3
    assert shop.lake.count("rejects") == 1
    assert Customer.objects.get().consents.count() == 1


def test_the_address_stays_suppressed_as_a_hash(shop: Workspace) -> None:
    privacy.erase(shop, ID)
    row = Suppression.objects.get()
    assert (row.address, row.reason) == (address_mark(EMAIL.upper()), "erased")


def test_who_comes_back_after_erasure_is_not_written_to(shop: Workspace) -> None:
    privacy.erase(shop, ID)
    Customer.objects.create(customer_id="again", email=EMAIL.upper())
    assert gate.contacts(["again", "bob"])["again"].suppressed == "erased"
    assert gate.contacts(["again", "bob"])["bob"].suppressed == ""


def test_the_ledger_keeps_its_sums_and_sends_nothing_more(shop: Workspace) -> None:
    privacy.erase(shop, ID)
    assert sorted(Message.objects.values_list("status", "reason")) == [
        ("accepted", ""),
        ("refused", "erased"),
    ]
    assert Segment.objects.get().campaigns.get().messages.count() == 2


def test_who_was_erased_does_not_come_back_with_the_next_profiling(shop: Workspace) -> None:
    privacy.erase(shop, ID)
    profiles.run(shop)
    assert list(Customer.objects.values_list("pk", flat=True)) == ["bob"]


def test_erasing_somebody_unknown_says_so(shop: Workspace) -> None:
    with pytest.raises(NotFound, match="Nothing is held"):
        privacy.erase(shop, "eve")
