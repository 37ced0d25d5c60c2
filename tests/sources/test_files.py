"""Files as they come: every format and encoding gives the same rows, broken ones say what is wrong."""

from __future__ import annotations

import gzip
import io
import json
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from zhiyin.adapters.sources import Batch, expand, fingerprint, open_source
from zhiyin.adapters.sources.delimited import sniff, unique_names
from zhiyin.domain.errors import BadFile

ROWS = [{"id": "c1", "name": "林晓"}, {"id": "c2", "name": "O'Hara, Ann"}]
CSV = 'id,name\nc1,林晓\nc2,"O\'Hara, Ann"\n'


def read(path: Path, encoding: str | None = None) -> tuple[list[dict[str, object]], list[int], list[object]]:
    batches: list[Batch] = list(open_source(path, encoding).batches())
    rows = [row for batch in batches for row in batch.columns.to_pylist()]
    lines = [line for batch in batches for line in batch.lines.to_pylist()]
    return rows, lines, [reject for batch in batches for reject in batch.bad]


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("packed", [False, True])
def test_every_encoding_gives_the_same_rows(tmp_path: Path, encoding: str, packed: bool) -> None:
    data = CSV.encode(encoding)
    path = write(tmp_path / "customers.csv", gzip.compress(data) if packed else data)
    assert read(path) == (ROWS, [2, 3], [])


def test_a_stated_encoding_is_used(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,name\n1,Café\n".encode("latin-1"))
    assert read(path, "latin-1")[0] == [{"id": "1", "name": "Café"}]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_the_delimiter_is_sniffed(tmp_path: Path, delimiter: str) -> None:
    path = write(tmp_path / "a.txt", f"id{delimiter}name\n1{delimiter}Oolong\n".encode())
    assert read(path)[0] == [{"id": "1", "name": "Oolong"}]


def test_json_lines_parquet_and_excel_give_the_same_rows(tmp_path: Path) -> None:
    lines = write(
        tmp_path / "a.jsonl",
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS).encode(),
    )
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "a.parquet")
    book = Workbook()
    for row in (["id", "name"], *([row["id"], row["name"]] for row in ROWS)):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    assert read(lines) == (ROWS, [1, 2], [])
    assert read(tmp_path / "a.parquet") == (ROWS, [1, 2], [])
    assert read(tmp_path / "a.xlsx") == (ROWS, [2, 3], [])


def test_excel_cells_are_written_as_people_read_them(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["id", "at", "n", "x"])
    book.active.append([7.0, datetime.fromisoformat("2026-03-05T08:30"), 1.5, True])
    book.active.append([])
    book.active.append([8])
    book.save(tmp_path / "a.xlsx")
    rows, lines, _ = read(tmp_path / "a.xlsx")
    assert rows[0] == {"id": "7", "at": "2026-03-05 08:30:00", "n": "1.5", "x": "true"}
    assert lines == [2, 4]


def test_objects_in_json_become_dotted_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", b'{"id": 1, "who": {"name": "Ann"}, "tags": [1, 2]}\n')
    assert read(path)[0] == [{"id": "1", "who.name": "Ann", "tags": "[1, 2]"}]


def test_rows_of_another_width_are_set_aside_with_their_line(tmp_path: Path) -> None:
    text = 'a,b\n1,2\n3\n\n4,"x\ny"\n5,6,7\n8,9\n'
    rows, lines, bad = read(write(tmp_path / "a.csv", text.encode()))
    assert rows == [{"a": "1", "b": "2"}, {"a": "4", "b": "x\ny"}, {"a": "8", "b": "9"}]
    assert lines == [2, 5, 8]
    assert [(reject.line, reject.reason, reject.raw) for reject in bad] == [
        (3, "bad_row", "3"),
        (7, "bad_row", "5,6,7"),
    ]


def test_bytes_that_are_no_characters_cost_their_row_only(tmp_path: Path) -> None:
    good = "".join(f"{number},茶叶\n" for number in range(300))
    data = f"id,name\n{good}".encode() + b"x,\xff\xfe\n" + "y,杯\n".encode()
    rows, _, bad = read(write(tmp_path / "a.csv", data))
    assert len(rows) == 301
    assert [(reject.line, reject.reason) for reject in bad] == [(302, "bad_encoding")]


def test_a_row_that_does_not_decode_in_gb18030_is_set_aside(tmp_path: Path) -> None:
    good = "".join(f"{number},茶叶\n" for number in range(300))
    data = f"id,name\n{good}".encode("gb18030") + b"x,\xff\n"
    rows, _, bad = read(write(tmp_path / "a.csv", data))
    assert (len(rows), [reject.reason for reject in bad]) == (300, ["bad_encoding"])


def test_chinese_far_down_in_the_file_is_still_recognised(tmp_path: Path) -> None:
    plain = b"id,name\n" + b"1,tea\n" * 400_000
    path = write(tmp_path / "a.csv", plain + "2,茶\n".encode("gb18030"))
    assert read(path)[0][-1] == {"id": "2", "name": "茶"}


def test_a_quotation_mark_that_is_never_closed_is_told(tmp_path: Path) -> None:
    rows, _, bad = read(write(tmp_path / "a.csv", b'a,b\n1,2\n3,"open\n4,5\n'))
    assert rows == [{"a": "1", "b": "2"}]
    assert [(reject.line, reject.reason) for reject in bad] == [(3, "bad_row")]
    assert "never closed" in bad[0].detail


def test_lines_that_are_no_json_objects_are_set_aside(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", b'{"a": 1}\n{"a": \n[1]\n\n{"a": 2}\n')
    rows, lines, bad = read(path)
    assert (rows, lines) == ([{"a": "1"}, {"a": "2"}], [1, 5])
    assert [(reject.line, reject.reason) for reject in bad] == [(2, "bad_row"), (3, "bad_row")]


def parquet_bytes() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"id": list(range(1000))}), out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.csv", b"", "is empty"),
        ("a.parquet", parquet_bytes()[:-40], "no complete Parquet"),
        ("b.parquet", b"\x00" * 4000, "no Parquet file"),
        ("a.csv.gz", gzip.compress(CSV.encode() * 5000, mtime=0)[:-200], "cut off"),
        ("b.csv.gz", CSV.encode(), "not packed with gzip"),
        ("a.xlsx", b"PK\x03\x04 not a workbook", "no complete Excel"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "before 2007"),
        ("a.json", b'[{"a": 1}]', "one JSON list"),
        ("a.csv", b"id,name\n" + b"1,Caf\xe9 au lait\n" * 9, "neither UTF-8 nor GB18030"),
        ("a.bin", b"\x01\x00\x00\x02" * 100, "no text"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_so(tmp_path: Path, name: str, data: bytes, says: str) -> None:
    path = write(tmp_path / name, data)
    with pytest.raises(BadFile, match=says) as caught:
        read(path)
    assert str(path) in caught.value.what
    assert caught.value.fix


def test_the_wrong_encoding_is_told_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", ("id,name\n" + "1,茶\n" * 9).encode("gb18030"))
    with pytest.raises(BadFile, match="Line 2 holds bytes"):
        read(path, "utf-8")
    with pytest.raises(BadFile, match="no encoding 'klingon'"):
        read(path, "klingon")


def test_globs_and_paths_name_each_file_once(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv"):
        write(tmp_path / name, b"x\n1\n")
    found = expand([tmp_path / "*.csv", tmp_path / "a.csv"])
    assert [path.name for path in found] == ["a.csv", "b.csv"]
    with pytest.raises(BadFile, match="No file matches"):
        expand([tmp_path / "*.tsv"])
    with pytest.raises(BadFile, match="is a folder"):
        expand([tmp_path])


def test_the_fingerprint_is_of_the_contents(tmp_path: Path) -> None:
    one, other = write(tmp_path / "a", b"1"), write(tmp_path / "b", b"2")
    assert fingerprint([one, other]) == fingerprint([other, one])
    assert fingerprint([one]) != fingerprint([other])
    assert fingerprint([one]) == fingerprint([write(tmp_path / "c", b"1")])


def test_names_are_made_unique() -> None:
    assert unique_names(["id", "id", "", " x "]) == ["id", "id_2", "column_3", "x"]
    assert sniff("only\n1\n") == ","


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.binary(max_size=400))
def test_any_bytes_are_rows_rejects_or_a_bad_file(tmp_path: Path, data: bytes) -> None:
    path = write(tmp_path / "fuzz.csv", b"id,name\n" + data)
    try:
        rows, lines, _ = read(path)
    except BadFile:
        return
    assert len(rows) == len(lines)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    rows=st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8), min_size=3, max_size=3),
        max_size=20,
    )
)
def test_what_a_csv_writer_writes_is_read_back(tmp_path: Path, rows: list[list[str]]) -> None:
    import csv

    path = tmp_path / "round.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([["a", "b", "c"], *rows])
    filled = [row for row in rows if any(row)]
    assert [list(row.values()) for row in read(path)[0]] == filled
