"""Segments: what was acknowledged is drained, whole, and in order."""

from __future__ import annotations

import errno
import threading
from io import FileIO
from pathlib import Path

import pytest

from zhiyin.adapters.spool import segments
from zhiyin.adapters.spool.segments import SUFFIX, Spool, entries, framed


def drained(spool: Spool) -> list[bytes]:
    return [entry for path in spool.ready() for entry, whole in entries(path) if whole]


def test_a_segment_is_left_alone_while_its_writer_holds_it(tmp_path: Path) -> None:
    writer, reader = Spool(tmp_path), Spool(tmp_path)
    writer.append([b"1", b"2"])
    assert reader.ready() == []
    writer.close()
    assert drained(reader) == [b"1", b"2"]


def test_a_torn_last_line_was_never_acknowledged(tmp_path: Path) -> None:
    for number, torn in enumerate((b"561a8f80 {", b"561a8f80", b"00000000 {}\n", b"\x00" * 40)):
        path = tmp_path / f"{number:020d}-dead{SUFFIX}"
        path.write_bytes(framed(b'{"a":1}') + torn)
        assert list(entries(path)) == [(b'{"a":1}', True)]


def test_a_line_that_was_damaged_later_is_given_out_as_such(tmp_path: Path) -> None:
    path = tmp_path / f"{1:020d}-dead{SUFFIX}"
    path.write_bytes(framed(b'{"a":1}').replace(b"1}", b"2}") + framed(b'{"b":1}'))
    assert [whole for _, whole in entries(path)] == [False, True]


def test_a_writer_moves_on_to_a_new_segment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "SEGMENT_BYTES", 10)
    spool = Spool(tmp_path)
    for _ in range(3):
        spool.append([b"0123456789"])
    spool.close()
    assert len(list(tmp_path.glob(f"*{SUFFIX}"))) == 3


def test_a_segment_is_let_go_when_its_time_is_over_though_nothing_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "SEGMENT_SECONDS", 0.0)
    spool = Spool(tmp_path)
    spool.append([b"1"])
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join()
    assert drained(Spool(tmp_path)) == [b"1"]


def test_after_a_failed_write_the_spool_goes_on_and_no_line_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path)
    spool.append([b"1"])

    def full(file: FileIO, data: bytes) -> None:
        file.write(data[:3])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(segments, "_write", full)
        with pytest.raises(OSError, match="No space"):
            spool.append([b"22222"])
    spool.append([b"3"])
    spool.close()
    assert drained(spool) == [b"1", b"3"]


def test_many_threads_share_writes_and_none_loses_a_line(tmp_path: Path) -> None:
    spool = Spool(tmp_path)

    def write(thread: int) -> None:
        for n in range(50):
            spool.append([b"%d-%d" % (thread, n)])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spool.close()
    found = drained(spool)
    assert sorted(found) == sorted(b"%d-%d" % (t, n) for t in range(8) for n in range(50))
    for number in range(8):
        mine = [line for line in found if line.startswith(b"%d-" % number)]
        assert mine == [b"%d-%d" % (number, n) for n in range(50)]


def test_a_segment_that_a_reader_removed_before_its_lock_takes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, reader, lock, reads = Spool(tmp_path), Spool(tmp_path), segments.fcntl.flock, 0

    def late(file: FileIO, how: int) -> None:
        nonlocal reads
        if how == segments.fcntl.LOCK_EX and not reads:
            reads += 1
            assert reader.ready() == []  # which removes what is empty and nobody's
        lock(file, how)

    monkeypatch.setattr(segments.fcntl, "flock", late)
    writer.append([b"1"])
    writer.close()
    assert (reads, drained(reader)) == (1, [b"1"])
