"""What follows for an address: after one hard bounce, a complaint, or five in a row that nothing broke."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zhiyin.domain.bounce import MESSAGE_CAUSED, Bounce, BounceKind
from zhiyin.domain.reasons import BounceReason
from zhiyin.loop.deliver.came_back import IN_A_ROW, Past, counts, suppresses, worn_out

SOFT, STAYED, OURS, OPEN = (
    Past(True, "soft", "mailbox_full"), Past(True), Past(True, "soft", "spam"), Past(False),
)  # fmt: skip
pasts = st.lists(st.sampled_from([SOFT, STAYED, OURS, OPEN]), max_size=12)


@given(pasts)
def test_an_address_is_given_up_where_its_last_five_that_tell_something_came_back(past: list[Past]) -> None:
    telling = [one for one in past if one in (SOFT, STAYED)]
    assert worn_out(past) == (telling[:IN_A_ROW] == [SOFT] * IN_A_ROW)


@given(st.builds(Bounce, st.sampled_from(BounceKind), st.sampled_from(BounceReason), final=st.booleans()))
def test_what_the_message_caused_or_is_not_final_suppresses_nobody(bounce: Bounce) -> None:
    found = suppresses(bounce)
    if bounce.reason in MESSAGE_CAUSED or not bounce.final or bounce.kind in ("soft", "none"):
        assert found is None
    else:
        assert found is not None
        assert counts(bounce)
