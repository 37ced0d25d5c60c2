"""Reports of tiny campaigns whose right figures can be counted by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.adapters.records.models import Campaign, Message, Segment
from zhiyin.domain.errors import NotFound
from zhiyin.domain.event import (
    EMAIL_DELIVERED,
    EMAIL_LINK_CLICKED,
    EMAIL_OPENED,
    MESSAGE_DECIDED,
    ORDER_CANCELLED,
    ORDER_COMPLETED,
    ORDER_REFUNDED,
    UNSUBSCRIBED,
    Event,
)
from zhiyin.services import effects, opens, outcomes, reports
from zhiyin.services.workspace import Workspace

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
CLOSED = START + timedelta(days=8)
BROWSER = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15"


class World:
    """A campaign of 60 in the message group (m00 …) and 40 held out (h00 …), decided at START."""

    def __init__(self, ws: Workspace, key: str = "spring", n_message: int = 60, n_holdout: int = 40) -> None:
        self.ws, self.key, self.number = ws, key, 0
        segment, _ = Segment.objects.get_or_create(
            key="all", defaults={"name": "All", "rule": {"all": []}, "created_at": START, "updated_at": START}
        )
        self.campaign = Campaign.objects.create(
            key=key, name="Spring", segment=segment, subject="Hi", body="<mjml/>", sender_name="Shop",
            sender_email="shop@example.com", holdout=n_holdout / (n_message + n_holdout) if n_holdout else 0.0,
            seed="s", window_days=7, cost=50, status="sent", created_at=START, started_at=START, planned_at=START,
        )  # fmt: skip
        self.message = [f"m{i:02}" for i in range(n_message)]
        self.holdout = [f"h{i:02}" for i in range(n_holdout)]
        rows, events = [], []
        for customer in (*self.message, *self.holdout):
            held = customer[0] == "h"
            rows.append(self.row(customer, "held_out" if held else "accepted", "holdout" if held else ""))
            events.append(self.event(MESSAGE_DECIDED, customer, 0, assigned="holdout" if held else "send"))
            if not held:
                events.append(self.event(EMAIL_DELIVERED, customer, 60))
        Message.objects.bulk_create(rows)
        self.add(*events)

    def row(self, customer: str, status: str, reason: str) -> Message:
        sent = START if status in ("accepted", "failed", "unknown", "handed_over") else None
        return Message(
            token=f"{self.key}-{customer}", program=f"campaign:{self.key}", customer_id=customer,
            campaign=self.campaign, status=status, reason=reason, planned_at=START, due_at=START,
            handed_over_at=sent,
        )  # fmt: skip

    def event(self, name: str, customer: str, after: float, **more: object) -> Event:
        self.number += 1
        ours = name in (MESSAGE_DECIDED, EMAIL_DELIVERED, EMAIL_OPENED, EMAIL_LINK_CLICKED, UNSUBSCRIBED)
        return Event(
            event_id=f"{self.key}:{self.number}",
            type="track",
            name=name,
            timestamp=START + timedelta(seconds=after),
            customer_id=customer,
            order_id=more.pop("order_id", None),  # type: ignore[arg-type]
            amount=more.pop("amount", None),  # type: ignore[arg-type]
            campaign=self.key if ours else None,
            properties={"token": f"{self.key}-{customer}", **more} if ours else {},
        )

    def add(self, *events: Event) -> None:
        table = events_to_table(events, timezone=self.ws.timezone, received_at=START)
        self.ws.lake.append("events", table, app_id=f"world-{self.key}", version=self.number)

    def order(self, customer: str, days: float, amount: int = 1000, order_id: str = "") -> Event:
        return self.event(
            ORDER_COMPLETED, customer, days * 86400, amount=amount, order_id=order_id or f"{customer}-{days}"
        )


@pytest.fixture
def world(workspace: Workspace) -> World:
    return World(workspace)


def test_effect_is_the_difference_of_both_groups_as_assigned(world: World) -> None:
    world.add(
        *(world.order(customer, 1) for customer in world.message[:30]),
        *(world.order(customer, 2) for customer in world.holdout[:4]),
    )
    report = reports.campaign(world.ws, "spring", CLOSED)
    assert (report.message_group.n, report.message_group.bought) == (60, 30)
    assert (report.holdout_group.n, report.holdout_group.bought) == (40, 4)
    assert report.effect("bought").value == pytest.approx(40)  # 50 % against 10 %, in points
    assert report.effect("revenue_per_customer").value == pytest.approx(400)
    assert report.effect("added_orders").value == pytest.approx(24)
    assert report.effect("added_revenue").value == pytest.approx(24_000)
    assert report.cost == 60 * 50
    assert report.effect("profit").value == pytest.approx(21_000)
    assert report.roi.value == pytest.approx(7)
    assert report.state == "measured"
    assert report.probability_positive is not None
    assert report.probability_positive > 0.999


def test_orders_count_from_the_decision_to_the_end_of_the_window(world: World) -> None:
    world.add(
        world.order("m00", -0.01),
        world.order("m01", 0),
        world.order("m02", 6.99),
        world.order("m03", 7),
        world.order("h00", 6.99),
        world.order("stranger", 1),
    )
    report = reports.campaign(world.ws, "spring", CLOSED)
    assert (report.converted, report.holdout_group.bought) == (2, 1)
    assert report.revenue == 2000


def test_refunds_and_cancellations_in_the_window_reduce_revenue(world: World) -> None:
    world.add(
        world.order("m00", 1, 1000, "a"),
        world.event(ORDER_REFUNDED, "m00", 2 * 86400, amount=300, order_id="a"),
        world.order("m01", 1, 500, "b"),
        world.event(ORDER_CANCELLED, "m01", 2 * 86400, amount=500, order_id="b"),
        world.order("m02", 1, 200, "c"),
        world.event(ORDER_REFUNDED, "m02", 9 * 86400, amount=200, order_id="c"),
    )
    report = reports.campaign(world.ws, "spring", START + timedelta(days=10))
    assert report.revenue == 700 + 0 + 200
    assert report.converted == 2


def test_two_orders_of_one_customer_are_one_conversion(world: World) -> None:
    world.add(world.order("m00", 1), world.order("m00", 2))
    report = reports.campaign(world.ws, "spring", CLOSED)
    assert (report.converted, report.revenue) == (1, 2000)


def test_everyone_planned_is_accounted_for(world: World) -> None:
    Message.objects.bulk_create(
        [
            world.row("r1", "refused", "no_consent"),
            world.row("r2", "refused", "no_consent"),
            world.row("r3", "refused", "unsubscribed"),
            world.row("f1", "failed", "recipient_refused"),
            world.row("u1", "unknown", "connection_lost"),
            world.row("p1", "planned", ""),
            world.row("p2", "claimed", ""),
            world.row("p3", "handed_over", ""),
        ]
    )
    accounted = reports.campaign(world.ws, "spring", CLOSED).accounted
    assert accounted == reports.Accounted(
        planned=108,
        held_out=40,
        refused={"no_consent": 2, "unsubscribed": 1},
        delivered=60,
        failed={"recipient_refused": 1},
        unknown=1,
        pending=3,
    )
    assert accounted.balances


def test_there_is_no_verdict_while_the_window_is_open(world: World) -> None:
    world.add(*(world.order(customer, 1) for customer in world.message[:40]))
    early = reports.campaign(world.ws, "spring", START + timedelta(days=3))
    late = reports.campaign(world.ws, "spring", CLOSED)
    assert (early.state, late.state) == ("measuring", "measured")
    assert early.window_ends == late.window_ends == START + timedelta(days=7)
    assert early.effect("bought").value == late.effect("bought").value
    assert early.effect("bought").low < late.effect("bought").low  # type: ignore[operator]
    assert early.effect("bought").high > late.effect("bought").high  # type: ignore[operator]


def test_right_after_sending_there_is_no_interval(world: World) -> None:
    world.add(world.order("m00", 0.1))
    fresh = reports.campaign(world.ws, "spring", START + timedelta(hours=3))
    assert fresh.state == "measuring"
    assert {(e.estimate.value, e.estimate.low, e.estimate.note) for e in fresh.effects} == {
        (None, None, "too_early")
    }
    assert {day.added_orders.note for day in fresh.daily} == {"too_early"}
    assert {part.lift.note for part in fresh.groups} == {"too_early"}
    next_day = reports.campaign(world.ws, "spring", START + timedelta(days=1))
    assert next_day.effect("bought").low is not None


def test_before_anybody_bought_there_is_no_interval_either(world: World) -> None:
    report = reports.campaign(world.ws, "spring", START + timedelta(days=3))
    assert report.effect("bought").note == "too_early"
    assert {day.added_orders.note for day in report.daily} == {"too_early"}


def test_a_report_of_the_past_does_not_know_the_future(world: World) -> None:
    world.add(world.order("m00", 1), world.order("m01", 3))
    assert reports.campaign(world.ws, "spring", START + timedelta(days=2)).converted == 1


def test_daily_course_ends_at_the_headline(world: World) -> None:
    world.add(
        *(world.order(customer, 0.5) for customer in world.message[:10]),
        *(world.order(customer, 5.5) for customer in world.message[10:30]),
    )
    report = reports.campaign(world.ws, "spring", CLOSED)
    assert [day.added_orders.value for day in report.daily] == pytest.approx([0, 10, 10, 10, 10, 10, 30, 30])
    assert report.daily[-1].added_orders == report.effect("added_orders")
    assert [day.day for day in report.daily] == list(range(8))
    early = reports.campaign(world.ws, "spring", START + timedelta(days=2, hours=12))
    assert [day.day for day in early.daily] == [0, 1, 2, 3]
    assert early.daily[-1].added_orders == early.effect("added_orders")


def test_groups_are_the_stages_before_the_campaign(world: World) -> None:
    ago = [world.order(customer, -200) for customer in (*world.message[:30], *world.holdout[:30])]
    again = [world.order(customer, -190) for customer in (*world.message[:30], *world.holdout[:30])]
    world.add(*ago, *again, *(world.order(customer, 1) for customer in world.message[:15]))
    groups = {part.name: part for part in reports.campaign(world.ws, "spring", CLOSED).groups}
    assert {name: (part.n_message, part.n_holdout) for name, part in groups.items()} == {
        "lead": (30, 10),
        "lapsed": (30, 30),
    }
    assert groups["lapsed"].lift.value == pytest.approx(50)
    assert groups["lead"].lift.note == "too_few"


def test_opens_and_clicks_count_people_by_the_best_evidence(world: World) -> None:
    def opened(customer: str, after: float, agent: str) -> Event:
        return world.event(EMAIL_OPENED, customer, after, user_agent=agent, method="GET")

    def clicked(customer: str, after: float, url: str, method: str = "GET") -> Event:
        return world.event(EMAIL_LINK_CLICKED, customer, after, user_agent=BROWSER, method=method, url=url)

    world.add(
        opened("m00", 3600, BROWSER),
        opened("m00", 70, "Mozilla/5.0"),
        opened("m01", 70, "Mozilla/5.0"),
        opened("m02", 900, "Mozilla/5.0 (via ggpht.com GoogleImageProxy)"),
        opened("m03", 61, BROWSER),
        clicked("m00", 4000, "/tea"),
        clicked("m00", 4100, "/tea"),
        clicked("m01", 200, "/tea"),
        clicked("m01", 200.4, "/cup"),
        clicked("m02", 500, "/cup", "HEAD"),
        clicked("m03", 500, "/cup"),
        world.event(UNSUBSCRIBED, "m04", 500),
    )
    report = reports.campaign(world.ws, "spring", CLOSED)
    assert report.opened == reports.Counts(human=1, unknown=1, machine=2)
    assert report.clicked == reports.Counts(human=2, unknown=0, machine=2)
    assert report.links == (reports.Link("/tea", 2, 1, 1), reports.Link("/cup", 1, 1, 2))
    assert report.unsubscribed == 1
    assert report.effect("unsubscribed").value == pytest.approx(100 / 60)


def test_who_followed_a_link_is_named_and_machines_are_not(world: World) -> None:
    def clicked(customer: str, after: float, url: str, method: str = "GET") -> Event:
        return world.event(EMAIL_LINK_CLICKED, customer, after, user_agent=BROWSER, method=method, url=url)

    world.add(
        clicked("m00", 4000, "/tea"),
        clicked("m00", 4100, "/tea"),
        clicked("m03", 500, "/tea"),
        clicked("m02", 500, "/tea", "HEAD"),
        clicked("m04", 500, "/cup"),
    )
    found = opens.followers(world.ws, "spring", "/tea", START, CLOSED)
    assert [(one.clicks, one.after) for one in found] == [(1, pytest.approx(440)), (2, pytest.approx(3940))]


def test_a_campaign_without_any_response_has_zeros(world: World) -> None:
    report = reports.campaign(world.ws, "spring", CLOSED)
    assert (report.converted, report.revenue, report.unsubscribed, report.links) == (0, 0, 0, ())
    assert report.opened == report.clicked == reports.Counts()
    assert report.effect("bought").value == 0
    assert report.effect("added_revenue").note == "too_few"
    assert report.state == "not_clear"


def test_without_a_holdout_no_effect_is_made_up(workspace: Workspace) -> None:
    world = World(workspace, n_holdout=0)
    world.add(*(world.order(customer, 1) for customer in world.message[:9]))
    report = reports.campaign(workspace, "spring", CLOSED)
    assert report.state == "no_holdout"
    assert report.converted == 9
    assert {effect.estimate.note for effect in report.effects} == {"too_few"}
    assert (report.probability_positive, report.groups, report.daily) == (None, (), ())


def test_before_sending_the_report_is_empty(workspace: Workspace) -> None:
    world = World(workspace, n_message=0, n_holdout=0)
    world.campaign.holdout = 0.1
    world.campaign.status, world.campaign.started_at, world.campaign.planned_at = "draft", None, None
    world.campaign.save()
    report = reports.campaign(workspace, "spring", CLOSED)
    assert (report.state, report.window_ends) == ("draft", None)
    assert report.accounted == reports.Accounted()
    assert reports.effects(workspace) == []


def test_list_agrees_with_each_report(make_workspace: Callable[..., Workspace]) -> None:
    now = f"{CLOSED:%Y-%m-%dT%H:%M:%SZ}"
    ws = make_workspace(simulation__clock=f"{now}|{now}|0")
    first, second = World(ws, "spring"), World(ws, "summer", n_holdout=20)
    first.add(*(first.order(customer, 1) for customer in first.message[:20]))
    second.add(second.order("h01", 2))
    lines = {line.campaign: line for line in reports.effects(ws)}
    for key in ("spring", "summer"):
        report = reports.campaign(ws, key)
        assert lines[key].lift == report.effect("bought")
        assert lines[key].added_revenue == report.effect("added_revenue")
        assert (lines[key].state, lines[key].sent) == (report.state, 60)


@pytest.fixture
def finished(make_workspace: Callable[..., Workspace]) -> World:
    """A campaign whose window has closed, seen in a list once; its line is kept."""
    now = f"{CLOSED:%Y-%m-%dT%H:%M:%SZ}"
    world = World(make_workspace(simulation__clock=f"{now}|{now}|0"))
    world.add(*(world.order(customer, 1) for customer in world.message[:20]))
    reports.effects(world.ws)
    return world


def computed(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The campaigns that a list computes anew; what it shows agrees with the report."""
    keys: list[str] = []
    of = outcomes.of

    def noted(ws: Workspace, rows: Sequence[Campaign], moment: datetime) -> object:
        keys.extend(row.key for row in rows)
        return of(ws, rows, moment)

    with monkeypatch.context() as patch:
        patch.setattr(outcomes, "of", noted)
        (line,) = reports.effects(world.ws)
    report = reports.campaign(world.ws, "spring")
    assert line.lift == report.effect("bought")
    assert line.added_revenue == report.effect("added_revenue")
    assert (line.state, line.sent, line.window_ends) == (report.state, 60, report.window_ends)
    return keys


def test_a_finished_campaign_is_not_computed_again(finished: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert computed(finished, monkeypatch) == []
    finished.add(finished.order("m30", 7.5))  # after the window
    finished.ws.lake.compact("events")
    assert computed(finished, monkeypatch) == []


def test_what_comes_in_late_for_its_window_counts(finished: World, monkeypatch: pytest.MonkeyPatch) -> None:
    finished.add(finished.event(ORDER_REFUNDED, "m00", 2 * 86400, amount=900, order_id="m00-1"))
    assert computed(finished, monkeypatch) == ["spring"]
    assert computed(finished, monkeypatch) == []


def test_after_an_erasure_it_is_computed_again(finished: World, monkeypatch: pytest.MonkeyPatch) -> None:
    finished.ws.lake.erase(["m00"])
    assert computed(finished, monkeypatch) == ["spring"]
    assert computed(finished, monkeypatch) == []
    for customer in ("m31", "m32"):
        finished.add(finished.order(customer, 7.5))
    finished.ws.lake.forget()  # the log does not tell any more what came
    assert computed(finished, monkeypatch) == ["spring"]
    assert computed(finished, monkeypatch) == []


def test_after_a_change_of_the_campaign_or_the_settings_it_is_computed_again(
    finished: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    Campaign.objects.update(window_days=6)
    assert computed(finished, monkeypatch) == ["spring"]
    settings = finished.ws.settings
    stricter = replace(settings, campaign=replace(settings.campaign, smallest_effect=0.9))
    finished.ws = replace(finished.ws, settings=stricter)
    assert computed(finished, monkeypatch) == ["spring"]
    assert computed(finished, monkeypatch) == []


def test_an_open_campaign_is_computed_each_time(finished: World, monkeypatch: pytest.MonkeyPatch) -> None:
    Campaign.objects.update(window_days=30)
    assert computed(finished, monkeypatch) == computed(finished, monkeypatch) == ["spring"]
    assert Campaign.objects.get().summary["about"][1] == 7  # not kept


def test_after_many_changes_it_is_noted_that_a_line_still_holds(
    finished: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Campaign.objects.get().summary["version"]
    monkeypatch.setattr(effects, "_BEHIND", 2)
    for day in (8, 9, 10):
        finished.add(finished.order("m40", day))
    assert computed(finished, monkeypatch) == []
    assert Campaign.objects.get().summary["version"] == kept + 3
    assert computed(finished, monkeypatch) == []


def test_report_is_json(world: World) -> None:
    report = reports.campaign(world.ws, "spring", CLOSED)
    form = json.loads(json.dumps(report.to_dict()))
    assert form["window_ends"] == "2026-03-08T09:00:00+00:00"
    assert form["effects"][0]["name"] == "bought"


def test_an_unknown_campaign_lists_the_known_ones(world: World) -> None:
    with pytest.raises(NotFound, match="spring"):
        reports.campaign(world.ws, "autumn")


def test_a_program_and_a_person_with_the_same_browser_are_told_apart(world: World) -> None:
    agent = {"user_agent": BROWSER, "method": "GET"}
    world.add(world.event(EMAIL_OPENED, "m00", 61, **agent), world.event(EMAIL_OPENED, "m00", 3600, **agent))
    assert reports.campaign(world.ws, "spring", CLOSED).opened == reports.Counts(human=1)
