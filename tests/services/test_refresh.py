"""Some customers described anew are what a run over all would find of them, with the same facts of the shop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws import slow_law
from tests.prepared import once
from tests.profile.test_features import histories
from tests.services.test_profiles import happened, known

from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.adapters.lake.store import Lake
from zhiyin.adapters.records.models import Customer, ProfileRun
from zhiyin.domain.errors import Busy
from zhiyin.domain.event import ORDER_COMPLETED, Event, Line
from zhiyin.loop.profile.facts import Facts
from zhiyin.services import interests, privacy, profiles, refresh
from zhiyin.services.workspace import Workspace

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CUTS = st.lists(st.integers(-400, 400) | st.none(), min_size=4, max_size=4).map(tuple)


def profiled(ws: Workspace) -> dict[str, dict[str, Any]]:
    rows = ws.lake.collect(ws.lake.profiles()).to_pylist()
    assert len({row["customer_id"] for row in rows}) == len(rows)
    return {row["customer_id"]: row for row in rows}


def published() -> dict[str, dict[str, Any]]:
    return {row["customer_id"]: row for row in Customer.objects.values()}


def ordered(ws: Workspace, who: str, *days: float, amount: int = 100) -> None:
    """Orders that came in since."""
    events = [
        Event(
            f"{who}:{day}:new", "track", ORDER_COMPLETED, ws.now() - timedelta(days=day), who, amount=amount
        )
        for day in days
    ]
    table = events_to_table(events, timezone=ws.timezone, received_at=ws.now())
    ws.lake.append("events", table, app_id=f"since:{who}:{days}", version=1)


@pytest.fixture
def shop(workspace: Workspace) -> Workspace:
    """Thirty buyers, the i-th of whom ordered i days ago and ten days before; a lead; and the clock stands still."""
    once(workspace, _shop)
    return replace(workspace, now=lambda: NOW)


def _shop(workspace: Workspace) -> None:
    ws = replace(workspace, now=lambda: NOW)
    known(ws, "lead", email="lead@example.com")
    rows = [(ORDER_COMPLETED, f"c{i:02d}", i + gap, 100 * i) for i in range(1, 31) for gap in (0, 10)]
    happened(ws, *rows, ("Product Viewed", "c01", 3, None))
    profiles.run(ws)


@slow_law(5)
@given(
    world=histories(),
    some=st.sets(st.sampled_from("abcdefx")),
    facts=st.none() | st.builds(Facts, st.integers(1, 40), st.fixed_dictionaries({"r": CUTS, "f": CUTS, "m": CUTS})),
    personal=st.booleans(),
)  # fmt: skip
def test_some_are_what_they_are_among_all_with_the_same_facts(
    make_workspace: Callable[..., Workspace],
    tmp_path_factory: pytest.TempPathFactory,
    world: list[Event],
    some: set[str],
    facts: Facts | None,
    personal: bool,
) -> None:
    folder = tmp_path_factory.mktemp("law")
    ws = make_workspace(folder.name, profile__personal=personal)
    ws.lake.append(
        "events", events_to_table(world, timezone=ws.timezone, received_at=NOW), app_id="a", version=1
    )
    with profiles.computed(ws, NOW, facts) as (frame, usual):
        everyone = {row["customer_id"]: row for row in ws.lake.collect(frame).to_pylist()}
    with (
        ws.lake.kept(profiles.taken(ws, some)) as theirs,
        profiles.computed(ws, NOW, usual, theirs) as (frame, same),
    ):
        assert same == usual
        found = {row["customer_id"]: row for row in ws.lake.collect(frame).to_pylist()}
    assert found == {who: row for who, row in everyone.items() if who in some}


def test_an_order_that_came_since_is_seen_in_lake_and_records(shop: Workspace) -> None:
    before, rows = profiled(shop), published()
    ordered(shop, "c30", 1, amount=900)
    ordered(shop, "new", 2)
    assert refresh.refresh(shop, ["c30", "new", "nobody"]).customers == 2
    after = profiled(shop)
    assert (after["c30"]["orders"], after["c30"]["revenue"], after["c30"]["recency_days"]) == (3, 6_900, 1)
    assert (after["new"]["orders"], after["new"]["lifecycle"]) == (1, "new")
    assert {who: row for who, row in after.items() if who not in ("c30", "new")} == {
        who: row for who, row in before.items() if who != "c30"
    }
    told = published()
    assert (told["c30"]["orders"], told["c30"]["r"], told["new"]["orders"]) == (3, 5, 1)
    assert {who: row for who, row in told.items() if who not in ("c30", "new")} == {
        who: row for who, row in rows.items() if who != "c30"
    }
    assert set(told) == {*rows, "new"}


def test_what_takes_all_customers_stays_as_the_run_found_it(shop: Workspace) -> None:
    facts = Facts.load(ProfileRun.objects.get().facts)
    assert facts.measured == 10
    for i in range(1, 31):  # everybody orders, much and today
        ordered(shop, f"c{i:02d}", 0.5, amount=10_000)
    refresh.refresh(shop, [f"c{i:02d}" for i in range(1, 31)])
    after = profiled(shop)
    assert {(row["r"], row["m"]) for who, row in after.items() if who != "lead"} == {(5, 5)}
    assert Facts.load(ProfileRun.objects.get().facts) == facts
    profiles.run(shop)
    assert {row["r"] for who, row in profiled(shop).items() if who != "lead"} == {3}


def test_doing_it_again_changes_nothing(shop: Workspace) -> None:
    ordered(shop, "c30", 1)
    refresh.refresh(shop, ["c30", "lead"])
    lake, rows = profiled(shop), published()
    refresh.refresh(shop, ["c30", "lead"])
    assert (profiled(shop), published()) == (lake, rows)


@pytest.mark.parametrize("write", ["change", "publish"])
def test_after_a_crash_it_is_done_again(shop: Workspace, monkeypatch: pytest.MonkeyPatch, write: str) -> None:
    """It dies after the write; what was written is whole, and the next time finds the same."""
    ordered(shop, "c30", 1)

    class Died(BaseException):
        pass

    owner: Any = Lake if write == "change" else refresh
    inner = getattr(owner, write)

    def dying(*args: Any) -> None:
        inner(*args)
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(owner, write, dying)
        with pytest.raises(Died):
            refresh.refresh(shop, ["c30"])
    refresh.refresh(shop, ["c30"])
    assert profiled(shop)["c30"]["orders"] == published()["c30"]["orders"] == 3
    assert len(profiled(shop)) == 31


def test_who_was_erased_does_not_come_back(shop: Workspace) -> None:
    ordered(shop, "c30", 1)
    refresh.refresh(shop, ["c30", "c29"])
    privacy.erase(shop, "c30")
    assert "c30" not in profiled(shop)
    assert refresh.refresh(shop, ["c30", "c29"]).customers == 1
    assert "c30" not in profiled(shop)
    assert not Customer.objects.filter(pk="c30").exists()


def test_a_run_over_all_waits_for_nobody_twice(shop: Workspace) -> None:
    with profiles.alone(shop), pytest.raises(Busy, match="profiled already"):
        refresh.refresh(shop, ["c30"], patience=0)


def test_before_the_first_run_nobody_is_described(workspace: Workspace) -> None:
    happened(workspace, (ORDER_COMPLETED, "ann", 3, 100))
    assert refresh.refresh(workspace, ["ann"]).customers == 0
    assert profiled(workspace) == {}


def test_few_changes_leave_the_profiles_unwritten_and_many_are_folded_in(shop: Workspace) -> None:
    version = shop.lake.version("profiles")
    refresh.refresh(shop, ["c30"])
    assert shop.lake.version("profiles") == version
    before = profiled(shop)
    refresh.refresh(shop, ["c29", "c28"])
    assert shop.lake.version("profiles") == version + 1
    assert profiled(shop) == before


def test_a_run_over_all_has_the_last_word(shop: Workspace) -> None:
    refresh.refresh(shop, ["c30"])
    ordered(shop, "c30", 1)
    profiles.run(shop)
    assert profiled(shop)["c30"]["orders"] == 3


def test_more_than_are_taken_at_a_time_are_all_taken(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresh, "MOST", 7)
    for i in range(1, 31):
        ordered(shop, f"c{i:02d}", 0.5)
    assert refresh.refresh(shop, [f"c{i:02d}" for i in range(1, 31)]).customers == 30
    assert {row["orders"] for who, row in profiled(shop).items() if who != "lead"} == {3}


def test_interests_are_described_anew_and_those_of_others_stay(shop: Workspace) -> None:
    def looked(who: str, category: str, days: float) -> Event:
        line = Line("one", 1, 100, category)
        at = shop.now() - timedelta(days=days)
        return Event(f"{who}:{category}:{days}", "track", "Product Viewed", at, who, products=(line,))

    def interests_of(*ids: str) -> list[dict[str, list[str]]]:
        found = (interests.of(shop, who) for who in ids)
        return [
            {kind.value: sorted(one.value for one in liked) for kind, liked in each.items()} for each in found
        ]

    def happen(version: int, *events: Event) -> None:
        table = events_to_table(events, timezone=shop.timezone, received_at=shop.now())
        shop.lake.append("events", table, app_id="looks", version=version)

    happen(1, looked("c01", "Tea", 3), looked("c02", "Cups", 2))
    profiles.run(shop)
    happen(2, looked("c01", "Pots", 1), looked("c02", "Pots", 1))
    refresh.refresh(shop, ["c01"])
    assert interests_of("c01", "c02") == [{"category": ["Pots", "Tea"]}, {"category": ["Cups"]}]
    privacy.erase(shop, "c01")
    assert interests_of("c01", "c02") == [{}, {"category": ["Cups"]}]
