"""Whether the mail server encrypts is asked of real servers: one that does not, and one whose certificate is its own."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from tests.services.mailing import Server
from tests.services.name_server import serving

from zhiyin.adapters.channels import probe
from zhiyin.adapters.channels.probe import Encryption
from zhiyin.domain.settings import SmtpSettings
from zhiyin.services import domain_health
from zhiyin.services.workspace import Workspace


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that signed itself for this address, with its key."""
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(file), "-out", str(file.with_suffix(".crt"))],
        check=True, capture_output=True,
    )  # fmt: skip
    file.write_text(file.read_text() + file.with_suffix(".crt").read_text())
    return file


def encrypting(certificate: Path) -> Server:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return Server(tls_context=context)


def at(port: int, security: str = "starttls") -> SmtpSettings:
    return SmtpSettings(host="127.0.0.1", port=port, security=security, timeout=10)


def test_a_server_that_offers_none_is_told_apart_from_one_that_is_not_there() -> None:
    with Server() as server:
        assert probe.encryption(at(server.port)) == (Encryption.NONE, "")
    assert probe.encryption(at(server.port))[0] == Encryption.UNREACHABLE


def test_a_certificate_counts_only_if_somebody_trusted_vouches_for_it(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with encrypting(certificate) as server:
        kind, why = probe.encryption(at(server.port))
        assert kind == Encryption.UNTRUSTED
        assert "self-signed" in why
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert probe.encryption(at(server.port)) == (Encryption.GOOD, "")


@pytest.mark.parametrize(("security", "state"), [("starttls", "ok"), ("none", "warning")])
def test_encryption_that_is_offered_should_be_used(
    workspace: Workspace, certificate: Path, monkeypatch: pytest.MonkeyPatch, security: str, state: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with encrypting(certificate) as server:
        settings = replace(workspace.settings, smtp=at(server.port, security))
        ws = replace(workspace, settings=settings)
        with serving({}) as names:
            found = domain_health.check(ws, "shop.example", resolver=names.address)
    assert {one.matter.value: one.state.value for one in found.findings}["starttls"] == state
