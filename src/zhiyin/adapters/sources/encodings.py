"""The encoding of a text file: UTF-8, UTF-16 with a mark, or GB18030, or the one that was stated."""

from __future__ import annotations

import codecs
import io
from pathlib import Path
from typing import IO

from zhiyin.adapters.sources.files import open_bytes
from zhiyin.domain.errors import BadFile
from zhiyin.domain.text import say

UNDECODED = "\ufdd0"  # a code point that Unicode keeps free of any character, so no file means it
_CHUNK = 1 << 20
_MOST_BAD = 0.01  # of the lines of the sample: more than that, and it is the wrong encoding


def detect(path: Path, stated: str | None = None) -> str:
    """The name of the encoding. Raises ``BadFile`` where the file fits none, or not the stated one.

    Looked at is the first megabyte that holds more than ASCII, wherever in the file that is.
    """
    if stated:
        _check(stated)
    sample, line = _sample(path)
    if stated:
        bad, first = _bad(sample, stated)
        if bad > max(_MOST_BAD * _lines(sample), 1):
            raise BadFile(
                say("{path} is not {stated}.", path=path, stated=stated),
                why=say("Line {line} holds bytes that do not occur in it.", line=line + first),
                fix=say("Leave out --encoding to have it detected, or state another."),
            )
        return stated
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if sample.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    bad, _ = _bad(sample, "utf-8")
    if not bad:
        return "utf-8"
    bad_chinese, _ = _bad(sample, "gb18030")
    text = sample.decode("utf-8", "ignore")
    good = sum(1 for character in text if character > "\x7f") if len(text) < len(sample) else 0
    if good > 2 * bad or (bad_chinese and bad <= max(_MOST_BAD * _lines(sample), 1)):
        return "utf-8"  # single broken rows
    if bad_chinese <= _MOST_BAD * _lines(sample):
        return "gb18030"
    raise BadFile(
        say("{path} is neither UTF-8 nor GB18030.", path=path),
        why=say("Around line {line} there are bytes that occur in neither.", line=line + 1),
        fix=say("State its encoding, such as --encoding latin-1 or --encoding shift_jis."),
    )


def open_utf8(path: Path, encoding: str) -> IO[bytes]:
    """The file as a stream of valid UTF-8 without a mark; what cannot be decoded becomes ``UNDECODED``."""
    name = codecs.lookup(encoding).name
    return io.BufferedReader(_Transcoded(open_bytes(path), "utf-8-sig" if name == "utf-8" else name), _CHUNK)


class _Transcoded(io.RawIOBase):
    def __init__(self, raw: IO[bytes], encoding: str) -> None:
        self._raw, self._left = raw, b""
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="zhiyin-mark")

    def readable(self) -> bool:
        return True

    # the stubs want any writable buffer; TextIOWrapper and BufferedReader give a memoryview
    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._left:
            data = self._raw.read(_CHUNK)
            text = self._decoder.decode(data, final=not data)
            self._left = text.encode("utf-8", "replace")
            if not data and not self._left:
                return 0
        part = self._left[: len(buffer)]
        buffer[: len(part)] = part
        self._left = self._left[len(part) :]
        return len(part)

    def close(self) -> None:
        self._raw.close()
        super().close()


def _mark(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return UNDECODED, error.end


codecs.register_error("zhiyin-mark", _mark)


def _sample(path: Path) -> tuple[bytes, int]:
    """The first chunk with more than ASCII and some of the next, cut at a line; and the lines before it."""
    before = 0
    with open_bytes(path) as file:
        while chunk := file.read(_CHUNK):
            following = b"" if chunk.isascii() else file.read(_CHUNK // 16)
            if chunk.isascii():
                before += chunk.count(b"\n")
                last = chunk
                continue
            sample = chunk + following
            if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
                return sample[: len(sample) // 2 * 2], before
            if len(sample) >= _CHUNK and b"\n" in sample:
                sample = sample[: sample.rindex(b"\n") + 1]
            return sample, before
    return last, 0


def _bad(sample: bytes, encoding: str) -> tuple[int, int]:
    """How many places do not decode, and the line of the first, counted from 1."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="zhiyin-mark")
    text = decoder.decode(sample, final=False)  # the end of the sample may cut a character
    first = text.find(UNDECODED)
    return text.count(UNDECODED), text.count("\n", 0, max(first, 0)) + 1


def _check(name: str) -> None:
    try:
        known = getattr(codecs.lookup(name), "_is_text_encoding", True)
    except LookupError:
        known = False
    if not known:
        raise BadFile(
            say("There is no encoding {name!r}.", name=name),
            fix=say("Use utf-8, gb18030, utf-16, latin-1 or another that Python knows."),
        )


def _lines(sample: bytes) -> int:
    return sample.count(b"\n") + 1
