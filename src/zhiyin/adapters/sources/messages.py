"""Files, folders and mboxes → messages as they came, each only as far as it will be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from zhiyin.adapters.sources.files import UNREADABLE, open_bytes
from zhiyin.domain.errors import BadFile
from zhiyin.domain.text import say

_LINE = 1 << 16  # bytes that are held of a line
_FROM = re.compile(rb"From \S.*\d{4}\s*$")  # RFC 4155: sender, and a date that ends with its year


@dataclass(frozen=True, slots=True)
class Raw:
    """One message: its file, its number in it from 1, its first bytes, and why it cannot be read, if so."""

    file: str
    number: int
    content: bytes
    problem: str = ""


def messages(path: Path, limit: int) -> Iterator[Raw]:
    """The messages of a file, of all files below a folder, or of an mbox, in order; ``limit`` bytes of each.

    Names are those below the folder. Raises ``BadFile`` where there is nothing of that name; a file that cannot be
    read is a message with a problem.
    """
    if not path.exists():
        raise BadFile(
            say("There is no file or folder {path}.", path=path),
            fix=say("Check the path; a relative one starts where you are now."),
        )
    if not path.is_dir():
        yield from _of_file(path, path.name, limit)
        return
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path)
        if not file.is_dir() and not any(part.startswith(".") for part in name.parts):
            yield from _of_file(file, name.as_posix(), limit)


def _of_file(path: Path, name: str, limit: int) -> Iterator[Raw]:
    if not path.is_file():
        yield Raw(name, 1, b"", "not a file")  # a pipe or a device would be waited for
        return
    number = 0
    try:
        with open_bytes(path) as file:
            head = file.readline(_LINE)
            if not _FROM.match(head):
                content = head + file.read(max(0, limit + 1 - len(head)))
                yield Raw(name, 1, content, "" if content.strip() else "empty")
                return
            for content in _of_mbox(file, limit):
                number += 1
                yield Raw(name, number, content)
    except UNREADABLE as error:
        yield Raw(name, number + 1, b"", f"cannot be read: {getattr(error, 'strerror', None) or error}")


def _of_mbox(file: IO[bytes], limit: int) -> Iterator[bytes]:
    """Messages from behind the first separator line on."""
    kept: list[bytes] = []
    size, after_empty = 0, False
    while line := file.readline(_LINE):
        if after_empty and _FROM.match(line):
            yield b"".join(kept)
            kept, size = [], 0
        elif size <= limit:
            kept.append(line)
            size += len(line)
        after_empty = line in (b"\n", b"\r\n")
    yield b"".join(kept)
