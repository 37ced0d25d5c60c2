"""The records' side of a batch: what events state about customers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhiyin.adapters.records.models import Customer
from zhiyin.domain.event import Event
from zhiyin.services import collected
from zhiyin.services.workspace import Workspace

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
