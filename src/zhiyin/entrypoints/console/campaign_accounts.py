"""Everyone a campaign planned, accounted for: the parts of one bar, which add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from zhiyin.domain.message import MessageStatus
from zhiyin.entrypoints.console import formats, words
from zhiyin.services.reports import CampaignReport


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the accounted-for bar; the parts of a bar add up to everyone planned."""

    code: str
    label: str
    count: int
    width: float
    tone: str
    note: str = ""
    hatch: bool = False
    outline: bool = False
    people: bool = True


def pending(state: Mapping[str, Any]) -> int:
    """How many are planned and not settled."""
    return sum(int(state[status]) for status in ("waiting", MessageStatus.CLAIMED, MessageStatus.HANDED_OVER))


def parts(state: Mapping[str, Any], holdout: float) -> list[Part]:
    """Everyone planned, by what became of them; the counts add up to ``state["planned"]``."""
    counts = {
        status: int(state[status]) for status in ("held_out", "refused", "accepted", "failed", "unknown")
    }
    return accounts(
        {**counts, "pending": pending(state)},
        state["refused_by_reason"],
        state["failed_by_reason"],
        holdout,
        state["came_back"],
    )


def accounted(report: CampaignReport) -> list[Part]:
    """The parts of the bar of a report, from the send ledger."""
    found = report.accounted
    counts = {
        "held_out": found.held_out,
        "refused": sum(found.refused.values()),
        "accepted": found.delivered,
        "failed": sum(found.failed.values()),
        "unknown": found.unknown,
        "pending": found.pending,
    }
    return accounts(counts, found.refused, found.failed, report.holdout, found.came_back)


def equation(parts: Sequence[Part]) -> str:
    """The sum in words: 24,860 planned = held out + refused + delivered + failed + unknown."""
    return gettext("%(planned)s planned = %(parts)s") % {
        "planned": formats.number(sum(part.count for part in parts)),
        "parts": " + ".join(part.label.lower() for part in parts),
    }


def accounts(
    counts: Mapping[str, int],
    refused: Mapping[str, int],
    failed: Mapping[str, int],
    holdout: float,
    came_back: Mapping[str, int],
) -> list[Part]:
    """The parts of the bar from their counts, with a note under each."""
    planned = sum(counts.values())
    looks = {
        "held_out": (
            "grey",
            gettext("%(share)s, chosen by chance, kept for comparison")
            % {"share": formats.percent(holdout, 0)},
        ),
        "refused": ("violet", _reasons(refused)),
        "accepted": ("gain", _accepted(came_back)),
        "failed": ("harm", _reasons(failed)),
        "unknown": ("ink", gettext("Connection lost after hand-over. Not resent.")),
        "pending": ("grey", gettext("Not handed over yet")),
    }
    labels = {**words.STATUSES, "pending": gettext("Pending")}
    made = []
    for code, (tone, note) in looks.items():
        count = counts[code]
        if code == "pending" and not count:
            continue
        made.append(
            Part(
                code,
                words.name(labels, code),
                count,
                100 * count / planned if planned else 0.0,
                tone,
                note if count else "",
                hatch=code == "refused",
                outline=code == "pending",
            )
        )
    return made


def _accepted(came_back: Mapping[str, int]) -> str:
    """What a server took over, and what of that came back all the same."""
    if not came_back:
        return gettext("Accepted by the receiving server")
    return gettext("Accepted by the receiving server. Came back later: %(parts)s") % {
        "parts": _reasons(came_back)
    }


def _reasons(counts: Mapping[str, int]) -> str:
    shown = sorted(((count, reason) for reason, count in counts.items() if count), reverse=True)
    return " · ".join(
        f"{words.name(words.REASONS, reason)} {formats.number(count)}" for count, reason in shown
    )
