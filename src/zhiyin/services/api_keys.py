"""API keys: made once, shown once, kept as a hash, revoked for good."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.db import IntegrityError, transaction

from zhiyin.adapters.records.models import ApiKey
from zhiyin.domain.api_key import Scope
from zhiyin.domain.errors import BadSetting, Conflict, NotFound
from zhiyin.domain.text import say
from zhiyin.services.workspace import Workspace

PREFIX = "zk_"  # unlike a write key (zy_), this one belongs on a server only
LONGEST = 200
_NAME = 100
_USED = timedelta(minutes=1)  # its use is noted that often


def create(ws: Workspace, name: str, scope: Scope = Scope.MESSAGES) -> tuple[ApiKey, str]:
    """Make a key; returns its row and the key, which cannot be shown again.

    Raises ``BadSetting`` for a name that is none, ``Conflict`` where a key in force bears it.
    """
    name = " ".join(name.replace("\x00", "").split())
    if not name or len(name) > _NAME:
        raise BadSetting(
            say("A key needs a name of up to {most} characters.", most=_NAME),
            fix=say("Name it after what holds it, such as 'Shop backend'."),
        )
    key = f"{PREFIX}{secrets.token_urlsafe(32)}"
    row = ApiKey(name=name, scope=scope, digest=_digest(key), created_at=ws.now())
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise Conflict(
            say("There is a key {name!r} already.", name=name),
            fix=say("Give another name, or revoke that one first."),
        ) from error
    return row, key


def list_(ws: Workspace) -> list[ApiKey]:
    """All keys: those in force by name, then the revoked ones, newest first."""
    return [
        *ApiKey.objects.filter(revoked_at=None).order_by("name"),
        *ApiKey.objects.exclude(revoked_at=None).order_by("-revoked_at", "-pk"),
    ]


def revoke(ws: Workspace, name: str) -> ApiKey:
    """Switch a key off for good, at once. Raises ``NotFound``."""
    row = ApiKey.objects.filter(name=name.strip(), revoked_at=None).first()
    if row is None:
        known = ", ".join(one.name for one in list_(ws) if one.revoked_at is None)
        raise NotFound(
            say("There is no key {name!r} in force.", name=name),
            fix=say("There are: {known}.", known=known) if known else say("Create the first one."),
        )
    row.revoked_at = ws.now()
    row.save(update_fields=["revoked_at"])
    return row


def find(ws: Workspace, key: str, scope: Scope) -> ApiKey | None:
    """The key in force that opens this scope; None for any other text."""
    if not key.startswith(PREFIX) or len(key) > LONGEST:
        return None
    row = ApiKey.objects.filter(digest=_digest(key), scope=scope, revoked_at=None).first()
    if row is not None and (row.used_at is None or ws.now() - row.used_at > _USED):
        ApiKey.objects.filter(pk=row.pk).update(used_at=ws.now())
    return row


def _digest(key: str) -> str:
    # the keys are long random texts, so a plain hash cannot be reversed
    return hashlib.sha256(key.encode()).hexdigest()
