"""The holdout: who is kept back for comparison, by chance alone and always the same."""

from __future__ import annotations

from zhiyin.domain.decision import HOLDOUT, SEND, Alternative, Choice
from zhiyin.stats.buckets import bucket


def assign(customer_id: str, *, seed: str, share: float) -> Choice:
    """The arm of a customer: ``holdout`` with the chance ``share``, else ``send``.

    It depends on the seed of the campaign and the id alone, so it never changes, a larger share keeps those
    who were held out before, and it can be computed again by anybody (GrowthBook's hash, version 2).

    >>> assign("c1", seed="spring", share=0.0)
    'send'
    """
    return HOLDOUT if bucket(seed, customer_id) < share else SEND


def alternatives(share: float) -> tuple[Alternative, ...]:
    """What could have been chosen, with its chance."""
    return (Alternative(SEND, 1.0 - share), Alternative(HOLDOUT, share))
