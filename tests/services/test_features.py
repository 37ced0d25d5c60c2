"""The catalogue: of how many customers a feature is known, how it is spread, and what one customer's are."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from tests.prepared import once

from zhiyin.adapters.lake.datasets import PROFILES
from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.adapters.records.models import Customer
from zhiyin.domain.errors import NotFound
from zhiyin.domain.event import ORDER_COMPLETED, Event
from zhiyin.domain.feature import FEATURES
from zhiyin.services import features, profiles, segments
from zhiyin.services.features import Value
from zhiyin.services.workspace import Workspace


def shop(ws: Workspace) -> None:
    """Forty buyers, of whom the i-th ordered i times, a week apart; and one who is known by name alone."""
    once(ws, _shop)


def _shop(ws: Workspace) -> None:
    now = ws.now()
    events = [
        Event(
            f"{i}:{k}", "track", ORDER_COMPLETED, now - timedelta(days=7 * k + 1), f"c{i:02d}", amount=1_000
        )
        for i in range(1, 41)
        for k in range(i)
    ]
    table = events_to_table(events, timezone=ws.timezone, received_at=now)
    ws.lake.append("events", table, app_id="test", version=1)
    Customer.objects.create(customer_id="quiet", email="quiet@example.com", name="Quiet")
    profiles.run(ws)


def test_an_empty_lake_has_a_catalogue_of_nobody(workspace: Workspace) -> None:
    found = features.catalogue(workspace)
    assert [one.feature for one in found] == list(FEATURES)
    assert {(one.known, one.customers, one.share) for one in found} == {(0, 0, None)}
    spread = features.spread(workspace, "orders")
    assert (spread.bars, spread.values, spread.middle) == ((), (), None)
    assert features.of(workspace, "nobody") == {}


def test_what_is_known_is_counted(workspace: Workspace) -> None:
    shop(workspace)
    known = {one.feature.name: (one.known, one.customers) for one in features.catalogue(workspace)}
    assert known["customer_id"] == known["orders"] == known["visits_90d"] == (41, 41)
    assert known["email"] == (1, 41)
    assert known["recency_days"] == (40, 41)
    assert known["regularity"] == (37, 41)
    assert known["main_device"] == (0, 41)


def test_a_number_is_spread_over_bars(workspace: Workspace) -> None:
    shop(workspace)
    spread = features.spread(workspace, "orders")
    assert (spread.least, spread.middle, spread.most) == (0, 20, 40)
    assert sum(bar.n for bar in spread.bars) == 41
    assert spread.bars[0].high == 5
    assert spread.bars[0].n == 5


def test_a_choice_is_spread_over_its_values_in_their_order(workspace: Workspace) -> None:
    shop(workspace)
    spread = features.spread(workspace, "lifecycle")
    assert [one.value for one in spread.values] == ["lead", "new", "active"]
    assert sum(one.n for one in spread.values) == 41
    assert [one.value for one in features.spread(workspace, "best_weekday").values] != []


def test_a_time_is_spread_over_months(workspace: Workspace) -> None:
    shop(workspace)
    values = features.spread(workspace, "last_order_at").values
    assert values == (Value(f"{workspace.now() - timedelta(days=1):%Y-%m}", 40),)


@pytest.mark.parametrize("name", ["customer_id", "email", "name"])
def test_what_names_people_is_not_spread(workspace: Workspace, name: str) -> None:
    shop(workspace)
    spread = features.spread(workspace, name)
    assert (spread.private, spread.values, spread.bars) == (True, (), ())
    assert spread.of.known > 0


def test_a_name_that_is_none_says_what_was_meant(workspace: Workspace) -> None:
    with pytest.raises(NotFound, match=r"no feature 'regularty'. Did you mean 'regularity'"):
        features.spread(workspace, "regularty")
    with pytest.raises(NotFound, match="features list"):
        features.get("茶")


def test_a_customer_has_the_features_that_are_known(workspace: Workspace) -> None:
    shop(workspace)
    found = features.of(workspace, "c40")
    assert (found["orders"], found["regularity"], found["personal_gap_days"]) == (40, 1.0, 7)
    assert found["last_order_at"].tzinfo is not None
    assert "main_device" not in found
    assert "email" not in found


@pytest.mark.parametrize(
    ("rule", "count"),
    [
        ("regularity >= 0.999", 37),
        ("regularity.missing() and orders >= 1", 3),
        ("personal_gap_days == 7 and next_order_due == 6", 40),
        ("visits_90d == 0 and returns == 0 and coupon_orders == 0", 41),
        ("main_device.missing()", 41),
        ("gap_hours_mean in [168, 200]", 39),
    ],
)
def test_segments_can_ask_for_every_feature(workspace: Workspace, rule: str, count: int) -> None:
    shop(workspace)
    assert segments.count(workspace, rule).count == count


def test_profiles_made_before_a_feature_are_read_and_replaced(workspace: Workspace) -> None:
    """A lake that was profiled by an older version lacks columns: they are missing until the next run."""
    old = pa.schema(
        [PROFILES.schema.field(name) for name in ("customer_id", "orders", "lifecycle", "traits")]
    )
    row = {"customer_id": "ann", "orders": 2, "lifecycle": "new", "traits": "{}"}
    write_deltalake(str(workspace.lake.folder / "profiles"), pa.Table.from_pylist([row], schema=old))
    assert segments.count(workspace, "orders >= 2 and regularity.missing()").count == 1
    shop(workspace)
    assert segments.count(workspace, "regularity >= 0.9").count == 37
