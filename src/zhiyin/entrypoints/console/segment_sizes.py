"""The size of a segment over time, and who came and went: charts and their tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import get_language, gettext

from zhiyin.entrypoints.console import formats
from zhiyin.services.workspace import Workspace

WEEKS = 12
DAYS = 28  # for which it is shown who came and went


@dataclass(frozen=True, slots=True)
class Sizes:
    """Rows of the tables, and the same for the charts."""

    sizes: Sequence[tuple[str, int]]
    days: Sequence[tuple[str, int, int]]
    size_chart: dict[str, Any]
    flow_chart: dict[str, Any]

    @property
    def first(self) -> int:
        """The first count shown."""
        return self.sizes[0][1]

    @property
    def last(self) -> int:
        """The last one."""
        return self.sizes[-1][1]

    @property
    def entered(self) -> int:
        """How many came in the days shown."""
        return sum(day[1] for day in self.days)

    @property
    def left(self) -> int:
        """How many went."""
        return sum(day[2] for day in self.days)


def of(ws: Workspace, segment: Any) -> Sizes | None:
    """The sizes of the last weeks, None where nothing was counted."""
    from zhiyin.services import sizes

    today, language = ws.today().date(), get_language() or "en"
    points = sizes.series(ws, segment, today - timedelta(weeks=WEEKS))
    if not points:
        return None
    rows = [(formats.date_time(one.at, ws.timezone, language), one.count) for one in points]
    flows = sizes.flows(ws, segment, today - timedelta(days=DAYS - 1))
    days = [(formats.date_label(one.day, language), one.entered, one.left) for one in flows]
    labels = [formats.day(one.at, ws.timezone, language, year=False) for one in points]
    return Sizes(
        rows,
        days,
        {"labels": labels, "values": [count for _, count in rows], "name": gettext("Customers")},
        {
            "labels": [label for label, _, _ in days],
            "up": [entered for _, entered, _ in days],
            "down": [-left for _, _, left in days],
            "names": {"up": gettext("Entered"), "down": gettext("Exited")},
        },
    )
