"""Rules of segments in Python, for notebooks: what can be written here can be written as text.

>>> from zhiyin.rule import did, trait
>>> rule = did("Order Completed", at_least=3, within="90d") & trait("city").is_in(["上海", "Hangzhou"])
"""

from __future__ import annotations

from zhiyin.loop.profile.rules import (
    all_of,
    any_of,
    average,
    consents,
    did,
    distinct,
    engaged,
    everyone,
    field,
    first,
    in_segment,
    interested,
    last,
    maximum,
    minimum,
    nearest,
    nobody,
    sample,
    sequence,
    step,
    sum_of,
    trait,
)

__all__ = [
    "all_of",
    "any_of",
    "average",
    "consents",
    "did",
    "distinct",
    "engaged",
    "everyone",
    "field",
    "first",
    "in_segment",
    "interested",
    "last",
    "maximum",
    "minimum",
    "nearest",
    "nobody",
    "sample",
    "sequence",
    "step",
    "sum_of",
    "trait",
]
