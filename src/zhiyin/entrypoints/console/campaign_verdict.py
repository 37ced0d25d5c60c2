"""The verdict on a campaign in words: the answer, the counts behind it, and the line of context."""

from __future__ import annotations

from django.utils.translation import get_language, gettext, ngettext

from zhiyin.entrypoints.console import formats
from zhiyin.services.reports import CampaignReport
from zhiyin.services.workspace import Workspace


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


def context(ws: Workspace, report: CampaignReport) -> str:
    """One line: channel, when, how long measured, which holdout."""
    if report.started_at is None:
        return ""
    return gettext("E-mail · started %(date)s (%(zone)s) · measured %(days)s days · holdout %(share)s") % {
        "date": formats.date_time(report.started_at, ws.timezone, get_language() or "en"),
        "zone": ws.settings.shop.timezone,
        "days": report.window_days,
        "share": formats.percent(report.holdout, 0),
    }


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
        "date": formats.day(report.window_ends, ws.timezone, get_language() or "en", year=False),
        "days": formats.number(min(days, report.window_days)),
        "window": formats.number(report.window_days),
    }
    return gettext("%(until)s %(so_far)s") % {"until": until, "so_far": so_far}


def _chance(share: float) -> str:
    """A probability that never claims certainty."""
    if share > 0.999:
        return gettext("over 99.9%")
    if share < 0.001:
        return gettext("under 0.1%")
    return formats.percent(share, 1)
