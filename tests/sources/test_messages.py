"""Messages of files, folders and mboxes: in order, each counted, none read further than needed."""

from __future__ import annotations

import gzip
import mailbox
import os
from email.message import Message
from pathlib import Path

import pytest

from zhiyin.adapters.sources.messages import messages
from zhiyin.domain.errors import BadFile

LIMIT = 1_000


def test_a_file_is_a_message(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(b"Subject: a\n\nFrom here on 2026\n")
    assert [(one.file, one.number, one.content) for one in messages(tmp_path / "a.eml", LIMIT)] == [
        ("a.eml", 1, b"Subject: a\n\nFrom here on 2026\n")
    ]


def test_a_folder_is_all_files_below_it_without_hidden_ones(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    for name in ("b.eml", "new/a.eml", ".hidden"):
        (tmp_path / name).write_bytes(b"Subject: x\n\n")
    assert [one.file for one in messages(tmp_path, LIMIT)] == ["b.eml", "new/a.eml"]


def test_an_mbox_that_the_standard_library_wrote_is_taken_apart(tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "box")
    for number in range(3):
        message = Message()
        message["Subject"] = str(number)
        message.set_payload(
            "a line\n\nFrom the shop\n\n"
        )  # the blank line before makes it look like a separator
        box.add(message)
    box.close()
    with gzip.open(tmp_path / "box.gz", "wb") as packed:
        packed.write((tmp_path / "box").read_bytes())
    for name in ("box", "box.gz"):
        found = list(messages(tmp_path / name, LIMIT))
        assert [one.number for one in found] == [1, 2, 3]
        assert [one.content.split(b"\n")[0] for one in found] == [b"Subject: 0", b"Subject: 1", b"Subject: 2"]


def test_of_a_large_message_little_more_is_held_than_is_read(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"Subject: x\n\n" + b"x" * 500_000)
    (tmp_path / "box").write_bytes(
        b"From a Thu Jan  1 00:00:00 2026\n"
        + b"x" * 500_000
        + b"\n\nFrom a Thu Jan  1 00:00:00 2026\nSubject: y\n\n"
    )
    assert len(next(messages(tmp_path / "one", LIMIT)).content) == LIMIT + 1
    first, second = messages(tmp_path / "box", LIMIT)
    assert LIMIT < len(first.content) <= LIMIT + (1 << 16)
    assert second.content == b"Subject: y\n\n"


def test_what_cannot_be_read_is_named_and_counted(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"\n")
    (tmp_path / "broken.gz").write_bytes(gzip.compress(b"Subject: x\n\n" * 100)[:30])
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    found = {one.file: one.problem for one in messages(tmp_path, LIMIT)}
    assert set(found) == {"empty", "broken.gz", "pipe", "gone"}
    assert all(found.values()), found


def test_nothing_of_that_name_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="There is no file or folder"):
        list(messages(tmp_path / "nowhere", LIMIT))
