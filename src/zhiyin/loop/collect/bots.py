"""programs that browse: known by their user agent, or by a pace that no person keeps."""

from __future__ import annotations

from zhiyin.domain.reasons import RejectReason
from zhiyin.domain.reject import Reject
from zhiyin.domain.text import say
from zhiyin.loop.collect.agents import is_bot
from zhiyin.loop.collect.draft import Draft
from zhiyin.loop.collect.facts import Facts

PACE = 120  # page views and actions in one minute of a visit
BROWSERS = frozenset({"analytics.js", "zhiyin.js", "RudderLabs JavaScript SDK"})  # libraries in a page


def bots(draft: Draft, facts: Facts) -> Draft | Reject:
    """Refuses agents of the public crawler list. A server's own agent is not looked at: it speaks for others."""
    given, arrival = draft.given, draft.arrival
    agent = given.get("userAgent")
    library = given.get("library")
    named = library.get("name") if type(library) is dict else None
    page = type(named) is str and named in BROWSERS
    if type(agent) is not str or not agent:
        agent = arrival.user_agent if page or arrival.user_agent.startswith("Mozilla/") else ""
    draft.agent = agent[:1000]
    draft.visiting = bool(agent) or page or draft.type in ("page", "screen") or "device" in given
    if facts.bots and agent and is_bot(draft.agent):
        return draft.reject(RejectReason.BOT, say("{agent!r} is a known crawler", agent=draft.agent[:200]))
    return draft


def pace(draft: Draft, facts: Facts) -> Draft | Reject:
    """Refuses what a device sends beyond 120 page views and actions in one minute of a visit."""
    if not facts.bots or not draft.agent or draft.anonymous_id is None or draft.type not in ("track", "page"):
        return draft
    visit = facts.memory.visit(draft.anonymous_id)
    if visit is None or visit[3] < PACE or draft.arrival.kind == "import":
        return draft
    _, start, last, _ = visit
    if int((draft.timestamp.timestamp() - start) // 60) == int((last - start) // 60):
        return draft.reject(RejectReason.BOT, say("more than {most} events in one minute", most=PACE))
    return draft
