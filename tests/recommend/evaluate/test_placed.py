"""The questions of placements: what is asked, and that nothing in the question tells the answer."""

from __future__ import annotations

import numpy as np

from zhiyin.domain.placement import Question
from zhiyin.loop.recommend.arrays import DAY
from zhiyin.loop.recommend.catalogue import Catalogue
from zhiyin.loop.recommend.data import Customers, Data
from zhiyin.loop.recommend.evaluate.placed import before, placed
from zhiyin.loop.recommend.evaluate.task import Task
from zhiyin.loop.recommend.log import KINDS, Log

HOUR = DAY // 24
VIEWED, ADDED, BOUGHT, IN_BASKET = map(KINDS.index, ("viewed", "added", "bought", "basket"))


def shop(customers: int = 30) -> Data:
    """Each looked at two items long ago; now they view, add and buy both in one order."""
    rows = []
    for customer in range(customers):
        pair = (customer % 5, 5 + customer % 3)
        order = 20 * DAY + customer * HOUR
        for item in pair:
            rows += [(customer, item, 0, VIEWED, -1), (customer, item, order - HOUR, VIEWED, -1)]
            rows += [
                (customer, item, order - HOUR // 2, ADDED, -1),
                (customer, item, order, BOUGHT, customer),
            ]
    user, item, at, kind, basket = np.array(rows).T
    shelf = Catalogue.of([f"i{n}" for n in range(8)])
    return Data(
        Log.of(user, item, at, kind=kind, basket=basket),
        customers,
        shelf,
        Customers(),
        30 * DAY,
    )


def ask(question: Question) -> Task:
    data = shop()
    cut, until = 19 * DAY, 25 * DAY
    return placed(
        data, before(data, cut), question, cut, until, repeats=True, most=100, rng=np.random.default_rng(0)
    )


def test_what_was_done_with_the_left_out_item_that_day_is_left_out_of_the_history_too() -> None:
    task = ask(Question.BASKET)
    assert len(task.asked) == 30
    answers = task.targets.indices
    for row, answer in enumerate(answers.tolist()):
        start, end = task.asked.indptr[row : row + 2]
        items, kinds = task.asked.item[start:end].tolist(), task.asked.kind[start:end].tolist()
        assert kinds.count(IN_BASKET) == 1
        assert items[kinds.index(IN_BASKET)] != answer
        # of the answer only the look of long ago; of the other one all that came before the order
        assert [kind for item, kind in zip(items, kinds, strict=True) if item == answer] == [VIEWED]
        assert [kind for item, kind in zip(items, kinds, strict=True) if item != answer] == [
            VIEWED, VIEWED, ADDED, IN_BASKET,
        ]  # fmt: skip


def test_on_the_page_of_an_item_another_one_of_the_visit_is_asked_for() -> None:
    task = ask(Question.SESSION)
    for row, answer in enumerate(task.targets.indices.tolist()):
        assert answer != task.asked.context[row]
        assert task.masked[[row]].indices.tolist() == [task.asked.context[row]]


def test_models_learn_nothing_from_the_stretch_that_is_asked_about() -> None:
    for question in Question:
        task = ask(question)
        assert (task.data.log.at < 19 * DAY).all()
        assert task.data.now == 19 * DAY
