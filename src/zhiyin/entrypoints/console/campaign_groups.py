"""For whom a campaign worked: the lift in each lifecycle stage, and what to test next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext, ngettext

from zhiyin.entrypoints.console import drawing, formats, words
from zhiyin.services.reports import CampaignReport


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
