"""The contract of a recommender. Inherit ``RecommenderContract``, supply ``make``, run pytest.

class TestMine(RecommenderContract):
    personal = True

    def make(self):
        return Mine()
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from zhiyin.domain.interaction import Interaction
from zhiyin.domain.item import Item
from zhiyin.loop.recommend.interface import Recommender

NOW = datetime(2026, 3, 1, tzinfo=UTC)
REASONS = {"because_bought", "because_viewed", "popular"}
ITEMS = [Item(f"i{number}", f"Item {number}") for number in range(8)]


def interactions(rows: Iterable[tuple[str, str]], kind: str = "bought", days_ago: float = 1.0) -> pa.Table:
    """Interactions of one kind at one time, from (customer, item)."""
    pairs = list(rows)
    at = (NOW - timedelta(days=days_ago)).replace(tzinfo=None)
    return pa.table(
        {
            "customer_id": pa.array([customer for customer, _ in pairs], pa.string()),
            "item_id": pa.array([item for _, item in pairs], pa.string()),
            "kind": pa.array([kind] * len(pairs), pa.string()),
            "at": pa.array([at] * len(pairs), pa.timestamp("us")),
            "times": pa.array([1] * len(pairs), pa.int64()),
        }
    )


def checkerboard() -> pa.Table:
    """Even customers buy even items, odd ones odd items, each all but one: the right answer is that one.

    Item ``i0`` is missing from customer 0, ``i1`` from customer 1, and so on.
    """
    return interactions(
        (f"c{customer:02}", f"i{item}")
        for customer in range(24)
        for item in range(8)
        if item % 2 == customer % 2 and item != customer % 8
    )


def history(*item_ids: str, kind: str = "bought") -> list[Interaction]:
    """A history, the first item the latest, a day between them."""
    return [Interaction(item_id, kind, NOW - timedelta(days=age)) for age, item_id in enumerate(item_ids)]


class RecommenderContract:
    """What holds for every recommender, ours and others'. ``personal`` says that history matters to it."""

    personal = True

    def make(self) -> Recommender:
        """A new recommender, not fitted."""
        raise NotImplementedError

    def fitted(self) -> Recommender:
        """One that has learned the checkerboard."""
        return self.make().fit(checkerboard(), ITEMS, NOW)

    def test_checkerboard_the_missing_item_comes_first(self) -> None:
        if not self.personal:
            return
        model = self.fitted()
        for customer in range(8):
            had = [f"i{item}" for item in range(8) if item % 2 == customer % 2 and item != customer]
            first, *_ = model.recommend(history(*had), 3, exclude=had)
            assert first.item_id == f"i{customer}"
            assert first.reason == "because_bought"
            assert set(first.because) <= set(had)
            assert first.because

    def test_a_new_customer_is_served_without_training(self) -> None:
        if not self.personal:
            return
        best = self.fitted().recommend(history("i3"), 3, exclude=["i3"])
        assert {r.item_id for r in best} == {"i1", "i5", "i7"}

    def test_what_was_only_looked_at_is_named_so(self) -> None:
        if not self.personal:
            return
        first, *_ = self.fitted().recommend(history("i2", kind="viewed"), 1, exclude=["i2"])
        assert (first.reason, first.because) == ("because_viewed", ("i2",))

    def test_excluded_items_are_not_recommended(self) -> None:
        model = self.fitted()
        shown = model.recommend(history("i1"), 8, exclude=["i1", "i2", "nothing"])
        assert {"i1", "i2"}.isdisjoint(r.item_id for r in shown)
        (many,) = model.recommend_many([history("i1")], 8, ["i2"], [["i1"]])
        assert many == shown

    def test_items_that_are_not_available_or_unknown_are_not_recommended(self) -> None:
        offered = [
            *(Item(i.item_id, i.name, available=i.item_id != "i5") for i in ITEMS if i.item_id != "i7")
        ]
        model = self.make().fit(checkerboard(), offered, NOW)
        shown = {r.item_id for r in model.recommend(history("i1", "i3", "i5", "i7"), 20)}
        assert shown == {"i0", "i1", "i2", "i3", "i4", "i6"}

    def test_same_data_in_any_order_gives_the_same_answers(self) -> None:
        rows = checkerboard()
        shuffled = rows.take(pa.array(np.random.default_rng(1).permutation(rows.num_rows)))
        other = self.make().fit(shuffled, list(reversed(ITEMS)), NOW)
        for had in (history("i1", "i3"), history("i0"), []):
            assert other.recommend(had, 8) == self.fitted().recommend(had, 8)
            assert other.recommend(list(reversed(had)), 8) == other.recommend(had, 8)

    def test_it_survives_saving_and_loading_exactly(self) -> None:
        model = self.fitted()
        arrays = model.to_arrays()
        assert all(isinstance(array, np.ndarray) and array.dtype != object for array in arrays.values())
        again = type(model).from_arrays(arrays)
        for had in (history("i1", "i3"), history("i2", kind="viewed"), []):
            assert again.recommend(had, 8) == model.recommend(had, 8)

    def test_what_is_saved_names_no_customer(self) -> None:
        for array in self.fitted().to_arrays().values():
            if array.dtype.kind in "US":
                assert not {str(value) for value in array.ravel()} & {f"c{number:02}" for number in range(24)}

    def test_unknown_items_in_a_history_are_ignored(self) -> None:
        model = self.fitted()
        with_unknown = [*history("i1"), Interaction("gone", "bought", NOW), Interaction("i0", "sniffed", NOW)]
        assert model.recommend(with_unknown, 8) == model.recommend(history("i1"), 8)

    def test_an_empty_history_gets_what_is_popular(self) -> None:
        shown = self.fitted().recommend([], 3)
        assert len(shown) == 3
        assert {r.reason for r in shown} == {"popular"}

    def test_more_than_the_catalogue_gives_the_catalogue_once(self) -> None:
        shown = [r.item_id for r in self.fitted().recommend(history("i1"), 100)]
        assert sorted(shown) == sorted(item.item_id for item in ITEMS)
        assert self.fitted().recommend(history("i1"), 0) == []

    def test_scores_fall_and_reasons_are_known(self) -> None:
        shown = self.fitted().recommend(history("i1", "i2"), 8)
        assert [r.score for r in shown] == sorted((r.score for r in shown), reverse=True)
        assert {r.reason for r in shown} <= REASONS

    def test_many_at_once_are_answered_as_each_alone(self) -> None:
        model = self.fitted()
        known = [history("i1", "i3"), [], history("i2", kind="viewed"), history("gone")]
        assert model.recommend_many(known, 4) == [model.recommend(one, 4) for one in known]
        assert model.recommend_many([], 4) == []

    def test_nothing_to_learn_from_gives_the_catalogue_or_nothing(self) -> None:
        assert len(self.make().fit(interactions([]), ITEMS, NOW).recommend(history("i1"), 3)) == 3
        assert self.make().fit(interactions([]), [], NOW).recommend(history("i1"), 3) == []
