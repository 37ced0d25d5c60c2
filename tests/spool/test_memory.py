"""The memory: what was seen is known, for two days, once it was committed and not before."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhiyin.adapters.spool import SpoolMemory, keys, visit_rows

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NONE = visit_rows({})


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(st.text(max_size=8), max_size=12), max_size=30), data=st.data())
def test_exactly_what_was_committed_is_known(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[str]], data: st.DataObject
) -> None:
    memory = SpoolMemory(tmp_path_factory.mktemp("memory"))
    seen: set[str] = set()
    for version, ids in enumerate(batches, 1):
        asked = data.draw(st.sets(st.text(max_size=8), max_size=10)) | set(ids)
        assert memory.known(asked) == asked & seen
        memory.commit(version, keys(set(ids)), NONE, NOW)
        seen |= set(ids)
    assert memory.known(seen | {"never"} - seen) == seen - ({"never"} - seen)


def test_a_version_is_remembered_once(tmp_path: Path) -> None:
    memory = SpoolMemory(tmp_path)
    memory.commit(1, keys({"a"}), visit_rows({"v": ("s1", 1.0, 2.0, 3)}), NOW)
    memory.commit(1, keys({"b"}), visit_rows({"v": ("s2", 9.0, 9.0, 9)}), NOW)
    assert memory.version() == 1
    assert memory.known({"a", "b"}) == {"a"}
    assert SpoolMemory(tmp_path).visits(["v", "w"]) == {"v": ("s1", 1.0, 2.0, 3)}


def test_ids_are_forgotten_after_two_days_and_their_files_removed(tmp_path: Path) -> None:
    memory = SpoolMemory(tmp_path)
    memory.commit(1, keys({"old"}), NONE, NOW)
    memory.commit(2, keys({"new"}), NONE, NOW + timedelta(hours=24))
    assert memory.known({"old", "new"}) == {"old", "new"}
    memory.commit(3, keys({"last"}), NONE, NOW + timedelta(hours=49))
    assert memory.known({"old", "new", "last"}) == {"new", "last"}
    assert len(list((tmp_path / "seen").iterdir())) == 2


def test_orders_are_known_for_ever(tmp_path: Path) -> None:
    memory = SpoolMemory(tmp_path)
    for version in range(1, 60):
        at = NOW + timedelta(days=10 * version)
        memory.commit(version, keys({f"m{version}"}), NONE, at, keys({f"order:{version}"}))
        memory.tell(keys({f"order:file-{version}", f"order:{version}"}), version, at)
    told = {f"order:{door}{version}" for door in ("", "file-") for version in range(1, 60)}
    assert memory.known_orders(told | {"order:60"}) == told
    assert memory.known(told) == set()
    assert len(list((tmp_path / "orders").iterdir())) < 30


def test_what_was_told_since_a_batch_was_in_the_lake_is_not_known_to_it(tmp_path: Path) -> None:
    memory = SpoolMemory(tmp_path)
    memory.commit(1, keys(()), NONE, NOW, keys({"a"}))
    memory.tell(keys({"b"}), 1, NOW)
    memory.tell(keys({"c"}), 2, NOW)
    asked = keys(["a", "b", "c", "d"])
    assert memory.ordered(asked, 2).tolist() == [True, True, False, False]
    assert memory.ordered(asked).tolist() == [True, True, True, False]
    memory.commit(2, keys(()), NONE, NOW, keys({"d"}))
    assert memory.ordered(asked, 3).all()


def test_a_memory_in_doubt_has_to_be_told_all_orders(tmp_path: Path) -> None:
    memory = SpoolMemory(tmp_path)
    assert not memory.informed()
    memory.tell(keys({"a"}), 0, NOW)
    assert memory.informed()
    assert memory.doubt()
    assert not SpoolMemory(tmp_path).informed()
    assert not memory.doubt()
    memory.tell(keys({"a", "b"}), 0, NOW)
    assert memory.informed()
    assert memory.known_orders({"a", "b", "c"}) == {"a", "b"}


def test_many_batches_need_few_files(tmp_path: Path) -> None:
    memory = SpoolMemory(tmp_path)
    for version in range(1, 200):
        memory.commit(version, keys({f"{version}-{n}" for n in range(4)}), NONE, NOW)
    assert len(list((tmp_path / "seen").iterdir())) < 30
    assert memory.known({"1-0", "77-3", "199-3", "200-0"}) == {"1-0", "77-3", "199-3"}


def test_a_file_of_a_batch_that_was_cut_short_counts_for_nothing(tmp_path: Path) -> None:
    memory = SpoolMemory(tmp_path)
    memory.commit(1, keys({"a"}), NONE, NOW)
    run = next((tmp_path / "seen").iterdir())
    (tmp_path / "seen" / "000000000002-0.arrow").write_bytes(run.read_bytes()[:-3])
    assert memory.known({"a", "b"}) == {"a"}
    memory.commit(2, keys({"b"}), NONE, NOW)
    assert memory.known({"a", "b"}) == {"a", "b"}


def test_a_person_can_be_forgotten(tmp_path: Path) -> None:
    memory = SpoolMemory(tmp_path)
    memory.commit(1, keys(()), visit_rows({"v": ("s", 1.0, 1.0, 1), "w": ("t", 1.0, 1.0, 1)}), NOW)
    memory.forget(["v"])
    assert set(memory.visits(["v", "w"])) == {"w"}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(
        st.dictionaries(
            st.sampled_from([f"v{n}" for n in range(20)] + ["late:v1"]), st.integers(0, 9), max_size=6
        ),
        max_size=40,
    ),
    gone=st.sampled_from(["v0", "v1", "v2"]),
)
def test_the_last_visit_of_a_visitor_is_remembered_until_she_is_forgotten(
    tmp_path_factory: pytest.TempPathFactory, batches: list[dict[str, int]], gone: str
) -> None:
    memory = SpoolMemory(tmp_path_factory.mktemp("memory"))
    last: dict[str, tuple[str, float, float, int]] = {}
    for version, visits in enumerate(batches, 1):
        new = {who: (f"s{version}", float(n), float(n), n) for who, n in visits.items()}
        memory.commit(version, keys(()), visit_rows(new), NOW)
        last |= new
        assert memory.visits(list(new)) == {who: last[who] for who in sorted(_with_late(new)) if who in last}
    memory.forget([gone])
    kept = {who: visit for who, visit in last.items() if who not in _with_late([gone])}
    assert memory.visits(list(last)) == kept
    assert len(list((memory.folder / "visits").glob("*"))) < 30


def _with_late(visitors: Iterable[str]) -> set[str]:
    return {name for who in visitors for name in (who, f"late:{who}")}


def test_a_visit_is_forgotten_two_hours_after_it_was_remembered(tmp_path: Path) -> None:
    memory = SpoolMemory(tmp_path)
    for version in range(1, 60):
        at = NOW + timedelta(minutes=10 * version)
        memory.commit(version, keys(()), visit_rows({f"v{version}": ("s", 1.0, 1.0, 1)}), at)
    known = memory.visits([f"v{version}" for version in range(1, 60)])
    assert {f"v{version}" for version in range(48, 60)} <= set(known)
    # what was merged lately may know some more, for as long again
    assert not {f"v{version}" for version in range(1, 59 - 24)} & set(known)
