"""A campaign to a local mail server: the whole path on two cores, beside EmailMessage, dkimpy and smtplib.

The whole path: planning, claim, gate, recommendations, Liquid, tracked links, MIME with Chinese text, a signature
with RSA of 2048 bits, SMTP, and every step of the ledger on disk. The straightforward stack gets the finished
recommendations, and keeps no ledger.
"""

from __future__ import annotations

import smtplib
import tempfile
import time
from email.message import EmailMessage
from pathlib import Path
from statistics import median
from typing import Any

from bench import _letters, _sink

RECIPIENTS = 5_000
PLAIN = 400  # messages of the straightforward stack in each round
ROUNDS = 3
CORES = 2
BAR, RATIO = 250, 4


def main() -> list[dict[str, Any]]:
    """Three rounds, each a campaign by the workers, then the straightforward stack."""
    ours, plain, quick = [], [], []
    with _sink.sink() as port, tempfile.TemporaryDirectory() as folder:
        ws = _letters.shop(Path(folder) / "shop", port, RECIPIENTS, CORES)
        for number in range(ROUNDS):
            campaign = _letters.campaign(ws, f"spring-{number}")
            with _letters.working(ws):
                time.sleep(3)  # they have started
                ours.append(RECIPIENTS / _letters.send(ws, campaign.key))
            plain.append(_straightforward(ws, campaign, port, _dkimpy))
            quick.append(_straightforward(ws, campaign, port, _dkimpy_on_cryptography))
        parts = _parts(ws, campaign)
    return [
        {"what": f"campaign to {RECIPIENTS:,}, whole path, two processes", "value": round(median(ours)),
         "unit": "messages/s", "bar": f"≥ {BAR}"},
        {"what": "straightforward: EmailMessage, dkimpy, smtplib; one process, no ledger",
         "value": round(median(plain)), "unit": "messages/s", "bar": ""},
        {"what": "ratio", "value": round(median(ours) / median(plain), 1), "unit": "×", "bar": f"≥ {RATIO}"},
        {"what": "straightforward, with dkimpy's RSA done by cryptography", "value": round(median(quick)),
         "unit": "messages/s", "bar": ""},
        *({"what": f"{what}, processor time", "value": round(value, 2), "unit": "ms a message", "bar": ""}
          for what, value in parts.items()),
        {"what": "mail server", "value": _sink.name(), "unit": "", "bar": ""},
    ]  # fmt: skip


def _straightforward(ws: Any, campaign: Any, port: int, signed: Any) -> float:
    """Messages a second of what one would write in an afternoon, in one process over one connection."""
    from zhiyin.adapters.records.models import Customer
    from zhiyin.loop.deliver import links, render
    from zhiyin.services import marks, messages, programs
    from zhiyin.services.public_links import PublicLinks

    people = [messages.of_row(row) for row in Customer.objects.order_by("pk")[:PLAIN]]
    program = programs.of_campaign(campaign)
    chosen = messages._chosen(ws, program, messages.Speaking.of(ws, program), people)
    wording = messages.prepared(campaign.subject, campaign.body, campaign.preheader)
    public, marked = PublicLinks.of(ws), marks.of(ws, program)
    private = _private(ws)
    with smtplib.SMTP("127.0.0.1", port) as session:
        started = time.perf_counter()
        for number, person in enumerate(people):
            token = f"{number:032x}"
            unsubscribe = public.unsubscribe(token)
            seen = render.render(
                wording, messages.variables(ws, program, person, chosen[person.customer_id], unsubscribe)
            )
            html, text = marked.put(
                seen.html, links.rewrite_text(seen.text, str), click=lambda url, t=token: public.click(t, url),
                pixel=public.open(token), keep=(f"{public.base_url}/u/",),
            )  # fmt: skip
            made = EmailMessage()
            made["From"], made["To"] = f"茶舍 <shop@{_letters.DOMAIN}>", f"{person.name} <{person.email}>"
            made["Subject"], made["Message-ID"] = seen.subject, f"<{token}@{_letters.DOMAIN}>"
            made["List-Unsubscribe"] = f"<{unsubscribe}>"
            made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
            made.set_content(text)
            made.add_alternative(html, subtype="html")
            content = made.as_bytes().replace(b"\n", b"\r\n")
            session.sendmail(f"shop@{_letters.DOMAIN}", person.email, signed(content, private) + content)
        return PLAIN / (time.perf_counter() - started)


def _dkimpy(content: bytes, private: bytes) -> bytes:
    import dkim

    header: bytes = dkim.sign(
        content, b"s1", _letters.DOMAIN.encode(), private, canonicalize=(b"relaxed", b"relaxed")
    )
    return header


def _dkimpy_on_cryptography(content: bytes, private: bytes) -> bytes:
    """The same, with its own RSA, which is Python, exchanged for OpenSSL's."""
    from unittest import mock

    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, utils

    key: Any = serialization.load_pem_private_key(private, None, unsafe_skip_rsa_key_validation=True)

    def sign(digest: Any, own: object) -> bytes:
        made: bytes = key.sign(digest.digest(), padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))
        return made

    with mock.patch("dkim.RSASSA_PKCS1_v1_5_sign", sign):
        return _dkimpy(content, private)


def _private(ws: Any) -> bytes:
    """A key for dkimpy, which reads PEM."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def _parts(ws: Any, campaign: Any) -> dict[str, float]:
    """Where the time goes, in this process: what a message costs before it is handed over."""
    from zhiyin.services import messages, programs, sending_domain

    program = programs.of_campaign(campaign)
    recipients = [
        [messages.Recipient(f"{n:032x}", f"c{n:06}") for n in range(start, start + 500)] for start in (0, 500)
    ]
    started = time.process_time()
    for batch in recipients:
        written = messages.write(ws, program, batch, now=ws.now())
    writing = (time.process_time() - started) * 1e3 / 1_000
    sample = written[f"{500:032x}"]
    assert not isinstance(sample, Exception), sample
    assert sample.items
    (signer,) = sending_domain.signers(ws, f"shop@{_letters.DOMAIN}")
    started = time.process_time()
    for _ in range(500):
        signer.sign(sample.envelope.content[:2_000])
    signing = (time.process_time() - started) * 1e3 / 500
    return {
        "recommending, rendering, links, MIME and signature": writing,
        "of it one signature of RSA-2048": signing,
    }


if __name__ == "__main__":
    from rich.console import Console

    from bench.__main__ import drawn

    Console().print(drawn(main()))
