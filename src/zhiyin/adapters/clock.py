"""The clock: what time it is at the edge; everything further in is passed ``now``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from zhiyin.domain.errors import BadSetting
from zhiyin.domain.ports import Clock
from zhiyin.domain.text import say


def system() -> datetime:
    """The real time, aware, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class SimulatedClock:
    """Time that stands at ``start`` until the real clock shows ``real_start``, then runs ``speed`` times as
    fast, never ahead of the real time. The example shop lives a week in half a minute with it.

    ``real_start`` may be a file, which is written at that moment: several processes wait for it.
    """

    start: datetime
    real_start: datetime | Path
    speed: float

    def __call__(self) -> datetime:
        real = system()
        since = self._since()
        return min(
            real, self.start + (max(real - since, timedelta(0)) * self.speed if since else timedelta(0))
        )

    def __str__(self) -> str:
        """The form of the setting ``simulation.clock``."""
        since = self.real_start if isinstance(self.real_start, Path) else self.real_start.isoformat()
        return f"{self.start.isoformat()}|{since}|{self.speed}"

    def _since(self) -> datetime | None:
        if isinstance(self.real_start, datetime):
            return self.real_start
        try:
            return datetime.fromtimestamp(self.real_start.stat().st_mtime, UTC)
        except FileNotFoundError:
            return None


def read(text: str) -> Clock:
    """The clock of the setting ``simulation.clock``: the real one, or ``START|REAL_START|SPEED``."""
    if not text:
        return system
    try:
        start, since, speed = text.split("|")
        real_start = Path(since) if since.startswith("/") else datetime.fromisoformat(since)
        return SimulatedClock(datetime.fromisoformat(start), real_start, float(speed))
    except ValueError as error:
        raise BadSetting(
            say("simulation.clock is {text!r}, which is not a clock.", text=text),
            fix=say("Leave it empty, or write START|REAL_START|SPEED with two ISO times."),
        ) from error
