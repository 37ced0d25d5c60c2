"""Sending domains: keys that are kept closed, signatures that others believe, and what is published."""

from __future__ import annotations

import email
from dataclasses import replace
from email import policy

import authheaders
import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from tests.services.mailing import RECEIPT, campaign, people

from zhiyin.adapters.records.models import Campaign, DkimKey, Message
from zhiyin.domain.errors import BadSetting, Conflict, NotFound
from zhiyin.domain.sending_domain import KeyAlgorithm, KeyState
from zhiyin.loop.deliver import return_path, sign
from zhiyin.services import (
    campaigns,
    checks,
    dns_records,
    messages,
    planning,
    programs,
    sender,
    sending,
    sending_domain,
    templates,
    transactional,
)  # fmt: skip
from zhiyin.testing.channel import FakeChannel


@pytest.fixture
def ws(make_workspace):
    return make_workspace(smtp__host="127.0.0.1", smtp__port=1, smtp__security="none")


def _pem(key) -> bytes:
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form)


def _dns():
    published = {f"{row.noun.record.name}.": row.noun.record.value.encode() for row in DkimKey.objects.all()}
    published["_dmarc.example.com."] = "v=DMARC1; p=reject; adkim=s"  # authheaders wants text here

    def look(name, timeout=5):
        name = name.decode() if isinstance(name, bytes) else name
        return published.get(f"{name.rstrip('.')}.", b"")

    return look


def _verified(content: bytes) -> list[bool]:
    count = sum(line.startswith(b"DKIM-Signature:") for line in content.split(b"\r\n"))
    return [dkim.DKIM(content).verify(idx=which, dnsfunc=_dns()) for which in range(count)]


def test_a_private_key_is_kept_closed(ws):
    key = ed25519.Ed25519PrivateKey.generate()
    sending_domain.add(ws, "Example.COM.")
    row = sending_domain.add_key(ws, "example.com", selector="own", pem=_pem(key))
    secret = key.private_bytes_raw()
    assert (row.algorithm, row.noun.state) == (KeyAlgorithm.ED25519, KeyState.ACTIVE)
    for kept in (path.read_bytes() for path in ws.folder.rglob("*") if path.is_file()):
        assert secret not in kept
        assert _pem(key).split(b"\n")[1] not in kept
    other = replace(ws, settings=replace(ws.settings, server=replace(ws.settings.server, secret="x" * 40)))
    with pytest.raises(BadSetting, match="cannot be opened"):
        sending_domain.signers(other, "a@example.com")
    moved = sending_domain.add_key(ws, "example.com", selector="moved")
    DkimKey.objects.filter(pk=moved.pk).update(sealed=row.sealed)  # another's key put in its place
    with pytest.raises(BadSetting, match=r"moved of example\.com cannot be opened"):
        sending_domain.signers(ws, "a@example.com")


def test_rotating_signs_with_both_until_the_old_one_is_retired(ws):
    sending_domain.add(ws, "example.com")
    (old,) = sending_domain.signers(ws, "shop@example.com")
    with pytest.raises(Conflict, match="only key"):
        sending_domain.retire(ws, "example.com", old.selector)
    (new,) = sending_domain.rotate(ws, "example.com")
    assert [one.selector for one in sending_domain.signers(ws, "shop@example.com")] == [
        old.selector,
        new.selector,
    ]
    sending_domain.retire(ws, "example.com", old.selector)
    assert [one.selector for one in sending_domain.signers(ws, "shop@example.com")] == [new.selector]
    row = sending_domain.get(ws, "example.com")
    assert len(dns_records.of(ws, row)) == 4  # both keys, SPF, DMARC: mail of the old one is on its way
    DkimKey.objects.filter(selector=old.selector).update(retired_at=ws.now() - dns_records.STAYS)
    assert [one.kind for one in dns_records.of(ws, row)] == ["dkim", "spf", "dmarc"]
    with pytest.raises(Conflict, match="already"):
        sending_domain.add_key(ws, "example.com", selector=old.selector)  # its name stands for the old key


def test_the_nearest_domain_signs_and_no_other(ws):
    for name in ("example.com", "news.example.com", "例子.公司"):
        sending_domain.add(ws, name)

    def domain(address):
        return {one.domain for one in sending_domain.signers(ws, address)}

    assert domain("a@news.example.com") == {"news.example.com"}
    assert domain("a@shop.example.com") == {"example.com"}
    assert domain("a@例子.公司") == {"xn--fsqu00a.xn--55qx5d"}
    assert domain("a@myexample.com") == domain("a@com") == set()


@pytest.mark.parametrize(
    ("pem", "told"),
    [
        (b"nothing", "no private key"),
        (_pem(rsa.generate_private_key(65537, 1024)), "1024 bits"),
        (_pem(ec.generate_private_key(ec.SECP256R1())), "neither an RSA nor an Ed25519"),
    ],
    ids=("no key", "short", "other kind"),  # the keys are other ones in each process
)
def test_keys_that_should_not_sign_are_refused(ws, pem, told):
    sending_domain.add(ws, "example.com")
    with pytest.raises(BadSetting, match=told):
        sending_domain.add_key(ws, "example.com", pem=pem)


@pytest.mark.parametrize(
    "name", ["", "com", "a b.example", "-a.example", "1.2.3.4", "a" * 64 + ".example", "☃.example"]
)
def test_what_is_no_domain_is_refused(ws, name):
    with pytest.raises(BadSetting, match="cannot be a domain"):
        sending_domain.add(ws, name)


def test_names_are_taken_once_and_unknown_ones_list_the_known(ws):
    sending_domain.add(ws, "example.com")
    with pytest.raises(Conflict, match="already"):
        sending_domain.add(ws, "EXAMPLE.com")
    with pytest.raises(NotFound, match=r"There are: example\.com"):
        sending_domain.get(ws, "example.org")
    with pytest.raises(BadSetting, match="selector"):
        sending_domain.add_key(ws, "example.com", selector="a_b")
    sending_domain.remove(ws, "example.com")
    assert not DkimKey.objects.exists()


def test_a_campaign_without_a_key_is_warned_about_and_one_whose_key_is_closed_may_not_go(ws):
    people(ws, 1)
    row = campaign(ws, holdout=0)
    assert "not_signed" in {one.code for one in checks.check(ws, row)}
    sending_domain.add(ws, "example.com")
    assert not {"not_signed", "locked_key"} & {one.code for one in checks.check(ws, row)}
    DkimKey.objects.update(selector="other")
    assert [one.level for one in checks.check(ws, row) if one.code == "locked_key"] == ["error"]
    with pytest.raises(Conflict, match="cannot be opened"):
        campaigns.start(ws, "spring")
    Campaign.objects.update(status="sending", started_at=ws.now())  # it was closed after the start
    planning.plan_step(ws)
    channel = FakeChannel()
    sending.send_step(ws, "test:1", channel=channel)
    row.refresh_from_db()
    assert (row.status, channel.sent) == ("paused", [])
    assert "cannot be opened" in row.error


def test_every_ready_made_template_in_both_languages_is_signed_and_believed(ws):
    ws = replace(
        ws, settings=replace(ws.settings, sender=replace(ws.settings.sender, email="shop@example.com"))
    )
    people(ws, 1, profile=False)
    sending_domain.add(ws, "example.com")
    sending_domain.add_key(ws, "example.com", "ed25519")
    made = templates.defaults(ws)
    assert {row.language for row in made} == {"en", "zh-hans"}
    for row in made:
        marketing = not row.key.startswith(templates.TRANSACTIONAL)
        if marketing:
            program = programs.of_campaign(
                campaign(
                    ws, key=row.key, template=row.key, subject=None, body=None, reply_to="team@example.com"
                )
            )
        else:
            program = transactional.program(ws, row.key)
        recipient = messages.Recipient("0" * 32, "c0000", data=RECEIPT)
        (written,) = messages.write(ws, program, [recipient], now=ws.now()).values()
        content = written.envelope.content
        assert _verified(content) == [True, True]
        result = authheaders.authenticate_message(
            content, "mx.example.net", ip="127.0.0.1", mail_from="shop@example.com", helo="m", spf=False,
            dnsfunc=_dns(),
        )  # fmt: skip
        assert "dkim=pass" in result
        assert "dmarc=pass" in result
        message = email.message_from_bytes(content, policy=policy.SMTP.clone(raise_on_defect=True))
        assert max(map(len, content.split(b"\r\n"))) <= 998
        if not marketing:
            assert message["List-Unsubscribe"] is None
            continue
        assert message["List-Unsubscribe"].startswith("<http")
        assert message["List-Unsubscribe"].endswith("<mailto:team@example.com?subject=unsubscribe>")
        for name in ("List-Unsubscribe", "List-Unsubscribe-Post", "List-ID", "Feedback-ID", "Message-ID"):
            assert all(name.lower() in one["h"] for one in _tags(content))


def _tags(content: bytes) -> list[dict[str, list[str]]]:
    message = email.message_from_bytes(content, policy=policy.compat32)
    found = []
    for value in message.get_all("DKIM-Signature"):
        tags = dict(part.strip().split("=", 1) for part in value.split(";"))
        found.append({"h": "".join(tags["h"].split()).split(":")})
    return found


def test_every_message_has_its_own_return_path_that_names_it(ws):
    ws = replace(
        ws,
        settings=replace(
            ws.settings, sender=replace(ws.settings.sender, bounce_address="b@bounces.example.com")
        ),
    )
    people(ws, 3)
    campaign(ws, holdout=0)
    Campaign.objects.update(status="sending", started_at=ws.now())
    planning.plan_step(ws)
    channel = FakeChannel()
    sending.send_step(ws, "test:1", channel=channel)
    key = sign.key(ws.settings.server.secret, sign.RETURN)
    tokens = {return_path.token_of(envelope.sender, key): envelope.to for envelope in channel.sent}
    assert len(tokens) == 3
    assert tokens == dict(Message.objects.values_list("token", "address"))
    assert all(envelope.sender.endswith("@bounces.example.com") for envelope in channel.sent)


def test_a_test_of_the_mail_server_is_signed_too(ws, monkeypatch):
    settings = replace(ws.settings, sender=replace(ws.settings.sender, email="shop@example.com"))
    ws, channel = replace(ws, settings=settings), FakeChannel()
    monkeypatch.setattr(sender, "open_channel", lambda name, settings: channel)
    sending_domain.add(ws, "example.com")
    sender.test(ws, "li@example.com", "Test", "It works")
    assert _verified(channel.sent[0].content) == [True]
    assert b"\r\nAuto-Submitted: auto-generated\r\n" in channel.sent[0].content
