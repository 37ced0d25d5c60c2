"""Messages are marked as the settings want it, and not at all for who does not want to be followed."""

from __future__ import annotations

import email
import re
from dataclasses import replace
from email import policy

import pytest
from tests.services.mailing import campaign, people

from zhiyin.adapters.records.models import Consent
from zhiyin.services import campaigns, marks, planning, sending
from zhiyin.services.workspace import Workspace
from zhiyin.testing.channel import FakeChannel

TEA = "https://shop.example/tea?a=1&amp;b=2&amp;utm_source=newsletter&amp;utm_medium=email&amp;utm_campaign=spring"


@pytest.fixture
def ws(workspace: Workspace) -> Workspace:
    settings = workspace.settings
    return replace(workspace, settings=replace(settings, smtp=replace(settings.smtp, host="127.0.0.1")))


def sent(ws: Workspace, count: int = 1) -> dict[str, str]:
    """The HTML of each recipient's message, and that nothing else in it differs."""
    campaign(ws, holdout=0)
    campaigns.start(ws, "spring")
    planning.plan_step(ws)
    channel = FakeChannel()
    while sending.send_step(ws, "w:1", channel=channel):
        pass
    read = (email.message_from_bytes(envelope.content, policy=policy.default) for envelope in channel.sent)
    return {one["To"].addresses[0].addr_spec: one.get_body(("html",)).get_content() for one in read}


def with_tracking(ws: Workspace, **changes: object) -> Workspace:
    return replace(ws, settings=replace(ws.settings, tracking=replace(ws.settings.tracking, **changes)))


def test_who_said_no_to_being_followed_gets_plain_links_and_the_others_do_not(ws: Workspace) -> None:
    willing, unwilling = people(ws, 2)
    Consent.objects.create(
        customer_id=unwilling, channel="web", purpose="tracking", granted=False, source="page", at=ws.now()
    )
    assert marks.unwilling([willing, unwilling]) == {unwilling}
    html = sent(ws)
    assert "/t/" in html[f"{willing}@example.com"]
    plain = html[f"{unwilling}@example.com"]
    assert "/t/" not in plain
    assert TEA in plain
    assert "/u/" in plain  # leaving stays possible


def test_opens_clicks_and_the_hidden_link_can_be_switched_off(ws: Workspace) -> None:
    people(ws, 1)
    (html,) = sent(with_tracking(ws, opens=False, hidden_link=False)).values()
    assert "/t/o/" not in html
    assert len(re.findall("/t/c/", html)) == 1


def test_without_clicks_links_lead_straight_there(ws: Workspace) -> None:
    people(ws, 1)
    (html,) = sent(with_tracking(ws, clicks=False)).values()
    assert "/t/c/" not in html
    assert "/t/o/" in html
    assert TEA in html


def test_without_a_source_no_labels_are_added(ws: Workspace) -> None:
    people(ws, 1)
    (html,) = sent(with_tracking(ws, clicks=False, utm_source="")).values()
    assert 'href="https://shop.example/tea?a=1&amp;b=2"' in html
    assert "utm_" not in html
