"""django-anymail, the extra ``esp``: imported here and nowhere else, on first use."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any

from zhiyin.domain.errors import MissingExtra
from zhiyin.domain.esp import ESPS
from zhiyin.domain.settings import EspSettings

_VIEWS = {
    "amazon_ses": "AmazonSESTrackingWebhookView", "brevo": "BrevoTrackingWebhookView",
    "mailgun": "MailgunTrackingWebhookView", "mailjet": "MailjetTrackingWebhookView",
    "mailtrap": "MailtrapTrackingWebhookView", "mandrill": "MandrillCombinedWebhookView",
    "postmark": "PostmarkTrackingWebhookView", "resend": "ResendTrackingWebhookView",
    "sendgrid": "SendGridTrackingWebhookView", "sparkpost": "SparkPostTrackingWebhookView",
    "unisender_go": "UnisenderGoTrackingWebhookView",
}  # fmt: skip
METADATA = "zhiyin"  # under this name a message carries its token


def library(module: str, name: str) -> Any:
    """A module of the library. Raises ``MissingExtra`` where it, or what a provider needs besides, is not there."""
    try:
        return import_module(f"anymail.{module}")
    except ImportError as error:
        raise MissingExtra.of("esp", f"esp.name = {name}") from error


def backend(settings: EspSettings, timeout: float) -> Any:
    """What hands messages to the provider, not yet open."""
    module, provider = library(f"backends.{settings.name}", settings.name), ESPS[settings.name]
    given: dict[str, Any] = {**settings.given}
    if settings.name == "amazon_ses":
        given = {"client_params": _aws(settings, timeout)}
    else:
        given |= {"timeout": timeout, provider.key: settings.key}
        if provider.secret:
            given[provider.secret] = settings.secret
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # which providers the library's author can test himself
        return module.EmailBackend(**given)


def view(settings: EspSettings) -> Any:
    """What checks and reads the provider's webhooks, made for one request."""
    module, provider = library(f"webhooks.{settings.name}", settings.name), ESPS[settings.name]
    given: dict[str, Any] = {"webhook_secret": [settings.webhook_secret] if settings.webhook_secret else []}
    if settings.name == "amazon_ses":
        given["client_params"] = _aws(settings, 30.0)
    elif settings.name == "unisender_go":
        given["api_key"] = settings.key  # which signs
    elif provider.signs and settings.webhook_key:
        given[provider.signs] = settings.webhook_key
    elif settings.name == "mailgun":
        given["webhook_signing_key"] = settings.key
    made = getattr(module, _VIEWS[settings.name])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return made(**given)


def _aws(settings: EspSettings, timeout: float) -> dict[str, Any]:
    return {
        "aws_access_key_id": settings.key,
        "aws_secret_access_key": settings.secret,
        "region_name": settings.given["region"],
        "config": {"connect_timeout": timeout, "read_timeout": timeout, "retries": {"total_max_attempts": 1}},
    }
