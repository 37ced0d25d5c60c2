"""A message as it was sent ↔ a few bytes: what all messages of a wording share is named, not repeated.

The body is kept as text, since base64 hides what repeats itself, and is encoded again byte for byte. The dictionary is
the wording before anybody's name stood in it (RFC 1950 section 2.2, "preset dictionary").
"""

from __future__ import annotations

import re
import zlib

from zhiyin.loop.deliver import mime

LEVEL = 3  # level 6 takes half as long again and saves a tenth
REACH = 32_000  # bytes of a dictionary that the format can look back on
_BOUNDARY = re.compile(rb'boundary="([^"]+)"')
_END = b"\r\n\r\n"


def dictionary(skeleton: str) -> bytes:
    """The dictionary of a wording, from its HTML with the variables still in it."""
    return skeleton.encode("utf-8", "replace")[-REACH:]


def pressed(content: bytes, text: str, html: str, shared: bytes) -> bytes:
    """A message as ``mime.envelope`` made it and ``dkim.signed`` signed it, pressed; ``text`` and ``html`` are its parts.

    >>> from datetime import UTC, datetime
    >>> from zhiyin.domain.message import OutgoingEmail
    >>> email = OutgoingEmail("<1@x.example>", "a@x.example", "b@x.example", "Tea", "<p>Tea</p>", "Tea", "a@x.example")
    >>> content = mime.envelope(email, date=datetime(2026, 3, 1, tzinfo=UTC)).content
    >>> unpressed(pressed(content, "Tea", "<p>Tea</p>", b"<p>"), b"<p>") == content
    True
    """
    head = content.partition(_END)[0]
    plain, rich = text.encode("utf-8", "replace"), html.encode("utf-8", "replace")
    squeeze = zlib.compressobj(LEVEL, zlib.DEFLATED, zdict=shared) if shared else zlib.compressobj(LEVEL)
    data = b"%d %d\n%b%b%b" % (len(head), len(plain), head, plain, rich)
    return squeeze.compress(data) + squeeze.flush()


def unpressed(data: bytes, shared: bytes) -> bytes:
    """The message, byte for byte as it left."""
    head, text, html = parts(data, shared)
    boundary = _BOUNDARY.search(head)
    assert boundary is not None
    return head + _END + mime.body(boundary[1].decode(), text, html).encode("utf-8", "replace")


def parts(data: bytes, shared: bytes) -> tuple[bytes, str, str]:
    """Header, plain text and HTML of a pressed message."""
    stretch = zlib.decompressobj(zdict=shared) if shared else zlib.decompressobj()
    sizes, _, rest = (stretch.decompress(data) + stretch.flush()).partition(b"\n")
    head, plain = (int(size) for size in sizes.split())
    return rest[:head], rest[head : head + plain].decode(), rest[head + plain :].decode()
