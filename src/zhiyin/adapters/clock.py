"""The clock: what time it is at the edge; everything further in is passed ``now``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from zhiyin.domain.errors import BadSetting
from zhiyin.domain.ports import Clock
from zhiyin.domain.text import say


def system() -> datetime:
    """The real time, aware, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class SimulatedClock:
    """Time that stands at ``start`` until the real clock shows ``real_start``, then runs ``speed`` times as
    fast, never ahead of the real time. The example shop lives a week in half a minute with it."""

    start: datetime
    real_start: datetime
    speed: float

    def __call__(self) -> datetime:
        real = system()
        return min(real, self.start + max(real - self.real_start, timedelta(0)) * self.speed)

    def __str__(self) -> str:
        """The form of the setting ``simulation.clock``."""
        return f"{self.start.isoformat()}|{self.real_start.isoformat()}|{self.speed}"


def read(text: str) -> Clock:
    """The clock of the setting ``simulation.clock``: the real one, or ``START|REAL_START|SPEED``."""
    if not text:
        return system
    try:
        start, real_start, speed = text.split("|")
        return SimulatedClock(datetime.fromisoformat(start), datetime.fromisoformat(real_start), float(speed))
    except ValueError as error:
        raise BadSetting(
            say("simulation.clock is {text!r}, which is not a clock.", text=text),
            fix=say("Leave it empty, or write START|REAL_START|SPEED with two ISO times."),
        ) from error
