"""Whole campaigns through real servers that greylist, throttle, hang, answer nonsense: nobody twice, nobody lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.services.mailing import Later, Server, balanced, campaign, moving, people

from zhiyin.adapters.records.models import Customer, Message, Suppression
from zhiyin.services import campaigns, planning, sending
from zhiyin.services.workspace import Workspace

OK = "250 2.0.0 OK"


def started(ws: Workspace) -> tuple[Workspace, Later]:
    """A campaign to forty of whom all are planned, and a clock."""
    people(ws, 40)
    campaign(ws, holdout=0)
    campaigns.start(ws, "spring")
    planning.plan_step(ws)
    return moving(ws)


def rounds(ws: Workspace, clock: Later, server: Server, most: int, pause: timedelta) -> int:
    """Work until the campaign is over or paused, the clock moved on between; how many times it was moved."""
    for count in range(most):
        while sending.send_step(ws, "test:1"):
            pass
        if balanced(ws, server)["status"] != "sending":
            return count
        clock.ahead += pause
    return most


def per_window(clock: Later, most: int) -> Callable[[], bool]:
    """Whether one more may pass, of so many between two moves of the clock."""
    seen: Counter[timedelta] = Counter()

    def passes() -> bool:
        seen[clock.ahead] += 1
        return seen[clock.ahead] <= most

    return passes


def test_who_is_greylisted_comes_again_and_gets_in(make_workspace):
    seen: set[str] = set()

    def newcomers_wait(address: str) -> str:
        new = address not in seen
        seen.add(address)
        return "450 4.2.0 Greylisted, come again" if new else OK

    with Server(newcomers_wait) as server:
        ws, clock = started(make_workspace(**server.settings))
        moves = rounds(ws, clock, server, 3, timedelta(seconds=80))
        standing = balanced(ws, server)
    assert (standing["status"], standing["accepted"], moves) == ("sent", 40, 1)
    assert set(Message.objects.values_list("attempts", flat=True)) == {2}


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("code", [421, 450])
def test_a_server_that_throttles_gets_a_few_at_a_time_and_nobody_fails(make_workspace, step, code):
    answer = f"{code} 4.7.1 Too many messages, slow down"
    with Server() as server:
        ws, clock = started(make_workspace(**server.settings))
        passes = per_window(clock, 12)

        async def sender(server_: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
            if not passes():
                return answer
            envelope.mail_from = address
            return OK

        if step == "MAIL":
            server.handle_MAIL = sender  # type: ignore[attr-defined]
        elif step == "RCPT":
            server.script = lambda address: OK if passes() else answer
        else:
            server.on_data = lambda address: OK if passes() else answer
        moves = rounds(ws, clock, server, 12, timedelta(seconds=80))
        standing = balanced(ws, server)
    assert (standing["status"], standing["accepted"], standing["failed"]) == ("sent", 40, 0)
    assert moves <= 8  # four windows are needed, and to ask again may cost a place
    assert Message.objects.order_by("-attempts")[0].attempts <= 3


def test_a_server_that_takes_nobody_for_days_uses_up_nobodys_tries(make_workspace):
    with Server() as server:
        ws, clock = started(make_workspace(**server.settings))
        server.on_mail = "421 4.3.2 Closing down"
        rounds(ws, clock, server, 12, timedelta(hours=8))
        standing = balanced(ws, server)
        assert (standing["status"], standing["waiting"], standing["failed"]) == ("sending", 40, 0)
        assert set(Message.objects.values_list("attempts", flat=True)) == {0}
        server.on_mail = OK
        rounds(ws, clock, server, 3, timedelta(minutes=20))
        assert balanced(ws, server)["accepted"] == 40


def test_every_third_refused_fails_alone_and_only_who_does_not_exist_is_suppressed(make_workspace):
    def every_third(address: str) -> str:
        number = int(address[1:5])
        return OK if number % 3 else "550 5.1.1 No such user" if number % 2 else "550 5.7.1 Not today"

    with Server(every_third) as server:
        ws, clock = started(make_workspace(**server.settings))
        assert rounds(ws, clock, server, 2, timedelta(minutes=2)) == 0
        standing = balanced(ws, server)
    assert (standing["status"], standing["accepted"], standing["failed"]) == ("sent", 26, 14)
    assert set(Suppression.objects.values_list("address", flat=True)) == {
        f"c{number:04}@example.com" for number in range(40) if number % 3 == 0 and number % 2
    }


def test_who_leaves_the_server_hanging_holds_up_nobody_else(make_workspace):
    stuck = {"c0003@example.com", "c0017@example.com"}
    with Server() as server:
        plain = server.handle_RCPT

        async def hangs(server_: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
            if address in stuck:
                await asyncio.Event().wait()
            return await plain(server_, session, envelope, address, options)

        server.handle_RCPT = hangs  # type: ignore[method-assign]
        ws, clock = started(make_workspace(**server.settings, smtp__timeout=1.0))
        while sending.send_step(ws, "test:1"):
            pass
        standing = balanced(ws, server)
        assert stuck <= set(Message.objects.filter(status="planned").values_list("address", flat=True))
        assert standing["waiting"] + standing["accepted"] + standing["unknown"] == 40
        stuck.clear()
        rounds(ws, clock, server, 8, timedelta(minutes=40))
        assert balanced(ws, server)["status"] == "sent"


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("250 2.0.0 taken \x00 over", "accepted"),  # what no database keeps
        ("299 yes", "accepted"),
        ("what?", "unknown"),  # it may have taken it over
        ("354 go on", "unknown"),
        ("452 4.3.1 Disk full", "planned"),
        ("554 5.6.0 No", "failed"),
    ],
)
def test_strange_answers_to_the_content_are_taken_for_what_they_say_and_no_more(
    make_workspace, answer, status
):
    with Server() as server:
        server.on_data = lambda address: answer
        ws, _ = started(make_workspace(**server.settings))
        sending.send_step(ws, "test:1")
        tried = Message.objects.filter(attempts__gt=0)
        assert set(tried.values_list("status", flat=True)) == {status}
        if status != "unknown":  # the server itself noted only what it understood as taken over
            balanced(ws)


def test_addresses_that_are_not_ascii_stall_nobody(make_workspace):
    """Twenty-five in a row that the server cannot take are not a reason to stop."""
    with Server(enable_SMTPUTF8=False) as server:
        ws, clock = started(make_workspace(**server.settings))
        for number in range(25):
            Customer.objects.filter(pk=f"c{number:04}").update(email=f"李娜{number}@example.com")
        assert rounds(ws, clock, server, 2, timedelta(minutes=2)) == 0
        standing = balanced(ws, server)
    assert (standing["status"], standing["accepted"]) == ("sent", 15)
    assert standing["failed_by_reason"] == {"no_smtputf8": 25}
    assert not Suppression.objects.exists()


def test_a_server_that_announces_such_addresses_and_refuses_them_stalls_nobody_either(make_workspace):
    with Server() as server:

        async def ascii_only(server_: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
            if "SMTPUTF8" in options:
                return "555 5.5.4 Unsupported option"
            envelope.mail_from = address
            return OK

        server.handle_MAIL = ascii_only  # type: ignore[method-assign]
        ws, clock = started(make_workspace(**server.settings))
        Customer.objects.filter(pk__in=["c0002", "c0003"]).update(email="李娜@example.com")
        rounds(ws, clock, server, 2, timedelta(minutes=2))
        standing = balanced(ws, server)
    assert (standing["status"], standing["accepted"], standing["failed"]) == ("sent", 38, 2)
