"""Recommendations from the lake: trained, evaluated, served, each with its reason."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pytest

from zhiyin.adapters import models
from zhiyin.adapters.lake.datasets import ITEMS
from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.adapters.records.customer import Customer
from zhiyin.adapters.records.recommender import RecommenderModel
from zhiyin.domain.errors import Conflict, NotFound
from zhiyin.domain.event import ORDER_COMPLETED, PRODUCT_VIEWED, Event, Line
from zhiyin.domain.item import Item
from zhiyin.domain.recommendation import Recommendation
from zhiyin.loop.recommend import RECOMMENDERS
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.ease import Ease
from zhiyin.loop.recommend.popularity import Popularity
from zhiyin.services import (
    evaluation,
    placements,
    privacy,
    profiles,
    recommendations,
    recommenders,
    segments,
    training,
)
from zhiyin.services.workspace import Workspace

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LADDER = recommenders.LADDER


def numbers() -> Iterator[int]:
    number = 0
    while True:
        yield (number := number + 1)


NUMBER = numbers()


def event(customer: str, *items: str, days_ago: float, name: str = ORDER_COMPLETED) -> Event:
    number = next(NUMBER)
    return Event(
        event_id=f"e{number}",
        type="track",
        name=name,
        timestamp=NOW - timedelta(days=days_ago),
        customer_id=customer,
        order_id=f"o{number}" if name == ORDER_COMPLETED else None,
        products=tuple(Line(item) for item in items),
    )


def add(ws: Workspace, *events: Event) -> None:
    rows = events_to_table(events, timezone=ws.timezone, received_at=NOW)
    ws.lake.append_new("events", rows, app_id=f"test{next(NUMBER)}", version=1)


def offer(ws: Workspace, *unavailable: str) -> None:
    blank = dict.fromkeys(ITEMS.schema.names)
    rows = [
        {**blank, "item_id": f"i{n}", "name": f"Item {n}", "available": f"i{n}" not in unavailable,
         "names": json.dumps({"zh": f"物品{n}"})}
        for n in range(16)
    ]  # fmt: skip
    ws.lake.upsert("items", pa.Table.from_pylist(rows, schema=ITEMS.schema))


@pytest.fixture
def ws(workspace: Workspace) -> Workspace:
    """A checkerboard: even customers buy even items, odd ones odd items, each all but one."""
    ws = replace(workspace, now=lambda: NOW)
    offer(ws)
    add(
        ws,
        *(
            event(f"c{customer:02}", f"i{item}", days_ago=90 - customer - item * 2)
            for customer in range(40)
            for item in range(16)
            if item % 2 == customer % 2 and item != customer % 16
        ),
    )
    return ws


def test_each_model_is_trained_saved_and_listed(ws: Workspace) -> None:
    steps: list[str] = []
    training.train(ws, LADDER, on_progress=lambda done, total, label: steps.append(label))
    trained = recommenders.models(ws)
    assert {(m.version, m.users, m.items, m.interactions) for m in trained} == {(1, 40, 16, 280)}
    assert [(m.name, m.version, m.active) for m in trained] == [
        ("ease", 1, True),
        ("item_neighbours", 1, True),
        ("popularity", 1, True),
    ]
    assert {"Trying ease", "Learning ease", "Publishing"} <= set(steps)


def test_a_customer_gets_the_missing_item_with_the_reason(ws: Workspace) -> None:
    training.train(ws, ["ease"])
    placements.configure(ws, "email", exclude_bought_days=365)
    for customer in range(8):
        (first, *_) = recommendations.recommend(ws, f"c{customer:02}")
        assert (first.item_id, first.reason) == (f"i{customer}", "because_bought")


def test_a_purchase_counts_at_once_without_training(ws: Workspace) -> None:
    training.train(ws, ["ease"])
    assert {r.reason for r in recommendations.recommend(ws, "new")} == {"popular"}
    add(ws, event("new", "i3", days_ago=0, name=PRODUCT_VIEWED))
    best = recommendations.recommend(ws, "new", n=2)
    assert {(r.reason, r.because) for r in best} == {("because_viewed", ("i3",))}
    add(ws, event("new", "i2", days_ago=0))
    best = recommendations.recommend(ws, "new", n=8)
    assert ("because_bought", ("i2",)) in {(r.reason, r.because) for r in best}
    assert "i2" not in {r.item_id for r in best}


def test_a_look_that_was_told_already_is_not_taken_for_two(ws: Workspace) -> None:
    training.train(ws, ["markov"])
    add(ws, event("new", "i5", days_ago=1 / 1440))

    def asked() -> list[Recommendation]:
        return recommendations.recommend(ws, "new", 8, "markov", placement="item", item="i3", basket=["i1"])

    before = asked()
    add(ws, event("new", "i3", days_ago=0, name=PRODUCT_VIEWED))
    assert asked() == before


def test_what_was_just_bought_may_come_back_if_asked(ws: Workspace) -> None:
    training.train(ws, ["ease"])
    add(ws, event("c00", "i2", days_ago=1))
    assert "i2" not in {r.item_id for r in recommendations.recommend(ws, "c00", n=8)}
    placements.configure(ws, "email", exclude_bought_days=None)
    again = recommendations.recommend(ws, "c00", n=8)
    assert "i2" in {r.item_id for r in again}


def test_an_item_taken_off_the_shelf_is_not_recommended_any_more(ws: Workspace) -> None:
    training.train(ws, ["ease"])
    offer(ws, "i0")
    assert "i0" not in {r.item_id for r in recommendations.recommend(ws, "c00", n=8)}


def test_many_are_answered_as_each_alone(ws: Workspace) -> None:
    training.train(ws, ["ease"])
    ids = [f"c{n:02}" for n in range(40)] + ["nobody", "c01"]
    many = recommendations.recommend_many(ws, ids)
    assert many == {customer: recommendations.recommend(ws, customer, n=4) for customer in ids}


@pytest.mark.parametrize(
    ("trained", "answering"),
    [(["popularity"], "popular"), (["popularity", "item_neighbours"], "because_bought")],
)
def test_the_best_trained_model_answers(ws: Workspace, trained: list[str], answering: str) -> None:
    training.train(ws, trained)
    placements.configure(ws, "email", exclude_bought_days=365)
    assert recommendations.recommend(ws, "c00", n=1)[0].reason == answering


def test_without_a_trained_model_nobody_gets_anything(ws: Workspace) -> None:
    assert recommendations.recommend(ws, "c00") == []
    training.train(ws, ["popularity"])
    assert recommendations.recommend(ws, "c00", model="ease") == []
    assert recommendations.recommend_many(ws, []) == {}


def test_a_damaged_model_does_not_stop_a_send(ws: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    training.train(ws, ["ease"])
    (ws.models / "ease" / "1" / "fill.npy").write_bytes(b"")
    assert {r.reason for r in recommendations.recommend(ws, "c00")} == {"popular"}
    assert "damaged" in caplog.text


def test_a_model_of_another_kind_does_not_stop_a_send(
    ws: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    training.train(ws, ["ease"])
    arrays, card = models.load(ws.models, "popularity", 1)
    models.save(ws.models, "ease", arrays, card)
    RecommenderModel.objects.filter(name="ease").update(version=2)
    assert {r.reason for r in recommendations.recommend(ws, "c00")} == {"popular"}
    assert "not of this recommender" in caplog.text


def test_a_trained_model_has_a_card(ws: Workspace) -> None:
    training.train(ws, ["ease"])
    row = recommenders.models(ws)[0]
    card = recommenders.card(ws, row)
    assert card is not None
    assert card["class"] == "zhiyin.loop.recommend.ease:Ease"
    assert card["parameters"].items() >= row.parameters.items()
    assert (card["customers"], card["items"], card["interactions"], card["capped"]) == (40, 16, 280, 0)
    assert set(card["versions"]) == {"zhiyin", "numpy", "scipy"}
    (ws.folder / row.path / "model.json").unlink()
    assert recommenders.card(ws, row) is None


def test_what_cannot_be_learned_from_is_told(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ease, "REQUIRES", frozenset({"ratings"}))
    run = training.train(ws, ["ease"])
    (skipped,) = run.report["skipped"]
    assert (skipped["model"], skipped["reason"]) == ("ease", "It needs ratings, of which there are none.")


class Keeper(Popularity):
    """Keeps the digest of everybody."""

    digests_: Any

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        self.digests_ = data.customers.digests
        return super().fit(data, rng)

    def forget(self, digests: Any) -> Self:
        gone = {digest.tobytes() for digest in digests}
        self.digests_ = np.array([d for d in self.digests_ if d.tobytes() not in gone], dtype=np.uint8)
        return self

    def to_arrays(self) -> dict[str, Any]:
        return {**super().to_arrays(), "digests": self.digests_}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> Self:
        self = super().from_arrays(arrays)
        self.digests_ = arrays["digests"]
        return self


@pytest.fixture
def keeper(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {**RECOMMENDERS, "keeper": f"{__name__}:Keeper"}
    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__) or SimpleNamespace(Keeper=Keeper))
    monkeypatch.setattr(recommenders, "RECOMMENDERS", known)


def kept(ws: Workspace) -> list[int]:
    """How many customers each version of the keeper holds."""
    loaded = (
        models.load(ws.models, "keeper", version)[0] for version in models.versions(ws.models, "keeper")
    )
    return [len(arrays["model_digests"]) for arrays in loaded]


def holds(ws: Workspace, customer: str) -> bool:
    digest = recommenders.digests(ws, [customer]).tobytes()
    return any(digest in file.read_bytes() for file in ws.models.rglob("*.npy"))


@pytest.mark.usefixtures("keeper")
def test_an_erased_customer_is_in_no_version_of_any_model(ws: Workspace) -> None:
    training.train(ws, ["popularity", "keeper"])
    training.train(ws, ["keeper"])
    assert (kept(ws), holds(ws, "c03")) == ([40, 40], True)
    answers = recommendations.recommend(ws, "c00", model="keeper")
    privacy.erase(ws, "c03")
    assert (kept(ws), holds(ws, "c03"), holds(ws, "c04")) == ([39, 39], False, True)
    assert recommendations.recommend(ws, "c00", model="keeper") == answers
    rows = [row for row in recommenders.models(ws) if row.name == "keeper"]
    assert [(row.version, row.active) for row in rows] == [(4, True), (3, False)]
    assert all((ws.folder / row.path).is_dir() for row in rows)
    assert models.versions(ws.models, "popularity") == [1, 2]  # holds nobody, stays as it is


@pytest.mark.usefixtures("keeper")
@pytest.mark.parametrize("label_then", ["Trying keeper", "Publishing"])
def test_who_is_erased_while_a_model_trains_is_not_in_it(ws: Workspace, label_then: str) -> None:
    erased: list[str] = []

    def tell(done: int, total: int, label: str) -> None:
        if label == label_then and not erased:  # everything is read by now
            erased.append(label)
            privacy.erase(ws, "c03")

    training.train(ws, ["keeper"], on_progress=tell)
    assert (kept(ws), holds(ws, "c03")) == ([39], False)


@pytest.mark.usefixtures("keeper")
def test_a_model_of_customers_that_cannot_be_searched_goes(ws: Workspace) -> None:
    training.train(ws, ["keeper"])
    (ws.models / "keeper" / "1" / "fill.npy").write_bytes(b"")
    privacy.erase(ws, "c03")
    assert models.versions(ws.models, "keeper") == []
    assert [row.name for row in recommenders.models(ws)] == ["popularity"]


def test_old_versions_are_removed_from_disk_and_records(ws: Workspace) -> None:
    for _ in range(recommenders.KEEP + 1):
        training.train(ws, ["popularity"])
    rows = recommenders.models(ws)
    assert [(row.version, row.active) for row in rows] == [(4, True), (3, False), (2, False)]
    assert sorted(path.name for path in (ws.models / "popularity").iterdir()) == ["2", "3", "4"]


def test_nothing_after_now_is_learned(ws: Workspace) -> None:
    add(ws, *(event(f"late{n}", "i7", days_ago=-3) for n in range(50)))
    training.train(ws, ["popularity"])
    (row,) = recommenders.models(ws)
    assert row.interactions == 280
    assert row.trained_until is not None
    assert row.trained_until <= NOW


def test_an_unknown_recommender_lists_the_known_ones(ws: Workspace) -> None:
    with pytest.raises(NotFound, match=r"ease, .*popularity"):
        training.train(ws, ["magic"])


def test_an_empty_shop_is_told_what_to_import(workspace: Workspace) -> None:
    with pytest.raises(Conflict, match="zhiyin import items"):
        training.train(workspace)
    offer(workspace)
    with pytest.raises(Conflict, match="zhiyin import orders"):
        training.train(workspace)
    with pytest.raises(Conflict, match="zhiyin import orders"):
        evaluation.evaluate(workspace)
    assert recommendations.recommend(workspace, "anyone") == []


def test_popularity_by_group_reads_what_customers_stated(workspace: Workspace) -> None:
    """In Lyon odd items are bought, in Nantes, by more, even ones; who moves gets what is bought there."""
    workspace = replace(workspace, now=lambda: NOW)
    offer(workspace)
    lives = {f"c{n:02}": "Lyon" if n < 45 else "Nantes" for n in range(100)}
    bought = {"Lyon": {30: "i1", 10: "i3", 2: "i5"}, "Nantes": {30: "i2", 10: "i4", 2: "i6"}}
    steps = [(who, item, ago) for who, city in lives.items() for ago, item in bought[city].items()]
    add(workspace, *(event(who, item, days_ago=ago) for who, item, ago in steps))
    Customer.objects.bulk_create(
        Customer(customer_id=who, traits={"city": city, "age": 40})
        for who, city in {**lives, "new": "Lyon", "far": "Atlantis"}.items()
    )
    training.train(workspace, ["group_popularity", "trending"], placed=["email"])

    def first(who: str) -> str:
        return recommendations.recommend(workspace, who, 1, "group_popularity")[0].item_id

    assert [first(who) for who in ("new", "far", "nobody")] == ["i5", "i6", "i6"]
    Customer.objects.filter(pk="new").update(traits={"city": "Nantes"})
    assert first("new") == "i6"
    names = ["group_popularity", "trending"]
    found = evaluation.evaluate(workspace, names, (2,), days=5)
    assert set(found.models) == {*names, "popularity"}
    assert not found.skipped


def test_evaluation_compares_with_popularity_and_is_kept_with_the_model(ws: Workspace) -> None:
    training.train(ws, ["ease"])
    for customer in range(8):  # each buys at last what was missing
        add(ws, event(f"c{customer:02}", f"i{customer}", days_ago=1))
    profiles.run(ws)
    segments.create(ws, "early", "Early", 'did("Order Completed", within="56d")')
    found = evaluation.evaluate(ws, ["ease"], (1,), days=5)
    assert (list(found.models), found.protocol.questions) == (["ease", "popularity"], 8)
    assert found.models["ease"].figures["recall@1"].value == 1.0
    lead = found.over_baseline("ease", "recall@1")
    assert lead is not None
    assert lead.difference.excludes_zero
    assert found.protocol.split == "time"
    assert "seen items masked" in found.protocol.told
    assert {warning["code"] for warning in found.warnings} == {"too_few"}
    assert found.models["ease"].slices["segment"]["early"]["questions"] == 7
    row = recommenders.models(ws)[0]
    assert row.evaluation["models"]["ease"]["recall@1"]["value"] == 1.0
    assert {one["model"] for one in row.evaluation["differences"]} == {"ease"}


def test_reasons_are_told_in_words() -> None:
    tea = {"tea": Item("tea", "Oolong", names={"zh": "乌龙茶"})}
    told = [
        recommendations.reason_text(Recommendation("cup", 1.0, reason, because), tea, "en")
        for reason, because in (
            ("because_bought", ("gone", "tea")),
            ("because_viewed", ("tea",)),
            ("because_bought", ()),
            ("popular", ()),
            ("because_similar", ("tea",)),
            ("because_together", ()),
            ("trending", ("tea",)),
            ("for_you", ()),
        )
    ]
    assert told == [
        "Because you bought Oolong",
        "Because you looked at Oolong",
        "Goes with what you bought",
        "Popular now",
        "Similar to Oolong",
        "Often bought with what you have",
        "On the rise",
        "Chosen for you",
    ]
