"""A small shop for pages to show, and a signed-in owner who looks at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.test import Client

from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.adapters.records.models import Consent, Customer
from zhiyin.domain.event import ORDER_COMPLETED, PRODUCT_VIEWED, Event, Line
from zhiyin.services import profiles
from zhiyin.services.workspace import Workspace

NAMES = ("林晓雨", "Emily Carter", "张伟", "周敏", "Oliver Stone", "吴嘉慧", "陈晨", "Mia Wong")
CITIES = ("上海", "杭州", "London", "苏州")


@pytest.fixture
def shop(make_workspace: Callable[..., Workspace]) -> Workspace:
    """40 customers in four cities; c00 to c29 ordered, the lower the number the longer ago; every 8th said no."""
    workspace = make_workspace(
        smtp__host="127.0.0.1",
        smtp__security="none",
        sender__email="hello@shop.example",
        shop__address="1 Road",
    )
    fill(workspace, 40)
    return workspace


def fill(workspace: Workspace, customers: int) -> None:
    """Customers, their orders and views, and their profiles."""
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


@pytest.fixture
def at(shop: Workspace) -> Callable[[datetime], Workspace]:
    """The shop at another moment."""
    return lambda moment: replace(shop, now=lambda: moment)


@pytest.fixture
def sign_in() -> Callable[..., Client]:
    """A signed-in owner's browser, in a language."""
    from django.contrib.auth.models import User

    def enter(language: str = "en") -> Client:
        user = User.objects.filter(username="owner").first() or User.objects.create_superuser(
            "owner", "owner@shop.example", "a long enough password", first_name="Yue Chen"
        )
        client = Client(headers={"accept-language": language})
        client.force_login(user)
        return client

    return enter


from tests.console.small_shop import filled, owned  # noqa: E402, F401 - fixtures for the tests of other pages
