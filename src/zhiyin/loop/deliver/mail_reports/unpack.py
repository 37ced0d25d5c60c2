"""A file → what is packed in it, never more than a budget of bytes, whatever the file claims."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from zhiyin.domain.reasons import ReportReason
from zhiyin.domain.text import say
from zhiyin.loop.deliver.mail_reports.refusal import Refusal

MOST_BYTES = 50_000_000  # unpacked, of all that one file holds; real reports stay below 10 MB
MOST_MEMBERS = 100
_CHUNK = 1 << 16
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"


class Budget:
    """Bytes that a file may still unpack to."""

    def __init__(self, left: int = MOST_BYTES) -> None:
        self.left = left

    def take(self, size: int) -> None:
        """Account for bytes. Raises ``Refusal`` where there are no more."""
        self.left -= size
        if self.left < 0:
            raise Refusal(
                ReportReason.TOO_LARGE, say("It unpacks to more than {n} MB.", n=MOST_BYTES // 1_000_000)
            )


def is_packed(data: bytes) -> bool:
    """Whether this is gzip or a zip archive, by its first bytes."""
    return data.startswith((_GZIP, _ZIP))


def unpack(data: bytes, name: str, budget: Budget) -> Iterator[tuple[str, bytes]]:
    """Names and contents of what is in an archive. Raises ``Refusal`` for a broken one and for a bomb."""
    if data.startswith(_GZIP):
        yield name.removesuffix(".gz"), _gunzip(data, budget)
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [one for one in archive.infolist() if not one.is_dir()]
            if len(members) > MOST_MEMBERS:
                raise Refusal(ReportReason.TOO_LARGE, say("The archive holds {n:,} files.", n=len(members)))
            for member in members:
                with archive.open(member) as file:
                    yield member.filename, _bounded(file, budget)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        OSError,
        ValueError,
    ) as error:
        # a wrong checksum, a cut end, an unknown method, a password: all of them stand in these
        raise Refusal(
            ReportReason.BROKEN_ARCHIVE, say("The zip archive cannot be unpacked: {error}.", error=error)
        ) from error


def _gunzip(data: bytes, budget: Budget) -> bytes:
    parts: list[bytes] = []
    while data.startswith(_GZIP):  # gzip files may stand one after the other
        machine = zlib.decompressobj(wbits=31)
        try:
            while not machine.eof:
                part = machine.decompress(data, _CHUNK)
                data = machine.unconsumed_tail
                if not part and not data and not machine.eof:
                    break
                budget.take(len(part))
                parts.append(part)
        except zlib.error as error:
            raise Refusal(
                ReportReason.BROKEN_ARCHIVE, say("The gzip file cannot be unpacked: {error}.", error=error)
            ) from error
        if not machine.eof:
            raise Refusal(ReportReason.BROKEN_ARCHIVE, say("The gzip file ends too early."))
        data = machine.unused_data
    return b"".join(parts)


def _bounded(file: IO[bytes], budget: Budget) -> bytes:
    parts: list[bytes] = []
    while part := file.read(_CHUNK):
        budget.take(len(part))
        parts.append(part)
    return b"".join(parts)
