"""The owner's account: first visit, sign-in, throttling, CSRF, sessions."""

import re
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest
from django.contrib.auth import get_user_model
from django.db import connections
from django.test import RequestFactory
from tests.console.small_shop import PASSWORD, client

from zhiyin.adapters import clock
from zhiyin.domain.errors import BadSetting
from zhiyin.entrypoints.console.account import PAUSE, TRIES
from zhiyin.entrypoints.site.client import client_address
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


WRONG = {"username": "yue@example.com", "password": "wrong"}


def paused(browser: object, **extra: object) -> bool:
    """Whether even the right password is refused."""
    response = browser.post("/login", {**WRONG, "password": PASSWORD}, **extra)
    return "Too many wrong passwords" in response.content.decode()


def test_too_many_wrong_passwords_lead_to_a_pause(owned: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = client()
    for _ in range(TRIES):
        assert "do not match" in browser.post("/login", WRONG).content.decode()
    assert paused(browser)
    assert not paused(client(), REMOTE_ADDR="198.51.100.7")  # from elsewhere the account is open
    later = clock.system() + PAUSE
    monkeypatch.setattr(clock, "system", lambda: later)
    assert not paused(browser)


def test_the_right_password_forgets_the_wrong_ones(owned: Workspace) -> None:
    browser = client()
    for _ in range(2):
        for _ in range(TRIES - 1):
            browser.post("/login", WRONG)
        assert not paused(browser)


def test_wrong_passwords_count_in_every_process(owned: Workspace) -> None:
    code = f"""
import sys
from zhiyin.entrypoints.site import open_workspace
open_workspace(sys.argv[1])
from django.test import Client
for _ in range({TRIES}):
    Client().post("/login", {WRONG!r})
"""
    subprocess.run([sys.executable, "-c", code, str(owned.folder)], check=True)
    assert paused(client())


def test_nobody_gets_round_the_pause_by_a_header(owned: Workspace) -> None:
    for number in range(TRIES):
        client().post("/login", WRONG, headers={"X-Forwarded-For": f"198.51.100.{number}"})
    assert paused(client(), headers={"X-Forwarded-For": "203.0.113.9"})


@pytest.mark.parametrize(
    ("sender", "forwarded", "found"),
    [
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "1.2.3.4, 203.0.113.9", "203.0.113.9"),  # what the visitor wrote there himself
        ("10.0.0.1", "203.0.113.9, 10.9.9.9", "203.0.113.9"),  # two of our proxies
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("::1", "2001:db8::7", "2001:db8::7"),
        ("198.51.100.7", "203.0.113.9", "198.51.100.7"),
        ("127.0.0.1", "203.0.113.9", "127.0.0.1"),
        ("", "203.0.113.9", ""),
    ],
)
def test_only_trusted_proxies_say_whom_they_speak_for(
    make_workspace: Callable[..., Workspace], sender: str, forwarded: str, found: str
) -> None:
    make_workspace(server__trusted_proxies="10.0.0.0/8, ::1")
    given = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    assert client_address(RequestFactory().get("/", REMOTE_ADDR=sender, **given)) == found


def test_a_proxy_that_is_no_address_is_a_bad_setting(make_workspace: Callable[..., Workspace]) -> None:
    with pytest.raises(BadSetting, match=r"proxy\.example"):
        make_workspace(server__trusted_proxies="proxy.example")


@pytest.mark.postgres
@pytest.mark.xdist_group("postgres")
def test_two_first_visits_at_the_same_moment_make_one_owner(postgres_workspace: Workspace) -> None:
    barrier = threading.Barrier(2)
    answers = []

    def visit(number: int) -> None:
        try:
            browser = client()
            barrier.wait()
            given = {**OWNER, "email": f"visitor{number}@example.com"}
            answers.append(browser.post("/welcome", given)["Location"])
        finally:
            connections.close_all()

    visitors = [threading.Thread(target=visit, args=(number,)) for number in (1, 2)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    assert sorted(answers) == ["/", "/login"]
    assert get_user_model().objects.count() == 1


def test_forms_without_a_token_are_refused(owned: Workspace) -> None:
    browser = client(enforce_csrf_checks=True)
    assert browser.post("/login", {"username": "yue@example.com", "password": PASSWORD}).status_code == 403
    page = browser.get("/login").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    given = {"username": "yue@example.com", "password": PASSWORD, "csrfmiddlewaretoken": token}
    assert browser.post("/login", given).status_code == 302
    for page in (
        "/logout",
        "/settings",
        "/customers/reveal/c1",
        "/recommendations/train",
        "/data/sources/new",
    ):
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
