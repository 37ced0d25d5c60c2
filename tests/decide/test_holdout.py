"""The holdout: by chance alone, and always the same."""

from hypothesis import given
from hypothesis import strategies as st

from zhiyin.loop.decide.holdout import alternatives, assign

ids = st.text(min_size=1, max_size=30)
shares = st.floats(0, 0.5)


@given(ids, ids, shares)
def test_the_same_customer_and_seed_always_get_the_same_arm(customer_id, seed, share):
    assert assign(customer_id, seed=seed, share=share) == assign(customer_id, seed=seed, share=share)


@given(ids, ids, shares, shares)
def test_a_larger_share_keeps_those_who_were_held_out(customer_id, seed, one, other):
    small, large = sorted((one, other))
    if assign(customer_id, seed=seed, share=small) == "holdout":
        assert assign(customer_id, seed=seed, share=large) == "holdout"


def test_nobody_is_held_out_at_zero():
    assert {assign(f"c{n}", seed="s", share=0.0) for n in range(1000)} == {"send"}


def test_the_share_is_met_within_chance():
    held = sum(assign(f"c{n}", seed="s", share=0.1) == "holdout" for n in range(20_000))
    assert abs(held - 2_000) < 5 * (20_000 * 0.1 * 0.9) ** 0.5


def test_another_seed_holds_back_other_people():
    one = {n for n in range(5_000) if assign(f"c{n}", seed="spring", share=0.1) == "holdout"}
    other = {n for n in range(5_000) if assign(f"c{n}", seed="autumn", share=0.1) == "holdout"}
    assert abs(len(one & other) - 50) < 40  # a tenth of a tenth, as independent draws have it


def test_the_chances_add_up_to_one():
    assert sum(alternative.probability for alternative in alternatives(0.1)) == 1
