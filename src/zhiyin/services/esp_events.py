"""What a provider tells of messages: taken in like what comes back by mail."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from zhiyin.domain.bounce import BounceKind, BounceReport
from zhiyin.domain.esp import EspEvent
from zhiyin.loop.deliver.esp_event import bounce_of
from zhiyin.services import bounce_matches, bounce_notes
from zhiyin.services.workspace import Workspace


def take(ws: Workspace, provider: str, events: Sequence[EspEvent]) -> int:
    """Take in events whose sender was checked; how many were new. Deliveries, opens and clicks are none of them.

    The token says which message; it is believed about the address alone that the message went to.
    """
    new = 0
    for event in events:
        bounce = bounce_of(event)
        if bounce is None or bounce.kind == BounceKind.NONE:
            continue
        key = hashlib.sha256(f"{provider}\n{event.key}".encode()).hexdigest()
        found = bounce_matches.named(BounceReport((bounce,), provider), event.token.lower())
        new += bounce_notes.settle(ws, key, provider, found) is not None
    return new
