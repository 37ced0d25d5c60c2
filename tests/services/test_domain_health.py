"""A domain is checked against a real name server on loopback; the answers are kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.deliver.test_domain_health import GOOD, rsa
from tests.services.name_server import LARGE, SERVFAIL, SILENT, Server, serving

from zhiyin.adapters.dns import NameServer
from zhiyin.domain.domain_health import Answer
from zhiyin.domain.errors import BadSetting
from zhiyin.domain.settings import SmtpSettings
from zhiyin.services import domain_health, sending_domain
from zhiyin.services.workspace import Workspace

KEY = rsa(2048)
ZONE = {
    ("shop.example", "TXT"): ['"v=spf1 ip4:192.0.2.10 " "-all"'],
    ("s1._domainkey.shop.example", "TXT"): [LARGE, f'"v=DKIM1; p={KEY[:200]}" "{KEY[200:]}"'],
    ("_dmarc.shop.example", "TXT"): [f'"{GOOD}"'],
    ("shop.example", "MX"): ["10 mail.shop.example."],
    ("mail.shop.example", "A"): ["192.0.2.10"],
    ("10.2.0.192.in-addr.arpa", "PTR"): ["mail.shop.example."],
    ("_smtp._tls.shop.example", "TXT"): ['"v=TLSRPTv1; rua=mailto:tls@shop.example"'],
    ("_mta-sts.shop.example", "TXT"): ['"v=STSv1; id=1"'],
    ("broken.example", "TXT"): SERVFAIL,
    **{("slow.example", kind): SILENT for kind in ("TXT", "A", "AAAA", "MX")},
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(ZONE) as running:
        yield running


def test_a_domain_in_order_has_no_problem(workspace: Workspace, server: Server) -> None:
    found = domain_health.check(
        workspace, "News@Shop.Example", ["s1"], resolver=server.address, address="192.0.2.10"
    )
    states = {one.matter.value: one.state.value for one in found.findings}
    assert states.pop("starttls") == "unknown"  # no mail server is set up
    assert set(states.values()) == {"ok"}, found.findings
    assert found.domain == "shop.example"


def test_what_was_found_is_kept_with_its_selectors(workspace: Workspace, server: Server) -> None:
    assert domain_health.last("shop.example") is None
    found = domain_health.check(workspace, "shop.example", ["s1"], resolver=server.address)
    kept = domain_health.last("shop.example")
    assert kept == found
    assert (
        kept.findings[0].what.template == found.findings[0].what.template
    )  # can be told in another language
    again = domain_health.check(workspace, "shop.example", resolver=server.address)
    assert again.selectors == ["s1"]
    assert domain_health.checked() == ["shop.example"]


def test_an_unknown_domain_is_told_apart_from_a_broken_one(workspace: Workspace, server: Server) -> None:
    missing = domain_health.check(workspace, "nothing.example", resolver=server.address)
    broken = domain_health.check(workspace, "broken.example", resolver=server.address)
    assert missing.findings[0].state == "problem"
    assert broken.findings[0].state == "unknown"


def test_a_silent_server_is_waited_for_only_so_long(server: Server) -> None:
    started = time.monotonic()
    asked = NameServer(server.address, seconds=0.5, patience=0.2)
    assert asked.lookup("slow.example", "TXT") == Answer(known=False)
    assert asked.lookup("shop.example", "MX").values == ("10 mail.shop.example.",)
    for number in range(50):
        asked.lookup(f"s{number}.slow.example" if number else "slow.example", "TXT")
    assert time.monotonic() - started < 5
    tired = NameServer(server.address, seconds=0)
    assert tired.lookup("shop.example", "MX") == Answer(known=False)


def test_nobody_listens(workspace: Workspace) -> None:
    with serving({}) as gone:
        address = gone.address
    assert NameServer(address, patience=0.2).lookup("shop.example", "TXT") == Answer(known=False)


def test_a_server_that_is_silent_to_three_is_asked_no_more(server: Server) -> None:
    asked = NameServer(server.address, patience=0.1)
    before = len(server.asked)
    for number in range(20):
        assert asked.lookup("slow.example" if number % 2 else "SLOW.example.", "TXT") == Answer(known=False)
    for kind in ("A", "MX", "AAAA"):
        assert asked.lookup("slow.example", kind).known is False
    assert len(set(server.asked[before:])) == 3
    assert asked.lookup("shop.example", "MX") == Answer(known=False)


def test_the_sending_address_is_that_of_the_mail_server(workspace: Workspace, server: Server) -> None:
    def ptr(host: str) -> domain_health.Finding:
        settings = replace(workspace.settings, smtp=SmtpSettings(host=host, port=1, timeout=0.1))
        ws = replace(workspace, settings=settings)
        found = domain_health.check(ws, "shop.example", resolver=server.address)
        return next(one for one in found.findings if one.matter == "ptr")

    assert "another address" in ptr("127.0.0.1").what
    assert "no address" in ptr("gone.example").what
    assert "No mail server" in ptr("").what


@pytest.mark.parametrize("text", ["", "shop", "a b.example", "x" * 300 + ".example", "shop..example"])
def test_what_is_no_domain_is_refused(workspace: Workspace, text: str) -> None:
    with pytest.raises(BadSetting):
        domain_health.check(workspace, text)


@pytest.mark.parametrize("text", ["dns.example", "1.1.1.1:x", "1.1.1.1:0", "300.1.1.1"])
def test_what_is_no_name_server_is_refused(text: str) -> None:
    with pytest.raises(BadSetting):
        NameServer(text)


def test_a_chinese_domain_is_asked_about_in_its_form_for_dns(workspace: Workspace, server: Server) -> None:
    domain_health.check(workspace, "茶.example", resolver=server.address)
    assert ("xn--cl1a.example", "TXT") in server.asked


def test_the_keys_that_sign_here_are_asked_about(workspace: Workspace, server: Server) -> None:
    sending_domain.add(workspace, "shop.example")
    key = sending_domain.add_key(workspace, "shop.example", selector="s1")
    found = domain_health.check(workspace, "shop.example", resolver=server.address)
    assert key.selector in found.selectors
    assert len(found.selectors) == 2
