"""Deliverability in the console: reports are read and drawn, and DNS is asked only by the button."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from tests.console.test_chinese_pages import english
from tests.console.test_sources import heading, plain, signed_in
from tests.deliver.reports import dmarc, failure, gzipped, tls
from tests.services.name_server import Server, serving
from tests.services.test_domain_health import ZONE

from zhiyin.adapters import dns
from zhiyin.adapters.records.models import DomainCheck, MailReport
from zhiyin.services import mail_reports
from zhiyin.services.workspace import Workspace

PAGE = "/settings/deliverability"
OURS = {"ip": "192.0.2.1", "count": 90, "dkim": "pass", "spf": "pass"}
FORGED = {"ip": "203.0.113.3", "count": 10, "disposition": "reject"}


def page(query: str = "", language: str = "en") -> str:
    answer = signed_in(language).get(f"{PAGE}{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def upload(browser: object, *files: tuple[str, bytes]) -> object:
    return browser.post(
        f"{PAGE}/read", {"files": [SimpleUploadedFile(name, content) for name, content in files]}
    )


@pytest.fixture
def told(owned: Workspace) -> Workspace:
    """The workspace with a report of each kind."""
    for name, data in (("d", dmarc(OURS, FORGED)), ("t", tls(("certificate-expired", 10))), ("f", failure())):
        mail_reports.take(owned, name, len(data), lambda data=data: data, mail_reports.ReadResult())
    return owned


def test_without_reports_the_page_says_what_to_publish(owned: Workspace) -> None:
    shown = page()
    assert heading(shown) == "Deliverability"
    assert "v=DMARC1; p=none; rua=mailto:dmarc@shop.example" in shown
    assert "v=TLSRPTv1; rua=mailto:tls@shop.example" in shown
    assert "data-zy-chart" not in shown


def test_the_answer_comes_first_and_the_chart_has_a_table_with_the_same_figures(told: Workspace) -> None:
    shown = page("?days=0")
    assert heading(shown) == "90.0% of 100 messages passed DMARC."
    chart = json.loads(re.search(r'id="mail-data" type="application/json">(.*?)</script>', shown)[1])
    assert chart["labels"] == ["1 Jan"]
    assert [one["values"] for one in chart["series"]] == [[90], [10]]
    table = plain(re.search(r'id="mail-table".*?</table>', shown, re.S)[0])
    assert "1 Jan 90 10" in table
    assert "203.0.113.3" in shown
    assert "The certificate has expired" in shown
    assert len(re.findall("btn-primary", shown)) == 1


def test_a_long_stretch_is_drawn_by_month(told: Workspace) -> None:
    late = datetime(2026, 9, 2, tzinfo=UTC).timestamp()
    data = dmarc(OURS, report_id="late", begin=int(late), end=int(late) + 60)
    mail_reports.take(told, "late", len(data), lambda: data, mail_reports.ReadResult())
    chart = json.loads(
        re.search(r'id="mail-data" type="application/json">(.*?)</script>', page("?days=0"))[1]
    )
    assert chart["labels"][0] == "January 2026"
    assert len(chart["labels"]) == 9
    assert sum(chart["series"][0]["values"]) == 180


def test_a_filter_without_reports_offers_all_of_them(told: Workspace) -> None:
    old = dmarc(OURS, begin=302_832_000, end=302_918_399)
    MailReport.objects.all().delete()
    mail_reports.take(told, "old", len(old), lambda: old, mail_reports.ReadResult())
    assert "1 report is older" in plain(page("?days=28"))
    assert heading(page("?days=0")).startswith("100.0%")
    assert page("?days=nonsense&domain=%00&check=%00%3Cb%3E") is not None


def test_uploaded_reports_count_once_and_what_is_broken_says_why(owned: Workspace) -> None:
    browser = signed_in()
    answer = upload(
        browser, ("a.xml.gz", gzipped(dmarc(OURS))), ("b.xml", dmarc(OURS)), ("c.xml", b"<feedback>")
    )
    assert answer.status_code == 200
    shown = plain(answer.content.decode())
    assert "2 reports read: 1 new, 1 known." in shown
    assert "1 refused" in shown
    assert "no well-formed XML" in shown
    nothing = upload(browser, ("note.txt", b"Dear all"))
    assert nothing.status_code == 422
    assert MailReport.objects.count() == 1


def test_dns_is_asked_by_the_button_alone(told: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(ZONE) as server:
        _system(monkeypatch, server)
        page()
        assert server.asked == []
        browser = signed_in()
        given = {"domain": "shop.example", "selectors": "s1, s2"}
        answer = browser.post(f"{PAGE}/check", given, headers={"HX-Request": "true"})
        shown = plain(answer.content.decode())
        assert "The SPF record is valid" in shown
        assert "There is no DKIM key at s2._domainkey.shop.example" in shown
        assert browser.post(f"{PAGE}/check", given)["Location"] == f"{PAGE}?check=shop.example"
        wrong = browser.post(f"{PAGE}/check", {"domain": "no domain"})
        assert wrong.status_code == 422
        asked = len(server.asked)
        kept = page("?check=shop.example")
        assert "The SPF record is valid" in kept
        assert 'value="s1, s2"' in kept
        assert len(server.asked) == asked
    assert DomainCheck.objects.get().domain == "shop.example"


def _system(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    """The name server of the system is that of the test."""
    made = dns.NameServer.__init__
    monkeypatch.setattr(
        dns.NameServer, "__init__", lambda self, name="", **more: made(self, name or server.address, **more)
    )


def test_the_page_in_chinese_is_chinese(told: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(ZONE) as server:
        _system(monkeypatch, server)
        browser = signed_in("zh-hans")
        checked = browser.post(f"{PAGE}/check", {"domain": "shop.example"}, headers={"HX-Request": "true"})
    assert english(checked.content.decode()) == []
    shown = page("?days=0&check=shop.example", "zh-hans")
    assert heading(shown) == "100 封邮件中，90.0% 通过 DMARC。"
    assert english(shown) == []
