"""The spool: what was acknowledged is drained, once."""

from __future__ import annotations

import errno
from io import FileIO
from pathlib import Path

import pytest

from zhiyin.adapters.lake import spool as module
from zhiyin.adapters.lake.spool import Spool


def test_a_segment_is_left_alone_while_its_writer_holds_it(tmp_path: Path) -> None:
    writer, reader = Spool(tmp_path), Spool(tmp_path)
    writer.append([b"1", b"2"])
    assert reader.drain(lambda name, payloads: None) == 0
    writer.close()
    taken: list[bytes] = []
    assert reader.drain(lambda name, payloads: taken.extend(payloads)) == 2
    assert taken == [b"1", b"2"]
    assert reader.drain(lambda name, payloads: None) == 0


def test_a_failed_drain_keeps_the_segment_under_the_same_name(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append([b"1"])
    spool.close()
    names: list[str] = []

    def crash(name: str, payloads: list[bytes]) -> None:
        names.append(name)
        if len(names) == 1:
            raise RuntimeError("crash")

    with pytest.raises(RuntimeError, match="crash"):
        spool.drain(crash)
    assert spool.drain(crash) == 1
    assert names[0] == names[1]


def test_a_torn_last_line_was_never_acknowledged(tmp_path: Path) -> None:
    (tmp_path / "00000000000000000001-dead.jsonl").write_bytes(b'{"a":1}\n{"b":')
    taken: list[bytes] = []
    Spool(tmp_path).drain(lambda name, payloads: taken.extend(payloads))
    assert taken == [b'{"a":1}']


def test_a_writer_moves_on_to_a_new_segment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEGMENT_BYTES", 10)
    spool = Spool(tmp_path)
    for _ in range(3):
        spool.append([b"0123456789"])
    spool.close()
    assert len(list(tmp_path.glob("*.jsonl"))) == 3


def test_after_a_failed_write_the_spool_goes_on_and_no_line_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path)
    spool.append([b"1"])

    def full(file: FileIO, data: bytes) -> None:
        file.write(data[:3])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(module, "_write", full)
        with pytest.raises(OSError, match="No space"):
            spool.append([b"22222"])
    spool.append([b"3"])
    spool.close()
    taken: list[bytes] = []
    spool.drain(lambda name, payloads: taken.extend(payloads))
    assert taken == [b"1", b"3"]
