"""who was in a segment, who matches now → who entered and who left."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def diff(before: pa.Array, after: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Ids that are new in ``after``, and those that are gone from ``before``; both given without doubles.

    >>> entered, left = diff(pa.array(["ann", "bob"]), pa.array(["bob", "eve"]))
    >>> entered.to_pylist(), left.to_pylist()
    (['eve'], ['ann'])
    """
    return _without(after, before), _without(before, after)


def _without(some: pa.Array, others: pa.Array) -> pa.Array:
    if not len(some) or not len(others):
        return some
    return some.filter(pc.invert(pc.is_in(some, value_set=others)))
