"""Settings: saved to the file, in force at once; the test e-mail."""

import re
import tomllib

from tests.console.small_shop import PASSWORD, client
from tests.services.mailing import Server

from zhiyin.entrypoints.site import current
from zhiyin.services.workspace import Workspace

FORM = {
    "shop__name": "Qinghe Tea", "shop__language": "zh-hans", "shop__currency": "CNY",
    "shop__timezone": "Asia/Shanghai", "shop__address": "1 Tea Road", "sender__name": "",
    "sender__email": "shop@example.com", "smtp__host": "127.0.0.1", "smtp__port": "2525",
    "smtp__security": "none", "smtp__user": "", "smtp__password": "hunter2", "campaign__holdout": "12.5",
    "campaign__window_days": "14", "campaign__cost": "0.05", "campaign__consent": "opt_in",
    "calendar__occasions": "both",
    "tracking__opens": "True", "tracking__clicks": "True", "tracking__hidden_link": "False",
    "tracking__utm_source": "letters", "pace__per_minute": "0", "pace__domains": "qq.com=60", "pace__quiet": "",
    "pace__windows": "",
    "pace__warm_up_from": "", "pace__warm_up_first": "50", "pace__warm_up_growth": "2", "bounces__protocol": "",
    "bounces__host": "", "bounces__port": "0", "bounces__security": "tls", "bounces__user": "",
    "bounces__password": "", "bounces__folder": "INBOX", "bounces__after": "keep",
    "esp__name": "", "esp__key": "", "esp__secret": "", "esp__options": "", "esp__webhook_secret": "",
    "esp__webhook_key": "", "transactional__sender_name": "", "transactional__sender_email": "",
    "transactional__reply_to": "", "transactional__tracking": "False",
}  # fmt: skip


def signed_in() -> object:
    made = client()
    assert made.login(username="yue@example.com", password=PASSWORD)
    return made


def test_saved_settings_stand_in_the_file_and_hold_at_once(owned: Workspace) -> None:
    browser = signed_in()
    assert browser.post("/settings", FORM)["Location"] == "/settings"
    written = tomllib.loads((owned.folder / "zhiyin.toml").read_text("utf-8"))
    assert written["shop"]["name"] == current().settings.shop.name == "Qinghe Tea"
    assert written["campaign"]["holdout"] == current().settings.campaign.holdout == 0.125
    assert written["tracking"]["hidden_link"] is current().settings.tracking.hidden_link is False
    assert current().settings.tracking.utm_source == "letters"
    assert "Qinghe Tea" in browser.get("/customers").content.decode()


def test_a_pace_that_is_none_is_told_and_nothing_is_saved(owned: Workspace) -> None:
    before = (owned.folder / "zhiyin.toml").read_text("utf-8")
    response = signed_in().post("/settings", {**FORM, "pace__quiet": "at night"})
    assert response.status_code == 422
    assert "Write two times of the day, such as 21:00-08:00" in response.content.decode()
    assert (owned.folder / "zhiyin.toml").read_text("utf-8") == before


def test_a_wrong_value_saves_nothing_and_marks_its_field(owned: Workspace) -> None:
    response = signed_in().post("/settings", {**FORM, "campaign__holdout": "80"})
    assert response.status_code == 422
    assert "Nothing was saved." in response.content.decode()
    assert current().settings.shop.name == "Test shop"


def test_the_public_address_is_an_address_and_nothing_more(owned: Workspace) -> None:
    browser = signed_in()
    for wrong in ("https://example.com/shop", "ftp://example.com", "https://a@example.com"):
        response = browser.post("/settings", {**FORM, "server__base_url": wrong})
        assert response.status_code == 422, wrong
    assert (
        browser.post("/settings", {**FORM, "server__base_url": "https://mail.example.com"}).status_code == 302
    )
    assert current().settings.base_url == "https://mail.example.com"
    assert 'value="https://mail.example.com"' in browser.get("/settings").content.decode()


def test_the_password_is_never_sent_back_and_stays_if_untouched(owned: Workspace) -> None:
    browser = signed_in()
    browser.post("/settings", FORM)
    page = browser.get("/settings").content.decode()
    assert "hunter2" not in page
    shown = re.search(r'name="smtp__password" value="([^"]*)"', page)[1]
    browser.post("/settings", {**FORM, "smtp__password": shown})
    assert current().settings.smtp.password == "hunter2"
    browser.post("/settings", {**FORM, "smtp__password": ""})
    assert current().settings.smtp.password == ""


def test_without_a_server_the_test_e_mail_says_what_is_missing(owned: Workspace) -> None:
    response = signed_in().post("/settings/mail-test", {"to": "me@example.com"})
    assert response.status_code == 422
    assert "No mail server is set up." in response.content.decode()


def test_the_test_e_mail_goes_through_the_saved_server(owned: Workspace) -> None:
    with Server() as server:
        browser = signed_in()
        browser.post("/settings", {**FORM, "smtp__port": str(server.port), "smtp__password": ""})
        page = browser.post("/settings/mail-test", {"to": "me@example.com"}).content.decode()
    assert "The mail server took the message." in page
    ((to, content),) = server.letters
    assert to == "me@example.com"
    assert b"To: me@example.com" in content


def test_every_check_of_the_doctor_has_a_name(owned: Workspace) -> None:
    from zhiyin.entrypoints.console import words
    from zhiyin.services import doctor

    found = doctor.check(current())
    assert {check.name for check in found} <= words.CHECKS.keys()
    assert {(check.name, check.level) for check in found} <= words.CHECK_TEXTS.keys()
