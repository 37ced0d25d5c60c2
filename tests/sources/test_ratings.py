"""Files of who took what are read as researchers publish them, and bad lines are counted with their reasons."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zhiyin.adapters.sources import ratings
from zhiyin.adapters.sources.ratings import Taken, read_prefixes
from zhiyin.domain.errors import BadFile
from zhiyin.services.rating_files import written_times


def read(path: Path, form: str = "columns") -> Taken:
    return ratings.read(path, form, written_times())


def written(folder: Path, text: str, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def rows(taken: Taken) -> list[tuple[object, ...]]:
    columns = [taken.user.to_pylist(), taken.item.to_pylist()]
    columns += [column.tolist() for column in (taken.rating, taken.at) if column is not None]
    return list(zip(*columns, strict=True))


def test_a_header_names_the_columns_in_any_order_and_other_words(tmp_path: Path) -> None:
    text = "timestamp;movie_id;UserId;rating\n20;m1;u1;4.5\n10;m2;u2;-1\n"
    found = read(written(tmp_path, text))
    assert rows(found) == [("u1", "m1", 4.5, 20_000_000), ("u2", "m2", -1.0, 10_000_000)]
    assert (found.rows, found.rejects) == (2, {})


def test_names_with_types_as_recommender_libraries_write_them(tmp_path: Path) -> None:
    found = read(written(tmp_path, "user_id:token\titem_id:token\nu1\ti1\n", "a.inter"))
    assert rows(found) == [("u1", "i1")]


def test_without_a_header_columns_go_by_their_place(tmp_path: Path) -> None:
    found = read(written(tmp_path, "196\t242\t3\t881250949\n186\t302\t3\t891717742\n"))
    assert rows(found)[0] == ("196", "242", 3.0, 881250949_000_000)
    assert found.rows == 2
    timed = read(written(tmp_path, "7,8,881250949\n7,9,881250950\n"))
    assert timed.rating is None
    assert rows(timed)[1] == ("7", "9", 881250950_000_000)
    same = read(written(tmp_path, "3,3\n4,4\n"))
    assert rows(same) == [("3", "3"), ("4", "4")]


def test_packed_files_and_parquet(tmp_path: Path) -> None:
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(b"user,item\n1,2\n"))
    assert rows(read(packed)) == [("1", "2")]
    table = pa.table({"user": [1, 2], "item": [3.0, 4.0], "timestamp": pa.array([5, 6], pa.timestamp("s"))})
    pq.write_table(table, tmp_path / "a.parquet")
    assert rows(read(tmp_path / "a.parquet")) == [("1", "3", 5_000_000), ("2", "4", 6_000_000)]


@pytest.mark.parametrize(
    ("time", "microseconds"),
    [("1488844800", 1488844800_000_000), ("1488844800123", 1488844800_123_000), ("2017-03-07", 1488844800_000_000),
     ("2017-03-07T08:00:00+08:00", 1488844800_000_000), ("2017-03-07 00:00:01", 1488844801_000_000),
     ("1488844800000000000", 1488844800_000_000), ("2017年3月7日", 1488844800_000_000),
     ("2017/3/7 00:00", 1488844800_000_000), ("31/12/2016 01:00 PM", 1483189200_000_000)],
)  # fmt: skip
def test_times_are_numbers_of_any_size_or_dates(tmp_path: Path, time: str, microseconds: int) -> None:
    assert rows(read(written(tmp_path, f"user,item,time\nu,i,{time}\n")))[0][2] == microseconds


def test_bad_lines_are_counted_by_reason_and_left_out(tmp_path: Path) -> None:
    good = "".join(f"u{n},i,3,{n}\n" for n in range(60))
    bad = "u,i,nan,1\n,i,3,1\nu,i,3,never\nu,i,3\n"
    found = read(written(tmp_path, f"user,item,rating,timestamp\n{good}{bad}"))
    assert (found.rows, len(found.user)) == (64, 60)
    assert found.rejects == {"bad_number": 1, "missing_id": 1, "bad_date": 1, "bad_row": 1}


def test_moments_that_cannot_be_are_bad(tmp_path: Path) -> None:
    text = "".join(f"u{n},i,2026-01-02\n" for n in range(40))
    found = read(written(tmp_path, f"user,item,time\n{text}u,i,2026-02-30\nu,i,3/4/2026\nu,i,soon\n"))
    assert (len(found.user), found.rejects) == (40, {"bad_date": 3})
    shown = read(written(tmp_path, f"user,item,time\n{text}u,i,3/4/2026\nu,i,25/12/2026\n"))
    assert rows(shown)[-2][2] == 1775174400_000_000  # the later one shows that days come first
    with pytest.raises(BadFile, match="bad_date"):
        read(written(tmp_path, "user,item,time\nu,i,9e40\n"))


def test_lines_without_blanks_say_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="names no items") as told:
        read(written(tmp_path, "user,item\nu1,i1\n"), "lists")
    assert "parted by blanks" in str(told.value.why)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("user,item\n", "no rows"),
        ("who,what\nu1,i1\n", "no columns user and item"),
        ("user,item,rating\nu,i,x\nu,i,4\n", "too many bad rows: 1 of 2"),
        ("", "is empty"),
    ],
)
def test_files_that_are_something_else_say_so(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(BadFile, match=told):
        read(written(tmp_path, text))


def test_a_file_that_is_not_there_is_told_so(tmp_path: Path) -> None:
    for form in ("columns", "lists"):
        with pytest.raises(BadFile, match="There is no file"):
            read(tmp_path / "nothing.csv", form)
    with pytest.raises(BadFile, match="There is no file"):
        read_prefixes(tmp_path / "nothing.txt")


def test_lists_of_items_on_lines(tmp_path: Path) -> None:
    path = written(tmp_path, "0 5 6 7\n1\n\n2 5\n", "train.txt")
    for form in ("lists", "sequences"):
        assert rows(read(path, form)) == [("0", "5"), ("0", "6"), ("0", "7"), ("2", "5")]
    sessions = read(path, "sessions")
    assert sessions.session is not None
    assert sessions.session.tolist() == [0, 0, 0, 0, 1, 2, 2]
    assert sessions.item.to_pylist() == ["0", "5", "6", "7", "1", "2", "5"]


def test_beginnings_of_sessions_with_the_next_item(tmp_path: Path) -> None:
    found = read_prefixes(written(tmp_path, "1 2 3\t4\n1 2\t3\n" * 10 + "1 2 3\n", "test.txt"))
    assert found.indptr.tolist()[:3] == [0, 3, 5]
    assert found.answer.to_pylist()[:2] == ["4", "3"]
    assert (found.rows, found.rejects) == (21, {"bad_row": 1})
    with pytest.raises(BadFile, match="prefix TAB next"):
        read_prefixes(written(tmp_path, "1 2 3\n"))


def test_lines_that_are_not_utf8_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"0 1 2\n" * 20 + b"1 \xff\n")
    found = read(path, "lists")
    assert found.rejects == {"bad_encoding": 1}
    assert len(found.item) == 40
