"""Pages of recommendations: who answers where, how models compare, what is never shown, how training went."""

from __future__ import annotations

import html
import re

import pytest
from tests.console.small_shop import PASSWORD, client
from tests.console.test_chinese_pages import english
from tests.services.test_training import NOW, stock, tastes

from zhiyin.adapters.records.models import Placement, TrainingRun
from zhiyin.services import placements, training
from zhiyin.services.workspace import Workspace

PAGES = (
    "/recommendations",
    "/recommendations/compare",
    "/recommendations/compare?placement=basket",
    "/recommendations/compare?customer=nobody",
    "/recommendations/catalogue",
    "/recommendations/training",
    "/recommendations/training?placement=item",
    "/recommendations/training/1",
)


def told(address: str, language: str = "en") -> str:
    browser = client(language)
    assert browser.login(username="yue@example.com", password=PASSWORD)
    response = browser.get(address)
    assert response.status_code == 200
    text = re.sub(r"<(script|style).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())


def post(address: str, **form: str) -> str:
    browser = client("en")
    assert browser.login(username="yue@example.com", password=PASSWORD)
    response = browser.post(address, form, follow=True)
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def trained(owned: Workspace) -> Workspace:
    """A shop of four tastes after two trainings."""
    ws = stock(owned, *tastes())
    for _ in range(2):
        training.train(ws, ["item_neighbours"], placed=["email", "item"])
    return ws


def test_pages_say_who_answers_how_well_and_how_models_compare(trained: Workspace) -> None:
    text = told("/recommendations")
    assert "the model is surely better than popularity" in text
    assert "Answers Item neighbours version 2" in text
    assert "Too few questions of its own: follows E-mail" in text
    assert "Roll back to Item neighbours, version 1" in text
    text = told("/recommendations/compare")
    assert "Item neighbours serves best here." in text
    assert "Past purchases are no proof of added sales" in text
    assert "Popularity baseline" in text
    assert "Too few purchases to compare models." in told("/recommendations/compare?placement=item")
    run = TrainingRun.objects.latest("pk")
    text = told("/recommendations/training")
    assert "Last training: NDCG@10 of" in text
    assert text.count("Item neighbours version") == 2
    assert "Chosen on validation:" in told(f"/recommendations/training/{run.pk}")


def test_rollback_and_rules_are_buttons_that_looking_does_not_press(trained: Workspace) -> None:
    browser = client("en")
    assert browser.login(username="yue@example.com", password=PASSWORD)
    assert browser.get("/recommendations/placement/email/rollback").status_code == 405
    assert "Item neighbours, version 1 answers again." in post("/recommendations/placement/email/rollback")
    assert Placement.objects.get(key="email").model.version == 1
    assert "There is nothing to go back to." in post("/recommendations/placement/email/rollback")
    address = "/recommendations/placement/home/rules"
    assert "Rules saved." in post(address, exclude_bought_days="14", most_per_category="")
    assert placements.get(trained, "home").exclude_bought_days == 14
    assert "Write whole numbers" in post(address, exclude_bought_days="soon")
    assert "between 0 and 3,650" in post(address, exclude_bought_days="99999")
    assert placements.get(trained, "home").exclude_bought_days == 14
    shop = {"pinned": "i03，i01", "excluded_items": "i02", "excluded_categories": "taste 3"}
    text = post(address, **shop)
    assert 'name="pinned" value="i03, i01"' in text
    assert "There is no item &#x27;x&#x27; in the catalogue." in post(address, pinned="x")
    home = placements.get(trained, "home").noun
    assert (home.pinned, home.excluded_items) == (("i03", "i01"), ("i02",))
    assert home.excluded_categories == ("taste 3",)


def test_pages_are_wholly_chinese(trained: Workspace) -> None:
    browser = client("zh-hans")
    assert browser.login(username="yue@example.com", password=PASSWORD)
    for address in PAGES:
        assert (address, english(browser.get(address).content.decode())) == (address, [])


def test_pages_say_what_to_do_before_the_first_training(owned: Workspace) -> None:
    for address in PAGES[:-1]:
        text = told(address)
        assert "Import items" in text or "No model is trained yet" in text


def test_a_training_that_failed_says_that_the_old_models_go_on(owned: Workspace) -> None:
    run = TrainingRun.objects.create(started_at=NOW, budget=1, state="failed")
    assert "The models of before go on answering." in told(f"/recommendations/training/{run.pk}")
