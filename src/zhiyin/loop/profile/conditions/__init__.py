"""The kinds of conditions, one file each. A new kind is a file here and a line in this one."""

from __future__ import annotations

from collections.abc import Mapping

from zhiyin.loop.profile.condition import Condition
from zhiyin.loop.profile.conditions.did import Did
from zhiyin.loop.profile.conditions.engaged import Engaged
from zhiyin.loop.profile.conditions.in_segment import InSegment
from zhiyin.loop.profile.conditions.interested import Interested
from zhiyin.loop.profile.conditions.trait import Trait

CONDITIONS: Mapping[str, type[Condition]] = {
    kind.KIND: kind
    for kind in (
        Trait,
        Did,
        Engaged,
        Interested,
        InSegment,
    )
}

__all__ = [
    "CONDITIONS",
    "Did",
    "Engaged",
    "InSegment",
    "Interested",
    "Trait",
]
