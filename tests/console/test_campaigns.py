"""The pages of campaigns: from an empty list to a report, through a real mail server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.test import Client
from tests.console.tea_shop import fill, sign_in
from tests.services.mailing import Server

from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.adapters.records.models import Message
from zhiyin.domain.event import ORDER_COMPLETED, Event
from zhiyin.services import campaigns, ingest, planning, reports, resending, reviews, segments, sending
from zhiyin.services.workspace import Workspace
from zhiyin.testing.channel import FakeChannel

LETTER = """<mjml><mj-body><mj-section><mj-column>
<mj-text>Dear {{ customer.name | default: "friend" }}</mj-text>
<mj-text><a href="{{ unsubscribe_url }}">Unsubscribe</a></mj-text>
</mj-column></mj-section></mj-body></mjml>"""


@pytest.fixture
def letters() -> Iterator[Server]:
    """A mail server that keeps what it takes and refuses one address."""
    with Server(lambda to: "550 5.1.1 no such user" if to.startswith("c03@") else "250 OK") as server:
        yield server


@pytest.fixture
def mailing(make_workspace: Callable[..., Workspace], letters: Server) -> Workspace:
    """Forty customers, a mail server, a segment of everybody, and no campaign."""
    workspace = make_workspace(
        smtp__host="127.0.0.1",
        smtp__port=letters.port,
        smtp__security="none",
        sender__email="hello@shop.example",
        shop__address="1 Road",
    )
    fill(workspace, 40)
    segments.create(workspace, "everyone", "Everyone", "everyone")
    segments.refresh(workspace, "everyone")
    return workspace


@pytest.fixture
def draft(mailing: Workspace) -> Workspace:
    campaigns.create(
        mailing,
        key="spring",
        name="Spring tea",
        segment="everyone",
        subject="Hello {{ customer.name }}",
        body=LETTER,
        seed="spring",  # a seed of chance holds out nobody of forty now and then, and then there is no interval
    )
    return mailing


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, (answer.status_code, answer.headers)
    return answer.content.decode()


def numbers(text: str, pattern: str) -> list[int]:
    return [int(found.replace(",", "").replace("−", "-")) for found in re.findall(pattern, text)]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_an_empty_list_makes_the_first_campaign(workspace: Workspace, language: str) -> None:
    text = page(sign_in(language), "/campaigns")
    assert 'href="/campaigns/new"' in text
    assert text.count("btn-primary") == 1
    assert "/segments/new" in page(sign_in(language), "/campaigns/new")


def test_a_campaign_is_made_from_a_template(mailing: Workspace) -> None:
    client = sign_in()
    text = page(client, "/campaigns/new?segment=everyone")
    template = re.findall(r'name="template" value="([^"]+)"', text)[0]
    assert '<option value="everyone" selected>Everyone · 40</option>' in text
    posted = {"name": "明前茶", "segment": "everyone", "template": template, "sender_email": "a@shop.example"}
    assert client.post("/campaigns/new", posted)["Location"] == "/campaigns/ming-qian-cha/compose"
    assert campaigns.get(mailing, "ming-qian-cha").name == "明前茶"
    text = client.post("/campaigns/new", {**posted, "name": ""}).content.decode()
    assert 'aria-invalid="true"' in text


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_composer_shows_the_message_of_a_real_customer(draft: Workspace, language: str) -> None:
    text = page(sign_in(language), "/campaigns/spring/compose")
    assert text.count('<iframe title="') == 2
    assert text.count('sandbox=""') == 2
    assert "Dear " in text
    assert len(re.findall('class="btn btn-primary"', text.split("<dialog")[0])) == 1


def test_typing_keeps_the_draft_and_renders_it_again(draft: Workspace) -> None:
    typed = {
        "subject": "Tea for {{ customer.name }}",
        "preheader": "",
        "body": LETTER,
        "customer": "c01",
        "people": ["c01", "c02"],
    }
    text = sign_in().post("/campaigns/spring/preview", typed).content.decode()
    assert "Tea for Emily Carter" in text
    assert "Draft saved" in text
    assert campaigns.get(draft, "spring").subject == "Tea for {{ customer.name }}"
    text = sign_in().post("/campaigns/spring/preview", {**typed, "see": "c02"}).content.decode()
    assert "Tea for 张伟" in text
    text = sign_in().post("/campaigns/spring/preview", {**typed, "search": "Oliver"}).content.decode()
    assert "Tea for Oliver Stone" in text


def test_the_checks_say_what_is_fine_too(draft: Workspace) -> None:
    typed = {"subject": "Tea", "preheader": "", "body": LETTER, "customer": "c01"}
    text = sign_in().post("/campaigns/spring/preview", typed).content.decode()
    assert "KB, of 102 KB at most" in text
    assert "All pictures have a description" in text
    typed["body"] = LETTER.replace("<mj-text", '<mj-image src="https://a.example/b.png" /><mj-text', 1)
    text = sign_in().post("/campaigns/spring/preview", typed).content.decode()
    assert "All pictures have a description" not in text
    assert "Every text can be read on its background" in text


def test_the_preview_switches_the_dark_style_on(draft: Workspace) -> None:
    dark = "<mj-head><mj-style>@media (prefers-color-scheme: dark) { p { color: #fff } }</mj-style></mj-head>"
    typed = {"subject": "Tea", "preheader": "", "body": LETTER, "customer": "c01", "dark": "1"}
    text = sign_in().post("/campaigns/spring/preview", typed).content.decode()
    assert "no dark style of its own" in text
    typed["body"] = LETTER.replace("<mj-body", dark + "<mj-body", 1)
    text = sign_in().post("/campaigns/spring/preview", typed).content.decode()
    assert "@media (min-width: 0px)" in text
    assert "zy-stage-dark" in text
    assert "no dark style of its own" not in text


def test_a_mistake_shows_its_line_and_what_was_typed(draft: Workspace) -> None:
    broken = LETTER.replace("customer.name", "customer.nickname")
    typed = {"subject": "Hello", "preheader": "", "body": broken, "customer": "c01"}
    client = sign_in()
    text = client.post("/campaigns/spring/preview", typed).content.decode()
    assert "nickname" in text
    assert "Go to line 2" in text
    assert campaigns.get(draft, "spring").body == LETTER
    text = client.post("/campaigns/spring/compose", {**typed, "do": "review"}).content.decode()
    assert "customer.nickname" in text
    assert 'role="alert"' in text


def test_a_test_goes_to_one_address_only(draft: Workspace, letters: Server) -> None:
    client = sign_in()
    posted = {"to": "me@shop.example", "customer": "c01"}
    text = client.post("/campaigns/spring/test", posted, headers={"HX-Request": "true"}).content.decode()
    assert "The mail server took the test for me@shop.example." in text
    assert letters.received() == {"me@shop.example": 1}
    assert campaigns.get(draft, "spring").tested_at is not None
    text = client.post(
        "/campaigns/spring/test", {"to": "me"}, headers={"HX-Request": "true"}
    ).content.decode()
    assert "zy-error" in text


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_review_subtracts_down_to_who_will_receive_it(draft: Workspace, language: str) -> None:
    text = page(sign_in(language), "/campaigns/spring/review")
    sum_ = text.split('<table class="zy-table zy-sum">')[1].split("</table>")[0]
    figures = numbers(sum_, r'<td class="zy-num">([−\d,]+)</td>')
    assert figures[0] == 40
    assert sum(figures[:-1]) == figures[-1] == reviews.review(draft, "spring").will_receive
    assert 'name="typed"' not in text


def test_from_a_thousand_on_the_number_is_typed() -> None:
    from zhiyin.entrypoints.console.campaign_forms import Confirm

    assert not Confirm({"typed": ""}, recipients=1_000).is_valid()
    assert Confirm({"typed": "1,000"}, recipients=1_000).is_valid()
    assert Confirm({"typed": ""}, recipients=999).is_valid()


def test_links_to_this_machine_need_a_tick_before_sending(make_workspace: Callable[..., Workspace]) -> None:
    workspace = make_workspace(smtp__host="smtp.example.com", sender__email="hello@shop.example")
    fill(workspace, 10)
    segments.create(workspace, "everyone", "Everyone", "everyone")
    campaigns.create(
        workspace, key="spring", name="Spring", segment="everyone", subject="Hello", body=LETTER, holdout=0
    )
    client = sign_in()
    text = page(client, "/campaigns/spring/review")
    assert "which recipients cannot open" in text
    assert 'name="allow_local_links"' in text
    assert "disabled" not in text[text.index("zy-confirm") :].split("</form>")[0]
    answer = client.post("/campaigns/spring/start", {})
    assert (answer.status_code, campaigns.get(workspace, "spring").status) == (400, "draft")
    assert "This field is required." in answer.content.decode()
    assert client.post("/campaigns/spring/start", {"allow_local_links": "on"}).status_code == 302
    assert campaigns.get(workspace, "spring").status == "sending"


def test_a_campaign_is_sent_later_and_can_be_made_a_draft_again(draft: Workspace) -> None:
    client = sign_in()
    assert "Send it later" in page(client, "/campaigns/spring/review")
    told = client.post("/campaigns/spring/start", {"at": "2001-01-01T10:00"})
    assert (told.status_code, campaigns.get(draft, "spring").status) == (422, "draft")
    assert "That is past, or more than a year away." in told.content.decode()
    assert client.post("/campaigns/spring/start", {"local": "on"}).status_code == 400  # an hour is missing
    day = (draft.now().astimezone(draft.timezone) + timedelta(days=2)).date()
    answer = client.post("/campaigns/spring/start", {"at": f"{day}T10:30", "local": "on"})
    assert answer["Location"] == "/campaigns/spring/review"
    row = campaigns.get(draft, "spring")
    assert (row.status, row.local_clock) == ("scheduled", True)
    assert row.send_at is not None
    assert row.send_at.astimezone(draft.timezone).strftime("%Y-%m-%d %H:%M") == f"{day} 10:30"
    assert client.get("/campaigns/spring")["Location"] == "/campaigns/spring/review"
    text = page(client, "/campaigns/spring/review")
    assert "own clock" in text
    assert "/campaigns/spring/start" not in text
    assert "Scheduled" in page(client, "/campaigns")
    client.post("/campaigns/spring/unschedule")
    assert campaigns.get(draft, "spring").status == "draft"


def test_sending_needs_a_post(draft: Workspace) -> None:
    for step in ("start", "unschedule", "pause", "resume", "cancel", "again", "resend", "test", "preview"):
        assert sign_in().get(f"/campaigns/spring/{step}").status_code == 405
    assert campaigns.get(draft, "spring").status == "draft"


def test_an_unknown_outcome_is_sent_again_only_when_its_number_is_confirmed(draft: Workspace) -> None:
    campaigns.start(draft, "spring")
    planning.plan_step(draft)
    lost = Message.objects.filter(status="planned").order_by("pk").first()
    assert lost is not None
    sending.send_step(draft, "test:1", channel=FakeChannel({lost.address: "silence"}))
    client = sign_in()
    text = page(client, "/campaigns/spring?tab=delivery")
    assert "1 message has an unknown outcome." in text
    assert "gets it twice" in text
    client.post("/campaigns/spring/resend", {"count": "2"})
    assert resending.waiting(draft, "spring") == 1
    answer = client.post("/campaigns/spring/resend", {"count": "1"}, follow=True).content.decode()
    assert "1 message is sent again." in answer
    assert resending.waiting(draft, "spring") == 0
    assert "unknown outcome" not in page(client, "/campaigns/spring?tab=delivery")


def test_from_start_to_report_everyone_is_accounted_for(draft: Workspace, letters: Server) -> None:
    client = sign_in()
    assert client.post("/campaigns/spring/start", {})["Location"] == "/campaigns/spring"
    planning.plan_step(draft)
    assert "Pausing holds back" in page(client, "/campaigns/spring")
    client.post("/campaigns/spring/pause")
    paused = page(client, "/campaigns/spring")
    assert "cancel-dialog" in paused
    waiting = numbers(paused, r'zy-account-figure zy-num">([\d,]+)<')[-1]
    assert f">{waiting} customer" in page(client, "/campaigns/spring?tab=people&status=pending")
    assert letters.letters == []
    client.post("/campaigns/spring/resume")
    sending.run_until_done(draft, "spring")

    text = page(client, "/campaigns/spring")
    accounts = text.split('id="accounted"')[1].split("</section>")[0]
    parts = numbers(accounts, r'zy-account-figure zy-num">([\d,]+)<')
    planned = numbers(accounts, r"([\d,]+) planned")
    assert [sum(parts)] == planned == [40]
    assert len(letters.letters) == Message.objects.filter(status="accepted").count() == parts[2]
    assert "Measuring" in text
    for tab in ("delivery", "links", "people", "content"):
        assert "zy-tabs" in page(client, f"/campaigns/spring?tab={tab}")
    for status, n in zip(("held_out", "refused", "accepted", "failed"), parts, strict=False):
        assert f">{n} customer" in page(client, f"/campaigns/spring?tab=people&status={status}")
    assert client.get("/campaigns/spring/progress")["HX-Redirect"] == "/campaigns/spring"


def test_cancelling_keeps_the_rest_from_getting_it(draft: Workspace) -> None:
    client = sign_in()
    client.post("/campaigns/spring/start", {})
    planning.plan_step(draft)
    client.post("/campaigns/spring/pause")
    client.post("/campaigns/spring/cancel")
    assert campaigns.get(draft, "spring").status == "cancelled"
    assert "Cancelled" in page(client, "/campaigns/spring")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_decision_is_explained_for_everyone(draft: Workspace, language: str) -> None:
    campaigns.start(draft, "spring")
    sending.run_until_done(draft, "spring")
    client = sign_in(language)
    for status in ("held_out", "refused", "accepted", "failed"):
        message = Message.objects.filter(status=status).first()
        if message is not None:
            text = page(client, f"/campaigns/spring/people/{message.customer_id}")
            assert 'id="answer"' in text
    assert 'class="zy-no"' in page(client, "/campaigns/spring/people/c07")


def test_people_are_exported_without_formulas(draft: Workspace) -> None:
    from zhiyin.adapters.records.models import Customer

    Customer.objects.filter(pk="c01").update(name='=HYPERLINK("x")')
    campaigns.start(draft, "spring")
    sending.run_until_done(draft, "spring")
    answer = sign_in().get("/campaigns/spring/people.csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    assert len(text.splitlines()) == 41
    assert "'=HYPERLINK" in text


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_verdict_comes_first_once_the_window_has_closed(draft: Workspace, language: str) -> None:
    campaigns.start(draft, "spring")
    sending.run_until_done(draft, "spring")
    draft.spool.close()
    ingest.drain(draft)
    now = draft.now()
    sent = Message.objects.filter(status="accepted").values_list("customer_id", flat=True)
    orders = [
        Event(f"new-{i}", "track", ORDER_COMPLETED, now + timedelta(hours=2), i, order_id=f"new-{i}", amount=9900)
        for i in sent
    ]  # fmt: skip
    table = events_to_table(orders, timezone=draft.timezone, received_at=now)
    draft.lake.append("events", table, app_id="later", version=1)
    later = now + timedelta(days=8)
    object.__setattr__(draft, "now", lambda: later)
    client = sign_in(language)
    report = reports.campaign(draft, "spring")
    assert report.state != "measuring"
    text = page(client, "/campaigns/spring")
    for number in (report.message_group.bought, report.message_group.n, report.holdout_group.n):
        assert str(number) in text.split("zy-evidence")[1].split("</p>")[0]
    order = [text.index(mark) for mark in ("zy-headline", 'id="accounted"', "zy-responses")]
    assert order == sorted(order)
    assert 'data-zy-chart="band"' in text
    assert 'id="course-table"' in text
    assert "zy-interval" in page(client, "/campaigns")


def test_run_again_makes_a_fresh_draft(draft: Workspace) -> None:
    campaigns.start(draft, "spring")
    answer = sign_in().post("/campaigns/spring/again")
    assert answer["Location"] == "/campaigns/spring-2/compose"
    assert campaigns.get(draft, "spring-2").status == "draft"
