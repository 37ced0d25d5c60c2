"""The records' side of a batch: what events state about customers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from tests.laws import slow_law
from tests.services.test_profiles import happened

from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.adapters.records.models import Customer
from zhiyin.domain.event import ORDER_COMPLETED, ORDER_REFUNDED, Event
from zhiyin.services import collected, profiles
from zhiyin.services.workspace import Workspace

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


@slow_law(15)
@given(
    said=st.permutations(range(6)),
    cuts=st.sets(st.integers(1, 5), max_size=3),
    traits=st.lists(
        st.dictionaries(st.sampled_from(["city", "email", "tea"]), st.sampled_from(["a@b.cn", "c@d.cn"]), min_size=1),
        min_size=6, max_size=6,
    ),
)  # fmt: skip
def test_of_two_statements_the_later_one_counts_in_whatever_order_they_come(
    workspace: Workspace, said: list[int], cuts: set[int], traits: list[dict[str, str]]
) -> None:
    Customer.objects.all().delete()
    wanted: dict[str, str] = {}
    for one in traits:
        wanted |= one
    events = [
        Event(f"e{n}", "identify", "identify", AT + timedelta(minutes=n), "ann", properties=traits[n])
        for n in said
    ]
    for start, end in pairwise([0, *sorted(cuts), len(events)]):
        collected._publish_traits(events[start:end], AT)
    ann = Customer.objects.get(pk="ann")
    assert {name: value for name, value in (ann.traits | {"email": ann.email}).items() if value} == wanted


def test_the_stage_at_once_goes_by_the_customers_own_gap(workspace: Workspace) -> None:
    """In a shop where 10 days are usual, ann orders every 40: 38 days later she is active by her own 30."""
    rows = [(ORDER_COMPLETED, "ann", 38 + 40 * n, 100) for n in range(5)]
    rows += [(ORDER_COMPLETED, f"c{i}", 1 + 10 * n, 100) for i in range(3) for n in range(2)]
    happened(workspace, *rows)
    profiles.run(workspace)
    ann = Customer.objects.get(pk="ann")
    assert (ann.lifecycle, ann.personal_gap_days) == ("active", 30)  # (20 + 160) / 6
    given_back = Event("r", "track", ORDER_REFUNDED, workspace.now(), "ann", amount=1)
    table = events_to_table([given_back], timezone=workspace.timezone, received_at=workspace.now())
    collected._move(workspace, table, workspace.now())
    ann.refresh_from_db()
    assert (ann.revenue, ann.lifecycle) == (499, "active")  # at risk by the shop's
