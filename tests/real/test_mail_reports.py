"""Real reports of receivers: the samples of parsedmarc, the broken ones among them too."""

from __future__ import annotations

import re
from xml.dom import minidom
from xml.parsers.expat import ExpatError

import pytest
from bench import mail_reports

from zhiyin.loop.deliver.mail_reports import read

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        not mail_reports.DATA.exists(), reason="the samples of reports are not beside the project"
    ),
]


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return mail_reports.samples()


def test_every_well_formed_sample_is_read_and_every_broken_one_refused(files: dict[str, bytes]) -> None:
    assert len(files) == 23
    assert [path for path, data in files.items() if not mail_reports.right(path, read(data, path))] == []


def test_what_is_refused_is_what_an_xml_parser_refuses(files: dict[str, bytes]) -> None:
    refused = set()
    for path, data in files.items():
        if path.endswith(".xml"):
            try:
                minidom.parseString(data)
            except ExpatError:
                refused.add(path)
    assert refused == {path for path in files if mail_reports.broken(path)}


def test_every_message_of_the_plain_samples_is_counted(files: dict[str, bytes]) -> None:
    for path, data in files.items():
        if path.endswith(".xml") and not mail_reports.broken(path):
            (report,) = read(data, path).reports
            written = sum(map(int, re.findall(rb"<count>(\d+)</count>", data)))
            assert sum(row.count for row in report.rows) == written, path


def test_known_figures_of_single_samples(files: dict[str, bytes]) -> None:
    by_name = {path.rpartition("/")[2]: read(data, path).reports for path, data in files.items()}
    (new,) = by_name["rfc9990-sample.xml"]
    assert [(row.source, row.count, row.dkim, row.spf) for row in new.rows] == [
        ("192.0.2.123", 123, True, False)
    ]
    (upper,) = by_name["report_with_upper_cased_pass.xml"]
    assert [(row.dkim, row.spf) for row in upper.rows] == [(True, True)]
    (tls,) = by_name["smtp_tls.json"]
    assert [(row.result, row.count) for row in tls.rows] == [("validation-failure", 3)]
    assert by_name["nice-input.xml"] == by_name["nice-input.xml.zip"]
    assert by_name["dmarc_ruf_report_linkedin.eml"] == by_name["dmarc_ruf_report_linkedin.crlf.eml"]
