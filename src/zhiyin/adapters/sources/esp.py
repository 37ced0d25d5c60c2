"""Webhooks of a provider: a request → what it tells, after its signature or secret was checked."""

from __future__ import annotations

import hashlib
from typing import Any

from django.http import HttpRequest

from zhiyin.adapters import esp
from zhiyin.domain.errors import BadSetting
from zhiyin.domain.esp import ESPS, EspEvent
from zhiyin.domain.settings import EspSettings
from zhiyin.domain.text import say

_HARD = ("hardbounce", "permanent", "hard_bounce", "hard bounce", "hard")
# what the library meets in a body that has not the form which the provider documents
_NO_FORM = (ValueError, KeyError, TypeError, AttributeError, AssertionError, RecursionError)


class Forged(Exception):
    """A request that the provider did not make."""


class Unreadable(Exception):
    """A request of the provider that holds no events."""


def guarded(settings: EspSettings) -> bool:
    """Whether anybody can tell the provider's requests from a stranger's."""
    signed = settings.name in ("mailgun", "unisender_go") or (
        ESPS[settings.name].signs and settings.webhook_key
    )
    return bool(settings.webhook_secret or signed)


def events(settings: EspSettings, request: HttpRequest) -> list[EspEvent]:
    """What a request tells. Raises ``Forged``, ``Unreadable``, and ``BadSetting`` where nothing guards the door."""
    if not guarded(settings):
        raise BadSetting(
            say("Webhooks of {name} are not guarded.", name=settings.name),
            fix=say("Set esp.webhook_secret to USER:PASSWORD, and give the provider the address with both."),
        )
    errors = esp.library("exceptions", settings.name)
    view = esp.view(settings)
    try:
        view.run_validators(request)  # some read the body before they know whose it is
        return [_event(one) for one in view.parse_events(request) if hasattr(one, "recipient")]
    except errors.AnymailWebhookValidationFailure as error:
        raise Forged from error
    except (errors.AnymailError, *_NO_FORM) as error:
        raise Unreadable from error


def _event(event: Any) -> EspEvent:
    token = str((event.metadata or {}).get(esp.METADATA, ""))
    said = str(event.mta_response or event.description or "")
    about = (event.event_id, event.event_type, token, event.recipient, event.timestamp)
    return EspEvent(
        hashlib.sha256("\n".join(map(str, about)).encode("utf-8", "replace")).hexdigest(),
        str(event.event_type),
        token,
        str(event.recipient or ""),
        str(event.reject_reason or ""),
        said,
        _hard(event.esp_event),
    )


def _hard(told: Any) -> bool:
    """Whether the provider calls it final, in whichever field it does."""
    if not hasattr(told, "get"):
        return False
    if told.get("hard_bounce") is True:
        return True
    inner = told.get("bounce") if isinstance(told.get("bounce"), dict) else {}
    words = (
        told.get("Type"),
        told.get("event"),
        told.get("severity"),
        inner.get("bounceType"),
        inner.get("type"),
    )
    return any(str(word).lower() in _HARD for word in words if word)
