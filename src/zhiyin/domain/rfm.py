"""RFM groups: the named corners of recency, frequency and money."""

from __future__ import annotations

from enum import StrEnum


class RfmGroup(StrEnum):
    """A group of customers alike in recency (R) and frequency and money (FM)."""

    CHAMPIONS = "champions"
    LOYAL = "loyal"
    POTENTIAL = "potential"
    NEW = "new"
    PROMISING = "promising"
    NEED_ATTENTION = "need_attention"
    ABOUT_TO_SLEEP = "about_to_sleep"
    AT_RISK = "at_risk"
    CANNOT_LOSE = "cannot_lose"
    HIBERNATING = "hibernating"
    LOST = "lost"
