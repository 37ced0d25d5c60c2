"""The breaker of a channel opens by faults of the server alone, lets few try, and closes by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.domain.breaker import Breaker, BreakerState
from zhiyin.domain.message import MessageStatus, Receipt
from zhiyin.domain.reasons import FailReason
from zhiyin.loop.deliver import breaker

NOW = datetime(2026, 3, 1, tzinfo=UTC)
FINE = Receipt(MessageStatus.ACCEPTED, "250 OK")
DOWN = Receipt(MessageStatus.FAILED, "down", FailReason.UNREACHABLE, everyone=True)
LOCKED = Receipt(MessageStatus.FAILED, "535 no", FailReason.AUTHENTICATION, everyone=True)
GONE = Receipt(MessageStatus.FAILED, "550 5.1.1", FailReason.RECIPIENT_REFUSED)
answers = st.lists(st.sampled_from([FINE, DOWN, LOCKED, GONE]), max_size=30)


def after(*receipts: Receipt, start: Breaker | None = None, mark: str = "") -> Breaker:
    made = start or Breaker()
    for receipt in receipts:
        made = breaker.heard(made, receipt, NOW, mark=mark)
    return made


@pytest.mark.parametrize(
    ("receipt", "is_fault"),
    [
        (FINE, False),
        (GONE, False),
        (DOWN, True),
        (LOCKED, True),
        (Receipt(MessageStatus.UNKNOWN, "", FailReason.CONNECTION_LOST), True),
        (
            Receipt(
                MessageStatus.FAILED, "421 busy", FailReason.RECIPIENT_REFUSED, retry=True, everyone=True
            ),
            True,
        ),
        (Receipt(MessageStatus.FAILED, "451 later", FailReason.RECIPIENT_REFUSED, retry=True), False),
        (Receipt(MessageStatus.FAILED, "553 sender", FailReason.SERVER_REFUSED, everyone=True), False),
        (Receipt(MessageStatus.FAILED, "554 content", FailReason.SERVER_REFUSED), False),
    ],
)
def test_a_fault_is_the_servers_own(receipt: Receipt, is_fault: bool) -> None:
    assert breaker.fault(receipt) is is_fault


def test_it_opens_after_so_many_in_a_row_and_an_answer_between_starts_anew() -> None:
    assert after(*[DOWN] * (breaker.THRESHOLD - 1)).state == BreakerState.CLOSED
    assert after(DOWN, DOWN, GONE, DOWN, DOWN).state == BreakerState.CLOSED
    opened = after(*[DOWN] * breaker.THRESHOLD)
    assert (opened.state, opened.next_try) == (BreakerState.OPEN, NOW + breaker.PAUSES[0])
    assert (opened.reason, opened.detail, opened.opened_at) == ("unreachable", "down", NOW)


def test_open_lets_nothing_through_then_a_few_and_those_decide() -> None:
    opened = after(*[DOWN] * breaker.THRESHOLD)
    assert breaker.room(opened, NOW, 500) == 0
    assert opened.next_try is not None
    then = opened.next_try
    assert breaker.room(opened, then, 500) == breaker.PROBE
    tried = breaker.trying(opened, then)
    assert breaker.room(tried, then, 500) == 0  # nobody else tries meanwhile
    assert breaker.room(tried, then + breaker.PATIENCE, 500) == breaker.PROBE  # the one who tried is gone
    assert breaker.heard(tried, FINE, then) == Breaker()
    again = breaker.heard(tried, DOWN, then)
    assert (again.state, again.next_try) == (BreakerState.OPEN, then + breaker.PAUSES[1])
    assert again.opened_at == NOW


def test_a_refused_password_is_not_tried_again_before_the_settings_change() -> None:
    opened = after(LOCKED, mark="old")
    assert opened.state == BreakerState.OPEN
    assert breaker.room(opened, NOW + timedelta(days=365), 500, "old") == 0
    assert breaker.room(opened, NOW, 500, "new") == breaker.PROBE
    tried = breaker.trying(opened, NOW, "new")
    assert breaker.room(tried, NOW, 500, "new") == 0
    assert breaker.heard(tried, LOCKED, NOW, mark="new").next_try is None


@given(answers)
def test_the_last_answer_of_a_working_server_closes_it_whatever_was_before(given_: list[Receipt]) -> None:
    assert after(*given_, FINE) == after(*given_, GONE) == Breaker()


@given(answers)
def test_it_is_open_only_after_enough_faults_in_a_row(given_: list[Receipt]) -> None:
    made = after(*given_)
    row = 0
    locked = False
    for receipt in given_:
        row, locked = (row + 1, locked or receipt is LOCKED) if breaker.fault(receipt) else (0, False)
    assert (made.state == BreakerState.OPEN) == (row >= breaker.THRESHOLD or locked)
    assert made.failures == row
    assert locked == (made.state == BreakerState.OPEN and made.next_try is None)


@given(st.integers(0, 20), st.floats(0, 1))
def test_pauses_grow_to_a_limit_and_are_spread_by_a_quarter_at_most(openings: int, spread: float) -> None:
    tried = Breaker(BreakerState.HALF_OPEN, 3, openings)
    made = breaker.heard(tried, DOWN, NOW, spread=spread)
    assert made.next_try is not None
    least = breaker.PAUSES[min(openings, len(breaker.PAUSES) - 1)]
    assert least <= made.next_try - NOW <= least * 1.25
    assert made.openings == openings + 1


@given(answers, st.integers(0, 2_000), st.integers(1, 1_000))
def test_never_more_than_asked_for_go_and_never_more_than_a_few_unless_closed(
    given_: list[Receipt], seconds: int, limit: int
) -> None:
    made = after(*given_)
    room = breaker.room(made, NOW + timedelta(seconds=seconds), limit)
    assert 0 <= room <= limit
    assert room == limit or made.state != BreakerState.CLOSED
    assert room <= breaker.PROBE or made.state == BreakerState.CLOSED
