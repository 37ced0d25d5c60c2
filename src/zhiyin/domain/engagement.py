"""Engagement: what people do with the messages they get, told apart from what programs do."""

from __future__ import annotations

from collections.abc import Mapping

from zhiyin.domain.event import (
    EMAIL_BOUNCED,
    EMAIL_DELIVERED,
    MESSAGE_CLICKED,
    MESSAGE_OPENED,
    UNSUBSCRIBED,
)

RULE = 2  # version of the rule in ``loop/measure/opens``; what another one judged does not count

HUMAN, UNKNOWN, MACHINE = "human", "unknown", "machine"
KINDS = (HUMAN, UNKNOWN, MACHINE)  # who a hit on a pixel or a link was by, best evidence first

EMAIL = "email"
CHANNELS = (EMAIL,)

HIDDEN = (
    "hidden:"  # where the link leads that stands in every message and that nobody sees: programs follow it
)

# what somebody did with a message, or the message with them -> the event that says so, once for each message
ENGAGEMENTS: Mapping[str, str] = {
    "opened": MESSAGE_OPENED,
    "clicked": MESSAGE_CLICKED,
    "received": EMAIL_DELIVERED,
    "bounced": EMAIL_BOUNCED,
    "unsubscribed": UNSUBSCRIBED,
}
JUDGED = (MESSAGE_OPENED, MESSAGE_CLICKED)  # said by the rule, which they name in ``rule``
