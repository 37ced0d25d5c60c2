"""The effect of a campaign, from counts that can be checked by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.domain.estimate import Estimate
from zhiyin.loop.measure import campaign as measure
from zhiyin.loop.measure.outcomes import Group
from zhiyin.stats.means import Mean


def group(n: int, bought: int, amount: float = 100.0, unsubscribed: int = 0) -> Group:
    return Group(n, bought, Mean(n, bought * amount, bought * amount**2), unsubscribed)


def named(message: Group, holdout: Group, **more: object) -> dict[str, measure.Effect]:
    given = {"cost": 0, "margin": 1.0} | more
    return {effect.name: effect for effect in measure.effects(message, holdout, **given)}  # type: ignore[arg-type]


def test_totals_are_the_effect_per_person_times_the_message_group() -> None:
    effects = named(group(900, 90), group(100, 5), cost=1000, margin=0.5)
    assert effects["bought"].estimate.value == pytest.approx(5)  # 10 % less 5 %, in points
    assert effects["added_orders"].estimate.value == pytest.approx(45)
    assert effects["revenue_per_customer"].estimate.value == pytest.approx(5)
    assert effects["added_revenue"].estimate.value == pytest.approx(4500)
    assert effects["profit"].estimate.value == pytest.approx(1250)
    assert effects["profit"].estimate.low == pytest.approx(
        (effects["added_revenue"].estimate.low or 0) / 2 - 1000
    )


def test_profit_excludes_zero_exactly_where_its_probability_says_so() -> None:
    for cost in (0, 20_000, 40_000, 60_000, 80_000, 200_000):
        profit = named(group(9000, 900), group(1000, 50), cost=cost)["profit"].estimate
        assert profit.probability_positive is not None
        sure = profit.probability_positive > 0.975 or profit.probability_positive < 0.025
        assert profit.excludes_zero == sure


def test_refused_people_stay_in_the_message_group() -> None:
    """Sizes come from the assignment alone, so 100 who could not be written to dilute the effect."""
    assert named(group(200, 20), group(100, 5))["bought"].estimate.value == pytest.approx(5)
    assert named(group(100, 20), group(100, 5))["bought"].estimate.value == pytest.approx(15)


def test_more_unsubscriptions_are_harm_and_more_buyers_gain() -> None:
    effects = named(group(9000, 1800, unsubscribed=90), group(1000, 100))
    assert (effects["bought"].meaning, effects["unsubscribed"].meaning) == ("gain", "harm")
    assert named(group(9000, 900), group(1000, 100))["bought"].meaning == "unclear"


@pytest.mark.parametrize(
    ("low", "high", "open_", "held_out", "state"),
    [
        (0.2, 2.0, False, True, "measured"),
        (-2.0, -0.2, False, True, "measured"),
        (-0.9, 0.8, False, True, "no_effect"),
        (-1.1, 0.8, False, True, "not_clear"),
        (0.2, 2.0, True, True, "measuring"),
        (0.2, 2.0, False, False, "no_holdout"),
    ],
)
def test_verdict(low: float, high: float, open_: bool, held_out: bool, state: str) -> None:
    lift = Estimate((low + high) / 2, low, high)
    assert measure.state(lift, open_=open_, held_out=held_out, smallest_effect=0.01) == state


def test_an_estimate_that_cannot_be_made_is_not_clear() -> None:
    nothing = Estimate(None, None, None, note="too_few")
    assert measure.state(nothing, open_=False, held_out=True, smallest_effect=0.01) == "not_clear"


def test_return_on_cost() -> None:
    added = Estimate(30_000.0, 10_000.0, 50_000.0)
    found = measure.roi(added, cost=5_000, margin=0.5)
    assert (found.value, found.low, found.high) == (2.0, 0.0, 4.0)
    assert measure.roi(added, cost=0, margin=0.5).note == "no_cost"


def test_at_most_five_parts_and_wider_intervals_for_more() -> None:
    whole = {"new": (group(900, 90), group(100, 5))}
    six = {name: (group(900 + i, 90), group(100, 5)) for i, name in enumerate("abcdef")}
    assert [part.name for part in measure.parts(six)] == list("bcdef")
    (alone,), several = measure.parts(whole), measure.parts(six)
    assert alone.lift.level == pytest.approx(0.95)
    assert several[0].lift.level == pytest.approx(0.99)
    assert several[0].lift.low < alone.lift.low  # type: ignore[operator]


def test_small_parts_are_not_judged_and_widen_nothing() -> None:
    small, large = measure.parts(
        {"new": (group(900, 90), group(29, 5)), "active": (group(900, 90), group(100, 5))}
    )
    assert small.lift.note == "too_few"
    assert large.lift.level == pytest.approx(0.95)


@given(st.integers(0, 90), st.integers(0, 10), st.integers(0, 90), st.integers(0, 10))
def test_groups_add_up(a: int, b: int, c: int, d: int) -> None:
    both = group(90, a, unsubscribed=b) + group(90, c, unsubscribed=d)
    assert (both.n, both.bought, both.unsubscribed) == (180, a + c, b + d)
    assert both.revenue.total == (a + c) * 100


def test_an_open_window_widens_every_interval() -> None:
    once, always = (
        named(group(900, 90), group(100, 5)),
        named(group(900, 90), group(100, 5), z=measure.reach(0.5)),
    )
    for name, effect in once.items():
        assert always[name].estimate.low <= effect.estimate.low  # type: ignore[operator]
        assert always[name].estimate.high >= effect.estimate.high  # type: ignore[operator]
        assert always[name].estimate.value == effect.estimate.value
