"""Exports of a segment: CSV, Parquet, and match lists with everyone in the list or counted among those left out."""

from __future__ import annotations

import csv
import hashlib
import tempfile
from collections.abc import Callable
from datetime import UTC
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws import slow_law
from tests.prepared import once

from zhiyin.adapters.records import erasure
from zhiyin.adapters.records.models import Consent, Customer, Suppression
from zhiyin.domain.errors import BadSetting, NotFound
from zhiyin.loop.deliver.match_list import PLATFORMS
from zhiyin.services import profiles, segment_exports, segments
from zhiyin.services.workspace import Workspace


def person(
    ws: Workspace, who: str, email: str = "", phone: str = "", says: bool | None = True, source: str = "form"
) -> None:
    Customer.objects.create(customer_id=who, email=email, phone=phone, name=f"={who}", created_at=ws.now())
    if says is not None:
        Consent.objects.create(customer_id=who, channel="email", granted=says, source=source, at=ws.now())


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def suppress(ws: Workspace, address: str, reason: str = "hard_bounce") -> None:
    Suppression.objects.create(channel="email", address=address, reason=reason, at=ws.now())


@pytest.fixture
def shop(workspace: Workspace) -> Workspace:
    once(workspace, _shop)
    return workspace


def _shop(workspace: Workspace) -> None:
    person(workspace, "both", "Ann.Lee+tea@Gmail.com", "138 0013 8000")
    person(workspace, "number", phone="+16505551212")
    person(workspace, "neither", "not an address", "call me")
    person(workspace, "silent", "silent@example.com", says=None)
    person(workspace, "no", "no@example.com", "13900139000", says=False)
    person(workspace, "gone", "gone@example.com", says=False, source="unsubscribe:page")
    person(workspace, "bounced", "bounced@example.com", "13700137000")
    suppress(workspace, "bounced@example.com")
    person(workspace, "again", "again@example.com")
    suppress(workspace, erasure.address_mark("again@example.com"), "erased")
    segments.create(workspace, "all", "All", "everyone")
    profiles.run(workspace)


LEFT_OUT = {"erased": 1, "no_consent": 2, "no_identifier": 1, "suppressed": 1, "unsubscribed": 1}


def test_a_match_list_holds_those_who_may_be_addressed_and_counts_the_others(
    shop: Workspace, tmp_path: Path
) -> None:
    found = segment_exports.export(shop, "all", tmp_path / "list.csv", "match-google")
    assert (found.members, found.written, dict(found.left_out)) == (8, 2, LEFT_OUT)
    assert segment_exports.review(shop, "all", "match-google") == found
    assert (tmp_path / "list.csv").read_bytes().decode("ascii").splitlines() == [
        "Email,Phone",
        f"{sha('annlee@gmail.com')},{sha('+8613800138000')}",
        f",{sha('+16505551212')}",
    ]


def test_tencent_gets_one_number_a_line_and_no_header(shop: Workspace, tmp_path: Path) -> None:
    found = segment_exports.export(shop, "all", tmp_path / "list.txt", "match-tencent")
    assert (tmp_path / "list.txt").read_text() == sha("13800138000") + "\n"
    assert dict(found.left_out) == LEFT_OUT | {"no_identifier": 2}
    segment_exports.export(shop, "all", tmp_path / "list.txt", "match-tencent-md5")
    assert (tmp_path / "list.txt").read_text() == hashlib.md5(b"13800138000").hexdigest() + "\n"


def test_what_somebody_who_refused_shares_is_in_no_list(shop: Workspace, tmp_path: Path) -> None:
    person(shop, "p1", "p1@example.com", "+86 139 0013 9000")  # the number of one who said no
    person(shop, "p2", phone="137 0013 7000")  # the number of one whose address is suppressed
    person(shop, "p3", "A.nn@gmail.com")  # for Google the same mailbox as a suppressed one
    suppress(shop, "ann+x@gmail.com", "complaint")
    person(shop, "p4", "p4@example.com", "13600136000")  # no to messages by phone, yes by e-mail
    Consent.objects.create(customer_id="p4", channel="sms", granted=False, source="form", at=shop.now())
    profiles.run(shop)
    found = segment_exports.export(shop, "all", tmp_path / "list.csv", "match-google")
    rows = list(csv.DictReader((tmp_path / "list.csv").read_text().splitlines()))
    assert found.left_out["shared"] == 2
    assert [(row["Email"], row["Phone"]) for row in rows[-2:]] == [
        (sha("p1@example.com"), ""),
        (sha("p4@example.com"), ""),
    ]
    rest = segment_exports.review(shop, "all", "match-meta")
    assert (rest.left_out["shared"], rest.written) == (1, 5)  # Meta keeps the dots, so that p3 is another


def test_a_shop_that_works_by_opting_out_lists_those_who_said_nothing(
    make_workspace: Callable[..., Workspace],
) -> None:
    ws = make_workspace(campaign__consent="opt_out")
    person(ws, "silent", "silent@example.com", says=None)
    person(ws, "no", "no@example.com", says=False)
    segments.create(ws, "all", "All", "everyone")
    profiles.run(ws)
    found = segment_exports.review(ws, "all", "match-meta")
    assert (found.written, dict(found.left_out)) == (1, {"no_consent": 1})


def test_parquet_read_back_is_what_the_profiles_hold(shop: Workspace, tmp_path: Path) -> None:
    found = segment_exports.export(shop, "all", tmp_path / "members.parquet")
    table = pq.read_table(tmp_path / "members.parquet")
    assert (found.format, found.members, found.written, table.num_rows) == ("parquet", 8, 8, 8)
    assert tuple(table.column_names) == segments.EXPORT_COLUMNS
    rows = [row for part in segments.stream(shop, "all") for row in part.to_pylist()]
    for row in rows:
        row.update({k: v.replace(tzinfo=UTC) for k, v in row.items() if hasattr(v, "tzinfo")})
    assert table.to_pylist() == rows
    assert table["name"][0].as_py() == "=again"  # no spreadsheet runs it


def test_csv_is_as_before_with_formulas_escaped(shop: Workspace, tmp_path: Path) -> None:
    found = segment_exports.export(shop, "all", tmp_path / "members.csv")
    rows = list(csv.DictReader((tmp_path / "members.csv").read_text("utf-8-sig").splitlines()))
    assert (found.format, found.written, rows[0]["name"]) == ("csv", 8, "'=again")


def test_an_empty_segment_gives_files_with_headers_alone(shop: Workspace, tmp_path: Path) -> None:
    segments.create(shop, "none", "None", "nobody")
    for format in segment_exports.FORMATS:
        found = segment_exports.export(shop, "none", tmp_path / format, format)
        assert (found.members, found.written, dict(found.left_out)) == (0, 0, {})
    assert pq.read_table(tmp_path / "parquet").schema == segment_exports.SCHEMA
    assert (tmp_path / "match-meta").read_text() == "email,phone\n"
    assert (tmp_path / "match-tencent").read_text() == ""


def test_the_format_follows_from_the_ending_unless_stated() -> None:
    assert segment_exports.format_of("a.CSV") == "csv"
    assert segment_exports.format_of("a.parquet") == "parquet"
    assert segment_exports.format_of("a.csv", "match-meta") == "match-meta"
    with pytest.raises(BadSetting, match=r"does not tell a format.*match-google"):
        segment_exports.format_of("a.txt")
    with pytest.raises(BadSetting, match="no format 'xml'"):
        segment_exports.format_of("a.csv", "xml")


def test_an_unknown_segment_leaves_no_file(workspace: Workspace, tmp_path: Path) -> None:
    for format in segment_exports.FORMATS:
        with pytest.raises(NotFound):
            segment_exports.export(workspace, "x", tmp_path / "out", format)
    assert not (tmp_path / "out").exists()


PEOPLE = st.lists(
    st.tuples(
        st.sampled_from(["", "a@example.com", "A@Example.com", "b.c@gmail.com", "bc+x@gmail.com", "bad@"]),
        st.sampled_from(["", "13800138000", "+86 138 0013 8000", "+16505551212", "x"]),
        st.sampled_from([None, True, True, False]),
        st.booleans(),
    ),
    min_size=5,
    max_size=5,
)
E164 = {
    "13800138000": "+8613800138000",
    "+86 138 0013 8000": "+8613800138000",
    "+16505551212": "+16505551212",
}


@pytest.fixture
def five(workspace: Workspace) -> Workspace:
    """Five profiled customers; who they are is for the records to say."""
    for number in range(5):
        person(workspace, f"c{number}")
    segments.create(workspace, "all", "All", "everyone")
    profiles.run(workspace)
    return workspace


@given(people=PEOPLE, platform=st.sampled_from(sorted(PLATFORMS)))
@slow_law(20)
def test_everyone_is_listed_or_counted_and_no_hash_of_who_refused_is_written(
    five: Workspace, people: list[tuple[str, str, bool | None, bool]], platform: str
) -> None:
    for model in (Suppression, Consent, Customer):
        model.objects.all().delete()
    hashes, refused = PLATFORMS[platform].hashes, set()
    for number, (email, phone, says, suppressed) in enumerate(people):
        person(five, f"c{number}", email, phone, says)
        if suppressed and email:
            Suppression.objects.get_or_create(
                channel="email", address=email.lower(), defaults={"reason": "manual", "at": five.now()}
            )
        if says is False or (suppressed and email):
            refused |= set(hashes(email, E164.get(phone, "")))
    with tempfile.TemporaryDirectory() as folder:
        found = segment_exports.export(five, "all", Path(folder) / "list", platform)
        lines = (Path(folder) / "list").read_text().splitlines()[1 if PLATFORMS[platform].header else 0 :]
    assert found.members == 5 == found.written + sum(found.left_out.values())
    assert len(lines) == found.written
    assert not {cell for line in lines for cell in line.split(",") if cell} & refused
