"""The kinds of conditions, one file each. A new kind is a file here and a line in this one."""

from __future__ import annotations

from collections.abc import Mapping

from zhiyin.loop.profile.condition import Condition
from zhiyin.loop.profile.conditions.amount import Average, Maximum, Minimum, Sum
from zhiyin.loop.profile.conditions.consents import Consents
from zhiyin.loop.profile.conditions.did import Did
from zhiyin.loop.profile.conditions.distinct import Distinct
from zhiyin.loop.profile.conditions.edge import First, Last
from zhiyin.loop.profile.conditions.engaged import Engaged
from zhiyin.loop.profile.conditions.in_segment import InSegment
from zhiyin.loop.profile.conditions.interested import Interested
from zhiyin.loop.profile.conditions.nearest import Nearest
from zhiyin.loop.profile.conditions.sample import Sample
from zhiyin.loop.profile.conditions.sequence import Sequence
from zhiyin.loop.profile.conditions.trait import Trait

KINDS = (
    Trait,
    Did,
    Sum,
    Average,
    Minimum,
    Maximum,
    Distinct,
    First,
    Last,
    Sequence,
    Engaged,
    Interested,
    Consents,
    InSegment,
    Sample,
    Nearest,
)
CONDITIONS: Mapping[str, type[Condition]] = {kind.KIND: kind for kind in KINDS}

__all__ = [
    "CONDITIONS",
    "Average",
    "Consents",
    "Did",
    "Distinct",
    "Engaged",
    "First",
    "InSegment",
    "Interested",
    "Last",
    "Maximum",
    "Minimum",
    "Nearest",
    "Sample",
    "Sequence",
    "Sum",
    "Trait",
]
