"""Comparisons are paired, corrected, sliced, and say what they are."""

from __future__ import annotations

import numpy as np
import pytest
from tests.recommend.evaluate.six_items import TRAIN, A, B, C, D, E, F, Lists, data, given

from zhiyin.loop.recommend.evaluate import BASELINE, splits
from zhiyin.loop.recommend.evaluate.compare import Cost, Evaluation, compare
from zhiyin.loop.recommend.evaluate.measure import measure
from zhiyin.loop.recommend.queries import Queries


def compared(models: dict[str, Lists], questions: int = 60) -> Evaluation:
    rows = [(user, A) for user in range(questions)]
    test = [(user, D) for user in range(questions)] + [(user, E) for user in range(0, questions, 2)]
    from tests.recommend.evaluate.six_items import answers_of

    task = splits.given(data(rows, users=questions), answers_of(test), only_learned=False)
    figures = {name: measure(model, task, [1, 2]) for name, model in models.items()}
    costs = {name: Cost(0.5, 0.25, 80.4) for name in models}
    return compare(task, figures, np.random.default_rng(0), ks=[1, 2], costs=costs)


def test_the_best_comes_first_and_is_compared_with_all_others() -> None:
    found = compared({BASELINE: Lists(B, C), "worse": Lists(E, F), "good": Lists(D, E)})
    assert list(found.models) == ["good", "worse", BASELINE]
    asked = {(one.model, one.against) for one in found.differences}
    assert asked == {("good", BASELINE), ("worse", BASELINE), ("good", "worse")}
    lead = found.over_baseline("good", "ndcg@2")
    assert lead is not None
    assert (lead.difference.value, lead.p) == (1.0, pytest.approx(0.0001, abs=1e-6))
    assert lead.p_adjusted == pytest.approx(6 * lead.p)  # six comparisons, and none is less certain
    assert found.models["good"].figures["recall@2"].value == 1.0


def test_differences_have_the_interval_of_the_pairs() -> None:
    found = compared({BASELINE: Lists(E, F), "same": Lists(E, C)})
    lead = found.over_baseline("same", "recall@2")
    assert lead is not None
    assert (lead.difference.value, lead.difference.low, lead.difference.high, lead.p) == (0.0, 0.0, 0.0, 1.0)


def test_slices_are_means_over_their_questions() -> None:
    task = given((0, D), (2, D), (3, E))
    figures = {BASELINE: measure(Lists(D), task, [1])}
    slices = compare(task, figures, np.random.default_rng(0), ks=[1]).models[BASELINE].slices["activity"]
    assert {name: (part["questions"], part["recall@1"].value) for name, part in slices.items()} == {
        "0": (1, 0.0),
        "1": (1, 1.0),
        "3": (1, 1.0),
    }


def test_prefixes_of_a_session_count_as_one_when_intervals_are_made() -> None:
    # one long session of ten prefixes that are all hit, and ten short ones that are not
    items = [A, B] * 5
    long = [items[:length] for length in range(1, 11)]
    short = [[C]] * 10
    prefixes = [*long, *short]
    indptr = np.concatenate([[0], np.cumsum([len(one) for one in prefixes])])
    answers = np.array([*(items[length % 10] for length in range(1, 11)), *[F] * 10], dtype=np.int32)
    asked = Queries.of(indptr, np.concatenate(prefixes))
    task = splits.sessions(data(TRAIN), asked, answers, only_learned=False)
    figures = {BASELINE: measure(Lists(A, B), task, [2])}
    found = compare(task, figures, np.random.default_rng(0), ks=[2]).models[BASELINE].figures["hit_rate@2"]
    assert found.value == 0.5
    assert found.low == 0.0  # a draw without the long session has no hit at all


def test_the_report_is_the_json_that_was_promised() -> None:
    told = compared({BASELINE: Lists(B), "good": Lists(D, E)}).to_dict()
    assert {"protocol", "models", "differences", "warnings"} <= set(told)
    assert set(told["models"]["good"]["recall@2"]) == {"value", "low", "high"}
    assert told["models"]["good"]["fit_cpu_s"] == 0.5
    assert told["models"]["good"]["peak_mb"] == 80
    assert told["protocol"]["k"] == [1, 2]
    figures = {name.partition("@")[0] for name, one in told["models"]["good"].items() if "@" in name}
    assert figures == set(told["protocol"]["definitions"])


def test_one_question_has_no_interval_and_says_so() -> None:
    told = compared({BASELINE: Lists(D)}, questions=1).models[BASELINE].figures["recall@1"]
    assert (told.low, told.note) == (None, "too_few")
