"""Keys that sign: made here or taken from a file, private side and public side."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from zhiyin.domain.errors import BadSetting
from zhiyin.domain.sending_domain import KeyAlgorithm
from zhiyin.domain.text import say
from zhiyin.loop.deliver.dkim import PrivateKey

_BITS = 2048  # fewer are not safe (RFC 8301), more are not checked everywhere (RFC 6376 section 3.3.3)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """``private`` as PKCS 8 in DER, ``public`` as the ``p=`` of a DNS record."""

    algorithm: KeyAlgorithm
    public: str
    private: bytes = field(repr=False)


def algorithm(name: KeyAlgorithm | str) -> KeyAlgorithm:
    """The algorithm of a name. Raises ``BadSetting`` with the known ones."""
    try:
        return KeyAlgorithm(name)
    except ValueError as error:
        raise BadSetting(
            say("There is no kind of key {name!r}.", name=name),
            fix=say("Use one of {choices}.", choices=[str(one) for one in KeyAlgorithm]),
        ) from error


def make(kind: KeyAlgorithm) -> KeyPair:
    """A new key."""
    if kind == KeyAlgorithm.ED25519:
        return _pair(ed25519.Ed25519PrivateKey.generate())
    return _pair(rsa.generate_private_key(public_exponent=65537, key_size=_BITS))


def read(pem: bytes) -> KeyPair:
    """The key of a PEM file. Raises ``BadSetting`` where it is none that should sign."""
    try:
        key = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadSetting(
            say("That is no private key that can be read."),
            fix=say("Give a PEM file without a password, such as openssl genrsa 2048 makes."),
        ) from error
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size != _BITS:
        raise BadSetting(
            say("The key has {bits} bits.", bits=key.key_size),
            why=say("Shorter ones are not safe, longer ones are not checked by everybody."),
            fix=say("Use one with {bits} bits.", bits=_BITS),
        )
    if not isinstance(key, PrivateKey):
        raise BadSetting(
            say("That is neither an RSA nor an Ed25519 key."), fix=say("DKIM knows these two only.")
        )
    return _pair(key)


def _pair(key: PrivateKey) -> KeyPair:
    private = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key()
    if isinstance(public, rsa.RSAPublicKey):  # RFC 6376 section 3.6.1
        data = public.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return KeyPair(KeyAlgorithm.RSA, base64.b64encode(data).decode(), private)
    data = public.public_bytes_raw()  # RFC 8463 section 4
    return KeyPair(KeyAlgorithm.ED25519, base64.b64encode(data).decode(), private)
