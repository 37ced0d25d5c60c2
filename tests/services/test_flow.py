"""The stages of a workspace: between two days of the shop, by its own rules, and of one customer."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.services.test_profiles import happened, known

from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.adapters.settings import read, write
from zhiyin.domain.errors import BadPeriod, BadSetting, NotFound
from zhiyin.domain.event import ORDER_COMPLETED, Event
from zhiyin.domain.flow import Course
from zhiyin.domain.lifecycle import Lifecycle
from zhiyin.services import flow, ingest, profiles
from zhiyin.services.workspace import Workspace


def today(ws: Workspace) -> date:
    return ws.today().date()


def bought(ws: Workspace, who: str, at: datetime) -> None:
    event = Event(f"{who}:{at}", "track", ORDER_COMPLETED, at, who, amount=100)
    table = events_to_table([event], timezone=ws.timezone, received_at=ws.now())
    ws.lake.append("events", table, app_id=f"test:{who}:{at}", version=1)


def test_today_agrees_with_the_profiles(workspace: Workspace) -> None:
    known(workspace, "lead", "other")
    happened(
        workspace,
        (ORDER_COMPLETED, "ann", 400, 100),
        (ORDER_COMPLETED, "bob", 1, 100),
        (ORDER_COMPLETED, "bob", 31, 100),
        ("Product Viewed", "cid", 2, None),
    )
    profiles.run(workspace)
    found = flow.flow(workspace, today(workspace) - timedelta(days=20), today(workspace))
    assert dict(found.at_second) == {"anonymous": 0, **flow.show(workspace).counts}
    assert (found.customers, found.of(Course.CAME), found.gap_second) == (5, 1, 30)
    assert {(m.start, m.end): m.customers for m in found.moves} == {
        ("not_yet", "lead"): 1, ("lead", "lead"): 2, ("new", "active"): 1, ("lapsed", "lapsed"): 1,
    }  # fmt: skip


def test_a_day_ends_at_midnight_of_the_shop(workspace: Workspace) -> None:
    midnight = datetime(2026, 3, 5, 16, tzinfo=UTC)  # of Shanghai: the 6th begins
    bought(workspace, "ann", midnight - timedelta(microseconds=1))
    bought(workspace, "bob", midnight)
    profiles.run(workspace)
    fifth, sixth = date(2026, 3, 5), date(2026, 3, 6)
    found = flow.flow(workspace, fifth, sixth)
    assert {(m.start, m.end): m.customers for m in found.moves} == {("new", "new"): 1, ("not_yet", "new"): 1}
    assert flow.flow(workspace, fifth, fifth).customers == 1
    assert flow.flow(workspace, date(2026, 3, 4), date(2026, 3, 4)).moves == ()


def test_days_that_cannot_be_are_refused_with_their_cure(workspace: Workspace) -> None:
    now = today(workspace)
    with pytest.raises(BadPeriod, match="lies in the future"):
        flow.flow(workspace, now, now + timedelta(days=1))
    with pytest.raises(BadPeriod, match="Exchange the two"):
        flow.flow(workspace, now, now - timedelta(days=1))
    for text in ("yesterday", "2026-02-30", ""):
        with pytest.raises(BadPeriod, match="is not a day"):
            flow.day(text)
    assert flow.day(" 2026-02-28 ") == date(2026, 2, 28)


def test_before_the_first_profiling_the_cure_is_named(workspace: Workspace) -> None:
    for ask in (flow.show, lambda ws: flow.flow(ws, today(ws), today(ws))):
        with pytest.raises(NotFound, match="zhiyin profile"):
            ask(workspace)


def test_a_customer_has_a_history(workspace: Workspace) -> None:
    known(workspace, "quiet")
    happened(
        workspace, (ORDER_COMPLETED, "ann", 70, 100), (ORDER_COMPLETED, "ann", 60, 100),
        ("Product Viewed", "ann", 90, None),
    )  # fmt: skip
    profiles.run(workspace)
    found = flow.history(workspace, "ann")
    assert [one.stage.value for one in found.transitions] == ["lead", "new", "active", "at_risk", "lapsed"]
    assert found.gap_days == 10
    days = [(workspace.now() - one.at).days for one in found.transitions]
    assert days == [90, 70, 59, 44, 29]
    assert flow.history(workspace, "quiet").transitions == ()
    with pytest.raises(NotFound):
        flow.history(workspace, "nobody")


def browsed(ws: Workspace, *rows: tuple[float, dict[str, str]]) -> None:
    """What browsers sent, so many days ago, through the door and the pipeline."""
    for days, said in rows:
        at = (ws.now() - timedelta(days=days)).isoformat()
        body = {"type": "track", "event": "Product Viewed", "timestamp": at, "messageId": f"m{days}", **said}
        entry = {
            "receivedAt": ws.now().isoformat(),
            "source": "web",
            "kind": said.get("type", "track"),
            "body": body,
        }
        ws.spool.append([json.dumps(entry).encode()])
    ws.spool.close()
    ingest.drain(ws)


def test_a_visitor_is_anonymous_until_she_says_who_she_is(workspace: Workspace) -> None:
    browsed(
        workspace,
        (40, {"anonymousId": "phone"}),
        (30, {"anonymousId": "laptop"}),
        (20, {"anonymousId": "phone", "userId": "ann", "type": "identify"}),
        (10, {"anonymousId": "laptop", "userId": "ann", "type": "identify"}),
        (9, {"anonymousId": "phone"}),
        (8, {"anonymousId": "somebody"}),
    )
    profiles.run(workspace)
    day = today(workspace)
    days = {ago: day - timedelta(days=ago) for ago in (50, 35, 15, 0)}
    late = flow.flow(workspace, days[35], day)
    assert {(m.start, m.end): m.customers for m in late.moves} == {
        ("anonymous", "lead"): 1, ("not_yet", "anonymous"): 1,
    }  # fmt: skip
    assert (late.customers, late.visitors, late.named, late.of(Course.CAME)) == (1, 1, 1, 1)
    early = flow.flow(workspace, days[50], days[35])
    assert [(m.start, m.end, m.course) for m in early.moves] == [("not_yet", "anonymous", Course.CAME)]
    between = flow.flow(workspace, days[35], days[15])  # the laptop was somebody's of whom nobody knew
    assert dict(between.at_second) == {**dict.fromkeys(Lifecycle, 0), "anonymous": 1, "lead": 1}
    assert flow.visitors(workspace) == late.visitors
    assert flow.visitors(workspace, workspace.now() - timedelta(days=25)) == 2
    stages = flow.history(workspace, "ann").transitions
    assert [(one.stage.value, (workspace.now() - one.at).days) for one in stages] == [
        ("anonymous", 40),
        ("lead", 20),
    ]


def test_who_never_was_a_visitor_has_no_such_stage(workspace: Workspace) -> None:
    assert flow.visitors(workspace) == 0
    browsed(
        workspace,
        (5, {"anonymousId": "phone", "userId": "ann", "type": "identify"}),
        (4, {"anonymousId": "phone"}),
    )
    profiles.run(workspace)
    assert [one.stage.value for one in flow.history(workspace, "ann").transitions] == ["lead"]
    assert flow.visitors(workspace) == 0
    assert profiles.totals(workspace)["lifecycle"].keys() == {
        "lead",
        "new",
        "active",
        "at_risk",
        "lapsed",
        "won_back",
    }


def test_the_rules_are_settings_and_every_stage_follows_them(
    make_workspace: Callable[..., Workspace],
) -> None:
    ws = make_workspace(
        profile__gap_days=10, profile__new_gaps=0.5, profile__active_gaps=1, profile__lapsed_gaps=2
    )
    happened(
        ws, (ORDER_COMPLETED, "new", 5, 1), (ORDER_COMPLETED, "active", 6, 1), (ORDER_COMPLETED, "risk", 11, 1),
        (ORDER_COMPLETED, "lapsed", 21, 1), (ORDER_COMPLETED, "back", 25, 1), (ORDER_COMPLETED, "back", 1, 1),
    )  # fmt: skip
    profiles.run(ws)
    assert {name: n for name, n in flow.show(ws).counts.items() if n} == {
        "new": 1, "active": 1, "at_risk": 1, "lapsed": 1, "won_back": 1,
    }  # fmt: skip
    assert dict(flow.flow(ws, today(ws), today(ws)).at_second) == {"anonymous": 0, **flow.show(ws).counts}


def test_rules_out_of_order_are_refused_where_they_are_read_and_before_they_are_written(
    make_workspace: Callable[..., Workspace], workspace: Workspace
) -> None:
    with pytest.raises(BadSetting, match="do not follow each other"):
        make_workspace("other", profile__active_gaps=4)
    for wrong in (0, float("nan"), "many"):
        with pytest.raises(BadSetting):
            write(workspace.folder, {"profile.new_gaps": wrong})
    with pytest.raises(BadSetting, match=r"profile\.lapsed_gaps"):
        write(workspace.folder, {"profile.active_gaps": 4})
    write(workspace.folder, {"profile.active_gaps": 4, "profile.lapsed_gaps": 6})
    assert read(workspace.folder).profile.rules.active == 400
