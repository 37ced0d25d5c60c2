"""Write keys of the tracking API: made once, shown once, kept as a hash."""

from __future__ import annotations

import hashlib
import secrets

from django.db import close_old_connections

from zhiyin.adapters.records.models import ApiKey
from zhiyin.domain.errors import NotFound
from zhiyin.domain.text import say
from zhiyin.services.workspace import Workspace


def create(ws: Workspace, name: str) -> str:
    """Make a key and return it; it cannot be shown again."""
    key = f"zy_{secrets.token_urlsafe(24)}"
    ApiKey.objects.create(name=name, digest=digest(key), created_at=ws.now())
    return key


def list_(ws: Workspace) -> list[ApiKey]:
    """All keys, newest first."""
    return list(ApiKey.objects.order_by("-created_at"))


def revoke(ws: Workspace, key_id: int) -> None:
    """Switch a key off for good; within ten seconds no process accepts it."""
    if not ApiKey.objects.filter(pk=key_id, revoked_at=None).update(revoked_at=ws.now()):
        raise NotFound(
            say("There is no such key, or it is revoked already."), fix=say("List the keys and try again.")
        )


def find(key: str) -> tuple[str, int] | None:
    """The name and the limit of a key that is in force, None otherwise. Called outside Django's requests, so
    it gives its connection back itself."""
    try:
        rows = ApiKey.objects.filter(digest=digest(key), revoked_at=None)
        return rows.values_list("name", "limit").first()
    finally:
        close_old_connections()


def digest(key: str) -> str:
    """What is kept of a key; the keys are long random texts, so a plain hash cannot be reversed."""
    return hashlib.sha256(key.encode()).hexdigest()
