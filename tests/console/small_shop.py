"""A small shop with a signed-in owner: three customers, their orders, and a campaign with one of each outcome."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from tests.prepared import once

from zhiyin.domain.event import ORDER_COMPLETED, PRODUCT_VIEWED, Event, Line
from zhiyin.services.workspace import Workspace

NOW = datetime(2026, 3, 15, 4, 0, tzinfo=UTC)
PASSWORD = "oolong-7-leaves"
FORMULA = '=HYPERLINK("http://example.com")'


def owner() -> object:
    """The owner's account."""
    from django.contrib.auth import get_user_model

    return get_user_model().objects.create_superuser(
        "yue@example.com", "yue@example.com", PASSWORD, first_name="Yue"
    )


def client(language: str = "en", **kwargs: object) -> object:
    """A browser with a language and no session."""
    from django.test import Client

    made = Client(**kwargs)
    made.cookies["zhiyin_language"] = language
    return made


@pytest.fixture
def quick_hashes() -> Iterator[None]:
    """Passwords are hashed the fast way."""
    from django.test import override_settings

    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture
def owned(workspace: Workspace, quick_hashes: None) -> Workspace:
    """The workspace with an owner and nothing else."""
    owner()
    return workspace


@pytest.fixture
def filled(workspace: Workspace, quick_hashes: None) -> Workspace:
    """The small shop and its owner."""
    once(workspace, fill)
    return workspace


def fill(ws: Workspace) -> None:
    """An owner, customers, orders, items, a segment and a campaign, without a mail server."""
    from zhiyin.adapters.records.models import Campaign, Consent, Customer, Decision, Message
    from zhiyin.services import imports, ingest, profiles, segments

    owner()
    now = ws.now()
    for number, name in enumerate(("Lin Xiaoyu", "张伟", "Emily Carter"), 1):
        person = Customer.objects.create(
            customer_id=f"c{number}", name=name, email=f"person{number}@example.com", phone="13800004021"
        )
        Consent.objects.create(customer=person, channel="email", granted=number != 3, source="shop", at=now)
    events = [
        Event(
            f"e{number}-{day}",
            "track",
            ORDER_COMPLETED,
            now - timedelta(days=day),
            customer_id=f"c{number}",
            order_id=f"o{number}-{day}",
            amount=38_600,
            currency="CNY",
            products=(Line("oolong", 2, 19_300),),
        )
        for number in (1, 2)
        for day in (3, 40, 80)
    ]
    events += [  # at one moment: midnight never lies between them
        Event(f"v{number}", "track", PRODUCT_VIEWED, now - timedelta(minutes=10), customer_id="c1",
              products=(Line("oolong"),))
        for number in (1, 2)
    ]  # fmt: skip
    ingest.record(ws, events)
    ws.spool.close()
    ingest.drain(ws)
    items = ws.folder / "items.csv"
    items.write_text("item_id,name,price\noolong,Oolong,193\n", encoding="utf-8")
    imports.run(ws, "items", [items])
    orders = ws.folder / "orders.csv"
    orders.write_text(
        f"order_id,customer_id,timestamp,amount\no9,c1,2026-01-02 10:00,10\no10,c1,{FORMULA},10\n".replace(
            '"', ""
        ),
        encoding="utf-8",
    )
    imports.run(ws, "orders", [orders])
    profiles.run(ws)
    segments.create(ws, "everybody", "Everybody", {"all": []})
    from zhiyin.adapters.records.models import Segment

    campaign = Campaign.objects.create(
        key="spring", name="Spring tea", segment=Segment.objects.get(key="everybody"), subject="Hello",
        body="<mjml></mjml>", sender_name="Shop", sender_email="shop@example.com", seed="s", status="sent",
        created_at=now, started_at=now - timedelta(days=1), planned_at=now - timedelta(days=1),
    )  # fmt: skip
    for number, (status, choice, reason) in enumerate(
        (("unknown", "send", ""), ("held_out", "holdout", "holdout"), ("refused", "refuse", "no_consent")), 1
    ):
        message = Message.objects.create(
            token=f"t{number}", program=campaign.program, customer_id=f"c{number}", campaign=campaign,
            status=status, reason=reason, planned_at=now - timedelta(days=1), due_at=now - timedelta(days=1),
        )  # fmt: skip
        Decision.objects.create(
            message=message, customer_id=f"c{number}", choice=choice, probability=0.9, reason=reason,
            assigned="holdout" if choice == "holdout" else "send", decided_at=now - timedelta(days=1),
            alternatives=[{"choice": "send", "probability": 0.9}, {"choice": "holdout", "probability": 0.1}],
            facts=[{"code": "no_consent", "holds": choice != "refuse", "detail": {}}], versions={"rule": "1"},
        )  # fmt: skip
