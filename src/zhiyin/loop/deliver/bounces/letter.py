"""bytes → a letter: headers and parts, whatever was done to them. Bounded in bytes, parts, depth and lines.

The standard library's parser recurses once for each level of nesting and keeps everything; what comes to a bounce
mailbox is written by strangers.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from itertools import islice

LIMIT = 1 << 20  # bytes that are read of a message: the report stands before what it returns
TEXT = 100_000  # characters that are read of a part
_HEAD = 100_000  # bytes of headers
_PARTS, _DEPTH = 40, 6

Headers = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf of a message: its type, its headers by name in lower case, and its body as it came."""

    type: str
    headers: Headers
    body: bytes

    def text(self) -> str:
        """The body in characters, as well as that goes: nothing here raises."""
        encoding = first(self.headers, "content-transfer-encoding").lower()
        body = self.body[: 2 * TEXT]
        if encoding == "base64":
            body = _from_base64(body)
        elif encoding == "quoted-printable":
            body = quopri.decodestring(body)
        charset = _parameter(first(self.headers, "content-type"), "charset")
        return _decoded(body, charset)[:TEXT]


@dataclass(frozen=True, slots=True)
class Letter:
    """A message: its headers, and its parts in order, without their nesting."""

    headers: Headers
    type: str
    parts: tuple[Part, ...]
    cut: bool = False

    def header(self, name: str) -> str:
        """The first header of a name, in characters; the empty text if there is none."""
        return first(self.headers, name)


def read(raw: bytes) -> Letter:
    """The letter in some bytes. Anything is one, if only with an empty head."""
    data = raw[:LIMIT].replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\0", b"")
    headers, body = split(data)
    parts: list[Part] = []
    _walk(headers, body, 0, parts)
    return Letter(headers, _type(headers), tuple(parts), cut=len(raw) > LIMIT)


def split(data: bytes) -> tuple[Headers, bytes]:
    """Headers and body; lines that are no header before the first empty line are passed over."""
    data = data.lstrip(b"\n")
    head, _, body = data.partition(b"\n\n")
    headers: Headers = {}
    for line in _UNFOLD.sub(" ", _decoded(head[:_HEAD], "")).split("\n"):
        name, colon, value = line.partition(":")
        if colon and _NAME.fullmatch(name):
            headers.setdefault(name.rstrip().lower(), []).append(_words(value.strip()))
    return (headers, body) if headers else ({}, data)


def first(headers: Headers, name: str) -> str:
    """The first value of a header, the empty text if there is none."""
    return headers.get(name, ("",))[0]


def _walk(headers: Headers, body: bytes, depth: int, parts: list[Part]) -> None:
    kind = _type(headers)
    if kind.startswith("multipart/") and depth < _DEPTH:
        pieces = list(islice(_pieces(body, _parameter(first(headers, "content-type"), "boundary")), _PARTS))
        for piece in pieces:
            if len(parts) >= _PARTS:
                return
            _walk(*_part(piece), depth + 1, parts)
        if pieces:
            return
        kind = "text/plain"  # the boundary is missing or another: read what is there
    parts.append(Part(kind, headers, body))


def _part(piece: bytes) -> tuple[Headers, bytes]:
    """Headers and body of a part; one without headers starts with an empty line."""
    return ({}, piece[1:]) if piece.startswith(b"\n") else split(piece)


def _pieces(body: bytes, boundary: str) -> Iterator[bytes]:
    """What stands between the lines of a boundary; where it is not told, the first that looks like one."""
    mark = boundary.encode("utf-8", "replace") if boundary else b""
    if not mark or b"--" + mark not in body:
        found = _DASHES.search(body)
        if found is None:
            return
        mark = found[1]
    line = b"\n--" + mark
    data = b"\n" + body
    start, at = -1, data.find(line)
    while at >= 0:
        end = data.find(b"\n", at + 1)
        end = len(data) if end < 0 else end
        rest = data[at + len(line) : end].strip(b" \t")
        if not rest or rest.startswith(b"--"):
            if start >= 0:
                yield data[start + 1 : at]
            if rest:
                return
            start = end
        at = data.find(line, end)
    if start >= 0:
        yield data[start + 1 :]


def _type(headers: Headers) -> str:
    found = _TYPE.match(first(headers, "content-type").strip().lower())
    return found[0] if found else "text/plain"


def _parameter(value: str, name: str) -> str:
    found = _PARAMETERS[name].search(value)
    return (found[1] or found[2] or "").strip() if found else ""


def _from_base64(body: bytes) -> bytes:
    letters = _NOT_BASE64.sub(b"", body)
    try:
        return base64.b64decode(letters[: len(letters) // 4 * 4])
    except binascii.Error:
        return body


def _decoded(data: bytes, charset: str) -> str:
    """The characters of some bytes: in the charset they claim, else UTF-8, else whatever stands for them."""
    if not charset and b"\x1b$" in data:
        charset = "iso-2022-jp"
    for name in (charset, "utf-8", "gb18030"):
        if not _CHARSET.fullmatch(name):
            continue
        try:
            return data.decode(name)
        except (LookupError, UnicodeError):
            continue
    return data.decode("utf-8", "replace")


def _words(value: str) -> str:
    """A header's value with its encoded words (RFC 2047) read."""
    value = value[:10_000]
    if "=?" not in value:
        return value
    try:
        pieces = decode_header(value)
    except (HeaderParseError, ValueError):
        return value
    return "".join(
        piece if isinstance(piece, str) else _decoded(piece, charset or "") for piece, charset in pieces
    )


_PARAMETERS = {
    name: re.compile(rf'{name}\s*=\s*(?:"([^"]*)"?|([^\s;]+))', re.IGNORECASE)
    for name in ("boundary", "charset")
}
_UNFOLD = re.compile(r"\n[ \t]+")
_NAME = re.compile(r"[!-9;-~]{1,100}[ \t]*")
_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+")
_DASHES = re.compile(rb"(?:^|\n)--((?:[^\s-]|-{2,40}[^\s-])[^\n]{0,80}?)[ \t]*\n(?=[A-Za-z-]{1,40}:|\n)")
# others that Python knows are slow on long input or no charsets at all
_CHARSET = re.compile(
    r"(?i)(us-)?ascii|utf-?(8|16|32)\w*|iso-?\d[\w-]*|windows-\w+|cp\d+|gbk?\w*|big5\w*|euc[-_]?\w+|s(hift)?[-_]?jis"
    r"|koi8-\w|latin-?\d+|ks_c_\w+|tis-620|hz(-gb-2312)?"
)
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]")
