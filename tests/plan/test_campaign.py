"""Audience → intents."""

from hypothesis import given
from hypothesis import strategies as st

from zhiyin.domain.campaign import Campaign
from zhiyin.loop.plan.campaign import intents

CAMPAIGN = Campaign("spring", "loyal", "Hello", "<mjml/>", "Shop", "shop@example.com")


@given(st.lists(st.text(max_size=5)))
def test_everyone_is_wanted_once_and_in_order(audience):
    wanted = list(intents(CAMPAIGN, audience))
    assert [intent.customer_id for intent in wanted] == list(dict.fromkeys(audience))
    assert len(set(wanted)) == len(wanted)
    assert {intent.program for intent in wanted} <= {"campaign:spring"}
