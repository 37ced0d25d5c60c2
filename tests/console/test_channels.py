"""Channel health in the console: whether messages go, why not, and the way back."""

from __future__ import annotations

import json
import re
from datetime import timedelta

from tests.console.test_sources import heading, plain, signed_in

from zhiyin.adapters.records.models import Campaign, ChannelState, Message
from zhiyin.domain.message import MessageStatus, Receipt
from zhiyin.domain.reasons import FailReason
from zhiyin.services import channels, doctor
from zhiyin.services.workspace import Workspace

PAGE = "/settings/channels"
DOWN = Receipt(MessageStatus.FAILED, "connection refused", FailReason.UNREACHABLE, everyone=True)


def page(language: str = "en") -> str:
    answer = signed_in(language).get(PAGE)
    assert answer.status_code == 200
    return answer.content.decode()


def shut(ws: Workspace) -> None:
    channels.heard(ws, "email", [DOWN] * 3, ws.now())


def test_the_last_day_is_drawn_with_the_same_figures_in_a_table(filled: Workspace) -> None:
    Message.objects.filter(token="t1").update(
        status="accepted", detail="250 OK", handed_over_at=filled.now() - timedelta(minutes=1)
    )
    shown = page()
    chart = json.loads(re.search(r'id="hours-data" type="application/json">(.*?)</script>', shown)[1])
    assert len(chart["labels"]) == 24
    assert [sum(one["values"]) for one in chart["series"]] == [1, 0, 0, 0]
    assert "250 OK" in shown
    Message.objects.filter(token="t1").update(bounced="hard")
    chart = json.loads(re.search(r'id="hours-data" type="application/json">(.*?)</script>', page())[1])
    assert [sum(one["values"]) for one in chart["series"]] == [0, 1, 0, 0]  # each message once


def test_an_open_breaker_says_why_and_can_be_reset(filled: Workspace) -> None:
    shut(filled)
    shown = plain(page())
    assert "connection refused" in shown
    assert "Open: nothing goes" in shown
    assert "断开：暂停发送" in plain(page("zh-hans"))
    assert signed_in().get("/settings/channels/reset").status_code == 405
    assert signed_in().post("/settings/channels/reset")["Location"] == PAGE
    assert not ChannelState.objects.exists()
    assert "Closed: everything goes" in plain(page())


def test_a_campaign_under_way_says_that_it_waits_for_the_server(filled: Workspace) -> None:
    Campaign.objects.filter(key="spring").update(status="sending")
    Message.objects.filter(token="t1").update(status="planned")
    assert "cannot be reached" not in plain(signed_in().get("/campaigns/spring").content.decode())
    shut(filled)
    shown = signed_in().get("/campaigns/spring").content.decode()
    assert "The mail server cannot be reached: connection refused." in plain(shown)
    assert 'href="/settings/channels"' in shown


def test_the_connection_is_tested_by_the_button_alone(filled: Workspace) -> None:
    assert heading(page()) == "No mail server is set up, so nothing goes out."
    answer = signed_in().post("/settings/channels/test", headers={"HX-Request": "true"})
    assert "smtp.host is not set" in answer.content.decode()


def test_the_doctor_tells_of_messages_that_wait(filled: Workspace) -> None:
    assert {check.name: check.level for check in doctor.check(filled)}["channel"] == "ok"
    shut(filled)
    assert {check.name: check.level for check in doctor.check(filled)}["channel"] == "problem"
