"""Lifecycle stages: where a customer stands with the shop."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from zhiyin.domain.errors import BadSetting
from zhiyin.domain.text import say


class Lifecycle(StrEnum):
    """A stage; ``gap`` is the usual time between orders. The rules: ``loop/profile/lifecycle.py``."""

    ANONYMOUS = "anonymous"  # a visitor of whom nobody knows who it is: no customer yet
    LEAD = "lead"  # known, has never ordered
    NEW = "new"  # first order within one gap
    ACTIVE = "active"  # last order within one gap and a half
    AT_RISK = "at_risk"  # last order within three gaps
    LAPSED = "lapsed"  # no order for longer
    WON_BACK = "won_back"  # active again, after a silence longer than three gaps


OF_CUSTOMERS = tuple(
    stage for stage in Lifecycle if stage is not Lifecycle.ANONYMOUS
)  # what a profile may say


@dataclass(frozen=True, slots=True)
class StageRules:
    """How many usual gaps a stage lasts: the first order makes new, the last one active, then at risk.

    Kept in hundredths of a gap, so that whole numbers decide. The gap is the customer's own if ``personal``, else
    one for the whole shop. Raises ``BadSetting`` where the order is wrong.

    >>> StageRules.of(1, 1.5, 3).days(StageRules().active, gap_days=31)
    46
    """

    new: int = 100
    active: int = 150
    lapsed: int = 300
    personal: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.new <= self.active < self.lapsed:
            raise BadSetting(
                say(
                    "The stages do not follow each other: new {new}, active {active}, lapsed {lapsed} usual gaps.",
                    new=self.new / 100,
                    active=self.active / 100,
                    lapsed=self.lapsed / 100,
                ),
                why=say("New must end no later than active, and active before lapsed."),
                fix=say(
                    "Set profile.new_gaps up to profile.active_gaps, and that below profile.lapsed_gaps, as 1, 1.5 and 3."
                ),
            )

    @classmethod
    def of(cls, new: float, active: float, lapsed: float, personal: bool = False) -> StageRules:
        """The rules of three numbers of gaps, to two decimals."""
        return cls(round(new * 100), round(active * 100), round(lapsed * 100), personal)

    def days(self, gaps: int, gap_days: int) -> int:
        """The last whole day that lies within so many hundredths of a gap."""
        return gaps * gap_days // 100


STAGE_RULES = StageRules()
