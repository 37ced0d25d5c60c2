"""Who opened and clicked becomes an event once a message: as reports judge it, after what came with a hit, whatever
crashes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from django.db.models import QuerySet
from msgspec.structs import replace

from zhiyin.adapters import clock
from zhiyin.adapters.lake import Lake
from zhiyin.adapters.lake.rows import event_of, events_to_table
from zhiyin.adapters.records import erasure
from zhiyin.adapters.records.models import Customer, Hit, Judged
from zhiyin.domain.engagement import RULE
from zhiyin.domain.event import (
    EMAIL_DELIVERED,
    EMAIL_LINK_CLICKED,
    EMAIL_OPENED,
    MESSAGE_CLICKED,
    MESSAGE_OPENED,
    Event,
)
from zhiyin.services import engagements, ingest, memberships, opens, profiles, renewals, segments, work
from zhiyin.services.workspace import Workspace

SENT = datetime(2026, 3, 1, 8, tzinfo=UTC)
BROWSER = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15"
AGENTS = (
    BROWSER,
    BROWSER,
    "Mozilla/5.0",
    "Barracuda Sentinel (EE)",
    "",
    "x (via ggpht.com GoogleImageProxy)",
)


def event(name: str, after: float, who: str = "ann", number: str = "", **more: str) -> Event:
    """Something about the message to somebody, so many seconds after it was delivered."""
    return Event(
        f"{name}:{who}:{after}:{number}", "track", name, SENT + timedelta(seconds=after), who, source="zhiyin",
        campaign="spring", properties={"token": f"t-{who}", "step": "send", **more},
    )  # fmt: skip


def delivered(who: str = "ann") -> Event:
    return event(EMAIL_DELIVERED, 0, who)


def opened(after: float, who: str = "ann", agent: str = BROWSER, number: str = "") -> Event:
    return event(EMAIL_OPENED, after, who, number, user_agent=agent, method="GET")


def clicked(
    after: float, url: str = "/tea", who: str = "ann", agent: str = BROWSER, number: str = ""
) -> Event:
    return event(EMAIL_LINK_CLICKED, after, who, number, user_agent=agent, method="GET", url=url)


def take(ws: Workspace, *events: Event) -> None:
    """They arrive, and are drained."""
    ingest.record(ws, events)
    ws.spool.close()
    while ingest.drain(ws):
        pass


def told(ws: Workspace) -> dict[tuple[str, str], datetime]:
    """What became of hits: by name and customer the moment. Each stands there once."""
    take(ws)
    rows = [event_of(row) for row in ws.lake.collect(ws.lake.events()).to_pylist()]
    own = [one for one in rows if one.name in (MESSAGE_OPENED, MESSAGE_CLICKED)]
    found = {(one.name, one.customer_id or ""): one.timestamp for one in own}
    assert len(found) == len(own)
    return found


@pytest.fixture(autouse=True)
def begun(workspace: Workspace) -> None:
    """The worker has begun its rounds."""
    engagements.step(workspace)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Moves the real clock on."""
    ahead, system = [timedelta()], clock.system

    def move(by: timedelta) -> None:
        ahead[0] += by

    monkeypatch.setattr(clock, "system", lambda: system() + ahead[0])
    return move


LONG = timedelta(seconds=45)


def test_a_person_is_told_once_as_of_the_first_hit_of_hers(
    workspace: Workspace, later: Callable[[timedelta], None]
) -> None:
    take(workspace, delivered(), opened(1), opened(900), clicked(1000), opened(1100), clicked(1200, "/cup"))
    assert engagements.step(workspace) == 0
    later(LONG)
    assert engagements.step(workspace) == 5
    assert told(workspace) == {
        (MESSAGE_OPENED, "ann"): SENT + timedelta(seconds=900),
        (MESSAGE_CLICKED, "ann"): SENT + timedelta(seconds=1000),
    }
    take(workspace, opened(9000), clicked(9000))
    later(LONG)
    assert engagements.step(workspace) == 2
    assert len(told(workspace)) == 2
    assert not Hit.objects.exists()


def test_it_says_of_which_message_and_by_which_rule(workspace: Workspace) -> None:
    take(workspace, delivered(), opened(900))
    engagements.settle(workspace)
    take(workspace)
    rows = [event_of(row) for row in workspace.lake.collect(workspace.lake.events()).to_pylist()]
    (one,) = [row for row in rows if row.name == MESSAGE_OPENED]
    assert (one.event_id, one.campaign, one.source) == (f"engaged:{RULE}:t-ann:opened", "spring", "zhiyin")
    assert one.properties == {"token": "t-ann", "step": "send", "channel": "email", "rule": str(RULE)}


def test_machines_and_the_nameless_are_not_told(
    workspace: Workspace, later: Callable[[timedelta], None]
) -> None:
    take(workspace, delivered(), opened(900, agent="Mozilla/5.0"), opened(901, agent=""), clicked(1.5))
    later(LONG)
    assert engagements.step(workspace) == 3
    assert told(workspace) == {}


def test_a_burst_that_comes_in_two_batches_is_one_burst(
    workspace: Workspace, later: Callable[[timedelta], None]
) -> None:
    take(workspace, delivered(), clicked(900))
    later(timedelta(seconds=5))
    assert engagements.step(workspace) == 0
    take(workspace, clicked(900.8, "/cup"))
    later(LONG)
    assert engagements.step(workspace) == 2
    assert told(workspace) == {}


def test_a_hit_whose_time_has_not_come_waits_though_others_of_its_message_do_not(
    workspace: Workspace, later: Callable[[timedelta], None]
) -> None:
    take(workspace, delivered(), opened(900, agent="Mozilla/5.0"))
    later(LONG)
    take(workspace, opened(4000))
    assert engagements.step(workspace) == 1
    assert told(workspace) == {}
    later(LONG)
    assert engagements.step(workspace) == 1
    assert told(workspace) == {(MESSAGE_OPENED, "ann"): SENT + timedelta(seconds=4000)}


def test_while_the_spool_is_behind_nothing_is_judged(
    workspace: Workspace, later: Callable[[timedelta], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    take(workspace, delivered(), clicked(900))
    later(LONG)
    ingest.record(workspace, [clicked(900.8, "/cup")])  # not drained yet
    with monkeypatch.context() as patch:
        import time

        real = time.time
        patch.setattr(time, "time", lambda: real() + 25)
        assert engagements.step(workspace) == 0
    assert Hit.objects.count() == 1


def test_a_hit_waits_until_it_is_known_when_its_message_was_delivered(
    workspace: Workspace, later: Callable[[timedelta], None]
) -> None:
    take(workspace, opened(1), opened(1, "bob"))
    later(LONG)
    assert engagements.step(workspace) == 0
    take(workspace, delivered())
    later(LONG)
    assert engagements.step(workspace) == 0  # nobody looks again for a while
    later(timedelta(minutes=11))
    assert engagements.step(workspace) == 2
    assert list(told(workspace)) == [(MESSAGE_OPENED, "bob")]  # whose message has no known outcome


def test_reports_and_events_judge_alike(workspace: Workspace) -> None:
    rng = Random(7)
    people = [f"p{n:03}" for n in range(300)]
    hits = []
    for who in people:
        hits += [delivered(who)] if rng.random() < 0.9 else []
        for n in range(rng.randrange(5)):
            after = rng.choice((0.5, 1.9, 2.0, 61.0, 900.0, 900.4, 901.5, 5000.0))
            agent = rng.choice(AGENTS)
            url = rng.choice(("/a", "/b"))
            opens_it = rng.random() < 0.5
            made = opened(after, who, agent, str(n)) if opens_it else clicked(after, url, who, agent, str(n))
            hits.append(made)
    table = events_to_table(hits, timezone=workspace.timezone, received_at=SENT)
    workspace.lake.append("events", table, app_id="test", version=1)
    Judged.objects.all().delete()  # a shop that was there before: its hits are judged all the same
    assert engagements.settle(workspace) > 100
    report = opens.of(workspace, "spring", SENT, SENT + timedelta(days=1))
    names = [name for name, _ in told(workspace)]
    assert (names.count(MESSAGE_OPENED), names.count(MESSAGE_CLICKED)) == (
        report.opened.human,
        report.clicked.human,
    )
    assert min(report.opened.human, report.clicked.human, report.opened.machine, report.opened.unknown) > 10
    sums = [engagements.engagement(engagements.of(workspace, who)) for who in people]
    assert sum(one.opened.machine for one in sums) == report.opened.machine
    assert sum(one.clicked.unknown for one in sums) == report.clicked.unknown
    assert sum(one.delivered for one in sums) == sum(one.name == EMAIL_DELIVERED for one in hits)


def test_a_crash_between_telling_and_forgetting_tells_once(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(workspace, delivered(), opened(900), clicked(1000))

    class Killed(BaseException):
        pass

    def dying(*args: object) -> None:
        raise Killed

    for where, name in ((ingest, "record"), (QuerySet, "delete")):
        with monkeypatch.context() as patch:
            patch.setattr(where, name, dying)
            with pytest.raises(Killed):
                engagements.settle(workspace)
    assert Hit.objects.count() == 2
    engagements.settle(workspace)
    assert len(told(workspace)) == 2  # and each once: see there
    assert not Hit.objects.exists()


def test_another_rule_judges_everything_anew(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    take(workspace, delivered(), opened(900))
    engagements.settle(workspace)
    assert len(told(workspace)) == 1
    monkeypatch.setattr(engagements, "RULE", RULE + 1)
    assert engagements.settle(workspace) == 1
    assert engagements.settle(workspace) == 0
    take(workspace)
    rows = [event_of(row) for row in workspace.lake.collect(workspace.lake.events()).to_pylist()]
    own = sorted(row.event_id for row in rows if row.name == MESSAGE_OPENED)
    assert own == [f"engaged:{RULE}:t-ann:opened", f"engaged:{RULE + 1}:t-ann:opened"]
    assert Judged.objects.get().version == RULE + 1


def test_who_is_erased_is_not_told_of(workspace: Workspace) -> None:
    take(workspace, delivered(), opened(900), delivered("bob"), opened(900, "bob"))
    assert erasure.erase("ann", workspace.now())["hits"] == 1
    assert Hit.objects.get().customer_id == "bob"
    engagements.settle(workspace)
    assert list(told(workspace)) == [(MESSAGE_OPENED, "bob")]


def test_the_workers_rounds_judge(workspace: Workspace, later: Callable[[timedelta], None]) -> None:
    take(workspace, delivered(), opened(900))
    later(LONG)
    while work.run_once(workspace):
        pass
    assert list(told(workspace)) == [(MESSAGE_OPENED, "ann")]


def test_an_empty_lake_has_nobody(workspace: Workspace) -> None:
    assert engagements.step(workspace) == engagements.settle(workspace) == 0
    assert engagements.of(workspace, "ann") == []


def test_while_somebody_is_erased_hits_go_on_waiting(
    workspace: Workspace, later: Callable[[timedelta], None]
) -> None:
    take(workspace, delivered(), opened(900))
    later(LONG)
    other = Lake(workspace.lake.folder)
    with other.unread():
        assert engagements.step(workspace) == 0
    assert engagements.step(workspace) == 1


def test_a_round_judges_some_at_a_time(
    workspace: Workspace, later: Callable[[timedelta], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engagements, "_AT_ONCE", 2)
    take(workspace, *(event for who in "abc" for event in (delivered(who), opened(900, who))))
    later(LONG)
    assert [engagements.step(workspace) for _ in range(3)] == [2, 1, 0]
    assert len(told(workspace)) == 3


def test_whoever_reads_enters_live_segments(workspace: Workspace) -> None:
    Customer.objects.create(customer_id="ann")
    profiles.run(workspace)
    segments.create(workspace, "readers", "Readers", 'engaged("opened", within="30d")')
    segments.create(workspace, "keen", "Keen", "opened_90d >= 1")
    while memberships.round(workspace):
        pass
    now = workspace.now()
    hits = [delivered(), opened(900, agent="Mozilla/5.0"), opened(901)]
    ingest.record(workspace, [replace(one, timestamp=now - timedelta(hours=1)) for one in hits[:1]])
    take(workspace, *(replace(one, timestamp=now - timedelta(minutes=30)) for one in hits[1:]))
    memberships.round(workspace)
    assert memberships.members(workspace, "readers") == []
    engagements.settle(workspace)
    take(workspace)
    memberships.round(workspace)
    assert memberships.members(workspace, "readers") == ["ann"]
    assert renewals.renew(workspace) == 1
    memberships.round(workspace)
    assert memberships.members(workspace, "keen") == ["ann"]
