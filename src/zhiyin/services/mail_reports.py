"""Reports of receivers: files are read, and each report is kept once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from django.db import IntegrityError, transaction

from zhiyin.adapters.records.models import MailReport, MailReportRow
from zhiyin.domain import mail_report as reports
from zhiyin.domain.errors import BadFile
from zhiyin.domain.mail_report import RefusedReport
from zhiyin.domain.reasons import ReportReason
from zhiyin.domain.text import say
from zhiyin.loop.deliver import mail_reports as reader
from zhiyin.loop.deliver.mail_reports.refusal import FIXES
from zhiyin.loop.deliver.mail_reports.unpack import MOST_BYTES
from zhiyin.services.workspace import Workspace

OnProgress = Callable[[int, int | None, str | None], object]


@dataclass(slots=True)
class ReadResult:
    """What became of what the files held: found = new + known, the rest refused with its reason."""

    files: int = 0
    new: int = 0
    known: int = 0
    refused: list[RefusedReport] = field(default_factory=list)

    @property
    def found(self) -> int:
        """The reports that were read."""
        return self.new + self.known


def read(ws: Workspace, paths: Sequence[str | Path], on_progress: OnProgress | None = None) -> ReadResult:
    """Take in the reports of files and folders. Raises ``BadFile`` where a path leads nowhere, before any is read."""
    files = list(_files(paths))
    result = ReadResult()
    for number, file in enumerate(files, 1):
        take(ws, file.name, file.stat().st_size, partial(_content, file), result)
        if on_progress is not None:
            on_progress(number, len(files), None)
    return result


def take(ws: Workspace, name: str, size: int, content: Callable[[], bytes], result: ReadResult) -> None:
    """Take in the reports of one file; counts go into ``result``. What is too large is not even read."""
    result.files += 1
    if size > MOST_BYTES:
        why = say("It is larger than {n} MB.", n=MOST_BYTES // 1_000_000)
        refused = RefusedReport(name, ReportReason.TOO_LARGE, why, FIXES[ReportReason.TOO_LARGE])
        result.refused.append(refused)
        return
    found = reader.read(content(), name)
    result.refused += found.refused
    now = ws.now()
    for report in found.reports:
        if _keep(report, now):
            result.new += 1
        else:
            result.known += 1


def _keep(report: reports.MailReport, now: datetime) -> bool:
    """Write a report; False if it is known."""
    row = MailReport(
        kind=report.kind,
        org=report.org[:300],
        domain=report.domain[:253],
        report_id=report.report_id[:300],
        day=report.begin.date(),
        begin=report.begin,
        end=report.end,
        policy=report.policy[:300],
        read_at=now,
    )
    try:
        with transaction.atomic():
            row.save()
            MailReportRow.objects.bulk_create(
                [
                    MailReportRow(
                        report=row,
                        source=one.source[:300],
                        count=one.count,
                        domain=one.domain[:253],
                        result=one.result[:300],
                        disposition=one.disposition,
                        dkim=one.dkim,
                        spf=one.spf,
                        signed_by=one.signed_by[:500],
                        sent_by=one.sent_by[:500],
                    )
                    for one in report.rows
                ],
                batch_size=500,
            )
    except IntegrityError:
        return False
    return True


def _files(paths: Sequence[str | Path]) -> Iterator[Path]:
    for given in map(Path, paths):
        if given.is_dir():
            yield from sorted(
                one for one in given.rglob("*") if one.is_file() and not one.name.startswith(".")
            )
        elif given.is_file():
            yield given
        else:
            raise BadFile(
                say("There is no file or folder {path}.", path=given),
                fix=say("Check the spelling of the path."),
            )


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadFile(
            say("{path} cannot be read: {error}", path=file, error=error.strerror or str(error)),
            fix=say("Check who may read it."),
        ) from error
