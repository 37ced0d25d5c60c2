"""Sending domains: the keys that sign messages, made or imported, rotated and retired, and what to publish.

A private key is shown to nobody. It is kept sealed with ``server.secret``; whoever changes that makes new keys.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from cryptography.hazmat.primitives.serialization import load_der_private_key
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from zhiyin.adapters import sealing
from zhiyin.adapters.records.models import DkimKey, SendingDomain
from zhiyin.domain.errors import BadSetting, Conflict, NotFound
from zhiyin.domain.host import ascii_domain
from zhiyin.domain.sending_domain import KeyAlgorithm, aligned
from zhiyin.domain.text import say
from zhiyin.loop.deliver import dkim
from zhiyin.services import dkim_keys
from zhiyin.services.workspace import Workspace

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+[a-z0-9-]*[a-z][a-z0-9-]*")
_SELECTOR = re.compile(rf"(?=.{{1,63}}\Z){_LABEL}(?:\.{_LABEL})*")


def list_(ws: Workspace) -> list[SendingDomain]:
    """All domains by name."""
    return list(SendingDomain.objects.prefetch_related("keys").order_by("name"))


def get(ws: Workspace, name: str) -> SendingDomain:
    """The domain of a name, in any script. Raises ``NotFound`` with the known ones."""
    found = SendingDomain.objects.filter(name=_ascii(name)).first()
    if found is None:
        known = [row.name for row in list_(ws)]
        raise NotFound(
            say("There is no sending domain {name!r}.", name=name),
            fix=say("There are: {known}.", known=known) if known else say("Add it first."),
        )
    return found


def add(ws: Workspace, name: str) -> SendingDomain:
    """Add a domain with a first RSA key. Raises ``BadSetting`` or ``Conflict``."""
    domain = _ascii(name)
    if len(domain) > 253 or not _DOMAIN.fullmatch(domain):
        raise BadSetting(
            say("{name!r} cannot be a domain.", name=name),
            fix=say("Give what stands after the @ of the sender's address, such as example.com."),
        )
    try:
        with transaction.atomic():
            row = SendingDomain.objects.create(name=domain, created_at=ws.now())
            add_key(ws, domain)
    except IntegrityError as error:
        raise Conflict(
            say("There is a sending domain {name!r} already.", name=domain), fix=say("Rotate its keys.")
        ) from error
    return row


def remove(ws: Workspace, name: str) -> None:
    """Forget a domain and its keys; its messages go unsigned from now on."""
    get(ws, name).delete()


def add_key(
    ws: Workspace,
    name: str,
    algorithm: KeyAlgorithm | str = KeyAlgorithm.RSA,
    *,
    selector: str = "",
    pem: bytes = b"",
) -> DkimKey:
    """Make a key, or take the private key in ``pem``, whose kind then counts. It signs at once.

    Without a ``selector`` one is made of the month. Raises ``BadSetting`` for what is no good key, ``Conflict``
    where the selector is taken: a name that was published once may not stand for another key.
    """
    row = get(ws, name)
    made = dkim_keys.read(pem) if pem else dkim_keys.make(dkim_keys.algorithm(algorithm))
    taken = set(row.keys.values_list("selector", flat=True))
    chosen = selector.strip().lower() or _free(f"zy{ws.now():%Y%m}", made.algorithm, taken)
    if not _SELECTOR.fullmatch(chosen):
        raise BadSetting(
            say("{selector!r} cannot be a selector.", selector=selector),
            fix=say("Use letters, digits and hyphens, such as {example}.", example=f"zy{ws.now():%Y%m}"),
        )
    if chosen in taken:
        raise Conflict(
            say("{domain} has a key under {selector!r} already.", domain=row.name, selector=chosen),
            fix=say("Choose another selector."),
        )
    sealed = sealing.seal(ws.settings.server.secret, made.private, _about(row.name, chosen))
    return DkimKey.objects.create(
        domain=row,
        selector=chosen,
        algorithm=made.algorithm,
        public=made.public,
        sealed=sealed,
        created_at=ws.now(),
    )


def rotate(ws: Workspace, name: str) -> list[DkimKey]:
    """A new key of each kind that signs now. Old and new sign together until the old ones are retired."""
    row = get(ws, name)
    kinds = dict.fromkeys(_active(row).values_list("algorithm", flat=True))
    with transaction.atomic():
        return [add_key(ws, name, kind) for kind in kinds]


def retire(ws: Workspace, name: str, selector: str) -> DkimKey:
    """Stop signing with a key. Raises ``Conflict`` where it is the last that signs."""
    row = get(ws, name)
    key = row.keys.filter(selector=selector.strip().lower()).first()
    if key is None:
        raise NotFound(
            say("{domain} has no key under {selector!r}.", domain=row.name, selector=selector),
            fix=say("There are: {known}.", known=[one.selector for one in row.keys.all()]),
        )
    if key.retired_at is None:
        if not _active(row).exclude(pk=key.pk).exists():
            raise Conflict(
                say("{selector} is the only key of {domain} that signs.", selector=selector, domain=row.name),
                fix=say("Rotate first, or remove the domain."),
            )
        key.retired_at = ws.now()
        key.save(update_fields=["retired_at"])
    return key


def of_address(address: str) -> SendingDomain | None:
    """The domain that signs for a sender's address: its own, else the nearest above it."""
    author = _ascii(address.rpartition("@")[2])
    labels = author.split(".")
    names = [".".join(labels[start:]) for start in range(len(labels) - 1)]
    found = SendingDomain.objects.filter(name__in=names, keys__retired_at=None).distinct()
    near = sorted((row for row in found if aligned(row.name, author)), key=lambda row: len(row.name))
    return near[-1] if near else None


def signers(ws: Workspace, address: str) -> Sequence[dkim.Signer]:
    """What signs the messages of a sender's address; empty where no key is there.

    Raises ``BadSetting`` where a key cannot be opened: unsigned mail of a domain that signs would not arrive.
    """
    row = of_address(address)
    if row is None:
        return ()
    # Ed25519 last: it stands on top, and those who do not know it go on to the next
    keys = sorted(_active(row), key=lambda key: (key.algorithm == KeyAlgorithm.ED25519, key.pk))
    return [_signer(ws.settings.server.secret, row.name, key.selector, key.sealed) for key in keys]


@lru_cache(maxsize=32)
def _signer(secret: str, domain: str, selector: str, sealed: str) -> dkim.Signer:
    private = sealing.unseal(secret, sealed, _about(domain, selector))
    if private is None:
        raise BadSetting(
            say("The key {selector} of {domain} cannot be opened.", selector=selector, domain=domain),
            why=say("It was sealed with another server.secret."),
            fix=say("Put the old secret back, or remove the domain, add it again and publish its new key."),
        )
    # it was checked when it was made or taken in
    key = load_der_private_key(private, None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, dkim.PrivateKey)
    return dkim.signer(domain, selector, key)


def _active(row: SendingDomain) -> QuerySet[DkimKey]:
    return row.keys.filter(retired_at=None)


def _ascii(name: str) -> str:
    return ascii_domain(name.strip().rstrip(".").lower())


def _free(stem: str, algorithm: KeyAlgorithm, taken: set[str]) -> str:
    stem += "e" if algorithm == KeyAlgorithm.ED25519 else ""
    names = (stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _about(domain: str, selector: str) -> str:
    return f"dkim {selector}._domainkey.{domain}"
