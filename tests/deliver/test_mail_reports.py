"""Reports of receivers: every form is read alike, and what is broken is refused with its reason."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.deliver import reports
from tests.deliver.reports import DAY, dmarc, failure, gzipped, mail, tls, zipped

from zhiyin.domain.mail_report import MailReport, ReportRow
from zhiyin.domain.reasons import ReportReason
from zhiyin.loop.deliver.mail_reports import read
from zhiyin.loop.deliver.mail_reports.unpack import MOST_BYTES, MOST_MEMBERS


def one(data: bytes, name: str = "file") -> MailReport:
    found = read(data, name)
    assert found.refused == ()
    (report,) = found.reports
    return report


def reason(data: bytes) -> ReportReason:
    found = read(data, "file")
    assert found.reports == ()
    (refused,) = found.refused
    assert refused.why
    assert refused.fix
    return refused.reason


ROW = {"ip": "192.0.2.7", "count": 3, "dkim": "pass", "disposition": "none"}


def test_a_row_says_who_sent_how_much_and_what_passed() -> None:
    report = one(dmarc({**ROW, "spf": "fail", "reason": "forwarded"}, {"disposition": "reject"}))
    assert (report.kind, report.org, report.report_id, report.domain) == (
        "dmarc", "mail.example", "r1", "shop.example",
    )  # fmt: skip
    assert report.begin.timestamp() == DAY
    assert report.policy == "p=reject; pct=100"
    assert set(report.rows) == {
        ReportRow("192.0.2.7", 3, "shop.example", "forwarded", "none", True, False),
        ReportRow("192.0.2.1", 1, "shop.example", "", "reject", False, False),
    }


def test_equal_rows_are_summed() -> None:
    assert [row.count for row in one(dmarc(ROW, ROW, ROW)).rows] == [9]


@pytest.mark.parametrize(
    "data",
    [
        dmarc(ROW),
        b"\xef\xbb\xbf" + dmarc(ROW) + b"\r\n\x00",
        dmarc(ROW).decode().replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16"),
        dmarc(ROW, root='<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0">'),
        dmarc({**ROW, "dkim": "Pass", "disposition": "NONE"}),
        dmarc({**ROW, "disposition": "pass"}),
        gzipped(dmarc(ROW)),
        zipped([("report.xml", dmarc(ROW))]),
        mail(gzipped(dmarc(ROW)), "a!b!1!2.xml.gz"),
        mail(zipped([("report.xml", dmarc(ROW))]), "report.zip", ("application", "zip")),
        mail(dmarc(ROW), "report.xml", ("text", "xml")),
        b"From dmarc@mail.example Thu Jan  1 09:00:00 2026\n" + mail(gzipped(dmarc(ROW)), "r.gz"),
        zipped([("mail.eml", mail(gzipped(dmarc(ROW)), "r.gz"))]),
    ],
    ids=map(str, range(20)),
)
def test_every_form_of_a_report_is_the_same_report(data: bytes) -> None:
    assert one(data) == one(dmarc(ROW))


def test_an_mbox_holds_many_reports_and_each_is_read() -> None:
    line = b"From dmarc@mail.example Thu Jan  1 09:00:00 2026\n"
    parts = [mail(gzipped(dmarc(ROW, report_id=name)), "r.gz") for name in ("a", "b")]
    found = read(
        b"\n".join([line + parts[0], line + b"Subject: Hello\n\nDear all\n", line + parts[1]]), "box"
    )
    assert [report.report_id for report in found.reports] == ["a", "b"]
    assert [refused.reason for refused in found.refused] == ["not_a_report"]


def test_tls_sessions_are_counted_by_result() -> None:
    report = one(tls(("certificate-expired", 4), ("starttls-not-supported", 2), failed=10))
    assert {(row.result, row.source): row.count for row in report.rows} == {
        ("success", ""): 90,
        ("certificate-expired", "mx.shop.example"): 4,
        ("starttls-not-supported", "mx.shop.example"): 2,
        ("not-stated", ""): 4,
    }
    assert one(mail(gzipped(tls()), "r.json.gz", ("application", "tlsrpt+gzip"))) == one(tls())


def test_a_failure_report_names_the_source_and_no_recipient() -> None:
    report = one(failure())
    (row,) = report.rows
    assert (report.kind, report.org, report.domain) == ("failure", "mail.example", "shop.example")
    assert (row.source, row.result, row.disposition) == ("192.0.2.9", "dmarc", "reject")
    assert row.sent_by == "bounce.shop.example"
    assert "ann" not in repr(report)
    assert one(failure().replace(b"\n", b"\r\n")) == report
    assert one(failure(Incidents="12")).rows[0].count == 12


LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", ReportReason.NOT_A_REPORT),
        (b"Dear all", ReportReason.NOT_A_REPORT),
        (b"<html><body/></html>", ReportReason.NOT_A_REPORT),
        (b"<feedback>" + b"<a>" * 40, ReportReason.NOT_A_REPORT),
        (b'{"hello": 1}', ReportReason.NOT_A_REPORT),
        (b"Subject: Hello\n\nDear all\n", ReportReason.NOT_A_REPORT),
        (failure(Feedback_Type="abuse"), ReportReason.NOT_A_REPORT),
        (zipped([]).ljust(30), ReportReason.NOT_A_REPORT),
        (dmarc(ROW)[:-30], ReportReason.BROKEN_XML),
        (dmarc({**ROW, "from_": "a<b"}), ReportReason.BROKEN_XML),
        (dmarc({**ROW, "from_": "caf\u00e9"}).replace(b"\xc3", b""), ReportReason.BROKEN_XML),
        (dmarc(ROW).replace(b"UTF-8", b"GB18030"), ReportReason.BROKEN_XML),
        (dmarc(ROW).replace(b"<feedback>", LAUGHS + b"<feedback>"), ReportReason.UNSAFE_XML),
        (
            b"<?xml version='1.0'?><!DOCTYPE x SYSTEM 'file:///etc/passwd'><feedback/>",
            ReportReason.UNSAFE_XML,
        ),
        (dmarc(), ReportReason.MISSING_PART),
        (b"<feedback/>", ReportReason.MISSING_PART),
        (dmarc(ROW, org="", report_id=""), ReportReason.MISSING_PART),
        (dmarc({**ROW, "ip": "mail.example"}), ReportReason.BAD_VALUE),
        (dmarc({**ROW, "count": -1}), ReportReason.BAD_VALUE),
        (dmarc({**ROW, "count": "9" * 15}), ReportReason.BAD_VALUE),
        (dmarc({**ROW, "disposition": "eaten"}), ReportReason.BAD_VALUE),
        (dmarc(ROW, begin=DAY, end=DAY - 1), ReportReason.BAD_VALUE),
        (dmarc(ROW, begin=10**30), ReportReason.BAD_VALUE),
        (dmarc(ROW, report_id="x" * 400), ReportReason.BAD_VALUE),
        (gzipped(dmarc(ROW))[:-20], ReportReason.BROKEN_ARCHIVE),
        (zipped([("a.xml", dmarc(ROW))])[:-60], ReportReason.BROKEN_ARCHIVE),
        (tls()[:-5], ReportReason.BROKEN_JSON),
        (b'{"policies": ' + b"[" * 200_000, ReportReason.BROKEN_JSON),
        (tls().replace(b"Mail Inc.", b"\xff"), ReportReason.BROKEN_JSON),
        (tls(policies=[]), ReportReason.MISSING_PART),
        (tls(**{"date-range": {"start-datetime": "2026-01-01"}}), ReportReason.MISSING_PART),
        (tls(**{"report-id": "a\x00b"}), ReportReason.BAD_VALUE),
        (tls(("x", -1)), ReportReason.BAD_VALUE),
        (failure(Source_IP="nowhere"), ReportReason.BAD_VALUE),
        (failure(Arrival_Date="yesterday"), ReportReason.BAD_VALUE),
    ],
    ids=map(str, range(50)),
)
def test_what_is_broken_is_refused_with_its_reason(data: bytes, why: ReportReason) -> None:
    assert reason(data) == why


def test_bombs_are_refused_before_they_grow() -> None:
    bomb = gzipped(b"<feedback>" + b" " * (MOST_BYTES + 1))
    assert reason(bomb) == ReportReason.TOO_LARGE
    assert reason(gzipped(bomb)) == ReportReason.TOO_LARGE
    many = zipped([(f"{number}.xml", b"<feedback/>") for number in range(MOST_MEMBERS + 1)])
    assert reason(many) == ReportReason.TOO_LARGE
    nested = dmarc(ROW)
    for _ in range(7):
        nested = gzipped(nested)
    assert reason(nested) == ReportReason.NOT_A_REPORT
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (depth, depth) for depth in range(500)
    )
    assert reason(b"Subject: x\n" + deep) == ReportReason.NOT_A_REPORT


outcomes = st.fixed_dictionaries(
    {
        "ip": st.ip_addresses().map(str),
        "count": st.integers(0, 10**9),
        "dkim": st.sampled_from(["pass", "fail"]),
        "spf": st.sampled_from(["pass", "fail", "softfail"]),
        "disposition": st.sampled_from(["none", "quarantine", "reject"]),
    }
)


@settings(max_examples=40)
@given(st.lists(outcomes, min_size=1, max_size=8))
def test_no_message_is_lost_in_reading(rows: list[dict[str, object]]) -> None:
    report = one(dmarc(*rows))
    assert sum(row.count for row in report.rows) == sum(row["count"] for row in rows)
    passed = sum(row["count"] for row in rows if "pass" in (row["dkim"], row["spf"]))
    assert sum(row.count for row in report.rows if row.dkim or row.spf) == passed
    assert {row.source for row in report.rows} == {row["ip"] for row in rows}


@settings(max_examples=120)
@given(st.data())
def test_whatever_the_file_it_is_read_or_refused_and_nothing_is_raised(data: st.DataObject) -> None:
    whole = data.draw(
        st.sampled_from([dmarc(ROW), tls(("x", 1)), failure(), mail(gzipped(dmarc(ROW)), "r.gz")])
    )
    at = data.draw(st.integers(0, len(whole)))
    damage = data.draw(st.binary(max_size=6))
    found = read(whole[:at] + damage + whole[at + data.draw(st.integers(0, 40)) :], "file")
    assert found.reports or found.refused
    json.dumps([str(refused.why) for refused in found.refused]).encode()


def test_the_builder_writes_what_an_independent_parser_reads() -> None:
    from xml.dom import minidom

    assert minidom.parseString(reports.dmarc(ROW)).getElementsByTagName("count")[0].firstChild.data == "3"
