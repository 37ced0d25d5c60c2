"""Files by path or glob, told apart by what is in them rather than by their names."""

from __future__ import annotations

import glob
import gzip
import hashlib
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import IO, Protocol, cast

import pyarrow as pa

from zhiyin.domain.errors import BadFile
from zhiyin.domain.reject import Reject
from zhiyin.domain.text import say

ROWS = 65_536  # rows of a batch
GZIP = b"\x1f\x8b"  # how such a file begins

# format -> reader, imported on first use
FORMATS = {
    "csv": "zhiyin.adapters.sources.delimited:Delimited",
    "jsonl": "zhiyin.adapters.sources.json_lines:JsonLines",
    "parquet": "zhiyin.adapters.sources.parquet:Parquet",
    "xlsx": "zhiyin.adapters.sources.excel:Excel",
}
UNREADABLE = (OSError, EOFError, zlib.error)  # what a broken or truncated file raises while it is read


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a file: columns by header, the line of each row, and the rows that are no rows.

    Lines count from 1 as an editor shows them; in a Parquet file the first row is 1.
    """

    columns: pa.Table
    lines: pa.Array
    bad: list[Reject] = field(default_factory=list)


class Source(Protocol):
    """One open file. ``rows`` is the number of rows where it is known or can be guessed, else None."""

    path: Path
    encoding: str
    rows: int | None

    def header(self) -> list[str]: ...

    def batches(self) -> Iterator[Batch]: ...


def expand(paths: Sequence[str | Path]) -> list[Path]:
    """The files that paths and globs name, in order, each once. Raises ``BadFile`` where there is none."""
    found: dict[Path, None] = {}
    for given in paths:
        path = Path(given).expanduser()
        if path.is_file():
            found[path] = None
            continue
        if path.is_dir():
            raise BadFile(
                say("{path} is a folder.", path=path),
                fix=say("Name its files, such as '{path}/*.csv'.", path=path),
            )
        matches = sorted(Path(match) for match in glob.glob(str(path), recursive=True))
        files = [match for match in matches if match.is_file()]
        if not files:
            what = (
                say("No file matches {given}.", given=given)
                if glob.has_magic(str(path))
                else say("There is no file {given}.", given=given)
            )
            raise BadFile(
                what,
                fix=say("Check the path; a relative one starts where you are now."),
            )
        found.update(dict.fromkeys(files))
    if not found:
        raise BadFile(say("No file was named."), fix=say("Name at least one file or pattern."))
    return list(found)


def open_source(path: Path, encoding: str | None = None) -> Source:
    """The reader that fits the file's content. Raises ``BadFile`` for one that cannot be read."""
    with reading(path):
        name = _format(path)
        module, _, attribute = FORMATS[name].partition(":")
        return cast(Source, getattr(import_module(module), attribute)(path, encoding))


def fingerprint(paths: Sequence[Path]) -> str:
    """A digest of the files' contents, whatever their names and order."""
    digests = []
    for path in paths:
        with reading(path), open(path, "rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").digest())
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest()


def open_bytes(path: Path) -> IO[bytes]:
    """The content as bytes, unpacked where it is gzip."""
    with open(path, "rb") as file:
        packed = file.read(2) == GZIP
    return cast(IO[bytes], gzip.open(path, "rb")) if packed else open(path, "rb")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns what a broken file raises into ``BadFile``; ``ArrowInvalid`` is left to the formats."""
    try:
        yield
    except PermissionError as error:
        raise BadFile(
            say("{path} cannot be opened.", path=path),
            why=say("This account may not read it."),
            fix=say("Change its permissions or copy it."),
        ) from error
    except UNREADABLE as error:
        raise BadFile(
            say("{path} cannot be read to its end.", path=path),
            why=say("It is damaged or was cut off: {error}.", error=error),
            fix=say("Fetch or export it again. What was imported so far stays; the next run completes it."),
        ) from error


def _format(path: Path) -> str:
    with open(path, "rb") as file:
        packed = file.read(2)
    if path.suffix.lower() == ".gz" and packed not in (b"", GZIP):
        raise BadFile(
            say("{path} is named .gz but is not packed with gzip.", path=path),
            why=say("It does not begin as gzip does; it may have been unpacked on its way."),
            fix=say("Rename it to {name} if that is what it holds, or fetch it again.", name=path.stem),
        )
    with open_bytes(path) as file:
        head = file.read(4096)
    if not head:
        raise BadFile(say("{path} is empty.", path=path), fix=say("Check that its export has finished."))
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise BadFile(
            say("{path} is in the Excel format of before 2007.", path=path),
            why=say("That format cannot be streamed."),
            fix=say("Save it as .xlsx or as CSV UTF-8."),
        )
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    suffix = suffixes[-1] if suffixes else ""
    for claimed, name, magic in ((".parquet", "Parquet", "PAR1"), (".xlsx", "Excel", "PK")):
        if suffix == claimed:
            raise BadFile(
                say(
                    "{path} is named {claimed} but is no {name} file.", path=path, claimed=claimed, name=name
                ),
                why=say("It does not start with {magic}; it may be half-written.", magic=magic),
                fix=say("Wait until its export has finished, or fetch it again."),
            )
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"[") and suffix in (".json", ".jsonl", ".ndjson"):
        raise BadFile(
            say("{path} is one JSON list.", path=path),
            why=say("A list must be in memory as a whole."),
            fix=say(
                "Write one object per line: jq -c '.[]' {name} > {stem}.jsonl", name=path.name, stem=path.stem
            ),
        )
    if start.startswith(b"{") or suffix in (".jsonl", ".ndjson"):
        return "jsonl"
    if b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadFile(
            say("{path} is no text, Parquet or Excel file.", path=path),
            why=say("It holds binary data."),
            fix=say("Export it as CSV, JSON Lines, Parquet or .xlsx."),
        )
    return "csv"
