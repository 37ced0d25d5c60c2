"""Who listens to what."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhiyin.domain.event import SEGMENT_ENTERED, SEGMENT_EXITED
from zhiyin.loop.profile import listeners
from zhiyin.loop.profile.membership import diff
from zhiyin.loop.profile.segment_text import parse

RULES = {
    "buyers": 'did("Order Completed", at_least=2, within="30d")',
    "rich": "revenue >= 10000",
    "wuxi": 'city == "Wuxi"',
    "willing": "email_consent == True",
    "recent": 'last_seen.within("1d")',
    "never": 'not did("Product Viewed")',
    "restless": 'did("Segment Entered")',
    "rhythm": "visits_90d >= 3",
}


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        ("Order Completed", {"buyers", "rich", "recent"}),
        ("Order Refunded", {"rich", "recent"}),
        ("Product Viewed", {"never", "recent"}),
        ("identify", {"wuxi", "recent"}),
        ("Consent Changed", {"willing", "recent"}),
        ("Product Searched", {"recent"}),
        ("Email Opened", set()),
        (SEGMENT_ENTERED, set()),
        (SEGMENT_EXITED, set()),
        (listeners.NEW, set(RULES)),
    ],
)
def test_an_event_is_heard_by_those_it_may_concern(event: str, wanted: set[str]) -> None:
    heard = listeners.index({key: parse(text) for key, text in RULES.items()})
    assert heard.of(event) == wanted


def test_whoever_is_described_anew_concerns_those_who_compare_features() -> None:
    heard = listeners.index({key: parse(text) for key, text in RULES.items()})
    assert heard.of(listeners.DESCRIBED) == {"rich", "willing", "recent", "rhythm"}


@settings(max_examples=50)
@given(st.sets(st.sampled_from("abcdef")), st.sets(st.sampled_from("abcdef")))
def test_who_was_in_and_who_came_less_who_left_are_those_who_are_in(
    before: set[str], after: set[str]
) -> None:
    entered, left = diff(pa.array(sorted(before), pa.string()), pa.array(sorted(after), pa.string()))
    came, gone = set(entered.to_pylist()), set(left.to_pylist())
    assert not came & before
    assert gone <= before
    assert (before | came) - gone == after
