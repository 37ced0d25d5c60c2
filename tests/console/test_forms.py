"""Privacy: topics and sign-up forms, made and looked at by their owner."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from tests.console.small_shop import client

from zhiyin.adapters.records.models import Customer, Form, Topic
from zhiyin.domain.form import SignUp
from zhiyin.services import confirmations, forms, sign_ups, topics
from zhiyin.services.tracking import Visitor
from zhiyin.services.workspace import Workspace

HERE = Visitor("Mozilla/5.0", "203.0.113.77", "POST")


@pytest.fixture
def ws(owned: Workspace) -> Workspace:
    return owned


def signed_in(language: str = "en") -> object:
    browser = client(language)
    browser.force_login(get_user_model().objects.get())
    return browser


def typed(ws: Workspace, email: str, **changes: object) -> None:
    given = {"asked_at": ws.now() - timedelta(seconds=9), "language": "en"} | changes
    sign_ups.receive(ws, forms.get(ws, "door"), SignUp(email, **given), HERE, "https://shop.example/blog")


def test_the_empty_pages_say_what_will_be_here(ws: Workspace) -> None:
    assert "No topic yet" in signed_in().get("/privacy").content.decode()
    assert "No form yet" in signed_in().get("/privacy/forms").content.decode()
    assert "还没有表单" in signed_in("zh-hans").get("/privacy/forms").content.decode()


def test_a_topic_is_made_changed_and_put_away(ws: Workspace) -> None:
    browser = signed_in()
    assert browser.post("/privacy/topics/new", {"public": "yes"}).status_code == 422  # it has no name
    given = {"name_en": "New teas", "name_zh-hans": "新茶", "about_en": "Once a month.", "public": "yes"}
    assert browser.post("/privacy/topics/new", given)["Location"] == "/privacy"
    assert Topic.objects.get().names == {"en": "New teas", "zh-hans": "新茶"}
    assert "新茶" in signed_in("zh-hans").get("/privacy").content.decode()
    browser.post("/privacy/topics/new-teas", given | {"name_en": "Teas", "public": "no"})
    row = Topic.objects.get()
    assert (row.key, row.names["en"], row.public) == ("new-teas", "Teas", False)
    browser.post("/privacy/topics/new-teas/archive")
    assert "archived" in browser.get("/privacy").content.decode()


def test_a_form_is_made_and_another_text_is_another_version(ws: Workspace) -> None:
    topics.create(ws, "news", {"en": "News"})
    browser = signed_in()
    given = {
        "name": "Home page",
        "topic": ["news"],
        "field": ["name"],
        "opt_in": "double",
        "origins": "https://a.example/x",
    }
    assert browser.post("/privacy/forms/new", given)["Location"] == "/privacy/forms/home-page"
    row = Form.objects.get()
    assert (row.origins, row.version) == (["https://a.example"], 1)
    browser.post("/privacy/forms/home-page/edit", given | {"name": "Start"})
    assert Form.objects.get().version == 1  # nobody reads that
    browser.post("/privacy/forms/home-page/edit", given | {"title_en": "Tea post"})
    assert Form.objects.get().version == 2
    assert "Tea post" in client().get("/f/home-page").content.decode()
    wrong = browser.post("/privacy/forms/home-page/edit", given | {"origins": "a.example"})
    assert wrong.status_code == 422
    assert "https://shop.example" in wrong.content.decode()


def test_everything_received_is_accounted_for_with_proof_and_reasons(ws: Workspace) -> None:
    forms.create(ws, "door", "Door")
    for email in ("ann@example.com", "bob@example.com", "nobody"):
        typed(ws, email)
    typed(ws, "eve@example.com", trap="1")
    confirmations.confirm(ws, sign_ups.of_form(ws, forms.get(ws, "door"))[1][-1].token, HERE)
    page = signed_in().get("/privacy/forms/door").content.decode()
    for says in ("ann@example.com", "bob@example.com", "https://shop.example/blog", "203.0.113.0",
                 "A program filled in what people do not see", "/v1/forms/door"):  # fmt: skip
        assert says in page
    assert "203.0.113.77" not in page
    sums = sign_ups.balance(ws)["door"]
    assert sums == {
        "received": 4, "confirmed": 1, "pending": 1, "expired": 0, "refused": 2,
        "reasons": {"bad_email": 1, "trap": 1},
    }  # fmt: skip
    assert "Confirmations wait" in page  # there is no sender yet
    only = signed_in().get("/privacy/forms/door?status=confirmed").content.decode()
    assert ("ann@example.com" in only, "bob@example.com" in only) == (True, False)
    listed = signed_in("zh-hans").get("/privacy/forms").content.decode()
    assert "1 次登记已确认" in listed
    shown = signed_in().get(f"/customers/{Customer.objects.get().pk}").content.decode()
    assert "form “Door”" in shown
    assert "Write to me by e-mail" in shown


def test_the_timeline_of_a_customer_names_the_form_that_asked(ws: Workspace) -> None:
    forms.create(ws, "door", "Door")
    Customer.objects.create(customer_id="c1", email="ann@example.com")
    typed(ws, "ann@example.com")
    assert "Planned: confirmation, form “Door”" in signed_in().get("/customers/c1").content.decode()


def test_a_closed_form_keeps_what_came_in(ws: Workspace) -> None:
    forms.create(ws, "door", "Door")
    typed(ws, "ann@example.com")
    signed_in().post("/privacy/forms/door/archive")
    assert client().get("/f/door").status_code == 404
    assert "ann@example.com" in signed_in().get("/privacy/forms/door").content.decode()


@pytest.mark.parametrize("path", ["/privacy/forms/none", "/privacy/topics/none"])
def test_what_is_not_there_is_said(ws: Workspace, path: str) -> None:
    assert signed_in().get(path).status_code == 404
