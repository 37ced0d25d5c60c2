"""Transactional: messages that answer what their recipient did; each template is a program of its own."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from zhiyin.adapters.records.erasure import NAMELESS
from zhiyin.adapters.records.models import Message
from zhiyin.domain.errors import BadSetting, BadTemplate, NotFound
from zhiyin.domain.program import Program, Stream
from zhiyin.domain.text import say
from zhiyin.loop import decide
from zhiyin.loop.deliver import sandbox
from zhiyin.services import templates, wording
from zhiyin.services.workspace import Workspace

KIND = "transactional"
_NOT_HERE = ("unsubscribe_url", "campaign")


def get(ws: Workspace, token: str) -> Message:
    """A transactional message by its id. Raises ``NotFound``."""
    row = Message.objects.filter(token=token, program__startswith=f"{KIND}:").first()
    if row is None:
        raise NotFound(
            say("There is no transactional message {token!r}.", token=token[:64]),
            fix=say("Use the id that the request was answered with."),
        )
    return row


def state(row: Message) -> dict[str, Any]:
    """What there is to say of a message, for those who asked for it."""
    return {
        "id": row.token,
        "status": str(row.status),
        "reason": row.reason or None,
        "detail": str(row.detail) or None,
        "template": row.program.partition(":")[2],
        "to": row.address or None,
        "customer_id": None if row.customer_id.startswith(NAMELESS) else row.customer_id,
        "attempts": row.attempts,
        "planned_at": row.planned_at,
        "handed_over_at": row.handed_over_at,
        "finished_at": row.finished_at,
    }


def program(ws: Workspace, key: str) -> Program:
    """The program of a template. Raises ``NotFound``; ``BadSetting`` where there is no sender."""
    row, settings = templates.get(ws, key), ws.settings
    sender = settings.transactional.sender_email or settings.sender.email
    if not decide.is_address(sender):
        raise BadSetting(
            say("There is no sender's address for transactional messages."),
            fix=say("Set transactional.sender_email or sender.email."),
        )
    own = settings.transactional
    return Program(
        name=f"{KIND}:{key}",
        title=row.name,
        stream=Stream.TRANSACTIONAL,
        wordings=wording.ready(row),
        sender_name=own.sender_name or settings.sender.name or settings.shop.name,
        sender_email=sender,
        reply_to=own.reply_to,
        group="t",
        tracked=own.tracking,
    )


@lru_cache(maxsize=256)
def wanted(*sources: str) -> frozenset[str]:
    """What the parts of a wording ask for as ``data.NAME``. Raises ``BadTemplate`` for what only marketing has.

    >>> sorted(wanted("Order {{ data.number }}", "<mjml></mjml>"))
    ['number']
    """
    names = set()
    for source in sources:
        for use in sandbox.uses(source):
            if use.path[0] in _NOT_HERE:
                raise BadTemplate(
                    say(
                        "The template uses {name}, which a transactional message does not have.",
                        name=use.path[0],
                    ),
                    why=say(
                        "It is no marketing: nothing can be unsubscribed from, and no campaign sends it."
                    ),
                    fix=say("Take it out, or choose another template."),
                )
            if use.path[0] == "data" and len(use.path) > 1 and use.path[1] != "*":  # what a loop finds
                names.add(use.path[1])
    return frozenset(names)
