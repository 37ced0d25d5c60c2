"""Privacy → Suppression in a browser's place."""

from __future__ import annotations

from tests.console.small_shop import PASSWORD, client

from zhiyin.adapters.records.models import Suppression
from zhiyin.services.workspace import Workspace


def signed_in(language: str = "en") -> object:
    made = client(language)
    assert made.login(username="yue@example.com", password=PASSWORD)
    return made


def test_an_empty_list_says_what_comes_here_and_offers_an_import(owned: Workspace) -> None:
    page = signed_in().get("/privacy/suppression").content.decode()
    assert "Nobody is suppressed" in page
    assert "/data/import?kind=suppressions" in page
    assert "暂无禁发地址" in signed_in("zh-hans").get("/privacy/suppression").content.decode()


def test_an_address_is_added_and_taken_off_by_hand(owned: Workspace) -> None:
    browser = signed_in()
    assert browser.post("/privacy/suppression/add", {"address": "ann@example.com"})["Location"]
    page = browser.get("/privacy/suppression").content.decode()
    assert "1 address is not written to" in page
    assert "Suppressed by hand" in page
    browser.post("/privacy/suppression/lift", {"address": "ann@example.com"})
    assert not Suppression.objects.exists()


def test_a_wrong_address_is_told_beside_its_field(owned: Workspace) -> None:
    answer = signed_in().post("/privacy/suppression/add", {"address": "ann at example"})
    assert answer.status_code == 422
    assert "cannot be an e-mail address" in answer.content.decode()


def test_who_said_no_has_no_button_and_stays(owned: Workspace) -> None:
    Suppression.objects.create(channel="email", address="ann@example.com", reason="complaint", at=owned.now())
    browser = signed_in()
    page = browser.get("/privacy/suppression").content.decode()
    assert "only by their own yes" in page
    assert "/privacy/suppression/lift" not in page
    browser.post("/privacy/suppression/lift", {"address": "ann@example.com"})
    assert Suppression.objects.count() == 1


def test_the_list_leaves_as_csv_and_nobody_unknown_gets_it(owned: Workspace) -> None:
    Suppression.objects.create(channel="email", address="=a@example.com", reason="manual", at=owned.now())
    told = b"".join(signed_in().get("/privacy/suppression.csv").streaming_content).decode()
    assert told.splitlines()[0] == "address,reason,at"
    assert told.splitlines()[1].startswith("'=a@example.com,manual,")
    assert client().get("/privacy/suppression.csv")["Location"].startswith("/login")
