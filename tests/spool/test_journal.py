"""The journal: a batch in hand is found again unchanged, and given out to one reader only."""

from __future__ import annotations

from pathlib import Path

from zhiyin.adapters.spool import Journal, Spool


def filled(folder: Path, *lines: bytes) -> Spool:
    spool = Spool(folder)
    for line in lines:
        spool.append([line])
        spool.close()
    return spool


def test_a_batch_that_was_not_done_is_given_out_again_though_more_came(tmp_path: Path) -> None:
    spool = filled(tmp_path, b"1", b"2")
    first = Journal(spool).claim(lambda: 6, max_bytes=1000)
    assert first is not None
    assert first.version == 7
    filled(tmp_path, b"3")
    again = Journal(Spool(tmp_path)).claim(lambda: 99, max_bytes=1000)
    assert again == first
    assert [entry for entry, _ in again.entries()] == [b"1", b"2"]


def test_a_batch_that_is_done_is_gone(tmp_path: Path) -> None:
    spool = filled(tmp_path, b"1")
    journal = Journal(spool)
    batch = journal.claim(lambda: 0, max_bytes=1000)
    assert batch is not None
    journal.done(batch)
    assert journal.claim(lambda: 1, max_bytes=1000) is None
    assert spool.size() == 0


def test_a_batch_is_no_larger_than_asked_but_at_least_one_segment(tmp_path: Path) -> None:
    spool = filled(tmp_path, *(b"x" * 100 for _ in range(5)))
    batch = Journal(spool).claim(lambda: 0, max_bytes=250)
    assert batch is not None
    assert len(batch.segments) == 2
    assert Journal(filled(tmp_path / "b", b"x" * 1000)).claim(lambda: 0, max_bytes=1) is not None


def test_one_reader_at_a_time(tmp_path: Path) -> None:
    spool = filled(tmp_path, b"1")
    with Journal(spool).reading() as mine, Journal(Spool(tmp_path)).reading() as other:
        assert (mine, other) == (True, False)
