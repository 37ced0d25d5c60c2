"""The kinds of conditions, one file each. A new kind is a file here and a line in this one."""

from __future__ import annotations

from collections.abc import Mapping

from zhiyin.loop.profile.condition import Condition
from zhiyin.loop.profile.conditions.consents import Consents
from zhiyin.loop.profile.conditions.did import Did
from zhiyin.loop.profile.conditions.engaged import Engaged
from zhiyin.loop.profile.conditions.in_segment import InSegment
from zhiyin.loop.profile.conditions.interested import Interested
from zhiyin.loop.profile.conditions.nearest import Nearest
from zhiyin.loop.profile.conditions.sample import Sample
from zhiyin.loop.profile.conditions.trait import Trait

_KINDS: tuple[type[Condition], ...] = (
    Trait,
    Did,
    Engaged,
    Interested,
    Consents,
    InSegment,
    Sample,
    Nearest,
)

CONDITIONS: Mapping[str, type[Condition]] = {kind.KIND: kind for kind in _KINDS}

__all__ = [
    "CONDITIONS",
    "Consents",
    "Did",
    "Engaged",
    "InSegment",
    "Interested",
    "Nearest",
    "Sample",
    "Trait",
]
