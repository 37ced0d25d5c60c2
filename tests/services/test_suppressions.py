"""The list of addresses that must not be written to: who is on it, who puts them there, who takes them off."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from zhiyin.adapters.records.erasure import erase
from zhiyin.adapters.records.models import Customer, Suppression
from zhiyin.domain.errors import BadSetting, Conflict, NotFound
from zhiyin.services import gate, imports, ingest, suppressions
from zhiyin.services.workspace import Workspace


def listed(ws: Workspace) -> dict[str, str]:
    return {row.address: row.reason for row in suppressions.search(ws, per_page=100).rows}


def suppress(ws: Workspace, address: str, reason: str) -> None:
    Suppression.objects.create(channel="email", address=address, reason=reason, at=ws.now())


def test_an_address_by_hand_is_not_written_to_until_it_is_taken_off(workspace: Workspace) -> None:
    Customer.objects.create(customer_id="ann", email="Ann@Example.com")
    assert suppressions.add(workspace, " ann@example.com ")
    assert not suppressions.add(workspace, "ANN@example.com")
    assert gate.contacts(["ann"])["ann"].suppressed == "manual"
    suppressions.lift(workspace, "ann@EXAMPLE.com")
    assert gate.contacts(["ann"])["ann"].suppressed == ""
    workspace.spool.close()
    ingest.drain(workspace)
    assert ingest.counts(workspace) == {"Suppression Lifted": 1}


def test_what_is_no_address_is_told(workspace: Workspace) -> None:
    with pytest.raises(BadSetting):
        suppressions.add(workspace, "ann at example.com")


@pytest.mark.parametrize("reason", ["unsubscribed", "complaint"])
def test_nobody_but_the_owner_takes_back_a_no(workspace: Workspace, reason: str) -> None:
    suppress(workspace, "ann@example.com", reason)
    with pytest.raises(Conflict, match="stays on the list"):
        suppressions.lift(workspace, "ann@example.com")
    assert listed(workspace) == {"ann@example.com": reason}
    with pytest.raises(NotFound):
        suppressions.lift(workspace, "bob@example.com")


def test_erased_people_are_counted_and_not_shown(workspace: Workspace) -> None:
    Customer.objects.create(customer_id="ann", email="ann@example.com")
    suppress(workspace, "bob@example.com", "complaint")
    erase("ann", workspace.now())
    assert listed(workspace) == {"bob@example.com": "complaint"}
    assert suppressions.counts(workspace) == {"complaint": 1, "erased": 1}
    assert [address for address, _, _ in suppressions.lines(workspace)] == ["bob@example.com"]


def test_the_list_is_searched_and_paged_the_latest_first(workspace: Workspace) -> None:
    for n in range(5):
        Suppression.objects.create(
            channel="email", address=f"c{n}@qq.com", reason="manual", at=datetime(2026, 1, n + 1, tzinfo=UTC)
        )
    suppress(workspace, "x@163.com", "hard_bounce")
    found = suppressions.search(workspace, "QQ.com", "manual", page=2, per_page=2)
    assert ([row.address for row in found.rows], found.total) == (["c2@qq.com", "c1@qq.com"], 5)


def test_the_list_of_another_sender_is_taken_in_and_what_stands_here_keeps_its_reason(
    workspace: Workspace, tmp_path: Path
) -> None:
    suppress(workspace, "ann@example.com", "complaint")
    file = tmp_path / "list.csv"
    file.write_text(
        "邮箱,原因,时间\n"
        "Ann@example.com,退订,2026-01-05\n"
        "bob@example.com,Hard bounce,2026-01-05 10:00\n"
        "cy@example.com,spam complaint,\n"
        "dee@example.com,?,\n"
        "bob@example.com,退订,\n"
        "no address,,\n"
        ",退订,\n",
        encoding="gb18030",
    )
    result = imports.run(workspace, "suppressions", [file])
    assert (result.read, result.imported, result.new, result.rejected) == (7, 4, 3, 3)
    assert result.reasons == {"bad_email": 1, "duplicate_id": 1, "missing_field": 1}
    assert listed(workspace) == {
        "ann@example.com": "complaint",
        "bob@example.com": "hard_bounce",
        "cy@example.com": "complaint",
        "dee@example.com": "manual",
    }
    assert Suppression.objects.get(address="bob@example.com").at == datetime(2026, 1, 5, 2, tzinfo=UTC)
    assert imports.run(workspace, "suppressions", [file]).new == 0


def test_what_is_exported_comes_back_as_it_was_and_runs_in_no_spreadsheet(
    workspace: Workspace, tmp_path: Path
) -> None:
    suppress(workspace, "+ann@example.com", "unsubscribed")
    suppress(workspace, "bob@example.com", "hard_bounce")
    before = list(Suppression.objects.order_by("address").values_list("address", "reason"))
    file = tmp_path / "list.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("address", "reason", "at"))
        writer.writerows((address, why, at.isoformat()) for address, why, at in suppressions.lines(workspace))
    assert "\n+ann" not in file.read_text("utf-8")
    Suppression.objects.all().delete()
    imports.run(workspace, "suppressions", [file])
    assert list(Suppression.objects.order_by("address").values_list("address", "reason")) == before
