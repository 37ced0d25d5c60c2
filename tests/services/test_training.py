"""Training: whoever surely foresees most answers, everything is published at once, and there is a way back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from zhiyin.adapters import models as artifacts
from zhiyin.adapters.lake.datasets import ITEMS
from zhiyin.adapters.lake.lease import lease
from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.adapters.records.models import Placement, RecommenderModel, TrainingRun
from zhiyin.domain.errors import Busy, Conflict, NotFound
from zhiyin.domain.event import ORDER_COMPLETED, PRODUCT_VIEWED, Event, Line
from zhiyin.domain.text import say
from zhiyin.loop.recommend.item_neighbours import ItemNeighbours
from zhiyin.services import placements, recommendations, recommenders, training
from zhiyin.services.workspace import Workspace

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NUMBER = count()
CUSTOMERS, ITEM_COUNT, GROUPS = 80, 24, 4


def event(customer: int, *items: int, ago: float, name: str = ORDER_COMPLETED, visit: str = "") -> Event:
    number = next(NUMBER)
    return Event(
        event_id=f"e{number}",
        type="track",
        name=name,
        timestamp=NOW - timedelta(days=ago),
        customer_id=f"c{customer:03}",
        session_id=visit or None,
        order_id=f"o{number}" if name == ORDER_COMPLETED else None,
        products=tuple(Line(f"i{item:02}") for item in items),
    )


def tastes(seed: int = 0) -> Iterator[Event]:
    """Everybody has one of four tastes and buys all its items, one by one: neighbours know what is missing."""
    rng = np.random.default_rng(seed)
    for customer in range(CUSTOMERS):
        own = [item for item in range(ITEM_COUNT) if item % GROUPS == customer % GROUPS]
        yield from ordered(customer, rng.permutation(own).tolist(), rng)


def fashion(seed: int = 0) -> Iterator[Event]:
    """Everybody buys what is popular, whatever they have: nobody can know more than popularity."""
    rng = np.random.default_rng(seed)
    share = 1.0 / np.arange(1, ITEM_COUNT + 1)
    for customer in range(CUSTOMERS):
        own = rng.choice(ITEM_COUNT, 6, replace=False, p=share / share.sum())
        yield from ordered(customer, own.tolist(), rng)


def ordered(customer: int, own: list[int], rng: np.random.Generator) -> Iterator[Event]:
    days = np.sort(rng.uniform(0, 100, len(own)))[::-1].tolist()
    return (event(customer, item, ago=ago) for item, ago in zip(own, days, strict=True))


def stock(ws: Workspace, *events: Event) -> Workspace:
    rows = events_to_table(events, timezone=ws.timezone, received_at=NOW)
    ws.lake.append_new("events", rows, app_id=f"market{next(NUMBER)}", version=1)
    blank = dict.fromkeys(ITEMS.schema.names)
    items = [
        {**blank, "item_id": f"i{n:02}", "name": f"Item {n}", "category": f"taste {n % GROUPS}",
         "available": True, "names": json.dumps({})}
        for n in range(ITEM_COUNT)
    ]  # fmt: skip
    ws.lake.upsert("items", pa.Table.from_pylist(items, schema=ITEMS.schema))
    return replace(ws, now=lambda: NOW)


@pytest.fixture
def ws(workspace: Workspace) -> Workspace:
    return stock(workspace, *tastes())


def answering(key: str = "email") -> tuple[str, int]:
    model = Placement.objects.get(key=key).model
    assert model is not None
    return model.name, model.version


def test_the_model_that_knows_tastes_answers_in_a_shop_of_tastes(ws: Workspace) -> None:
    steps: list[tuple[int, int, str]] = []
    run = training.train(
        ws, ["item_neighbours"], placed=["email"], on_progress=lambda *step: steps.append(step)
    )
    assert (run.state, answering()) == ("done", ("item_neighbours", 1))
    told = run.report["placements"]["email"]
    assert (told["verdict"], told["warning"], run.warnings) == ("better", "", [])
    assert told["over_popularity"]["low"] > 0
    assert told["validation"]["models"].keys() == {"item_neighbours", "popularity"}
    assert recommendations.recommend(ws, "c000", n=1)[0].reason != "popular"
    done = [step[0] for step in steps]
    assert done == sorted(done)
    assert steps[-1][0] == steps[-1][1]


def test_popularity_answers_where_nobody_knows_more_and_that_is_said(workspace: Workspace) -> None:
    ws = stock(workspace, *fashion())
    run = training.train(ws, ["item_neighbours"], placed=["email"])
    assert answering() == ("popularity", 1)
    assert [warning["code"] for warning in run.warnings] == ["no_better_than_popularity"]


def test_too_few_questions_compare_nothing_and_popularity_answers(workspace: Workspace) -> None:
    ws = stock(workspace, *(event(n, n % 3, (n + 1) % 3, ago=10 - n) for n in range(5)))
    run = training.train(ws)
    assert answering() == ("popularity", 1)
    assert {warning["code"] for warning in run.warnings} == {"too_few"}


@pytest.mark.parametrize("events", [[event(0, 0, ago=1)], [event(n, 0, ago=1) for n in range(40)]])
def test_a_shop_with_one_customer_or_one_item_gets_popularity(
    workspace: Workspace, events: list[Event]
) -> None:
    ws = stock(workspace, *events)
    training.train(ws)
    assert answering() == ("popularity", 1)
    assert recommendations.recommend(ws, "c099", n=1)[0].item_id == "i00"


def test_the_item_page_and_the_basket_are_asked_their_own_questions(workspace: Workspace) -> None:
    visits = (
        event(customer, item, ago=day - minute / 1440, name=PRODUCT_VIEWED, visit=f"v{customer}-{day}")
        for customer in range(40)
        for day in (90, 60, 25, 15, 5)
        for minute, item in enumerate((customer % 4, customer % 4 + 4, customer % 4 + 8))
    )
    orders = (
        event(customer, customer % 4, customer % 4 + 4, ago=day)
        for customer in range(40)
        for day in (91, 61, 24, 4)
    )
    ws = stock(workspace, *visits, *orders)
    run = training.train(ws, ["item_neighbours"], placed=["item", "basket"])
    told = run.report["placements"]
    assert told["item"]["questions"]["test"] >= 60
    assert told["basket"]["questions"]["test"] == 40
    assert told["basket"]["test"]["protocol"]["split"] == "basket"
    (best,) = recommendations.recommend(ws, "nobody", n=1, placement="basket", basket=["i02"])
    assert best.item_id == "i06"
    (beside,) = recommendations.recommend(ws, "nobody", n=1, placement="item", item="i03")
    assert beside.item_id in ("i07", "i11")


def test_a_model_is_not_asked_about_what_it_learned(ws: Workspace) -> None:
    from zhiyin.loop.recommend.evaluate import leaks
    from zhiyin.services import choosing

    data, _ = training.read(ws, NOW)
    for asked in choosing.asked(data, [row.noun for row in placements.all_(ws)], seed=0):
        for task in (asked.validation, asked.test):
            assert task is None or leaks.look(task) == []


def test_rollback_goes_back_to_who_answered_before(ws: Workspace) -> None:
    training.train(ws, ["item_neighbours"], placed=["email"])
    training.train(ws, ["item_neighbours"], placed=["email"])
    assert answering() == ("item_neighbours", 2)
    (moved,) = placements.rollback(ws)
    assert (moved.before, moved.after) == ("item_neighbours/2", "item_neighbours/1")
    assert answering() == ("item_neighbours", 1)
    with pytest.raises(Conflict, match="nothing to go back to"):
        placements.rollback(ws, "email")
    (moved,) = placements.rollback(ws, "email", to="popularity/1")
    assert answering() == ("popularity", 1)
    with pytest.raises(NotFound, match="item_neighbours/1"):
        placements.rollback(ws, "email", to="magic/1")


def test_versions_that_are_needed_to_go_back_are_kept(ws: Workspace) -> None:
    training.train(ws, ["item_neighbours"], placed=["email", "home"])
    placements.rollback(ws, "home", to="popularity/1")
    for _ in range(recommenders.KEEP + 1):
        training.train(ws, ["item_neighbours"], placed=["email"])
    assert artifacts.versions(ws.models, "popularity") == [1, 3, 4, 5]
    assert recommendations.recommend(ws, "c000", placement="home")
    assert answering("home") == ("popularity", 1)


class Killed(BaseException):
    """The power is gone."""


def test_a_kill_between_model_and_pointer_leaves_the_old_model(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    training.train(ws, ["item_neighbours"], placed=["email"])
    before = recommendations.recommend(ws, "c001")

    def killed(*_: Any) -> None:
        raise Killed

    monkeypatch.setattr(recommenders.placements, "kept", killed)  # rows and pointers are written by then
    with pytest.raises(Killed):
        training.train(ws, ["item_neighbours"], placed=["email"])
    assert artifacts.versions(ws.models, "item_neighbours") == [1, 2]
    assert answering() == ("item_neighbours", 1)
    assert [row.version for row in RecommenderModel.objects.filter(name="item_neighbours")] == [1]
    assert recommendations.recommend(ws, "c001") == before
    assert [row.state for row in TrainingRun.objects.all()] == ["failed", "done"]
    monkeypatch.undo()
    training.train(ws, ["item_neighbours"], placed=["email"])
    assert answering() == ("item_neighbours", 3)


def test_a_budget_of_nothing_still_tries_the_cheapest(ws: Workspace) -> None:
    run = training.train(ws, budget=timedelta(0), placed=["email"])
    assert run.state == "done"
    assert {one["model"] for one in run.report["skipped"]} >= {"ease", "item_neighbours"}
    assert answering()[0] == "popularity"


def test_one_training_runs_at_a_time(ws: Workspace) -> None:
    with lease(ws.folder / "train.lock", say("other")), pytest.raises(Busy, match="Another training"):
        training.train(ws)


def test_a_category_stands_in_a_list_as_often_as_its_placement_allows(ws: Workspace) -> None:
    training.train(ws, ["popularity"], placed=["home"])
    assert len(recommendations.recommend(ws, "c000", n=8, placement="home")) == 8
    placements.configure(ws, "home", most_per_category=1)
    found = recommendations.recommend(ws, "c000", n=8, placement="home")
    assert sorted(int(one.item_id[1:]) % GROUPS for one in found) == [0, 1, 2, 3]


def test_a_parameter_may_be_endless(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ItemNeighbours, "PARAMETERS", {"half_life": (60.0, np.inf)})
    run = training.train(ws, ["item_neighbours"], placed=["email"])
    run.refresh_from_db()
    scored = run.report["placements"]["email"]["validation"]["models"]["item_neighbours"]
    assert {"half_life": "inf"} in [trial["parameters"] for trial in scored["trials"]]
    row = RecommenderModel.objects.get(name="item_neighbours")
    RecommenderModel.objects.filter(pk=row.pk).update(parameters={"half_life": "inf"})
    run = training.train(ws, ["item_neighbours"], placed=["email"])  # the one in use takes part as it is
    scored = run.report["placements"]["email"]["validation"]["models"]["item_neighbours"]
    assert scored["trials"][0]["parameters"] == {"half_life": "inf"}


def test_an_unknown_placement_lists_the_known_ones(ws: Workspace) -> None:
    with pytest.raises(NotFound, match="email, home, item, basket"):
        training.train(ws, placed=["shelf"])
    with pytest.raises(NotFound, match="email, home, item, basket"):
        recommendations.recommend(ws, "c000", placement="shelf")


def test_reports_name_no_customer(ws: Workspace) -> None:
    run = training.train(ws, ["item_neighbours"], placed=["email"])
    told = json.dumps([run.report, run.warnings, run.protocol])
    assert not any(f"c{customer:03}" in told for customer in range(CUSTOMERS))
