"""moments of one visitor → visits: half an hour of silence ends one."""

from __future__ import annotations

from zhiyin.domain.reject import Reject
from zhiyin.loop.collect.draft import Draft
from zhiyin.loop.collect.facts import LATE, Facts, Visit

SILENCE = 30 * 60.0  # seconds


def sessions(draft: Draft, facts: Facts) -> Draft | Reject:
    """The visit that an event belongs to; its id is that of its first event.

    A visit is known by the visitor's anonymous id. An event that comes late joins the visit that it falls
    into; what belongs to an older visit is kept apart. A server's event joins a visit that is under way, but
    begins none.
    """
    visitor = draft.anonymous_id
    if visitor is None:
        return draft
    at = draft.timestamp.timestamp()
    visit = facts.memory.visit(visitor)
    if visit is not None and at < visit[1] - SILENCE:
        visitor = LATE + visitor
        visit = facts.memory.visit(visitor)
    if visit is not None and visit[1] - SILENCE <= at <= visit[2] + SILENCE:
        session, start, last, n = visit
        draft.session_id = session
        # a minute of the visit is the measure of its pace (see ``bots.pace``)
        minute, latest = int((at - start) // 60), int((last - start) // 60)
        n = n + 1 if minute == latest else 1 if minute > latest else n
        facts.memory.new_visits[visitor] = Visit(session, min(start, at), max(last, at), n)
    elif draft.visiting:
        draft.session_id = draft.event_id
        facts.memory.new_visits[visitor] = Visit(draft.event_id, at, at, 1)
    return draft
