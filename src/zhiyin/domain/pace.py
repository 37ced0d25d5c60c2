"""Pace: how fast messages leave, and at which hours of the recipient's day they do not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time

from zhiyin.domain.errors import BadSetting
from zhiyin.domain.provider import PROVIDERS
from zhiyin.domain.send_window import SendWindow
from zhiyin.domain.text import say

_SHARE = re.compile(r"\s*(?P<domain>[^\s=,]+)\s*=\s*(?P<rate>\d+)\s*")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Local hours from which to which nobody is written to; they may go over midnight."""

    start: time
    end: time


@dataclass(frozen=True, slots=True)
class WarmUp:
    """A new sender begins with few messages a day, and with more each day."""

    start: date
    first: int = 50
    growth: float = 2.0


@dataclass(frozen=True, slots=True)
class Pace:
    """What limits sending; nothing does by default. Rates are messages a minute.

    ``domains`` has them by the recipient's domain or by provider, which counts all of its domains together.
    """

    per_minute: int = 0
    domains: Mapping[str, int] = field(default_factory=dict)
    quiet: QuietHours | None = None
    warm_up: WarmUp | None = None
    windows: tuple[SendWindow, ...] = ()

    @property
    def limits(self) -> bool:
        """Whether there is anything to look at."""
        return bool(self.per_minute or self.domains or self.clocks or self.warm_up)

    @property
    def clocks(self) -> bool:
        """Whether the hour at the recipient's matters."""
        return bool(self.quiet or self.windows)


def domains_of(text: str) -> dict[str, int]:
    """Rates by domain or provider, from text. Raises ``BadSetting`` where it is none.

    >>> domains_of("tencent=60, Gmail.com = 300")
    {'tencent': 60, 'gmail.com': 300}
    """
    found: dict[str, int] = {}
    for part in text.replace("\n", ",").split(","):
        if not part.strip():
            continue
        match = _SHARE.fullmatch(part)
        if match is None or not int(match["rate"]):
            raise BadSetting(
                say("pace.domains holds {part!r}.", part=part.strip()),
                fix=say("Write domains with messages a minute: qq.com=60, gmail.com=300."),
            )
        name = match["domain"].lower()
        if "." not in name and name not in PROVIDERS:
            raise BadSetting(
                say(
                    "pace.domains names {name!r}, which is neither a domain nor a provider we know.",
                    name=name,
                ),
                fix=say("Write a domain such as qq.com, or one of: {known}.", known=sorted(PROVIDERS)),
            )
        found[name] = int(match["rate"])
    return found


def quiet_of(text: str) -> QuietHours | None:
    """Quiet hours from text, None if it is empty. Raises ``BadSetting`` where it is none.

    >>> quiet_of("21:00-08:00")
    QuietHours(start=datetime.time(21, 0), end=datetime.time(8, 0))
    """
    if not text.strip():
        return None
    try:
        start, end = (time.fromisoformat(part.strip()) for part in re.split("[-–]", text))
        if start == end or start.tzinfo or end.tzinfo:
            raise ValueError
    except ValueError as error:
        raise BadSetting(
            say("pace.quiet is {text!r}.", text=text),
            fix=say("Write two times of the day, such as 21:00-08:00, or nothing."),
        ) from error
    return QuietHours(start, end)


def warm_up_of(start: str, first: int, growth: float) -> WarmUp | None:
    """The warm-up that begins on a day, None if that is empty. Raises ``BadSetting`` where it cannot be."""
    if not start.strip():
        return None
    try:
        day = date.fromisoformat(start.strip())
    except ValueError as error:
        raise BadSetting(
            say("pace.warm_up_from is {start!r}.", start=start), fix=say("Write a day such as 2026-03-01.")
        ) from error
    return WarmUp(day, first, growth)
