"""What customers are called and where they say they live reaches real mail: it never breaks a header or a queue."""

from __future__ import annotations

import email
import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import policy
from pathlib import Path

import pytest
from tests.services.mailing import BODY, Server, balanced, campaign, people

from zhiyin.adapters.records.models import Customer, Message
from zhiyin.domain.errors import BadSetting
from zhiyin.domain.event import Event
from zhiyin.services import campaigns, imports, ingest, planning, schedules, segments, sending
from zhiyin.services.workspace import Workspace

ATTACK = "Li\r\nBcc: victim@example.com\r\n\r\n<script>\u2028X-Evil: 1\x00\x0b"
STRICT = policy.default.clone(raise_on_defect=True)


def sent(ws: Workspace, **changes: object) -> None:
    campaign(ws, holdout=0, **changes)
    campaigns.start(ws, "spring")
    planning.plan_step(ws)
    while sending.send_step(ws, "test:1"):
        pass


def headers(content: bytes) -> email.message.Message:
    message = email.message_from_bytes(content, policy=STRICT)
    assert not message.defects
    assert message["Bcc"] is message["X-Evil"] is None
    for name in set(message):
        assert len(message.get_all(name)) == 1, name
    assert message.is_multipart()
    return message


def test_no_name_no_trait_and_no_wording_adds_a_header(make_workspace):
    with Server() as server:
        ws = make_workspace(**server.settings, shop__name=ATTACK.replace("\x00", ""))
        people(ws, 3)
        Customer.objects.filter(pk="c0001").update(name=ATTACK, traits={"city": ATTACK})
        Customer.objects.filter(pk="c0002").update(
            name="李娜\r\nBcc: x@example.com", traits={"city": "\n" * 50}
        )
        sent(
            ws,
            name=ATTACK,
            subject="For {{ customer.name }} in {{ customer.city }}\r\nBcc: y@example.com",
            preheader="Look\r\nBcc: z@example.com",
            sender_name=ATTACK,
        )
        standing = balanced(ws, server)
    assert (standing["status"], standing["accepted"]) == ("sent", 3)
    for address, content in server.letters:
        message = headers(content)
        assert [one.addr_spec for one in message["To"].addresses] == [address]
        assert [one.addr_spec for one in message["From"].addresses] == ["shop@example.com"]


@pytest.mark.parametrize(
    "address", [f"a@example.com{ATTACK}", "a@example.com\r\nBcc: b@example.com", "a b@example.com"]
)
@pytest.mark.parametrize("field", ["sender_email", "reply_to"])
def test_no_sender_and_no_answers_address_adds_one_either(workspace, field, address):
    people(workspace, 3)
    with pytest.raises(BadSetting, match="cannot be an e-mail address"):
        campaign(workspace, **{field: address})


LONG = f"{'a' * 290}@example.com"
STRANGE = {
    "c0000": LONG,
    "c0001": "li@💩.la",
    "c0002": "li@example.com\r\nRCPT TO:<x@example.com>",
    "c0003": "li@例子",
    "c0004": f"{'李' * 40}@example.com",
    "c0005": "li@" + "a" * 250 + ".com",
    "c0006": "li@example..com",
    "c0007": "@",
}


def test_addresses_that_cannot_be_are_refused_by_name_and_the_others_get_theirs(make_workspace):
    with Server() as server:
        ws = make_workspace(**server.settings)
        people(ws, 12)
        for who, address in STRANGE.items():
            Customer.objects.filter(pk=who).update(email=address)
        sent(ws)
        standing = balanced(ws, server)
    assert standing["refused_by_reason"] == {"bad_address": len(STRANGE)}
    assert (standing["status"], standing["accepted"]) == ("sent", 12 - len(STRANGE))


def test_one_that_became_so_after_planning_is_refused_at_the_claim(make_workspace):
    with Server() as server:
        ws = make_workspace(**server.settings)
        people(ws, 12)
        campaign(ws, holdout=0)
        campaigns.start(ws, "spring")
        planning.plan_step(ws)
        for who, address in STRANGE.items():
            Customer.objects.filter(pk=who).update(email=address)
        while sending.send_step(ws, "test:1"):
            pass
        assert balanced(ws, server)["refused_by_reason"] == {"bad_address": len(STRANGE)}
    assert set(Message.objects.filter(status="refused").values_list("address", flat=True)) == {""}


def test_no_door_takes_in_an_address_that_is_too_long_for_the_ledger(workspace: Workspace, tmp_path: Path):
    at = datetime.now(UTC)
    ingest.record(workspace, [Event("1", "identify", "identify", at, "ann", properties={"email": LONG})])
    workspace.spool.close()
    ingest.drain(workspace)
    assert "@" not in Customer.objects.get(pk="ann").email
    file = tmp_path / "customers.csv"
    file.write_text(f"customer_id,email\nbob,{LONG}\neve,eve@example.com\n")
    result = imports.run(workspace, "customers", [file])
    assert (result.imported, result.reasons) == (1, {"bad_email": 1})


@pytest.mark.postgres
@pytest.mark.xdist_group("postgres")
def test_what_postgresql_cannot_keep_is_mended_on_the_way_in(postgres_workspace: Workspace, tmp_path: Path):
    """A NUL in one name, or a word too long, would otherwise hold up everybody behind it."""
    ws, at = postgres_workspace, datetime.now(UTC)
    bad = {
        "name": "A\x00nn",
        "email": LONG,
        "phone": "1" * 300,
        "language": "x" * 99,
        "city": "W\x00uxi",
    }
    ingest.record(ws, [Event("1", "identify", "identify", at, "ann", properties=bad)])
    ingest.record(ws, [Event("2", "identify", "identify", at, "bob", properties={"name": "Bob"})])
    ws.spool.close()
    assert ingest.drain(ws) == 2
    assert set(Customer.objects.values_list("pk", flat=True)) == {"ann", "bob"}
    file = tmp_path / "customers.jsonl"
    rows = [
        {"customer_id": "cat", "name": "C\0at", "city": "Su\0zhou"},
        {"customer_id": "dan", "name": "Dan"},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = imports.run(ws, "customers", [file])
    assert (result.read, result.imported) == (2, 2)
    assert Customer.objects.get(pk="cat").name == "Cat"


def test_a_segment_that_is_empty_when_the_campaign_is_planned_is_sent_to_nobody_and_over(make_workspace):
    with Server() as server:
        ws = make_workspace(**server.settings)
        people(ws, 3)
        segments.create(ws, "nobody", "Nobody", {"trait": "name", "is": "Nobody"})
        sent(ws, segment="nobody")
        standing = balanced(ws, server)
    assert (standing["status"], standing["planned"], server.letters) == ("sent", 0, [])


def test_a_segment_that_empties_between_planning_and_sending_leaves_everybody_accounted_for(make_workspace):
    with Server() as server:
        ws = make_workspace(**server.settings)
        people(ws, 12)
        campaign(ws, holdout=0)
        campaigns.start(ws, "spring")
        planning.plan_step(ws)
        Customer.objects.all().delete()
        while sending.send_step(ws, "test:1"):
            pass
        standing = balanced(ws, server)
    assert (standing["status"], standing["refused_by_reason"], server.letters) == ("sent", {"erased": 12}, [])


@pytest.fixture(params=["Asia/Shanghai", "America/St_Johns"])
def elsewhere(request: pytest.FixtureRequest) -> Iterator[None]:
    """A machine whose clock shows the time of another place."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.usefixtures("elsewhere")
def test_a_machine_in_any_zone_sends_at_once_and_tries_again_in_a_minute(make_workspace):
    with Server(lambda address: "450 later" if address.startswith("c0001") else "250 OK") as server:
        ws = make_workspace(**server.settings)
        people(ws, 12)
        sent(ws, body=BODY)
        standing = balanced(ws, server)
        assert (standing["accepted"], standing["waiting"]) == (11, 1)
        row = Message.objects.get(customer_id="c0001")
        assert timedelta(0) < row.due_at - ws.now() <= timedelta(seconds=80)
        assert abs(row.planned_at - datetime.now(UTC)) < timedelta(minutes=5)
        campaign(ws, "summer", holdout=0)
        schedules.schedule(ws, "summer", ws.now() + timedelta(minutes=1))
        assert schedules.begin(ws) == 0
        assert sending.recover(ws) == 0
    date = email.message_from_bytes(server.letters[0][1], policy=STRICT)["Date"].datetime
    assert abs(date - datetime.now(UTC)) < timedelta(minutes=5)
