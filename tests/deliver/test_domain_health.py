"""What is said of DNS records: each fault by its name and with its cure, each good record as good."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhiyin.domain.domain_health import Answer, Finding, HealthState, Lookup, worst
from zhiyin.loop.deliver.domain_health import dkim, dmarc, spf, transport
from zhiyin.loop.deliver.domain_health.spf_walk import follow

OK, WARNING, PROBLEM, UNKNOWN = HealthState.OK, HealthState.WARNING, HealthState.PROBLEM, HealthState.UNKNOWN
SILENT = Answer(known=False)


def zone(records: dict[tuple[str, str], list[str]], silent: tuple[str, ...] = ()) -> Lookup:
    return lambda name, kind: SILENT if name in silent else Answer(tuple(records.get((name, kind), [])))


def told(finding: Finding, state: HealthState, word: str) -> None:
    assert finding.state == state, finding.what
    assert word in finding.what
    assert finding.fix or state == OK


def spf_of(record: str, more: dict[tuple[str, str], list[str]] | None = None, address: str = "") -> Finding:
    records = {("shop.example", "TXT"): [record], **(more or {})}
    return spf.finding("shop.example", zone(records), [address] if address else [])


@pytest.mark.parametrize(
    ("record", "state", "word"),
    [
        ("v=spf1 ip4:192.0.2.0/24 -all", OK, "valid"),
        ("V=SPF1 a mx ~all", OK, "2 of 10"),
        ("v=spf1 include:esp.example -all", OK, "1 of 10"),
        ("v=spf1 redirect=esp.example", OK, "-all"),
        ("v=spf1 exists:%{i}._spf.shop.example -all", OK, "valid"),
        ("v=spf1 ip4:192.0.2.1", WARNING, "all other servers"),
        ("v=spf1 ?all", WARNING, "all other servers"),
        ("v=spf1 ptr -all", WARNING, "ptr"),
        ("v=spf1 a:x1.example a:x2.example a:x3.example -all", WARNING, "lead nowhere"),
        ("v=spf1 +all", PROBLEM, "everybody"),
        ("v=spf1 all", PROBLEM, "everybody"),
        ("v=spf1 ip4:300.1.1.1 -all", PROBLEM, "300.1.1.1"),
        ("v=spf1 ipv4:192.0.2.1 -all", PROBLEM, "ipv4"),
        ("v=spf1 include:gone.example -all", PROBLEM, "gone.example"),
        ("v=spf1 include:shop.example -all", PROBLEM, "itself"),
        ("v=spf1 " + " ".join(f"a:h{n}.example" for n in range(11)) + " -all", PROBLEM, "11 look-ups"),
        ("google-site-verification=x", PROBLEM, "no SPF record"),
    ],
)
def test_spf(record: str, state: HealthState, word: str) -> None:
    more = {
        ("esp.example", "TXT"): ["v=spf1 ip4:198.51.100.0/24 -all"],
        ("shop.example", "A"): ["192.0.2.1"],
        ("shop.example", "MX"): ["10 shop.example."],
        **{(f"h{n}.example", "A"): ["192.0.2.9"] for n in range(20)},
    }
    told(spf_of(record, more), state, word)


def test_two_spf_records_are_none() -> None:
    twice = {("shop.example", "TXT"): ["v=spf1 -all", "v=spf1 mx -all", "other"]}
    told(spf.finding("shop.example", zone(twice)), PROBLEM, "2 SPF records")


@pytest.mark.parametrize(
    ("record", "covered"),
    [
        ("v=spf1 ip4:192.0.2.10 -all", True),
        ("v=spf1 ip4:192.0.2.0/28 -all", True),
        ("v=spf1 include:esp.example -all", True),
        ("v=spf1 a:mail.shop.example -all", True),
        ("v=spf1 a:near.example/24 -all", True),
        ("v=spf1 mx -all", True),
        ("v=spf1 redirect=esp.example", True),
        ("v=spf1 ip4:198.51.100.0/24 -all", False),
        ("v=spf1 -include:esp.example -all", False),
        ("v=spf1 -all ip4:192.0.2.10", False),
        ("v=spf1 a:near.example -all", False),
    ],
)
def test_spf_tells_whether_the_mail_server_is_covered(record: str, covered: bool) -> None:
    more = {
        ("esp.example", "TXT"): ["v=spf1 ip4:192.0.2.10 -all"],
        ("mail.shop.example", "A"): ["192.0.2.10"],
        ("near.example", "A"): ["192.0.2.77"],
        ("shop.example", "MX"): ["10 mail.shop.example."],
    }
    found = spf_of(record, more, "192.0.2.10")
    assert found.state == (OK if covered else WARNING), found.what
    assert covered or "ip4:192.0.2.10" in found.fix


@settings(max_examples=30)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=6), st.integers(0, 255))
def test_an_address_is_covered_exactly_if_a_network_holds_it(networks: list[int], last: int) -> None:
    words = [f"ip4:192.0.2.{64 * number}/26" for number in networks]
    found = spf_of(f"v=spf1 {' '.join(words)} -all", None, f"192.0.2.{last}")
    assert (found.state == OK) == (last // 64 in networks)


def test_includes_without_end_are_left() -> None:
    asked = []

    def endless(name: str, kind: str) -> Answer:
        asked.append(name)
        return Answer((f"v=spf1 include:a{len(asked)}.example include:b{len(asked)}.example -all",))

    walk = follow("shop.example", endless)
    assert walk.lookups > 10
    assert len(asked) < 100


def rsa(bits: int) -> str:
    """A record with an RSA key; its modulus is any odd number of that length."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    key = RSAPublicNumbers(65537, (1 << bits) - 1).public_key()
    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return base64.b64encode(key.public_bytes(*form)).decode()


ED = base64.b64encode(bytes(range(32))).decode()


@pytest.mark.parametrize(
    ("record", "state", "word"),
    [
        (f"v=DKIM1; k=rsa; p={rsa(2048)}", OK, "2048 bits"),
        (f"p={rsa(4096)}", OK, "4096 bits"),
        (f"v=DKIM1; k=ed25519; p={ED}", OK, "Ed25519"),
        (f"v=DKIM1; p={rsa(1024)}", WARNING, "1024 bits"),
        (f"v=DKIM1; t=y; p={rsa(2048)}", WARNING, "a test"),
        (f"v=DKIM1; p={rsa(1023)}", PROBLEM, "1023 bits"),
        ("v=DKIM1; p=", PROBLEM, "revoked"),
        ("v=DKIM1; p=not a key", PROBLEM, "no rsa key"),
        (f"v=DKIM1; k=ed25519; p={rsa(2048)}", PROBLEM, "no ed25519 key"),
        (f"v=DKIM1; h=sha1; p={rsa(2048)}", PROBLEM, "SHA-256"),
        (f"v=DKIM2; p={rsa(2048)}", PROBLEM, "version"),
        ("hello", PROBLEM, "no DKIM key"),
    ],
    ids=map(str, range(12)),
)
def test_dkim(record: str, state: HealthState, word: str) -> None:
    records = {("s1._domainkey.shop.example", "TXT"): [record]}
    told(dkim.finding("shop.example", "s1", zone(records)), state, word)


GOOD = "v=DMARC1; p=reject; rua=mailto:dmarc@shop.example"


@pytest.mark.parametrize(
    ("record", "state", "word"),
    [
        (GOOD, OK, "reject"),
        (f"{GOOD}; adkim=s", OK, "adkim=s"),
        ("v=DMARC1; p=quarantine; rua=mailto:x@taker.example!10m", OK, "quarantine"),
        ("v=DMARC1; p=reject; rua=mailto:x@other.example", WARNING, "x@other.example"),
        ("v=DMARC1; p=none; rua=mailto:dmarc@shop.example", WARNING, "none"),
        ("v=DMARC1; p=reject", WARNING, "nobody"),
        (f"{GOOD}; pct=20", WARNING, "a part"),
        ("v=DMARC1; p=eat", PROBLEM, "eat"),
        ("v=spf1 -all", PROBLEM, "no DMARC record"),
    ],
)
def test_dmarc(record: str, state: HealthState, word: str) -> None:
    records = {
        ("_dmarc.shop.example", "TXT"): [record],
        ("shop.example._report._dmarc.taker.example", "TXT"): ["v=DMARC1"],
    }
    told(dmarc.finding("shop.example", zone(records)), state, word)


def test_a_subdomain_goes_by_the_record_above_it() -> None:
    records = {("_dmarc.shop.example", "TXT"): [f"{GOOD}; sp=none"]}
    told(dmarc.finding("news.mail.shop.example", zone(records)), WARNING, "none")
    told(dmarc.finding("shop.example", zone(records)), OK, "reject")
    own = {**records, ("_dmarc.news.shop.example", "TXT"): [GOOD]}
    told(dmarc.finding("news.shop.example", zone(own)), OK, "reject")


def test_a_sending_address_has_a_name_that_leads_back() -> None:
    records = {
        ("192.0.2.10", "PTR"): ["mail.shop.example."],
        ("mail.shop.example", "A"): ["192.0.2.10"],
        ("192.0.2.11", "PTR"): ["other.example."],
    }
    told(transport.ptr(["192.0.2.10"], zone(records)), OK, "mail.shop.example")
    told(transport.ptr(["192.0.2.10", "192.0.2.11"], zone(records)), PROBLEM, "other.example")
    told(transport.ptr(["192.0.2.12"], zone(records)), PROBLEM, "no name")


def test_answers_must_find_a_way_back() -> None:
    records = {
        ("shop.example", "MX"): ["20 b.example.", "10 mx.shop.example."],
        ("mx.shop.example", "A"): ["192.0.2.1"],
        ("null.example", "MX"): ["0 ."],
        ("lost.example", "MX"): ["10 gone.example."],
    }
    told(transport.mx("shop.example", zone(records)), OK, "mx.shop.example, b.example")
    told(transport.mx("none.example", zone(records)), WARNING, "no MX")
    told(transport.mx("null.example", zone(records)), PROBLEM, "takes no mail")
    told(transport.mx("lost.example", zone(records)), PROBLEM, "gone.example")


def test_what_is_optional_is_a_warning_and_what_is_broken_a_problem() -> None:
    fine = {
        ("_smtp._tls.shop.example", "TXT"): ["v=TLSRPTv1; rua=mailto:tls@shop.example"],
        ("_mta-sts.shop.example", "TXT"): ["v=STSv1; id=20260101;"],
    }
    told(transport.tls_rpt("shop.example", zone(fine)), OK, "tls@shop.example")
    told(transport.mta_sts("shop.example", zone(fine)), OK, "20260101")
    told(transport.tls_rpt("shop.example", zone({})), WARNING, "Nobody reports")
    broken = {("_mta-sts.shop.example", "TXT"): ["v=STSv1;"]}
    told(transport.mta_sts("shop.example", zone(broken)), PROBLEM, "not valid")


@pytest.mark.parametrize("name", ["shop.example", "esp.example", "mx.shop.example"])
def test_where_dns_is_silent_nothing_is_claimed(name: str) -> None:
    records = {
        ("shop.example", "TXT"): ["v=spf1 include:esp.example a:mx.shop.example -all"],
        ("esp.example", "TXT"): ["v=spf1 -all"],
        ("mx.shop.example", "A"): ["192.0.2.1"],
    }
    found = spf.finding("shop.example", zone(records, (name,)), ["203.0.113.1"])
    told(found, UNKNOWN, "did not answer")


def test_every_matter_is_unknown_without_dns() -> None:
    def silent(name: str, kind: str) -> Answer:
        return SILENT

    domain = "shop.example"
    for found in (
        spf.finding(domain, silent), dkim.finding(domain, "s1", silent), dmarc.finding(domain, silent),
        transport.mx(domain, silent), transport.ptr(["192.0.2.1"], silent),
        transport.tls_rpt(domain, silent), transport.mta_sts(domain, silent),
    ):  # fmt: skip
        told(found, UNKNOWN, "did not answer")
    assert worst([found]) == UNKNOWN


@settings(max_examples=40)
@given(st.text(max_size=60))
def test_whatever_stands_in_dns_nothing_is_raised(record: str) -> None:
    for text in (record, f"v=spf1 {record}", f"v=DMARC1;{record}", f"v=DKIM1; p={record}"):
        answers = {"TXT": Answer((text,)), "MX": Answer((text,)), "A": Answer((text,))}

        def everywhere(name: str, kind: str, answers: dict[str, Answer] = answers) -> Answer:
            return answers.get(kind, Answer())

        found = [
            spf.finding("shop.example", everywhere),
            dkim.finding("shop.example", "s", everywhere),
            dmarc.finding("shop.example", everywhere),
            transport.tls_rpt("shop.example", everywhere),
        ]
        assert all(one.what for one in found)
