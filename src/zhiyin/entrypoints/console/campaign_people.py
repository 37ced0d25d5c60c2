"""The people of a campaign: lists by outcome, the decision for one of them, and the export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext

from zhiyin.domain import spreadsheet
from zhiyin.domain.errors import NotFound, ZhiyinError
from zhiyin.entrypoints.console import formats, paging, segment_why, words
from zhiyin.services.workspace import Workspace

PER_PAGE = 50
_STATUSES = ("held_out", "refused", "accepted", "failed", "unknown", "pending")
_COLUMNS = ("customer_id", "name", "email", "status", "reason", "detail", "at")


def listed(ws: Workspace, request: HttpRequest, key: str) -> dict[str, Any]:
    """One page of people, filtered by outcome and reason from the query string."""
    from zhiyin.services import explanations

    status, reason = request.GET.get("status", ""), request.GET.get("reason", "")
    status = status if status in _STATUSES else ""
    number = paging.number(request.GET.get("page", ""))
    total, rows = explanations.people(
        ws, key, status or None, reason or None, offset=(number - 1) * PER_PAGE, limit=PER_PAGE
    )
    return {
        "people": rows,
        "total": total,
        "page": number,
        "pages": paging.pages(total, PER_PAGE),
        "status": status,
        "reason": reason,
        "statuses": [
            (code, words.name({**words.STATUSES, "pending": gettext("Pending")}, code)) for code in _STATUSES
        ],
    }


def why(ws: Workspace, key: str, customer_id: str) -> dict[str, Any]:
    """The decision for one customer: membership, permissions, chances, versions, outcome."""
    from zhiyin.services import campaigns, customers, explanations

    campaign = campaigns.get(ws, key)
    record = explanations.why(ws, key, customer_id)
    facts = [_gate_fact(one) for one in record.get("facts", [])]
    inside, membership = _membership(ws, campaign, customer_id)
    decided_at = record.get("decided_at")
    return {
        "campaign": campaign,
        "section": "campaigns",
        "customer": customers.get(ws, customer_id),
        "record": record,
        "verdict": verdict(record),
        "facts": sorted(facts, key=lambda one: one["holds"]),
        "inside": inside,
        "membership": membership,
        "decided_at": datetime.fromisoformat(decided_at) if decided_at else None,
        "chances": [
            (_choice(one["choice"]), formats.percent(one["probability"], 0))
            for one in record.get("alternatives", [])
        ],
        "versions": [
            (words.name(words.VERSIONS, name), words.version(name, value))
            for name, value in sorted(dict(record.get("versions", {})).items())
        ],
        "answer": answer(ws, record, _subject(ws, campaign, customer_id)),
    }


def verdict(record: Mapping[str, Any]) -> str:
    """What happened to this customer, in one sentence."""
    if record["state"] == "outside":
        return gettext("Not in the segment, so no message.")
    if record["choice"] == "holdout":
        return gettext("Held out by chance, to measure the effect. No message.")
    if record["choice"] == "refuse":
        return gettext("Refused: %(reason)s. No message.") % {
            "reason": words.name(words.REASONS, record["reason"])
        }
    status = record.get("message", {}).get("status", "")
    return {
        "": gettext("Would get the message now."),
        "accepted": gettext("Got the message: the receiving server accepted it."),
        "failed": gettext("The message failed: %(reason)s."),
        "unknown": gettext("Whether the message arrived is unknown. It was not resent."),
    }.get(status, gettext("Will get the message; it is not handed over yet.")) % {
        "reason": words.name(words.REASONS, record.get("message", {}).get("reason", ""))
    }


def answer(ws: Workspace, record: Mapping[str, Any], subject: str) -> str:
    """Two plain sentences for the customer, without scores or internal words."""
    shop = ws.settings.shop.name
    if record["choice"] == "send":
        return gettext(
            "You received “%(subject)s” from %(shop)s because you agreed to our offers by e-mail and it fitted "
            "what you did in our shop. You can unsubscribe with the link at its end at any time."
        ) % {"subject": subject, "shop": shop}
    return gettext(
        "%(shop)s did not send you “%(subject)s”. We write only to those who agreed to it, and keep some "
        "customers free of a message to see whether it helps."
    ) % {"subject": subject, "shop": shop}


def _choice(code: str) -> str:
    return {"send": gettext("Send the message"), "holdout": gettext("Hold out")}.get(code, code)


# what a held fact of the gate means; a fact that does not hold is told by its reason
_HELD = {
    "erased": lambda: gettext("Has not asked to be erased"),
    "no_address": lambda: gettext("Has an e-mail address"),
    "bad_address": lambda: gettext("The address can be one"),
    "suppressed": lambda: gettext("The address is on no list of suppressed ones"),
    "unsubscribed": lambda: gettext("Has not unsubscribed"),
    "no_consent": lambda: gettext("Agreed to offers by e-mail"),
    "render_failed": lambda: gettext("The message could be made"),
}


def _gate_fact(one: Mapping[str, Any]) -> dict[str, Any]:
    code = str(one["code"])
    held = _HELD[code]() if code in _HELD else words.name(words.REASONS, code)
    return {"holds": one["holds"], "text": held if one["holds"] else words.name(words.REASONS, code)}


def _membership(ws: Workspace, campaign: Any, customer_id: str) -> tuple[bool, list[dict[str, Any]]]:
    """Whether and why the customer is in the segment, by the rule as it was frozen at the start."""
    from zhiyin.services import segments

    try:
        found = segments.why(ws, segments.of_campaign(ws, campaign), customer_id)
    except NotFound:
        return True, []
    return found.inside, segment_why.told(ws, found.facts)


def _subject(ws: Workspace, campaign: Any, customer_id: str) -> str:
    """The subject as this customer read it."""
    from zhiyin.services import reviews

    try:
        return reviews.preview(ws, campaign.key, customer_id).subject
    except ZhiyinError:
        return str(campaign.name)


def lines(ws: Workspace, key: str, query: Mapping[str, str]) -> Iterator[str]:
    """Everyone planned, as lines of CSV whose cells no spreadsheet takes for a formula."""
    import csv
    import io

    from zhiyin.services import campaigns, explanations

    campaigns.get(ws, key)

    def row(cells: list[str]) -> str:
        buffer = io.StringIO()
        csv.writer(buffer).writerow([spreadsheet.cell(cell) for cell in cells])
        return buffer.getvalue()

    yield "\ufeff" + row(list(_COLUMNS))
    offset, size = 0, 1_000
    while True:
        _, rows = explanations.people(
            ws, key, query.get("status") or None, query.get("reason") or None, offset=offset, limit=size
        )
        for person in rows:
            yield row([_cell(person[column]) for column in _COLUMNS])
        if len(rows) < size:
            return
        offset += size


def _cell(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value or "")
