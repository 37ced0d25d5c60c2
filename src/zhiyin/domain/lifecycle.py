"""Lifecycle stages: where a customer stands with the shop."""

from __future__ import annotations

from enum import StrEnum


class Lifecycle(StrEnum):
    """A stage; ``gap`` is the shop's usual time between orders. The rules: ``loop/profile/lifecycle.py``."""

    LEAD = "lead"  # known, has never ordered
    NEW = "new"  # first order within one gap
    ACTIVE = "active"  # last order within one gap and a half
    AT_RISK = "at_risk"  # last order within three gaps
    LAPSED = "lapsed"  # no order for longer
    WON_BACK = "won_back"  # active again, after a silence longer than three gaps
