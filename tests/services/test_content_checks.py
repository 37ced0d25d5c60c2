"""The checks see what real customers would get, in every language; links are asked for on demand."""

from __future__ import annotations

from typing import Any

import pytest
from tests.services.mailing import BODY, RECEIPT, campaign, people

from zhiyin.adapters import outgoing
from zhiyin.adapters.records.models import Customer
from zhiyin.domain.customer import Customer as Person
from zhiyin.domain.errors import Conflict
from zhiyin.domain.problem import Problem
from zhiyin.domain.template import Wording
from zhiyin.loop.deliver import checks as content
from zhiyin.loop.deliver import render
from zhiyin.services import (
    campaigns,
    checks,
    content_checks,
    link_answers,
    messages,
    templates,
    transactional,
)
from zhiyin.services.workspace import Workspace

WRONG = BODY.replace("<mj-text>Dear", '<mj-text>\n<a href="#">here</a> Dear')


def found(ws: Workspace, key: str = "spring") -> list[Problem]:
    return checks.check(ws, campaigns.get(ws, key))


def codes(ws: Workspace) -> set[str]:
    return {str(problem.code) for problem in found(ws)}


def test_a_link_without_an_address_blocks_the_start_and_names_its_line(workspace: Workspace) -> None:
    people(workspace, 1)
    campaign(workspace, body=WRONG)
    (problem,) = [one for one in found(workspace) if one.code == "empty_link"]
    assert (problem.level, problem.line) == ("error", 2)
    with pytest.raises(Conflict):
        campaigns.start(workspace, "spring")
    campaigns.update(workspace, "spring", body=BODY)
    assert "empty_link" not in codes(workspace)


def test_what_only_some_customers_get_is_found(workspace: Workspace) -> None:
    people(workspace, 3)
    Customer.objects.filter(pk="c0001").update(name="N" * 90)
    campaign(workspace)
    assert "long_subject" in codes(workspace)


def test_a_further_language_is_checked_too_and_named(workspace: Workspace) -> None:
    people(workspace, 1)
    row = campaign(workspace)
    wordings = row.wordings
    others = {"zh-hans": Wording("你好", WRONG)}
    row.word(type(wordings)(wordings.main, "en", others))
    row.save()
    (problem,) = [one for one in found(workspace) if one.code == "empty_link"]
    assert str(problem.text).startswith("In zh-hans: ")


def test_another_campaign_to_the_same_segment_on_the_same_day_is_told(workspace: Workspace) -> None:
    people(workspace, 1)
    campaign(workspace)
    assert "same_day" not in codes(workspace)
    campaign(workspace, "summer", send_at=workspace.now())
    assert "same_day" in codes(workspace)
    campaigns.cancel(workspace, "summer")
    assert "same_day" not in codes(workspace)


def test_links_are_asked_once_each_and_what_is_gone_comes_first(workspace: Workspace) -> None:
    people(workspace, 3)
    body = BODY.replace("</mj-text>", ' <a href="https://shop.cn/old#top">old</a></mj-text>', 1)
    row = campaign(workspace, body=body)
    asked: list[str] = []

    def answer(url: str) -> outgoing.Answer:
        asked.append(url)
        return outgoing.Answer(url, 404 if url.endswith("old") else 200)

    answers = link_answers.ask(workspace, row, ask_one=answer)
    assert sorted(asked) == ["https://shop.cn/old", "https://shop.example/tea?a=1&b=2"]
    assert [one.state for one in answers] == ["gone", "there"]


@pytest.mark.parametrize("named", [True, False])
def test_every_ready_made_template_passes_every_check_of_content(workspace: Workspace, named: bool) -> None:
    if named:
        people(workspace, 1, profile=False)
    else:
        people(workspace, 0, profile=False)
    made = templates.for_campaigns(workspace)
    assert len(made) == 20
    for row in made:
        campaign(workspace, row.key, template=row.key, subject=None, body=None)
        assert content_checks.check(workspace, campaigns.get(workspace, row.key)) == [], row.key


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("data", [RECEIPT, dict.fromkeys(RECEIPT)])
def test_the_receipt_passes_every_check_of_content_with_all_it_can_be_given_and_with_nothing(
    make_workspace: Any, language: str, data: dict[str, Any]
) -> None:
    ws = make_workspace(sender__email="shop@example.com")
    templates.defaults(ws)
    row = templates.get(ws, f"receipt-{language}")
    assert transactional.wanted(row.subject, row.body) == frozenset(RECEIPT)
    said = messages.variables(ws, transactional.program(ws, row.key), Person(""), [], "", data)
    shown = render.render(messages.prepared(row.subject, row.body, ""), said)
    letter = content.read(shown.subject, "Thank you", shown.html, shown.text, row.body)
    assert content.check(letter) == []
    assert ("¥96.00" in shown.text) == bool(data["lines"])


def test_a_campaign_is_not_offered_what_only_a_receipt_is_given(workspace: Workspace) -> None:
    assert {row.key for row in templates.list_(workspace)} - {
        row.key for row in templates.for_campaigns(workspace)
    } == {"receipt-en", "receipt-zh"}
