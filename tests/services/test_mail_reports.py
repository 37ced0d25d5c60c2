"""Reports of receivers are kept once each, and their sums add up."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from tests.deliver.reports import DAY, dmarc, failure, gzipped, mail, tls, zipped

from zhiyin.adapters.records.models import MailReport, MailReportRow
from zhiyin.domain.errors import BadFile
from zhiyin.services import mail_report_sums, mail_reports
from zhiyin.services.workspace import Workspace

OURS = {"ip": "192.0.2.1", "count": 90, "dkim": "pass", "spf": "pass"}
FORWARDED = {"ip": "198.51.100.2", "count": 6, "dkim": "pass"}
FORGED = {"ip": "203.0.113.3", "count": 4, "disposition": "reject"}


def take(ws: Workspace, data: bytes) -> mail_reports.ReadResult:
    result = mail_reports.ReadResult()
    mail_reports.take(ws, "file", len(data), lambda: data, result)
    return result


def write(folder: Path, **files: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def test_a_report_counts_once_however_often_and_in_whatever_form_it_comes(
    workspace: Workspace, tmp_path: Path
) -> None:
    plain = dmarc(OURS)
    folder = write(
        tmp_path / "reports", a=plain, b=gzipped(plain), c=zipped([("x.xml", plain)]),
        d=mail(gzipped(plain), "x.gz"), e=failure(), f=failure().replace(b"\n", b"\r\n"), g=tls(), h=b"Hello",
    )  # fmt: skip
    result = mail_reports.read(workspace, [folder])
    assert (result.files, result.new, result.known) == (8, 3, 4)
    assert [(one.name, one.reason) for one in result.refused] == [("h", "not_a_report")]
    again = mail_reports.read(workspace, [folder / "a", folder / "g"])
    assert (again.found, again.new) == (2, 0)
    assert MailReport.objects.count() == 3
    assert mail_report_sums.summary(workspace).messages == 90


def test_another_domain_or_organisation_may_use_the_same_id(workspace: Workspace) -> None:
    for changes in ({}, {"org": "other.example"}, {"domain": "shop2.example"}):
        assert take(workspace, dmarc(OURS, **changes)).new == 1
    assert mail_report_sums.summary(workspace).messages == 270
    only = mail_report_sums.summary(workspace, domain="shop2.example")
    assert (only.messages, only.domains) == (90, ["shop.example", "shop2.example"])


def test_the_sums_say_who_sent_and_what_passed(workspace: Workspace) -> None:
    take(workspace, dmarc(OURS, FORWARDED, FORGED))
    take(workspace, dmarc(OURS, report_id="r2", begin=DAY + 86_400, end=DAY + 90_000))
    take(workspace, tls(("certificate-expired", 10)))
    take(workspace, failure())
    found = mail_report_sums.summary(workspace)
    assert [(one.day, one.passed, one.failed) for one in found.days] == [
        (date(2026, 1, 1), 96, 4),
        (date(2026, 1, 2), 90, 0),
    ]
    assert [
        (one.source, one.messages, one.passed, one.dkim, one.spf, one.rejected) for one in found.senders
    ] == [
        ("192.0.2.1", 180, 180, 180, 180, 0),
        ("198.51.100.2", 6, 6, 6, 0, 0),
        ("203.0.113.3", 4, 0, 0, 0, 4),
    ]
    assert found.senders[0].sent_by == ("bounce.esp.example",)
    assert sum(one.messages for one in found.senders) == found.messages == found.passed + 4
    assert (found.sessions, found.secured) == (100, 90)
    assert [(one.result, one.count) for one in found.tls_failures] == [("certificate-expired", 10)]
    assert [(one.result, one.source, one.count) for one in found.failures] == [("dmarc", "192.0.2.9", 1)]
    assert found.reports == {"dmarc": 2, "failure": 1, "tls": 1}


def test_old_reports_are_kept_and_left_out_of_the_last_days(workspace: Workspace) -> None:
    take(workspace, dmarc(OURS, begin=302_832_000, end=302_918_399))
    assert mail_report_sums.summary(workspace, days=90).messages == 0
    assert mail_report_sums.summary(workspace, days=90).kept == 1
    assert mail_report_sums.summary(workspace).first == date(1979, 8, 7)


def test_no_recipient_is_kept(workspace: Workspace) -> None:
    take(workspace, failure())
    kept = [*MailReport.objects.values_list(), *MailReportRow.objects.values_list()]
    assert "ann" not in repr(kept)


def test_a_path_that_leads_nowhere_is_told_before_anything_is_read(
    workspace: Workspace, tmp_path: Path
) -> None:
    folder = write(tmp_path / "reports", a=dmarc(OURS))
    with pytest.raises(BadFile, match="nowhere"):
        mail_reports.read(workspace, [folder, tmp_path / "nowhere"])
    assert MailReport.objects.count() == 0


def test_what_is_too_large_is_not_even_read(workspace: Workspace) -> None:
    result = mail_reports.ReadResult()
    mail_reports.take(workspace, "huge", 10**12, lambda: pytest.fail("was read"), result)
    assert [(one.name, one.reason) for one in result.refused] == [("huge", "too_large")]
