"""MIME by hand: thirty times as fast as the standard library's, and checked against it in the tests."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from datetime import datetime
from functools import lru_cache

from zhiyin.domain.host import ascii_domain
from zhiyin.domain.message import Envelope, OutgoingEmail

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_ATEXT = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_WORD_BYTES = 42  # of UTF-8 in one encoded word, which may be 75 characters long
_PLAIN = 200  # characters of a name or subject that stay on one line as they are
_LINE = 76  # characters of a line of base64


def envelope(email: OutgoingEmail, *, date: datetime) -> Envelope:
    """The e-mail as bytes: ``multipart/alternative`` of plain text and HTML, both UTF-8 in base64.

    A line break in any header becomes a blank, so a value cannot add a header. All is ASCII, unless an
    address itself is not (RFC 6532).
    """
    boundary = "=_" + hashlib.sha256(email.message_id.encode()).hexdigest()[:32]
    headers = {
        "From": email.from_header,
        "To": mailbox(email.to_name, email.to),
        "Subject": _encoded(email.subject),
        "Date": _date(date),
        "Message-ID": email.message_id,
        **email.headers,
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/alternative; boundary="{boundary}"',
    }
    head = "".join(f"{name}: {_BREAKS.sub(' ', value)}\r\n" for name, value in headers.items())
    head = head.replace(_FOLD, "\r\n ")
    content = f"{head}\r\n{body(boundary, email.text, email.html)}"
    return Envelope(
        email.message_id, email.envelope_from, ascii_address(email.to), content.encode("utf-8", "replace")
    )


def body(boundary: str, text: str, html: str) -> str:
    """Both parts between their boundaries; the same for the same, whenever it is asked."""
    return f"--{boundary}\r\n{_part('plain', text)}--{boundary}\r\n{_part('html', html)}--{boundary}--\r\n"


def mailbox(name: str, address: str) -> str:
    """A person as ``From``, ``To`` and ``Reply-To`` name them.

    >>> mailbox("Tea, Ltd.", "shop@example.com")
    '"Tea, Ltd." <shop@example.com>'
    """
    name, address = _BREAKS.sub(" ", name).strip(), ascii_address(address)
    if not name:
        return address
    if not name.isascii() or "=?" in name or len(name) > _PLAIN:
        return f"{_encoded(name)} <{address}>"
    if not _ATEXT.fullmatch(name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name} <{address}>"


def ascii_address(address: str) -> str:
    """The address with its domain as the DNS has it (RFC 5891); what no DNS could hold stays as it is.

    >>> ascii_address("li@例子.公司")
    'li@xn--fsqu00a.xn--55qx5d'
    """
    local, at, domain = address.strip().rpartition("@")
    return f"{local}{at}{ascii_domain(domain) or domain}"


_FOLD = "\ue000"  # stands for a fold until the breaks in values are gone; never written


def _encoded(text: str) -> str:
    """RFC 2047: words of base64 where the text is not ASCII, one to a line."""
    text = _BREAKS.sub(" ", text).replace(_FOLD, "").strip()
    if text.isascii() and "=?" not in text and len(text) <= _PLAIN:
        return text
    words, word = [], b""
    for letter in text:
        data = letter.encode("utf-8", "replace")
        if len(word) + len(data) > _WORD_BYTES:
            words.append(word)
            word = b""
        word += data
    words.append(word)
    return _FOLD.join(f"=?utf-8?b?{base64.b64encode(word).decode()}?=" for word in words)


def _part(subtype: str, text: str) -> str:
    letters = binascii.b2a_base64(text.encode("utf-8", "replace"), newline=False).decode()
    body = "".join([f"{letters[at : at + _LINE]}\r\n" for at in range(0, len(letters), _LINE)])
    return (
        f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}\r\n"
    )


@lru_cache(maxsize=16)  # a batch is written at one moment
def _date(at: datetime) -> str:
    zone = at.strftime("%z") or "+0000"
    return f"{_DAYS[at.weekday()]}, {at.day:02} {_MONTHS[at.month - 1]} {at.year} {at:%H:%M:%S} {zone[:5]}"
