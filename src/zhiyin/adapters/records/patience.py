"""Patience with the database: it restarts, or others keep it locked, and what was learned meanwhile is not lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

AWAY = (OperationalError, InterfaceError)  # what a database that is gone, or locked for too long, is told by
PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0)  # seconds

T = TypeVar("T")


def patiently(step: Callable[[], T], wait: Callable[[float], object] = time.sleep) -> T:
    """What ``step()`` gives, tried again for about a minute while the database does not answer.

    The step may be done twice, so it must be one of which the second time changes nothing.
    """
    for pause in PAUSES:
        try:
            return step()
        except AWAY:
            connection.close()  # the next one is new
            wait(pause)
    return step()
