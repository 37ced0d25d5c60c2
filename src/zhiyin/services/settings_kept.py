"""Parameters of models as they are kept: JSON knows no infinity, and a half-life may be one."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_ENDLESS = {"inf": math.inf, "-inf": -math.inf}


@dataclass(frozen=True, slots=True)
class Learner:
    """A model with one setting; equal where both are, whatever the order and the kind of the values."""

    name: str
    key: str
    setting: Mapping[str, Any] = field(compare=False)

    @classmethod
    def of(cls, name: str, setting: Mapping[str, Any]) -> Learner:
        """The learner of a setting.

        >>> Learner.of("ease", {"l2": 5.0, "keep": 9}) == Learner.of("ease", {"keep": 9, "l2": 5.0})
        True
        """
        return cls(name, json.dumps(kept(setting), sort_keys=True), setting)


def kept(value: Any) -> Any:
    """Plain data for JSON: infinities as texts, what is not a number as None, tuples as lists.

    >>> kept({"half_life": math.inf, "shares": (1, math.nan)})
    {'half_life': 'inf', 'shares': [1, None]}
    """
    if isinstance(value, Mapping):
        return {str(name): kept(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [kept(one) for one in value]
    if hasattr(value, "item"):  # a number of NumPy
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value


def setting(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The setting that was kept.

    >>> setting({"half_life": "inf", "k": 3})
    {'half_life': inf, 'k': 3}
    """
    return {name: _ENDLESS.get(one, one) if isinstance(one, str) else one for name, one in parameters.items()}
