"""The pace holds at the claim: limits are kept by all workers together, and who waits is told why."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.services.mailing import campaign, people

from zhiyin.adapters.records.models import Consent, Customer, Message
from zhiyin.services import campaigns, planning, sending, slow_start
from zhiyin.services.workspace import Workspace
from zhiyin.testing.channel import FakeChannel

NOON = datetime(2030, 3, 1, 4, tzinfo=UTC)  # in Shanghai


class Moment:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def paced(workspace: Workspace, moment: Moment, **pace: object) -> Workspace:
    settings = workspace.settings
    changed = replace(
        settings,
        smtp=replace(settings.smtp, host="127.0.0.1"),
        pace=replace(settings.pace, **pace),
    )
    return replace(workspace, settings=changed, now=moment)


def started(ws: Workspace, count: int = 0) -> FakeChannel:
    if count:
        people(ws, count)
    campaign(ws, holdout=0)
    campaigns.start(ws, "spring")
    planning.plan_step(ws)
    return FakeChannel()


def drain(ws: Workspace, channel: FakeChannel) -> int:
    """Everything that may go now, by two workers in turn; how many went."""
    before = len(channel.sent)
    while sending.send_step(ws, "a:1", limit=3, channel=channel) + sending.send_step(
        ws, "b:2", limit=3, channel=channel
    ):
        pass
    return len(channel.sent) - before


def test_no_more_a_minute_leave_than_allowed_however_many_workers_there_are(workspace: Workspace) -> None:
    moment = Moment()
    ws = paced(workspace, moment, per_minute=24)  # four in ten seconds
    channel = started(ws, 10)
    assert drain(ws, channel) == 4
    standing = campaigns.progress(ws, "spring")
    assert (standing["waiting"], standing["waiting_by_reason"]) == (6, {"throttled": 6})
    moment.now += timedelta(seconds=9)
    assert drain(ws, channel) == 0
    moment.now += timedelta(seconds=1)
    assert drain(ws, channel) == 4
    moment.now += timedelta(seconds=10)
    assert drain(ws, channel) == 2
    assert campaigns.progress(ws, "spring")["status"] == "sent"
    assert max(Counter(envelope.to for envelope in channel.sent).values()) == 1
    assert set(Message.objects.values_list("reason", flat=True)) == {""}  # no trace of having waited


def test_one_domain_is_slow_and_the_others_are_not_held_up(workspace: Workspace) -> None:
    moment = Moment()
    ws = paced(workspace, moment, domains="qq.com=6")
    ids = people(ws, 10)
    for who in ids[:7]:
        Customer.objects.filter(pk=who).update(email=f"{who}@QQ.com")
    channel = started(ws)
    assert drain(ws, channel) == 4
    assert sum(envelope.to.lower().endswith("@qq.com") for envelope in channel.sent) == 1
    assert campaigns.progress(ws, "spring")["waiting_by_reason"] == {"throttled": 6}


def test_a_new_sender_warms_up_day_by_day(workspace: Workspace) -> None:
    moment = Moment()
    ws = paced(workspace, moment, warm_up_from="2030-03-01", warm_up_first=2, warm_up_growth=2.0)
    channel = started(ws, 10)
    found = []
    for _ in range(3):
        found.append(drain(ws, channel))
        moment.now += timedelta(days=1)
    assert found == [2, 4, 4]


def test_nobody_gets_mail_at_night_where_they_are(workspace: Workspace) -> None:
    moment = Moment()
    ws = paced(workspace, moment, quiet="21:00-08:00")
    ids = people(ws, 4)
    Customer.objects.filter(pk=ids[1]).update(traits={"timezone": "America/New_York"})  # 23:00 there
    Customer.objects.filter(pk=ids[2]).update(traits={"timezone": "../../etc/passwd"})  # what apps tell
    channel = started(ws)
    assert drain(ws, channel) == 3
    assert campaigns.progress(ws, "spring")["waiting_by_reason"] == {"quiet_hours": 1}
    (row,) = Message.objects.filter(status="planned")
    assert (row.customer_id, row.due_at) == (ids[1], datetime(2030, 3, 1, 13, tzinfo=UTC))
    moment.now = row.due_at
    assert drain(ws, channel) == 1


def test_who_waits_for_the_pace_is_not_taken_for_the_rest_of_a_slow_start(workspace: Workspace) -> None:
    ws = paced(workspace, Moment(), per_minute=6)
    channel = started(ws, 4)
    drain(ws, channel)
    row = campaigns.get(ws, "spring")
    assert slow_start.rest_at(ws, row) is None
    assert slow_start.release(row, ws.now()) == 0


def test_without_a_pace_all_go_at_once(workspace: Workspace) -> None:
    ws = paced(workspace, Moment())
    assert drain(ws, started(ws, 10)) == 10


def addressed(ws: Workspace, *addresses: str) -> list[Customer]:
    people(ws, len(addresses))
    customers = list(Customer.objects.order_by("pk"))
    for customer, address in zip(customers, addresses, strict=True):
        customer.email = address
        customer.save()
    return customers


def test_who_is_refused_takes_no_place(workspace: Workspace) -> None:
    ws = paced(workspace, Moment(), domains="qq.com=6")  # one in ten seconds
    gone, _ = addressed(ws, "a@qq.com", "b@qq.com")
    channel = started(ws)
    Consent.objects.filter(customer=gone).update(granted=False)
    drain(ws, channel)
    assert [envelope.to for envelope in channel.sent] == ["b@qq.com"]


def test_an_address_that_changed_counts_where_it_is_now(workspace: Workspace) -> None:
    ws = paced(workspace, Moment(), domains="qq.com=6")  # one in ten seconds
    moved, stays = addressed(ws, "a@163.com", "b@qq.com")
    channel = started(ws)
    moved.email = "a@qq.com"
    moved.save()
    drain(ws, channel)
    assert [envelope.to for envelope in channel.sent] == ["a@qq.com"]
    waits = Message.objects.get(customer_id=stays.pk)
    assert (waits.status, waits.reason) == ("planned", "throttled")
