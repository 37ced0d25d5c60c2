"""Addresses in what servers write: found, unwrapped, and told from those that are not the recipient's."""

from __future__ import annotations

import re

_LOCAL = r"(?:\"[^\"\n@]{1,64}\"|[^\s<>\"'(),:;@\[\]`=|]{1,64}(?:=[^\s<>\"'(),:;@\[\]`]{1,64})?)"
ADDRESS = re.compile(
    _LOCAL + r"@(?:[A-Za-z0-9\u0080-\U0010ffff_-]{1,63}\.){0,9}[A-Za-z0-9\u0080-\U0010ffff-]{1,63}"
)
_SERVER = re.compile(
    r"(?i)^(mailer[-_.]?daemon|post[-_.]?master|mail[-_.]?daemon|double-bounce|mailerdaemon|mail.?delivery.*|mdaemon"
    r"|mail.?system)@?"
)
_UNMANNED = re.compile(r"(?i)^(bounces?|no-?reply|symantec_antivirus.*)@")
# SRS (openspf.org/SRS): SRS0=hash=tt=domain=local@relay, SRS1=hash=relay==hash=tt=domain=local@relay
_SRS0 = re.compile(r"(?i)^SRS0[=+-][^=@]+=[^=@]+=([^=@]+)=([^@]+)@")
_SRS1 = re.compile(r"(?i)^SRS1[=+-][^=@]+=[^=@]*=[=+-][^=@]+=[^=@]+=([^=@]+)=([^@]+)@")
# VERP (cr.yp.to/proto/verp.txt): bounces-local=domain@sender
_VERP = re.compile(r"^[^=@]*?[-+]([^=@+-][^=@]*)=([^=@]+\.[^=@]+)@")


def find(text: str) -> str:
    """The first address in a text, the empty text if there is none.

    >>> find("rfc822; <li@example.com> (gone)")
    'li@example.com'
    """
    found = ADDRESS.search(text)
    return clean(found[0]) if found else ""


def find_all(text: str) -> list[str]:
    """All addresses in a text, in order, each once."""
    return list(dict.fromkeys(clean(found) for found in ADDRESS.findall(text)))


def of_field(value: str) -> str:
    """The address of a DSN's recipient field: ``type; address``, with or without type, brackets and comment.

    >>> of_field("rfc822;li@example.com"), of_field("X-LOCAL;<li@example.com>"), of_field("rfc822; unknown")
    ('li@example.com', 'li@example.com', '')
    """
    return find(value.partition(";")[2] or value)


def clean(address: str) -> str:
    """An address without the dots and marks of the sentence around it, unwrapped from SRS."""
    return unwrapped(address.rstrip(".-").lstrip(".*"))


def unwrapped(address: str) -> str:
    """Whom an address stands for that a relay rewrote (SRS).

    >>> unwrapped("SRS0=HHH=TT=example.com=li@relay.example")
    'li@example.com'
    """
    for form in (_SRS0, _SRS1):
        if found := form.match(address):
            return f"{found[2]}@{found[1]}"
    return address


def of_return_path(address: str) -> str:
    """Whom a return path was made for, if it says so (VERP); the empty text if not.

    >>> of_return_path("bounces-li=example.com@shop.example"), of_return_path("bounces@shop.example")
    ('li@example.com', '')
    """
    found = _VERP.match(address)
    return f"{found[1]}@{found[2]}" if found else ""


def server(address: str) -> bool:
    """Whether an address belongs to a mail server.

    >>> server("MAILER-DAEMON@example.com"), server("li@example.com")
    (True, False)
    """
    return _SERVER.match(address) is not None


def nobodys(address: str) -> bool:
    """Whether nobody reads what comes to an address, so that it cannot be one that failed."""
    return server(address) or _UNMANNED.match(address) is not None
