"""Providers that deliver mail through an API of their own, and what each wants to be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Esp:
    """How a provider calls its credentials.

    ``key`` and ``secret`` are the parameters that ``esp.key`` and ``esp.secret`` become, ``signs`` that of
    ``esp.webhook_key``, by which its webhooks are signed; empty where it has none. ``needs`` are options that it
    cannot do without.
    """

    key: str
    secret: str = ""
    signs: str = ""
    needs: tuple[str, ...] = ()


ESPS: Mapping[str, Esp] = {
    "amazon_ses": Esp("aws_access_key_id", "aws_secret_access_key", needs=("region",)),
    "brevo": Esp("api_key"),
    "mailgun": Esp("api_key", signs="webhook_signing_key"),
    "mailjet": Esp("api_key", "secret_key"),
    "mailtrap": Esp("api_token", signs="tracking_secret"),
    "mandrill": Esp("api_key", signs="webhook_key"),
    "postmark": Esp("server_token"),
    "resend": Esp("api_key", signs="signing_secret"),
    "sendgrid": Esp("api_key", signs="tracking_webhook_verification_key"),
    "sparkpost": Esp("api_key"),
    "unisender_go": Esp("api_key", needs=("api_url",)),
}


@dataclass(frozen=True, slots=True)
class EspEvent:
    """What a provider told of one message, in the words of all of them.

    ``kind`` is ``bounced``, ``complained``, ``rejected``, …; ``reason`` why it was not sent or came back
    (``bounced``, ``invalid``, ``spam``, …), ``said`` the words of the server or the provider, ``hard`` whether the
    provider calls it final. ``token`` is the message's, ``key`` tells the event from others.
    """

    key: str
    kind: str
    token: str = ""
    recipient: str = ""
    reason: str = ""
    said: str = ""
    hard: bool = False


def options_of(text: str) -> dict[str, str]:
    """Options as they are written in settings. Raises ``ValueError`` where one has no name or value.

    >>> options_of("api_url=https://api.eu.mailgun.net/v3, sender_domain=mg.example.com")
    {'api_url': 'https://api.eu.mailgun.net/v3', 'sender_domain': 'mg.example.com'}
    """
    found: dict[str, str] = {}
    for part in text.split(","):
        name, mark, value = (piece.strip() for piece in part.partition("="))
        if not part.strip():
            continue
        if not (name.isidentifier() and mark and value):
            raise ValueError(part.strip())
        found[name] = value
    return found
