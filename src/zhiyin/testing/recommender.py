"""The contract of a recommender. Inherit ``RecommenderContract``, supply ``make``, run pytest.

class TestMine(RecommenderContract):
    personal = True

    def make(self):
        return Mine()
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import numpy as np
import pyarrow as pa

from zhiyin.domain.interaction import Interaction
from zhiyin.domain.item import Item
from zhiyin.loop.recommend.arrays import U8
from zhiyin.loop.recommend.histories import learned
from zhiyin.loop.recommend.interface import Recommender, Remembers
from zhiyin.loop.recommend.popularity import popularity
from zhiyin.loop.recommend.serving import Served, Shelf

NOW = datetime(2026, 3, 1, tzinfo=UTC)
REASONS = {
    "because_bought",
    "because_viewed",
    "because_similar",
    "because_together",
    "because_sequence",
    "trending",
    "popular",
    "for_you",
}
# their names tell, too, which go together in the checkerboard
ITEMS = [Item(f"i{number}", f"{('Even', 'Odd')[number % 2]} number {number}") for number in range(8)]


def interactions(rows: Iterable[tuple[str, str]], kind: str = "bought", days_ago: float = 1.0) -> pa.Table:
    """Steps of one kind at one time, from (customer, item)."""
    pairs = list(rows)
    at = (NOW - timedelta(days=days_ago)).replace(tzinfo=None)
    return pa.table(
        {
            "customer_id": pa.array([customer for customer, _ in pairs], pa.string()),
            "item_id": pa.array([item for _, item in pairs], pa.string()),
            "kind": pa.array([kind] * len(pairs), pa.string()),
            "at": pa.array([at] * len(pairs), pa.timestamp("us")),
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


def serve(
    model: Recommender, steps: pa.Table, items: Iterable[Item] = ITEMS, now: datetime = NOW, seed: int = 0
) -> Served:
    """A recommender that has learned from these steps and items, ready to be asked."""
    data = learned(steps, list(items), now)
    fitted = model.fit(data, np.random.default_rng(seed))
    return Served("tried", fitted, Shelf.of(data), popularity(data))


class RecommenderContract:
    """What holds for every recommender, ours and others'.

    ``personal`` says that history matters to it, ``explains`` that it names causes. ``steps`` may be replaced
    where a model needs more than the checkerboard tells, such as sessions or baskets: with the same right answers.
    """

    personal = True
    explains = True

    def make(self) -> Recommender:
        """A new recommender, not fitted."""
        raise NotImplementedError

    def steps(self) -> pa.Table:
        """What it learns from here."""
        return checkerboard()

    def served(self) -> Served:
        """One that has learned."""
        return serve(self.make(), self.steps())

    # -- the answers --------------------------------------------------------------------------------------

    def test_checkerboard_the_missing_item_comes_first(self) -> None:
        if not self.personal:
            return
        start = time.process_time()
        model = self.served()
        for customer in range(8):
            had = [f"i{item}" for item in range(8) if item % 2 == customer % 2 and item != customer]
            first, *_ = model.recommend(history(*had), 3, exclude=had)
            assert first.item_id == f"i{customer}"
            if self.explains:
                assert first.reason == (model.model.REASON or "because_bought")
                assert first.because
            assert set(first.because) <= set(had)
        assert time.process_time() - start < 2, "the checkerboard is learned and answered within two seconds"

    def test_a_new_customer_is_served_without_training(self) -> None:
        if not self.personal:
            return
        best = self.served().recommend(history("i3"), 3, exclude=["i3"])
        assert {r.item_id for r in best} == {"i1", "i5", "i7"}

    def test_what_was_only_looked_at_is_named_so(self) -> None:
        if not self.personal or not self.explains:
            return
        first, *_ = self.served().recommend(history("i2", kind="viewed"), 1, exclude=["i2"])
        assert (first.reason, first.because) == (self.make().REASON or "because_viewed", ("i2",))

    def test_excluded_items_are_not_recommended(self) -> None:
        model = self.served()
        shown = model.recommend(history("i1"), 8, exclude=["i1", "i2", "nothing"])
        assert {"i1", "i2"}.isdisjoint(r.item_id for r in shown)
        (many,) = model.recommend_many([history("i1")], 8, exclude=["i2"], excludes=[["i1"]])
        assert many == shown

    def test_items_that_are_not_available_or_unknown_are_not_recommended(self) -> None:
        offered = [
            *(Item(i.item_id, i.name, available=i.item_id != "i5") for i in ITEMS if i.item_id != "i7")
        ]
        model = serve(self.make(), self.steps(), offered)
        shown = {r.item_id for r in model.recommend(history("i1", "i3", "i5", "i7"), 20)}
        assert shown == {"i0", "i1", "i2", "i3", "i4", "i6"}

    def test_unknown_items_in_a_history_are_ignored(self) -> None:
        model = self.served()
        with_unknown = [*history("i1"), Interaction("gone", "bought", NOW), Interaction("i0", "sniffed", NOW)]
        assert model.recommend(with_unknown, 8) == model.recommend(history("i1"), 8)

    def test_an_empty_history_gets_what_is_popular(self) -> None:
        shown = self.served().recommend([], 3)
        assert len(shown) == 3
        if self.personal:
            assert {r.reason for r in shown} <= {"popular", "trending"}

    def test_more_than_the_catalogue_gives_the_catalogue_once(self) -> None:
        shown = [r.item_id for r in self.served().recommend(history("i1"), 100)]
        assert sorted(shown) == sorted(item.item_id for item in ITEMS)
        assert self.served().recommend(history("i1"), 0) == []

    def test_scores_fall_and_reasons_are_known(self) -> None:
        shown = self.served().recommend(history("i1", "i2"), 8)
        assert [r.score for r in shown] == sorted((r.score for r in shown), reverse=True)
        assert {r.reason for r in shown} <= REASONS

    def test_nothing_to_learn_from_gives_the_catalogue_or_nothing(self) -> None:
        assert len(serve(self.make(), self.steps()[:0]).recommend(history("i1"), 3)) == 3
        assert serve(self.make(), self.steps()[:0], []).recommend(history("i1"), 3) == []

    # -- the arithmetic -----------------------------------------------------------------------------------

    def test_same_data_in_any_order_gives_the_same_answers(self) -> None:
        rows = self.steps()
        shuffled = rows.take(pa.array(np.random.default_rng(1).permutation(rows.num_rows)))
        model, other = self.served(), serve(self.make(), shuffled, list(reversed(ITEMS)))
        for had in (history("i1", "i3"), history("i0"), []):
            assert other.recommend(had, 8) == model.recommend(had, 8)
            assert other.recommend(list(reversed(had)), 8) == other.recommend(had, 8)

    def test_many_at_once_are_answered_as_each_alone(self) -> None:
        model = self.served()
        known = [history("i1", "i3"), [], history("i2", kind="viewed"), history("gone")]
        assert model.recommend_many(known, 4) == [model.recommend(one, 4) for one in known]
        assert model.recommend_many([], 4) == []
        asked = model.asked(known)
        whole = model.model.score(asked)
        assert (whole.shape, whole.dtype) == ((4, len(ITEMS)), np.dtype(np.float32))
        assert not np.isnan(whole).any()
        for row in range(4):
            np.testing.assert_array_equal(model.model.score(asked.block(row, row + 1))[0], whole[row])

    def test_scores_are_its_own_to_give_away(self) -> None:
        model = self.served()
        asked = model.asked([history("i1")])
        first = model.model.score(asked)
        kept = first.copy()
        first[:] = 0.0  # whoever asks may write into the answer
        np.testing.assert_array_equal(model.model.score(asked), kept)

    def test_causes_are_events_of_the_history_and_add_up_where_it_says_so(self) -> None:
        model = self.served()
        asked = model.asked([history("i5"), history("i1", "i3", "i0")])
        scores = model.model.score(asked)[1]
        items = np.flatnonzero(np.isfinite(scores)).astype(np.int32)
        for item, causes in zip(items, model.model.explain(asked, 1, items), strict=True):
            places, parts = [place for place, _ in causes], [part for _, part in causes]
            assert all(0 <= place < 3 for place in places)
            assert parts == sorted(parts, reverse=True)
            if model.model.LINEAR:
                assert abs(sum(parts) - float(scores[item])) <= 1e-4 * max(1.0, abs(float(scores[item])))

    def test_without_the_named_cause_an_item_scores_lower(self) -> None:
        if not self.personal or not self.explains:
            return
        model = self.served()
        had = history("i1", "i3")
        first, *_ = model.recommend(had, 1, exclude=["i1", "i3"])
        # the others stay as old as they were
        without = model.asked([[event for event in had if event.item_id != first.because[0]]])
        assert float(model.model.score(without)[0, model.shelf.index[first.item_id]]) < first.score

    # -- what is kept -------------------------------------------------------------------------------------

    def test_it_survives_saving_and_loading_exactly(self) -> None:
        model = self.served()
        arrays = model.to_arrays()
        assert all(isinstance(array, np.ndarray) and array.dtype != object for array in arrays.values())
        for array in arrays.values():
            array.flags.writeable = False  # as they come from disk
        again = Served.from_arrays("again", type(model.model), arrays)
        for had in (history("i1", "i3"), history("i2", kind="viewed"), []):
            assert again.recommend(had, 8) == model.recommend(had, 8)

    def test_what_is_saved_names_no_customer(self) -> None:
        for array in self.served().to_arrays().values():
            if array.dtype.kind in "US":
                assert not {str(value) for value in array.ravel()} & {f"c{number:02}" for number in range(24)}

    def test_who_is_forgotten_is_in_no_array(self) -> None:
        def digests(customer_ids: Sequence[str]) -> U8:
            found = b"".join(sha256(who.encode()).digest()[:16] for who in customer_ids)
            return np.frombuffer(found, dtype=np.uint8).reshape(-1, 16)

        known = learned(self.steps(), ITEMS, NOW, digests)
        model = self.make().fit(known, np.random.default_rng(0))
        gone, stays = digests(["c03"]), digests(["c04"])
        if isinstance(model, Remembers):
            assert _holds(model, gone)
            model = model.forget(gone)
            assert _holds(model, stays)
        assert not _holds(model, gone)
        asked = known.queries([4])
        again = type(model).from_arrays(model.to_arrays())
        np.testing.assert_array_equal(again.score(asked), model.score(asked))

    def test_the_constructor_only_stores_parameters_that_have_defaults(self) -> None:
        made = type(self.make())()
        names = list(inspect.signature(type(made)).parameters)
        assert {name for name in vars(made) if not name.startswith("_")} == set(names)
        for name, values in made.PARAMETERS.items():
            assert values[0] == getattr(made, name), f"the first of {name} is the default"


def _holds(model: Recommender, digests: U8) -> bool:
    return any(digests.tobytes() in array.tobytes() for array in model.to_arrays().values())
