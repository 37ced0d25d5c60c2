"""The owner's account: first visit, sign-in, throttling, CSRF, sessions."""

import re

from tests.console.small_shop import PASSWORD, client

from zhiyin.entrypoints.console.account import TRIES
from zhiyin.services.workspace import Workspace

OWNER = {"name": "Yue Chen", "email": "Yue@Example.com", "password": PASSWORD}


def test_the_first_visit_creates_the_owner_and_signs_in(workspace: Workspace) -> None:
    browser = client()
    assert browser.get("/customers")["Location"] == "/welcome"
    assert browser.get("/welcome").status_code == 200
    assert browser.post("/welcome", OWNER)["Location"] == "/"
    assert browser.get("/").status_code == 200


def test_there_is_only_one_first_visit(owned: Workspace) -> None:
    assert client().get("/welcome")["Location"] == "/login"
    assert client().post("/welcome", {**OWNER, "email": "eve@example.com"})["Location"] == "/login"


def test_a_common_password_is_refused(workspace: Workspace) -> None:
    response = client().post("/welcome", {**OWNER, "password": "password"})
    assert response.status_code == 422
    assert client().get("/")["Location"] == "/welcome"


def test_signing_in_takes_the_address_in_any_case_and_changes_the_session(owned: Workspace) -> None:
    browser = client()
    browser.get("/login")
    before = browser.session.session_key
    given = {"username": "YUE@example.com", "password": PASSWORD, "next": "/customers"}
    assert browser.post("/login", given)["Location"] == "/customers"
    assert browser.session.session_key != before


def test_signing_in_leads_to_no_other_site(owned: Workspace) -> None:
    given = {"username": "yue@example.com", "password": PASSWORD, "next": "https://evil.example/"}
    assert client().post("/login", given)["Location"] == "/"


def test_too_many_wrong_passwords_lead_to_a_pause(owned: Workspace) -> None:
    from django.core.cache import cache

    cache.clear()
    browser = client()
    wrong = {"username": "yue@example.com", "password": "wrong"}
    for _ in range(TRIES):
        assert "do not match" in browser.post("/login", wrong).content.decode()
    response = browser.post("/login", {**wrong, "password": PASSWORD})
    assert "Too many wrong passwords" in response.content.decode()
    cache.clear()
    assert browser.post("/login", {**wrong, "password": PASSWORD}).status_code == 302


def test_forms_without_a_token_are_refused(owned: Workspace) -> None:
    browser = client(enforce_csrf_checks=True)
    assert browser.post("/login", {"username": "yue@example.com", "password": PASSWORD}).status_code == 403
    page = browser.get("/login").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    given = {"username": "yue@example.com", "password": PASSWORD, "csrfmiddlewaretoken": token}
    assert browser.post("/login", given).status_code == 302
    for page in ("/logout", "/settings", "/customers/reveal/c1", "/recommendations/train", "/settings/keys"):
        assert browser.post(page).status_code == 403, page


def test_a_new_password_ends_every_other_session(owned: Workspace) -> None:
    mine, other = client(), client()
    for browser in (mine, other):
        assert browser.login(username="yue@example.com", password=PASSWORD)
    fresh = "pu-er-since-1998"
    given = {"old_password": PASSWORD, "new_password1": fresh, "new_password2": fresh}
    assert mine.post("/password", given).status_code == 302
    assert mine.get("/").status_code == 200
    assert other.get("/")["Location"].startswith("/login")


def test_the_language_is_kept_and_the_page_stays(owned: Workspace) -> None:
    browser = client()
    browser.login(username="yue@example.com", password=PASSWORD)
    response = browser.post("/i18n/setlang/", {"language": "zh-hans", "next": "/customers?q=lin"})
    assert response["Location"] == "/customers?q=lin"
    assert "客户" in browser.get("/customers").content.decode()


def test_keys_can_be_switched_off(owned: Workspace) -> None:
    browser = client()
    browser.login(username="yue@example.com", password=PASSWORD)
    assert browser.post("/keys", {"next": "//evil.example"})["Location"] == "/"
    assert 'data-zy-keys="off"' in browser.get("/").content.decode()
