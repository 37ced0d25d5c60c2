"""A tea shop of any size for the pages of segments and campaigns, and its owner's browser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.test import Client
from tests.prepared import once

from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.adapters.records.models import Consent, Customer
from zhiyin.domain.event import ORDER_COMPLETED, PRODUCT_VIEWED, Event, Line
from zhiyin.services import profiles
from zhiyin.services.workspace import Workspace

NAMES = ("林晓雨", "Emily Carter", "张伟", "周敏", "Oliver Stone", "吴嘉慧", "陈晨", "Mia Wong")
CITIES = ("上海", "杭州", "London", "苏州")


def fill(workspace: Workspace, customers: int) -> None:
    """Customers in four cities, their orders and views, and their profiles.

    Three of four ordered, the higher the number the later; every eighth said no to e-mail.
    """
    once(workspace, _fill, customers)


def _fill(workspace: Workspace, customers: int) -> None:
    now = workspace.now()
    Customer.objects.bulk_create(
        Customer(
            customer_id=f"c{i:02}",
            email=f"c{i:02}@example.com",
            name=NAMES[i % len(NAMES)],
            language="zh-hans" if ord(NAMES[i % len(NAMES)][0]) > 0x2E7F else "en",
            traits={"city": CITIES[i % len(CITIES)], "points": i},
            created_at=now - timedelta(days=200),
        )
        for i in range(customers)
    )
    Consent.objects.bulk_create(
        Consent(
            customer_id=f"c{i:02}",
            channel="email",
            granted=i % 8 != 7,
            source="form",
            at=now - timedelta(days=100),
        )
        for i in range(customers)
    )
    events = [event for i in range(customers * 3 // 4) for event in _orders(i, now)]
    table = events_to_table(events, timezone=workspace.timezone, received_at=now)
    workspace.lake.append("events", table, app_id="shop", version=1)
    profiles.run(workspace)


def _orders(i: int, now: datetime) -> Iterator[Event]:
    last = now - timedelta(days=150 - 4.5 * (i % 32), hours=i % 24)
    for n in range(1 + i % 4):
        at, line = last - timedelta(days=21 * n), Line(f"tea-{i % 5}", 1, 8800, "Tea")
        yield Event(
            f"o{i}-{n}", "track", ORDER_COMPLETED, at, f"c{i:02}", order_id=f"o{i}-{n}", amount=8800 + 100 * i,
            currency="CNY", products=(line,),
        )  # fmt: skip
        yield Event(
            f"v{i}-{n}", "track", PRODUCT_VIEWED, at - timedelta(hours=1), f"c{i:02}", products=(line,)
        )


def sign_in(language: str = "en") -> Client:
    """A signed-in owner's browser, in a language."""
    from django.contrib.auth.models import User

    # no password: hashing one takes longer than the page that is looked at
    user, _ = User.objects.get_or_create(
        username="owner", email="owner@shop.example", first_name="Yue Chen", is_staff=True, is_superuser=True
    )
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client
