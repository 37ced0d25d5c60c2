"""DKIM: whether a public key stands in DNS under a selector, and whether it is any good. RFC 6376, RFC 8301, RFC 8463."""

from __future__ import annotations

import base64
import binascii

from zhiyin.domain.domain_health import Finding, HealthState, Lookup, Matter
from zhiyin.domain.text import Text, say
from zhiyin.loop.deliver.domain_health import tags

GOOD_BITS, LEAST_BITS = 2048, 1024  # RFC 8301: verifiers pass over what is shorter than 1024
_ED25519 = 32  # bytes


def finding(domain: str, selector: str, lookup: Lookup) -> Finding:
    """How the key of one selector stands."""
    name = f"{selector}._domainkey.{domain}"
    answer = lookup(name, "TXT")
    if not answer.known:
        return tags.silent(Matter.DKIM, name)
    records = [value for value in answer.values if "p" in tags.parse(value)]

    def found(state: HealthState, what: Text, fix: Text | str = "") -> Finding:
        return Finding(Matter.DKIM, state, what, fix, name, " | ".join(records)[: tags.SHOWN])

    publish = say("Publish the public key of the selector as a TXT record at {name}.", name=name)
    if len(records) != 1:
        missing = say("There is no DKIM key at {name}, so that signatures with it fail.", name=name)
        many = say("There are {n} DKIM keys at {name}; there must be one.", n=len(records), name=name)
        return found(HealthState.PROBLEM, many if records else missing, publish)
    told = tags.parse(records[0])
    kind = told.get("k", "rsa").lower()
    if told.get("v", "DKIM1") != "DKIM1":
        return found(
            HealthState.PROBLEM,
            say("The key at {name} is of another version than DKIM1.", name=name),
            publish,
        )
    if not told["p"]:
        revoked = say(
            "The key of the selector {selector} is revoked: its record is empty.", selector=selector
        )
        return found(
            HealthState.PROBLEM, revoked, say("Sign with another selector, or publish the key again.")
        )
    bits = _bits(kind, told["p"])
    if bits is None:
        return found(
            HealthState.PROBLEM, say("What stands at {name} is no {kind} key.", name=name, kind=kind), publish
        )
    if "sha256" not in told.get("h", "sha256"):
        return found(HealthState.PROBLEM, say("The key at {name} does not allow SHA-256.", name=name),
                     say("Leave h= out of the record."))  # fmt: skip
    if kind == "rsa" and bits < GOOD_BITS:
        state = HealthState.WARNING if bits >= LEAST_BITS else HealthState.PROBLEM
        short = say(
            "The key of the selector {selector} has {bits} bits, which is short.",
            selector=selector,
            bits=bits,
        )
        return found(state, short, say("Make a key of 2,048 bits under a new selector and sign with that."))
    if "y" in told.get("t", "").split(":"):
        testing = say("The key of the selector {selector} says that it is a test, so that receivers may pass over it.",
                      selector=selector)  # fmt: skip
        return found(HealthState.WARNING, testing, say("Leave t=y out of the record."))
    if kind == "ed25519":
        return found(
            HealthState.OK, say("The Ed25519 key of the selector {selector} is valid.", selector=selector)
        )
    return found(
        HealthState.OK,
        say("The key of the selector {selector} is valid, {bits} bits.", selector=selector, bits=bits),
    )


def nothing_known(domain: str) -> Finding:
    """The finding where nobody said by which selectors mail is signed: DNS cannot list them."""
    return Finding(
        Matter.DKIM,
        HealthState.UNKNOWN,
        say("Nobody said which DKIM selectors sign for {domain}, and DNS cannot list them.", domain=domain),
        say("Give the selectors. A message you got has one in its DKIM-Signature, as s=."),
        domain,
    )


def _bits(kind: str, key: str) -> int | None:
    """The length of a key in bits, None where it is none of its kind."""
    try:
        raw = base64.b64decode(key + "=" * (-len(key) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    if kind == "ed25519":
        return _ED25519 * 8 if len(raw) == _ED25519 else None
    return _rsa_bits(raw) if kind == "rsa" else None


def _rsa_bits(raw: bytes) -> int | None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(raw)
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key.key_size if isinstance(key, RSAPublicKey) else None
