"""The report of a campaign as its page shows it: the verdict in words first, then the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language, gettext, ngettext

from zhiyin.domain import money
from zhiyin.domain.estimate import Estimate
from zhiyin.entrypoints.console import campaign_page, campaign_people, drawing, formats, words
from zhiyin.services.reports import CampaignReport
from zhiyin.services.workspace import Workspace

TABS = ("effect", "delivery", "links", "people", "content")
_NAMES = {
    "bought": lambda: gettext("Customers who bought"),
    "revenue_per_customer": lambda: gettext("Revenue per customer"),
    "added_orders": lambda: gettext("Extra orders"),
    "added_revenue": lambda: gettext("Added revenue, total"),
    "profit": lambda: gettext("Profit after sending cost"),
    "unsubscribed": lambda: gettext("Unsubscribed"),
}
_SHOWN = ("bought", "revenue_per_customer", "added_revenue", "profit", "unsubscribed")


def context(ws: Workspace, request: HttpRequest, campaign: Any) -> dict[str, Any]:
    """What the chosen tab shows."""
    from zhiyin.services import reports

    wanted = request.GET.get("tab", "")
    tab = wanted if wanted in TABS else TABS[0]
    shown: dict[str, Any] = {
        "campaign": campaign,
        "section": "campaigns",
        "tab": tab,
        "tabs": _tabs(tab),
        **campaign_page.progress(ws, campaign.key),
    }
    if tab == "people":
        return {**shown, **campaign_people.listed(ws, request, campaign.key)}
    report = reports.campaign(ws, campaign.key)
    shown |= {"report": report, "state": report.state, "context_line": _context(ws, report)}
    if tab == "content":
        return {**shown, **campaign_page.content(ws, campaign)}
    return {**shown, **_figures(ws, report)}


def _tabs(now: str) -> list[dict[str, Any]]:
    labels = {
        "effect": gettext("Effect"),
        "delivery": gettext("Delivery"),
        "links": gettext("Links"),
        "people": gettext("People"),
        "content": gettext("Content"),
    }
    return [{"key": key, "label": labels[key], "now": key == now} for key in TABS]


def _figures(ws: Workspace, report: CampaignReport) -> dict[str, Any]:
    parts = accounted(report)
    return {
        "headline": headline(ws, report),
        "evidence": evidence(report),
        "rows": _rows(report),
        "parts": parts,
        "adds_up": equation(parts),
        "groups": groups(report),
        "responses": _responses(report),
        "course": _course(ws, report),
        "roi": report.roi,
    }


# --- the verdict ----------------------------------------------------------------------------------------


def headline(ws: Workspace, report: CampaignReport) -> str:
    """The answer in one sentence, by the state of the report."""
    orders = report.effect("added_orders")
    if report.state == "no_holdout":
        return gettext("This campaign kept no holdout, so its effect is not known.")
    if report.state == "measuring" and orders.note == "too_early":
        return _measuring(ws, report)
    if orders.value is None:
        return gettext("There is nothing to compare yet.")
    parts = {
        "orders": formats.number(abs(orders.value)),
        "low": formats.number(orders.low),
        "high": formats.number(orders.high),
    }
    if report.state == "measuring":
        return _measuring(ws, report)
    if report.state == "no_effect":
        return gettext("No effect seen: %(orders)s extra orders at most make no difference worth having.") % {
            "orders": formats.number(orders.high)
        }
    if report.state == "not_clear":
        return gettext("Not clear yet: from %(low)s to %(high)s extra orders.") % parts
    if orders.value > 0:
        return gettext("It worked: about %(orders)s extra orders (%(low)s to %(high)s).") % parts
    fewer = {
        "orders": parts["orders"],
        "low": formats.number(abs(orders.high or 0)),
        "high": formats.number(abs(orders.low or 0)),
    }
    return gettext("It did harm: about %(orders)s fewer orders (%(low)s to %(high)s).") % fewer


def _measuring(ws: Workspace, report: CampaignReport) -> str:
    lift = report.effect("bought")
    if report.window_ends is None or report.started_at is None:
        return gettext("Measuring: the window opens with the first decisions.")
    days = max(0, (report.as_of - report.started_at).days)
    so_far = gettext("It is too early to say.")
    if lift.low is not None:
        so_far = gettext("So far: %(low)s to %(high)s points, too early to say.") % {
            "low": formats.number(lift.low, 1, signed=True),
            "high": formats.number(lift.high, 1, signed=True),
        }
    until = ngettext(
        "Measuring until %(date)s. %(days)s of %(window)s day is in.",
        "Measuring until %(date)s. %(days)s of %(window)s days are in.",
        report.window_days,
    ) % {
        "date": formats.day(report.window_ends, ws.timezone, _language(), year=False),
        "days": formats.number(min(days, report.window_days)),
        "window": formats.number(report.window_days),
    }
    return gettext("%(until)s %(so_far)s") % {"until": until, "so_far": so_far}


def evidence(report: CampaignReport) -> str:
    """The raw counts of both groups, as assigned, and how likely a gain is."""
    message, held = report.message_group, report.holdout_group
    if report.state == "no_holdout":
        return gettext("Orders after the message: %(orders)s. That is not the same thing.") % {
            "orders": formats.number(report.converted)
        }
    counts = gettext(
        "%(bought)s of %(n)s customers assigned to the message bought (%(rate)s), against %(held_bought)s of "
        "%(held_n)s held out (%(held_rate)s)."
    ) % {
        "bought": formats.number(message.bought),
        "n": formats.number(message.n),
        "rate": formats.percent(message.rate),
        "held_bought": formats.number(held.bought),
        "held_n": formats.number(held.n),
        "held_rate": formats.percent(held.rate),
    }
    if report.probability_positive is None or report.state == "measuring":
        return counts
    return gettext("%(counts)s Probability that the effect is above zero: %(chance)s.") % {
        "counts": counts,
        "chance": _chance(report.probability_positive),
    }


def _chance(share: float) -> str:
    """A probability that never claims certainty."""
    if share > 0.999:
        return gettext("over 99.9%")
    if share < 0.001:
        return gettext("under 0.1%")
    return formats.percent(share, 1)


def _context(ws: Workspace, report: CampaignReport) -> str:
    """One line: channel, when, how long measured, which holdout."""
    if report.started_at is None:
        return ""
    return gettext("E-mail · started %(date)s (%(zone)s) · measured %(days)s days · holdout %(share)s") % {
        "date": formats.date_time(report.started_at, ws.timezone, _language()),
        "zone": ws.settings.shop.timezone,
        "days": report.window_days,
        "share": formats.percent(report.holdout, 0),
    }


# --- the table of effects -------------------------------------------------------------------------------


def _rows(report: CampaignReport) -> list[dict[str, Any]]:
    rows = []
    for effect in report.effects:
        if effect.name not in _SHOWN:
            continue
        estimate, unit = effect.estimate, effect.unit
        rows.append(
            {
                "label": _NAMES[effect.name](),
                "value": _write(estimate.value, unit, report.currency, signed=True, unit_word=True),
                "from_to": _from_to(estimate, unit, report.currency),
                "estimate": estimate,
                "domain": drawing.domain([estimate.low, estimate.high]),
                "good": "down" if effect.harm_above else "up",
                "note": _note(estimate),
            }
        )
    return rows


def _write(
    value: float | None, unit: str, currency: str, *, signed: bool = False, unit_word: bool = False
) -> str:
    if value is None:
        return formats.NONE
    if unit == "points":
        number = formats.number(value, 2, signed=signed)
        return gettext("%(number)s points") % {"number": number} if unit_word else number
    if unit == "money":
        whole = abs(value) >= 100 * 10 ** money.exponent(currency)
        shown = money.display(value, currency, whole=whole)
        return f"+{shown}" if signed and round(value) > 0 else shown
    return formats.number(value, signed=signed)


def _from_to(estimate: Estimate, unit: str, currency: str) -> str:
    if estimate.low is None or estimate.high is None:
        return formats.NONE
    return f"{_write(estimate.low, unit, currency)} – {_write(estimate.high, unit, currency)}"


def _note(estimate: Estimate) -> str:
    return {
        "too_early": gettext("too early to say"),
        "too_few": gettext("too few people"),
        "no_holdout": gettext("no holdout"),
        "no_cost": gettext("no cost given"),
    }.get(estimate.note, "")


# --- everyone accounted for -----------------------------------------------------------------------------


def accounted(report: CampaignReport) -> list[campaign_page.Part]:
    """The parts of the bar, from the send ledger."""
    found = report.accounted
    counts = {
        "held_out": found.held_out,
        "refused": sum(found.refused.values()),
        "accepted": found.delivered,
        "failed": sum(found.failed.values()),
        "unknown": found.unknown,
        "pending": found.pending,
    }
    return campaign_page.accounts(counts, found.refused, found.failed, report.holdout)


def equation(parts: Sequence[campaign_page.Part]) -> str:
    """The sum in words: 24,860 planned = held out + refused + delivered + failed + unknown."""
    return gettext("%(planned)s planned = %(parts)s") % {
        "planned": formats.number(sum(part.count for part in parts)),
        "parts": " + ".join(part.label.lower() for part in parts),
    }


# --- for whom, response, course -------------------------------------------------------------------------


def groups(report: CampaignReport) -> dict[str, Any] | None:
    """The lift in all and in each lifecycle stage, with the stretch that the intervals share."""
    if not report.groups:
        return None
    lift = report.effect("bought")
    everyone = report.message_group.n + report.holdout_group.n
    rows = [{"label": gettext("All"), "n": everyone, "lift": lift, "strong": True}]
    rows += [
        {
            "label": words.name(words.STAGES, part.name),
            "n": part.n_message + part.n_holdout,
            "lift": part.lift,
            "strong": False,
        }
        for part in report.groups
    ]
    for row in rows:
        value = row["lift"].value
        few = gettext("too early") if row["lift"].note == "too_early" else gettext("few")
        row["digits"] = formats.number(value, 1, signed=True) if value is not None else few
    bounds = [bound for row in rows for bound in (row["lift"].low, row["lift"].high)]
    judged = sum(1 for part in report.groups if part.lift.value is not None)
    return {
        "rows": rows,
        "domain": drawing.domain(bounds),
        "note": ngettext(
            "%(n)s group compared. Hollow means the interval includes zero.",
            "%(n)s groups compared; intervals are widened for that. Hollow means the interval includes zero.",
            judged,
        )
        % {"n": formats.number(judged)},
        "worth": worth_testing(report),
    }


def worth_testing(report: CampaignReport) -> str:
    """A proposal for the next test: to leave out the groups in which a gain worth having can be ruled out.

    An interval that merely includes zero is no such proof, so most reports propose nothing.
    """
    if report.state == "measuring":
        return ""
    worth = report.smallest_effect * 100  # points, as lifts are
    gained = [part for part in report.groups if part.lift.low is not None and part.lift.low > 0]
    without = [part for part in report.groups if part.lift.high is not None and part.lift.high < worth]
    if not gained or not without:
        return ""
    return gettext(
        "Worth testing next: leave out %(without)s, where a gain worth having is unlikely. %(gained)s gained."
    ) % {"gained": _listed(gained), "without": _listed(without)}


def _listed(parts: Sequence[Any]) -> str:
    return gettext(", ").join(words.name(words.STAGES, part.name).lower() for part in parts)


def _responses(report: CampaignReport) -> list[dict[str, Any]]:
    """One bar each for opens, clicks, purchases and leavers, of those delivered."""
    delivered = max(1, report.accounted.delivered)

    def part(label: str, count: int, tone: str, hatch: bool = False, note: str = "") -> dict[str, Any]:
        share = count / delivered
        return {
            "label": label,
            "count": count,
            "width": min(100.0, 100 * share),
            "tone": tone,
            "hatch": hatch,
            "share": note or formats.percent(share, 1),
        }

    def kinds(counts: Any) -> list[dict[str, Any]]:
        human = part(gettext("human"), counts.human, "gain")
        others = [
            part(gettext("unknown"), counts.unknown, "grey"),
            part(gettext("machine"), counts.machine, "blue", hatch=True),
        ]
        return [human, *(other for other in others if other["count"])]

    bought = ngettext(
        "within %(days)s day, as assigned", "within %(days)s days, as assigned", report.window_days
    ) % {"days": report.window_days}
    return [
        {"label": gettext("Opened"), "parts": kinds(report.opened)},
        {"label": gettext("Clicked"), "parts": kinds(report.clicked)},
        {
            "label": gettext("Bought"),
            "parts": [part(gettext("bought"), report.converted, "gain", note=bought)],
        },
        {
            "label": gettext("Unsubscribed"),
            "parts": [part(gettext("unsubscribed"), report.unsubscribed, "harm")],
        },
    ]


def _course(ws: Workspace, report: CampaignReport) -> dict[str, Any] | None:
    """Extra orders day by day, for the chart and for its table."""
    days = [day for day in report.daily if day.added_orders.value is not None]
    if len(days) < 2:
        return None
    last = days[-1].added_orders
    rows = [
        {
            "label": _day(day.date),
            "value": formats.number(day.added_orders.value),
            "from_to": _from_to(day.added_orders, "count", report.currency),
        }
        for day in days
    ]
    return {
        "rows": rows,
        "finding": gettext("Extra orders by the last day: %(value)s (%(low)s to %(high)s)")
        % {
            "value": formats.number(last.value),
            "low": formats.number(last.low),
            "high": formats.number(last.high),
        },
        "data": {
            "labels": [row["label"] for row in rows],
            "values": [day.added_orders.value for day in days],
            "low": [day.added_orders.low for day in days],
            "high": [day.added_orders.high for day in days],
            "name": gettext("Estimate"),
            "band": gettext("95% interval"),
        },
    }


def _day(day: Any) -> str:
    from datetime import UTC, datetime, time

    return formats.day(datetime.combine(day, time(), UTC), UTC, _language(), year=False)  # type: ignore[arg-type]


def _language() -> str:
    return get_language() or "en"
