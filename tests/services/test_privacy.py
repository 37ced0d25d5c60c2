"""Erasure: afterwards nothing of the person is in any file of the workspace."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from django.db import connection
from tests.prepared import once
from tests.services.mailing import BODY

from zhiyin.adapters.lake.datasets import REJECTS
from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.adapters.records import erasure
from zhiyin.adapters.records.erasure import address_mark
from zhiyin.adapters.records.models import (
    BounceNote,
    Campaign,
    Consent,
    Customer,
    Decision,
    Message,
    Segment,
    Suppression,
)
from zhiyin.adapters.spool import Spool
from zhiyin.domain.errors import NotFound
from zhiyin.domain.event import ORDER_COMPLETED, Event
from zhiyin.domain.message import Envelope, MessageStatus, Receipt
from zhiyin.services import decisions, gate, ingest, privacy, profiles, segments, sending, tracking
from zhiyin.services.public_links import PublicLinks
from zhiyin.services.workspace import Workspace
from zhiyin.testing.channel import FakeChannel

ID, EMAIL, NAME = "wei-71134", "wei.71134@example.com", "Wei Seventyone"


@pytest.fixture
def shop(workspace: Workspace) -> Workspace:
    """Wei, with traces everywhere, and Bob."""
    once(workspace, _shop)
    ingest.record(workspace, [Event("late", "track", "Product Viewed", workspace.now(), ID)])
    return workspace


def _shop(workspace: Workspace) -> None:
    now = workspace.now()
    for customer_id, email, name in ((ID, EMAIL, NAME), ("bob", "bob@example.com", "Bob")):
        Customer.objects.create(customer_id=customer_id, email=email, name=name, traits={"note": name})
        Consent.objects.create(customer_id=customer_id, channel="email", granted=True, at=now)
    Suppression.objects.create(channel="email", address=EMAIL, reason="manual", at=now)
    said = f"550 5.1.1 <{EMAIL.upper()}>: no such user"
    for key, who, address in (("1", ID, EMAIL), ("2", "", EMAIL), ("3", "", "stranger@example.com")):
        BounceNote.objects.create(
            key=key, at=now, source="file", fate="matched", customer_id=who, address=address, diagnostic=said
        )
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
    row = Suppression.objects.get(channel="email")
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


def request(at: datetime, payloads: list[dict[str, Any]]) -> bytes:
    """A request of the tracking API, as it waits in the spool."""
    body = {"batch": payloads}
    return msgspec.json.encode({"receivedAt": at, "source": "web", "kind": "batch", "body": body})


def test_what_waited_in_another_process_is_refused_and_what_comes_later_is_not(shop: Workspace) -> None:
    server = Spool(shop.folder / "spool")  # another process, whose segment is open
    other = replace(shop, spool=server)
    at = shop.now()
    payloads = [
        {"type": "identify", "userId": ID, "messageId": "p1", "traits": {"email": EMAIL, "name": NAME}},
        {"type": "track", "userId": ID, "messageId": "p2", "properties": {"note": NAME}},
    ]
    server.append([request(at, payloads)])
    ingest.record(other, [Event("opened", "track", "Email Opened", at, ID)])
    privacy.erase(shop, ID)
    server.close()
    before = shop.lake.count("rejects")
    assert ingest.drain(shop) == 3
    assert traces(shop) == set()
    assert not Customer.objects.filter(pk=ID).exists()
    reasons = shop.lake.collect(shop.lake.frame("rejects").select("reason"))["reason"].to_pylist()
    assert (len(reasons) - before, reasons.count("erased")) == (3, 3)

    shop.spool.append([request(shop.now(), payloads[:1])])
    shop.spool.close()
    ingest.drain(shop)
    assert Customer.objects.get(pk=ID).name == NAME  # who comes back is a customer again


def test_an_answer_that_comes_after_the_erasure_brings_nothing_back(shop: Workspace) -> None:
    class Slow(FakeChannel):
        def send(self, envelope: Envelope) -> Receipt:
            privacy.erase(shop, ID)
            connection.close()  # this thread's own
            return Receipt(MessageStatus.FAILED, f"550 5.1.1 <{EMAIL}>: no such user", "recipient_refused")

    now = shop.now()
    Suppression.objects.all().delete()
    Campaign.objects.update(
        status="sending", planned_at=now, subject="Hi", body=BODY, sender_email="shop@example.com"
    )
    sending.send_step(shop, "test:1", channel=Slow())
    assert Message.objects.filter(status="failed").count() == 1
    shop.spool.close()
    ingest.drain(shop)
    assert ingest.counts(shop) == {ORDER_COMPLETED: 3}
    assert erasure_leftovers(shop) == set()


def erasure_leftovers(ws: Workspace) -> set[str]:
    """Traces in rows and current files; what an open transaction left on disk is tidied by the next erasure."""
    erasure.vacuum()
    return traces(ws)


def test_nothing_is_told_of_the_name_that_leads_nowhere(shop: Workspace) -> None:
    links = PublicLinks.of(shop)
    signed = links.open("t0").rpartition("/")[2].removesuffix(".gif")
    privacy.erase(shop, ID)
    assert tracking.opened(shop, signed, tracking.Visitor())
    decisions.publish(shop, Campaign.objects.get())
    shop.spool.close()
    ingest.drain(shop)
    assert ingest.counts(shop) == {ORDER_COMPLETED: 3}


def test_erasing_somebody_unknown_says_so(shop: Workspace) -> None:
    with pytest.raises(NotFound, match="Nothing is held"):
        privacy.erase(shop, "eve")
