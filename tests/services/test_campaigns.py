"""Campaigns: create, check, review, start, and why."""

from __future__ import annotations

import json

import pytest
from tests.services.mailing import BODY, Server, campaign, people
from typer.testing import CliRunner

from zhiyin.adapters.records.models import Campaign, Customer, Message
from zhiyin.domain.errors import BadSetting, BadTemplate, Conflict, NotFound
from zhiyin.services import (
    campaigns,
    checks,
    explanations,
    planning,
    reviews,
    sending,
    subscriptions,
    templates,
    tracking,
)
from zhiyin.services.messages import language_of_wording
from zhiyin.testing.channel import FakeChannel


@pytest.fixture
def ws(make_workspace):
    made = make_workspace(smtp__host="127.0.0.1", smtp__port=1, smtp__security="none")
    people(made, 40)
    return made


def _sent(ws, **changes):
    campaign(ws, **changes)
    campaigns.start(ws, "spring")
    channel = FakeChannel()
    planning.plan_step(ws)
    sending.send_step(ws, "test:1", channel=channel)
    return channel


def test_what_is_left_out_comes_from_the_settings(make_workspace):
    ws = make_workspace(sender__email="hello@example.com", campaign__holdout=0.25, campaign__cost="0.05")
    people(ws, 1)
    row = campaigns.create(ws, key="spring", name="", segment="everyone", template="picks-en")
    assert (row.sender_name, row.sender_email) == ("Test shop", "hello@example.com")
    assert (row.holdout, row.cost, row.window_days, row.name) == (0.25, 5, 7, "spring")
    assert row.subject == templates.get(ws, "picks-en").subject


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"key": "Spring Sale"}, BadSetting, "key"),
        ({"segment": "nobody"}, NotFound, "everyone"),
        ({"template": "nothing", "subject": None, "body": None}, NotFound, "picks-en"),
        ({"holdout": 0.6}, BadSetting, r"between 0 and 0\.5"),
        ({"window_days": 0}, BadSetting, "window"),
        ({"cost": "free"}, BadSetting, "cost"),
        ({"sender_email": "shop"}, BadSetting, "cannot be"),
        (
            {"subject": "{{ customer.nam }}"},
            BadTemplate,
            r"The subject, line 1.*'customer\.nam'.*Did you mean 'name'",
        ),
        ({"subject": "  "}, BadTemplate, "subject is empty"),
        ({"body": "<mjml>\n<mj-body>\n{% if x %}</mj-body></mjml>"}, BadTemplate, "line 3"),
        ({"body": "<mjml><mj-body>\n<mj-txt>x</mj-txt></mj-body></mjml>"}, BadTemplate, "line 2: <mj-txt>"),
    ],
)
def test_bad_input_says_what_is_wrong_and_leaves_nothing(ws, changes, error, match):
    with pytest.raises(error, match=match):
        campaign(ws, **changes)
    assert Campaign.objects.count() == 0


def test_a_trait_that_some_customer_has_may_be_named_and_others_lack_it(ws):
    Customer.objects.filter(pk="c0001").update(traits={"favourite": "oolong"})
    campaign(ws, subject="{{ customer.favourite | default: 'tea' }} for you")
    assert reviews.preview(ws, "spring", "c0001").subject == "oolong for you"
    assert reviews.preview(ws, "spring", "c0002").subject == "tea for you"


def test_a_value_from_a_customer_cannot_become_html(ws):
    Customer.objects.filter(pk="c0001").update(name="<img src=x onerror=alert(1)>\r\nBcc: x@y.example")
    campaign(ws)
    shown = reviews.preview(ws, "spring", "c0001")
    assert "<img src=x" not in shown.html
    assert "\n" not in shown.subject


def test_a_key_is_used_once_and_a_started_campaign_is_frozen(ws):
    campaign(ws)
    with pytest.raises(Conflict, match="already"):
        campaign(ws)
    campaigns.update(ws, "spring", subject="Other", cost="0.10")
    campaigns.start(ws, "spring")
    with pytest.raises(Conflict, match="cannot be changed"):
        campaigns.update(ws, "spring", subject="Again")
    with pytest.raises(Conflict, match="started before"):
        campaigns.start(ws, "spring")
    row = campaigns.get(ws, "spring")
    assert (row.subject, row.cost, row.segment_rule, row.segment_version) == ("Other", 10, {"all": []}, 1)


def test_a_campaign_without_server_sender_or_unsubscribe_link_does_not_start(make_workspace):
    ws = make_workspace()
    people(ws, 1)
    campaigns.create(ws, key="spring", name="x", segment="everyone", subject="x", body="<p>Hello</p>")
    codes = {p.code for p in checks.check(ws, campaigns.get(ws, "spring")) if p.level == "error"}
    assert codes == {"no_unsubscribe", "no_sender", "no_server"}
    with pytest.raises(Conflict, match="cannot be sent yet"):
        campaigns.start(ws, "spring")


def test_the_review_is_what_planning_then_does(ws):
    Customer.objects.filter(pk__in=["c0001", "c0002"]).update(email="")
    campaign(ws, holdout=0.3)
    found = reviews.review(ws, "spring")
    assert found.segment == 40 == found.held_out + sum(found.refused.values()) + found.will_receive
    assert found.smallest_effect is not None
    campaigns.start(ws, "spring")
    planning.plan_step(ws)
    standing = campaigns.progress(ws, "spring")
    assert (standing["held_out"], standing["refused_by_reason"], standing["waiting"]) == (
        found.held_out,
        found.refused,
        found.will_receive,
    )


def test_why_answers_for_everybody(ws):
    Customer.objects.filter(pk="c0001").update(email="")
    campaign(ws, holdout=0.3)
    before = {i: explanations.why(ws, "spring", i) for i in ("c0001", "c0002")}
    assert {record["state"] for record in before.values()} == {"forecast"}
    campaigns.start(ws, "spring")
    planning.plan_step(ws)
    sending.send_step(ws, "test:1", channel=FakeChannel())
    for customer_id, forecast in before.items():
        record = explanations.why(ws, "spring", customer_id)
        assert record["state"] == "decided"
        assert (record["choice"], record["assigned"]) == (forecast["choice"], forecast["assigned"])
        assert sum(a["probability"] for a in record["alternatives"]) == 1
        assert record["versions"]["segment"] == "everyone@1"
    Customer.objects.create(customer_id="late", email="late@example.com")
    assert explanations.why(ws, "spring", "late")["state"] == "outside"
    with pytest.raises(NotFound):
        explanations.why(ws, "spring", "stranger")


def test_people_can_be_listed_by_status(ws):
    _sent(ws, holdout=0.3)
    total, page = explanations.people(ws, "spring", limit=5)
    assert (total, len(page)) == (40, 5)
    held, rows = explanations.people(ws, "spring", status="held_out", limit=100)
    assert held == len(rows) == Message.objects.filter(status="held_out").count()
    assert {row["reason"] for row in rows} == {"holdout"}


def test_a_test_message_is_in_no_ledger_and_its_links_change_nothing(make_workspace):
    with Server() as server:
        ws = make_workspace(**server.settings)
        people(ws, 1)
        campaign(ws)
        assert reviews.test_send(ws, "spring", "me@example.com").status == "accepted"
    assert server.received() == {"me@example.com": 1}
    assert Message.objects.count() == 0
    assert campaigns.get(ws, "spring").tested_at is not None
    from zhiyin.services.public_links import PublicLinks

    link = PublicLinks.of(ws).unsubscribe("test0123").rsplit("/", 1)[1]
    assert subscriptions.unsubscribe(ws, link, "one_click", tracking.Visitor()).test


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "design",
    [
        "picks",
        "welcome",
        "win-back",
        "sale",
        "letter",
        "newsletter",
        "basket",
        "back-in-stock",
        "reminder",
        "birthday",
    ],
)
def test_every_ready_made_template_can_be_sent_as_it_is(ws, design, language):
    key = f"{design}-{language}"
    row = templates.get(ws, key)
    campaigns.create(
        ws, key="spring", name="x", segment="everyone", template=key, sender_email="shop@example.com"
    )
    assert not [p for p in checks.check(ws, campaigns.get(ws, "spring")) if p.level == "error"]
    shown = reviews.preview(ws, "spring", "c0001")
    assert "[[" not in shown.html + shown.subject
    assert "C0001" in shown.text
    assert row.language in ("en", "zh-hans")
    assert language_of_wording(row.body) == row.language  # so that its items speak that language too


def test_saving_a_template_raises_its_version_only_when_it_changed(ws):
    first = templates.save(ws, key="own", name="Own", subject="Hi", body=BODY)
    same = templates.save(ws, key="own", name="Own name", subject="Hi", body=BODY)
    other = templates.save(ws, key="own", name="Own name", subject="Hello", body=BODY)
    assert (first.version, same.version, other.version) == (1, 1, 2)


def test_the_command_line_goes_from_draft_to_report(make_workspace, monkeypatch):
    from zhiyin.entrypoints.cli import app
    from zhiyin.entrypoints.site import current

    with Server() as server:
        ws = make_workspace(**server.settings)
        people(ws, 30)
        for key, value in server.settings.items():
            monkeypatch.setenv(f"ZHIYIN_{key}".upper().replace("__", "_"), str(value))

        def run(*words):
            result = CliRunner().invoke(
                app, ["campaigns", *words, "--workspace", str(ws.folder)], catch_exceptions=False
            )
            current().spool.close()
            assert result.exit_code == 0, result.output
            return result.output

        run(
            "create",
            "spring",
            "--segment",
            "everyone",
            "--template",
            "picks-en",
            "--sender-email",
            "a@example.com",
        )
        assert "Dear C0000" in run("preview", "spring", "--customer", "c0000")
        assert "Will receive" in run("review", "spring")
        standing = json.loads(run("send", "spring", "--yes", "--json"))
        assert standing["status"] == "sent"
        assert standing["accepted"] == len(server.letters)
        assert "accepted" in run("show", "spring")
        assert "By chance alone" in run("why", "spring", "c0000")
        assert json.loads(run("list", "--json"))[0]["status"] == "sent"
        assert json.loads(run("report", "spring", "--json"))["accounted"]["planned"] == 30
        assert "Everyone accounted for" in run("report", "spring")


def test_links_that_recipients_cannot_open_stop_the_start_until_that_is_wanted(make_workspace):
    ws = make_workspace(smtp__host="smtp.example.com", server__base_url="http://192.168.1.20:8321")
    people(ws, 3)
    row = campaign(ws)
    (problem,) = [p for p in checks.check(ws, row) if p.level == "error"]
    assert problem.code == "local_links"
    assert "server.base_url" in problem.text
    with pytest.raises(Conflict, match="--allow-local-links"):
        campaigns.start(ws, "spring")
    assert campaigns.start(ws, "spring", allow_local_links=True).status == "sending"


@pytest.mark.parametrize(
    ("host", "base_url"),
    [("127.0.0.1", ""), ("localhost", "http://10.0.0.1"), ("smtp.example.com", "https://mail.example.com")],
)
def test_local_links_are_fine_with_a_mail_server_on_this_machine(make_workspace, host, base_url):
    ws = make_workspace(smtp__host=host, server__base_url=base_url)
    people(ws, 1)
    assert "local_links" not in {problem.code for problem in checks.check(ws, campaign(ws))}


def test_the_other_errors_stop_the_start_all_the_same(make_workspace):
    ws = make_workspace(smtp__host="smtp.example.com")
    people(ws, 1)
    campaign(ws, body=BODY.replace("unsubscribe_url", "shop.name"))
    with pytest.raises(Conflict, match="unsubscribe"):
        campaigns.start(ws, "spring", allow_local_links=True)
