"""Messages that came back, read from files outside any workspace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zhiyin.adapters.sources import messages
from zhiyin.domain.bounce import Bounce, BounceReport
from zhiyin.loop.deliver.bounces import LIMIT, classify


@dataclass(frozen=True, slots=True)
class Classified:
    """One message of a file and what it says; ``problem`` tells why one cannot be read."""

    file: str
    number: int
    report: BounceReport
    problem: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Where it is, the worst of it, and all of its recipients."""
        report, worst = self.report, self.report.worst
        return {
            "file": self.file,
            **_told(worst),
            "number": self.number,
            "source": report.source,
            "reporting_mta": report.reporting_mta,
            "message_id": report.message_id,
            "tag": report.tag,
            "return_path": report.return_path,
            "cut": report.cut,
            "problem": self.problem,
            "recipients": [_told(bounce) for bounce in report.bounces],
        }


def classify_files(path: Path) -> Iterator[Classified]:
    """Each message of a file, a folder or an mbox with its report, in order, one in memory at a time.

    Raises ``BadFile`` where there is nothing of that name.
    """
    for raw in messages.messages(path, LIMIT):
        yield Classified(raw.file, raw.number, classify(raw.content), raw.problem)


def _told(bounce: Bounce) -> dict[str, Any]:
    return {
        "kind": bounce.kind.value,
        "status": bounce.status,
        "reason": bounce.reason.value,
        "recipient": bounce.recipient,
        "final_recipient": bounce.final_recipient,
        "code": bounce.code,
        "message_caused": bounce.message_caused,
        "final": bounce.final,
        "diagnostic": bounce.diagnostic,
        "remote_mta": bounce.remote_mta,
    }
