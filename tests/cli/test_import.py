"""``zhiyin import``: the figures balance, the columns are shown, mistakes are told in three parts."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from zhiyin.adapters.records.models import Import
from zhiyin.domain.errors import BadFile
from zhiyin.entrypoints.cli import app
from zhiyin.services.workspace import Workspace

CUSTOMERS = "会员号,姓名,邮箱,城市\n1,林晓,lin@example.com,上海\n2,王,not an address,北京\n3,李,,广州\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "客户.csv"
    path.write_bytes(CUSTOMERS.encode("gb18030"))
    return path


def call(workspace: Workspace, *words: object, of: str = "import") -> str:
    result = CliRunner().invoke(app, [of, *map(str, words), "-w", str(workspace.folder)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_the_figures_balance(workspace: Workspace, file: Path) -> None:
    told = json.loads(call(workspace, "customers", file, "--json"))
    assert (told["read"], told["imported"], told["rejected"], told["new"], told["unchanged"]) == (
        3,
        2,
        1,
        2,
        0,
    )
    assert told["reasons"] == {"bad_email": 1}
    assert {"theirs": "会员号", "ours": "customer_id", "how": "name", "sample": "1"} in told["columns"]
    assert json.loads(call(workspace, "customers", file, "--json"))["new"] == 0


def test_columns_and_figures_are_shown(workspace: Workspace, file: Path) -> None:
    text = call(workspace, "customers", file, "--consent", "yes")
    assert "customer_id" in text
    assert "by its name" in text
    assert "rejected 1" in text


def test_a_dry_run_shows_rows_and_keeps_nothing(workspace: Workspace, file: Path) -> None:
    text = call(workspace, "customers", file, "--dry-run")
    assert "Nothing was kept" in text
    assert "林晓" in text
    told = json.loads(call(workspace, "customers", file, "--dry-run", "--json"))
    assert (told["read"], told["imported"], told["dry_run"]) == (3, 2, True)
    assert json.loads(call(workspace, "history", "--json")) == []


def test_a_mapping_is_stated_as_theirs_equals_ours(workspace: Workspace, file: Path) -> None:
    told = json.loads(call(workspace, "customers", file, "--map", "城市=town", "--map", "姓名=-", "--json"))
    assert {(column["theirs"], column["ours"]) for column in told["columns"]} >= {
        ("城市", "town"),
        ("姓名", "-"),
    }
    assert "is not THEIRS=OURS" in call(workspace, "customers", file, "--map", "city")
    with pytest.raises(BadFile, match="has no column 'nope'"):
        call(workspace, "customers", file, "--map", "nope=email")


def test_history_and_rejects_are_listed_and_exported(
    workspace: Workspace, file: Path, tmp_path: Path
) -> None:
    call(workspace, "customers", file)
    (record,) = json.loads(call(workspace, "history", "--json"))
    assert (record["kind"], record["status"], record["rejected"]) == ("customers", "done", 1)
    listed = json.loads(call(workspace, "rejects", "--import", record["import_id"], "--json", of="events"))
    assert (listed["total"], listed["rejects"][0]["line"]) == (1, 3)
    assert "bad_email" in call(workspace, "rejects", of="events")
    out = tmp_path / "out.csv"
    assert "Wrote 1 rejects" in call(workspace, "rejects", "--export", out, of="events")
    assert "bad_email" in out.read_text(encoding="utf-8-sig")
    again = ("rejects", "--import", record["import_id"], "--export", out, "--as-rows")
    call(workspace, *again, of="events")
    assert out.read_text(encoding="utf-8-sig").splitlines() == [
        CUSTOMERS.splitlines()[0],
        CUSTOMERS.splitlines()[2],
    ]
    assert "done" in call(workspace, "history")


def test_the_wrong_encoding_is_told(workspace: Workspace, file: Path) -> None:
    with pytest.raises(BadFile, match="is not utf-8"):
        call(workspace, "customers", file, "--encoding", "utf-8")


def test_a_file_without_customers_is_imported_when_that_is_said(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "till.csv"
    path.write_text("receipt_no,date,total\n1,2026-03-05,9.90\n", encoding="utf-8")
    with pytest.raises(BadFile, match="no column for customer_id"):
        call(workspace, "orders", path)
    told = json.loads(call(workspace, "orders", path, "--map=-=customer_id", "--json"))
    assert (told["imported"], told["new"]) == (1, 1)


def test_history_shows_whole_ids_and_the_first_line_of_an_error(workspace: Workspace, file: Path) -> None:
    told = json.loads(call(workspace, "customers", file, "--json"))
    assert told["import_id"] in call(workspace, "history")
    Import.objects.update(error="It broke [here].\nTraceback")
    text = call(workspace, "history")
    assert f"{told['import_id']} It broke [here]." in text
    assert "Traceback" not in text


def test_a_dry_run_is_readable_in_80_columns(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    path = tmp_path / "orders.csv"
    names = [f"remark_{n}" for n in range(20)]
    lines = [
        f"order-{n},customer-{n},2026-03-05 12:00,99.90," + ",".join(f"word{m}" for m in range(20))
        for n in range(9)
    ]
    path.write_text("\n".join(["order_id,customer_id,date,total," + ",".join(names), *lines]))
    text = call(workspace, "orders", path, "--dry-run")
    assert max(map(len, text.splitlines())) <= 80
    for whole in ("Line 2", "Line 4", "order-2", "customer-2", "2026-03-05 12:00:00"):
        assert whole in text


def test_a_file_of_a_header_alone_is_told(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("order_id,customer_id,date,total\n")
    for flag in ([], ["--dry-run"]):
        assert "There are no rows below the header." in call(workspace, "orders", path, *flag)


def test_known_orders_with_another_amount_are_named(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("order_id,customer_id,date,total\n7,ann,2026-03-05,5\n")
    call(workspace, "orders", path)
    path.write_text("order_id,customer_id,date,total\n7,ann,2026-03-05,6\n")
    told = json.loads(call(workspace, "orders", path, "--json"))
    assert (told["unchanged"], told["changed"], told["changed_orders"]) == (1, 1, ["7"])
    text = " ".join(call(workspace, "orders", path).split())
    assert (
        "1 known orders have another amount in these files than in the lake, which keeps the first: 7" in text
    )


def test_times_in_json_are_iso_with_their_offset(workspace: Workspace, file: Path) -> None:
    call(workspace, "customers", file)
    (record,) = json.loads(call(workspace, "history", "--json"))
    (reject,) = json.loads(call(workspace, "rejects", "--json", of="events"))["rejects"]
    for moment in (record["finished_at"], reject["rejected_at"]):
        assert "T" in moment
        assert datetime.fromisoformat(moment).tzinfo is not None
