"""What models learn from: the same whatever the order of the rows, each cell as it says."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from zhiyin.loop.recommend.arrays import DAY
from zhiyin.loop.recommend.catalogue import Catalogue
from zhiyin.loop.recommend.data import Customers, Data
from zhiyin.loop.recommend.interface import Recommender, lacking
from zhiyin.loop.recommend.linear import Linear
from zhiyin.loop.recommend.log import Log
from zhiyin.loop.recommend.queries import PAUSE, Queries

USERS, ITEMS, NOW = 4, 5, 100 * DAY


def data(log: Log, *, timed: bool = True) -> Data:
    catalogue = Catalogue.of([f"i{n}" for n in range(ITEMS)])
    return Data(log, USERS, catalogue, Customers(), NOW, timed=timed)


# ann (0) bought item 1 twice and looked at 2; bob (1) looked at item 1, ten days ago; cem (2) rated 3 badly
LOG = Log.of(
    [0, 0, 0, 1, 2],
    [1, 2, 1, 1, 3],
    [NOW - 30 * DAY, NOW - DAY, NOW - 20 * DAY, NOW - 10 * DAY, NOW],
    kind=[0, 2, 0, 2, 4],
    weight=[1.0, 0.3, 1.0, 0.3, -1.0],
)


def test_a_cell_is_the_strongest_event_faded_by_age() -> None:
    found = data(LOG).matrix(half_life=10.0).toarray()
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0, 1], 0.25)  # the later of the two
    np.testing.assert_allclose(found[0, 2], 0.3 * 0.5**0.1)
    np.testing.assert_allclose(found[1, 1], 0.15)
    assert np.count_nonzero(found) == 3  # what was disliked is no taste


def test_a_cell_may_be_one_or_the_logarithm_of_all_its_events() -> None:
    assert data(LOG).matrix(counts="binary").toarray()[0].tolist() == [0, 1, 1, 0, 0]
    np.testing.assert_allclose(data(LOG).matrix(counts="log").toarray()[0, 1], np.log(3))


def test_only_the_items_touched_last_count_beyond_the_cap() -> None:
    assert data(LOG).matrix(cap=1).toarray()[0].nonzero()[0].tolist() == [2]
    assert (data(LOG).capped(1), data(LOG).capped(2)) == (1, 0)


def test_lines_of_two_orders_at_once_come_in_the_order_of_the_orders() -> None:
    assert Log.of([0, 0], [1, 1], [5, 5], basket=[2, 1]).basket.tolist() == [1, 2]


def test_a_matrix_is_worked_out_once() -> None:
    known = data(LOG)
    assert known.matrix(cap=3) is known.matrix(cap=3)
    assert known.matrix(cap=3) is not known.matrix(cap=3, counts="binary")


def test_the_latest_of_each_kind_is_kept() -> None:
    latest = data(LOG).latest
    assert list(zip(latest.user.tolist(), latest.item.tolist(), strict=True)) == [
        (0, 1),
        (1, 1),
        (0, 2),
        (2, 3),
    ]
    assert latest.at[0] == NOW - 20 * DAY


def test_sessions_end_with_a_pause_and_come_in_the_order_of_their_ends() -> None:
    log = Log.of([0, 0, 0, 1], [1, 2, 3, 4], [0, PAUSE, 3 * PAUSE, 2 * PAUSE])
    sessions = data(log).sessions()
    lists = [
        sessions.items[a:b].tolist() for a, b in zip(sessions.indptr[:-1], sessions.indptr[1:], strict=True)
    ]
    assert lists == [[1, 2], [4], [3]]
    assert log.user[sessions.rows].tolist() == [0, 0, 1, 0]


def test_given_sessions_and_baskets_are_taken_as_they_are() -> None:
    log = Log.of([0, 0, 0], [1, 2, 3], [0, 1, 2], session=[7, 5, 7], basket=[1, -1, 1])
    sessions, baskets = data(log).sessions(), data(log).baskets()
    assert (sessions.indptr.tolist(), sessions.items.tolist()) == ([0, 1, 3], [2, 1, 3])
    assert (baskets.indptr.tolist(), baskets.items.tolist()) == ([0, 2], [1, 3])


def test_histories_are_questions_oldest_first() -> None:
    asked = data(LOG).queries([3, 0])
    assert (asked.indptr.tolist(), asked.item.tolist()) == ([0, 0, 3], [1, 1, 2])
    assert asked.age.tolist() == [30, 20, 1]
    assert asked.session_from.tolist() == [0, 3]  # no session is running
    assert data(LOG).queries([0], latest=2).item.tolist() == [1, 2]
    assert data(LOG).queries([0], now=NOW - DAY).session_from.tolist() == [2]


def test_one_history_does_not_keep_the_session_of_another_running() -> None:
    minute = PAUSE // 30
    log = Log.of([0, 1, 1], [1, 2, 3], [NOW - DAY, NOW - DAY + minute, NOW - minute])
    assert data(log).queries([0, 1]).session_from.tolist() == [1, 1]


def test_a_question_fades_from_its_latest_event() -> None:
    asked = data(LOG).queries([0, 3, 1])
    np.testing.assert_allclose(
        asked.matrix(ITEMS, half_life=19.0).toarray(),
        [[0, 0.5, 0.3, 0, 0], [0] * 5, [0, 0.3, 0, 0, 0]],
        rtol=1e-6,
    )
    block = asked.block(2, 9)
    assert (len(block), block.item.tolist()) == (1, [1])


def test_without_times_the_order_is_told_and_all_is_one_session() -> None:
    known = data(Log.of([0, 0], [4, 1], [0, 1]), timed=False)
    asked = known.queries([0, 1])
    assert asked.session_from.tolist() == [0, 0]
    assert (np.diff(asked.age) < 0).all()
    assert known.offers == frozenset()


class Demanding(Linear):
    REQUIRES = frozenset({"ratings", "times", "extra:deep"})


def test_what_is_lacking_is_named() -> None:
    needs: type[Recommender] = Demanding
    assert lacking(needs, data(LOG)) == ("ratings",)
    rated = Log.of([0], [1], [2], rating=[-3.0])
    assert lacking(needs, data(rated, timed=False)) == ("times",)


rows = st.tuples(
    st.integers(0, USERS - 1),
    st.integers(0, ITEMS - 1),
    st.integers(0, 4).map(lambda n: NOW - n * DAY // 8),
    st.integers(0, 2),
    st.integers(-1, 2),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(rows, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(events: list[tuple[int, ...]], random: object) -> None:
    shuffled = list(events)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = (made(rows) for rows in (events, shuffled))
    for left, right in ((one.matrix(half_life=3.0), other.matrix(half_life=3.0)),):
        assert (left.data.tobytes(), left.indices.tobytes()) == (
            right.data.tobytes(),
            right.indices.tobytes(),
        )
    assert one.log.basket.tolist() == other.log.basket.tolist()
    for name in ("sequences", "sessions", "baskets"):
        assert getattr(one, name)().items.tolist() == getattr(other, name)().items.tolist()
    assert one.queries(range(USERS)).item.tolist() == other.queries(range(USERS)).item.tolist()


@settings(max_examples=30, deadline=None)
@given(st.lists(rows, min_size=1, max_size=12))
def test_nothing_is_lost_in_lists(events: list[tuple[int, ...]]) -> None:
    known = made(events)
    assert sorted(known.sequences().rows.tolist()) == list(range(len(events)))
    assert sorted(known.baskets().rows.tolist()) == np.flatnonzero(known.log.basket >= 0).tolist()
    brute = np.zeros((USERS, ITEMS))
    for user, item, _, kind, _ in events:
        brute[user, item] = max(brute[user, item], (1.0, 0.6, 0.3)[kind])
    np.testing.assert_allclose(known.matrix().toarray(), brute, rtol=1e-6)


def made(events: list[tuple[int, ...]]) -> Data:
    user, item, at, kind, basket = zip(*events, strict=True)
    return data(Log.of(user, item, at, kind=kind, basket=basket))


def test_events_chosen_are_a_mask() -> None:
    asked = Queries.of([0, 2, 2, 3], [4, 1, 3])
    mask = asked.chosen(np.array([True, False, True]))
    assert (mask.indptr.tolist(), mask.indices.tolist()) == ([0, 1, 1, 2], [4, 3])
