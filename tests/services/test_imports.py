"""Imports end to end: what is read is imported or rejected, and doing it again changes nothing."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import narwhals as nw
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zhiyin.adapters.records.models import Consent, Customer, Import
from zhiyin.domain.errors import BadFile, Busy, NotFound
from zhiyin.services import catalogue, import_preview, imports, rejects
from zhiyin.services.workspace import Workspace

ORDERS = """order_id,customer_id,date,sku,quantity,unit_price,status
1,ann,2026-03-05,tea,2,5.00,paid
2,bob,2026-03-06,cup,1,9.50,paid
1,ann,2026-03-05,cup,1,9.50,paid
3,,2026-03-07,tea,1,5.00,paid
4,ann,2026-03-08,tea,-1,5.00,returned
5,bob,2026-03-09,tea,1,5.00,cancelled
6,bob,2099-01-01,tea,1,5.00,paid
7,bob,2026-03-09,tea,1,-5.00,paid
8,bob
"""


@pytest.fixture
def put(tmp_path: Path) -> Callable[[str, str], Path]:
    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def amounts(ws: Workspace) -> dict[str, int]:
    rows = ws.lake.collect(ws.lake.events().select("event_id", "amount")).to_pylist()
    found = {row["event_id"]: row["amount"] for row in rows}
    return {key.rsplit(":", 1)[0] if key.count(":") > 1 else key: amount for key, amount in found.items()}


def test_orders_become_events_and_the_rest_rejects(workspace: Workspace, put: Callable[..., Path]) -> None:
    result = imports.run(workspace, "orders", [put("orders.csv", ORDERS)])
    assert (result.read, result.imported, result.rejected, result.new) == (9, 6, 3, 6)
    assert result.reasons == {"future_date": 1, "negative_price": 1, "bad_row": 1}
    assert amounts(workspace) == {
        "order:1": 1950,
        "order:2": 950,
        "guest:order": 500,
        "refund:4": 500,
        "order:5": 500,
        "cancel:5": 500,
    }
    total, rows = rejects.list_(workspace, rejects.Filter(import_id=result.import_id))
    assert total == 3
    assert [(row["line"], row["reason"]) for row in rows] == [
        (8, "future_date"),
        (9, "negative_price"),
        (10, "bad_row"),
    ]
    assert json.loads(rows[0]["raw"])["order_id"] == "6"
    assert rows[0]["customer_id"] == "bob"


def test_the_same_import_twice_changes_nothing(workspace: Workspace, put: Callable[..., Path]) -> None:
    path = put("orders.csv", ORDERS)
    first = imports.run(workspace, "orders", [path])
    before = [workspace.lake.count(name) for name in ("events", "rejects")]
    again = imports.run(workspace, "orders", [path])
    assert (again.new, again.unchanged, again.rejected) == (0, 6, 3)
    assert [workspace.lake.count(name) for name in ("events", "rejects")] == before
    assert rejects.list_(workspace, rejects.Filter(import_id=first.import_id))[0] == 0
    assert rejects.list_(workspace, rejects.Filter(import_id=again.import_id))[0] == 3
    assert [record.status for record in imports.history(workspace)] == ["done", "done"]


def test_lines_of_an_order_meet_across_files_and_formats(
    workspace: Workspace, put: Callable[..., Path]
) -> None:
    put("a.csv", "order_id,customer_id,date,sku,quantity,unit_price\n1,ann,2026-03-05,tea,2,5\n")
    rows = [
        {
            "order_id": "1",
            "customer_id": "ann",
            "date": "2026-03-05",
            "sku": "cup",
            "quantity": 1,
            "unit_price": 2.5,
        }
    ]
    pq.write_table(pa.Table.from_pylist(rows), put("b.csv", "").with_name("b.parquet"))
    put("b.csv", "").unlink()
    folder = str(
        put("a.csv", "order_id,customer_id,date,sku,quantity,unit_price\n1,ann,2026-03-05,tea,2,5\n").parent
    )
    result = imports.run(workspace, "orders", [f"{folder}/*.csv", f"{folder}/*.parquet"])
    assert (result.read, result.new) == (2, 2)
    assert amounts(workspace) == {"order:1": 1250}


def test_customers_are_added_changed_and_left_alone(workspace: Workspace, put: Callable[..., Path]) -> None:
    path = put(
        "customers.csv",
        "id,email,city,age,consent\na,A@x.cn,上海,30,yes\nb,b@x.cn,北京,,no\na,c@x.cn,,,\nc,c@,,,\n",
    )
    result = imports.run(workspace, "customers", [path])
    assert (result.read, result.new, result.rejected) == (4, 2, 2)
    assert result.reasons == {"bad_email": 1, "duplicate_id": 1}
    ann = Customer.objects.get(pk="a")
    assert (ann.email, ann.traits) == ("a@x.cn", {"city": "上海", "age": 30})
    assert dict(Consent.objects.values_list("customer_id", "granted")) == {"a": True, "b": False}
    told = workspace.lake.events().filter(nw.col("event") == "Consent Changed")
    assert workspace.lake.collect(told.select("customer_id")).num_rows == 2
    again = imports.run(workspace, "customers", [path])
    assert (again.new, again.unchanged) == (0, 2)
    update = imports.run(workspace, "customers", [put("more.csv", "id,email,city\na,,Suzhou\nb,,\n")])
    assert (update.new, update.unchanged) == (1, 1)
    ann.refresh_from_db()
    assert (ann.email, ann.traits["city"]) == ("a@x.cn", "Suzhou")


def test_an_imported_yes_does_not_override_an_unsubscription(
    workspace: Workspace, put: Callable[..., Path]
) -> None:
    path = put("customers.csv", "id,email\na,a@x.cn\nb,b@x.cn\n")
    imports.run(workspace, "customers", [path])
    Consent.objects.create(
        customer_id="a", channel="email", granted=False, source="unsubscribe", at=workspace.now()
    )
    imports.run(workspace, "customers", [path], consent=True)
    assert dict(Consent.objects.values_list("customer_id", "granted")) == {"a": False, "b": True}


def test_items_keep_what_a_later_file_does_not_say(workspace: Workspace, put: Callable[..., Path]) -> None:
    imports.run(
        workspace,
        "items",
        [put("items.csv", "sku,name_en,name_zh,category,price\nt,Oolong,乌龙,Tea,8\nt,x,x,x,1\n")],
    )
    result = imports.run(workspace, "items", [put("prices.csv", "sku,price\nt,9\nu,1\n")])
    assert (result.new, result.unchanged) == (2, 0)
    tea, other = workspace.lake.collect(workspace.lake.items().sort("item_id")).to_pylist()
    assert (tea["name"], json.loads(tea["names"]), tea["price"]) == (
        "Oolong",
        {"en": "Oolong", "zh": "乌龙"},
        900,
    )
    assert (other["name"], other["available"]) == ("u", True)


def test_properties_of_items_may_be_lists_in_any_format(
    workspace: Workspace, put: Callable[..., Path]
) -> None:
    imports.run(
        workspace, "items", [put("a.csv", 'item_id,name,text_vector,brand\nA,Tea,"[0.1, 0.9]",[Ming\n')]
    )
    told = {"item_id": "B", "name": "Cup", "text_vector": [0.2, 0.8], "tags": ["茶", "gift"]}
    imports.run(workspace, "items", [put("b.jsonl", json.dumps(told))])
    assert {item_id: item.properties for item_id, item in catalogue.all_items(workspace).items()} == {
        "A": {"text_vector": [0.1, 0.9], "brand": "[Ming"},
        "B": {"text_vector": [0.2, 0.8], "tags": ["茶", "gift"]},
    }


def test_lines_take_their_category_from_the_items(workspace: Workspace, put: Callable[..., Path]) -> None:
    imports.run(workspace, "items", [put("items.csv", "sku,name,category\ntea,Oolong,Tea\n")])
    imports.run(workspace, "orders", [put("orders.csv", ORDERS)])
    (order,) = workspace.lake.collect(
        workspace.lake.events().filter(nw.col("event_id") == "guest:order:3")
    ).to_pylist()
    assert order["products"][0]["category"] == "Tea"


def test_events_count_once_by_their_id(workspace: Workspace, put: Callable[..., Path]) -> None:
    text = "event,message_id,user_id,time,product_id\n" + "Product Viewed,m1,ann,2026-03-05 10:00,tea\n" * 2
    path = put("events.csv", text + "Product Viewed,m2,,2026-03-05,tea\n")
    result = imports.run(workspace, "events", [path])
    assert (result.read, result.new, result.unchanged, result.rejected) == (3, 1, 1, 1)
    assert imports.run(workspace, "events", [path]).new == 0


def test_a_dry_run_keeps_nothing_and_counts_the_same(workspace: Workspace, put: Callable[..., Path]) -> None:
    path = put("orders.csv", ORDERS)
    seen = import_preview.preview(workspace, "orders", [path], limit=2)
    assert workspace.lake.count("events") == workspace.lake.count("rejects") == Import.objects.count() == 0
    assert (seen.read, seen.imported, seen.rejected) == (9, 6, 3)
    assert [row["order_id"] for row in seen.rows] == ["1", "2"]
    assert seen.rows[0]["line_amount"] == "¥10.00"
    duplicates = put("customers.csv", "id\na\na\n")
    assert import_preview.preview(workspace, "customers", [duplicates]).reasons == {"duplicate_id": 1}
    assert Customer.objects.count() == 0


def test_a_broken_file_among_good_ones_stops_before_anything_is_taken(
    workspace: Workspace, put: Callable[..., Path]
) -> None:
    good, bad = put("a.csv", ORDERS), put("b.parquet", "PAR1 and then nothing")
    with pytest.raises(BadFile, match=r"b\.parquet is no complete Parquet file"):
        imports.run(workspace, "orders", [good, bad])
    assert workspace.lake.count("events") == 0
    (record,) = imports.history(workspace)
    assert record.status == "failed"
    assert "no complete Parquet" in record.error


def test_a_missing_column_is_a_message_and_a_failed_import(
    workspace: Workspace, put: Callable[..., Path]
) -> None:
    with pytest.raises(BadFile, match="no column for order_id"):
        imports.run(workspace, "orders", [put("a.csv", "customer_id,date,total\na,2026-03-05,1\n")])
    assert imports.history(workspace)[0].status == "failed"
    with pytest.raises(NotFound, match="no kind"):
        imports.run(workspace, "parties", [put("a.csv", "x\n")])


def test_an_empty_table_imports_nothing(workspace: Workspace, put: Callable[..., Path]) -> None:
    for kind, header in (
        ("orders", "order_id,customer_id,date,total"),
        ("customers", "id"),
        ("items", "sku"),
    ):
        result = imports.run(workspace, kind, [put("a.csv", header + "\n")])
        assert (result.read, result.imported, result.rejected) == (0, 0, 0)


def test_exported_rejects_are_no_formulas(
    workspace: Workspace, put: Callable[..., Path], tmp_path: Path
) -> None:
    imports.run(workspace, "customers", [put("a.csv", "id,email\n1\n=cmd()\nx,y,z\n")])
    out = tmp_path / "rejects.csv"
    assert rejects.export(workspace, out) == 3
    with open(out, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["line"] for row in rows] == ["2", "3", "4"]
    assert rows[1]["raw"] == "'=cmd()"


def test_one_import_at_a_time(workspace: Workspace, put: Callable[..., Path]) -> None:
    from zhiyin.adapters.lake.lease import lease

    with lease(workspace.folder / "import.lock", "busy"), pytest.raises(Busy, match="Another import"):
        imports.run(workspace, "orders", [put("a.csv", ORDERS)])


KILLED = """
import os, signal, sys
from zhiyin.entrypoints.site import open_workspace
ws = open_workspace(sys.argv[1])
from zhiyin.services import imports
def step(done, total=None, label=None):
    if label.startswith("Writing"):
        os.kill(os.getpid(), signal.SIGKILL)
imports.run(ws, "orders", [sys.argv[2]], on_progress=step)
"""


def test_a_killed_import_is_completed_by_the_next(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    lines = [f"{n % 60_000},c{n % 500},2026-0{n % 3 + 1}-05,5" for n in range(240_000)]
    path.write_text("\n".join(["order_id,customer_id,date,total", *lines]), encoding="utf-8")
    killed = subprocess.run([sys.executable, "-c", KILLED, workspace.folder, path], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert 0 < workspace.lake.count("events") < 60_000
    result = imports.run(workspace, "orders", [path])
    assert (result.read, result.imported) == (240_000, 240_000)
    assert 0 < result.unchanged < 240_000
    ids = workspace.lake.collect(workspace.lake.events().select("event_id"))["event_id"]
    assert len(ids) == len(ids.unique()) == 60_000
    assert list((workspace.folder / "staging").iterdir()) == []
    assert [record.status for record in imports.history(workspace)] == ["done", "failed"]
    assert "Run it again" in imports.history(workspace)[1].error


@pytest.mark.parametrize(
    ("kind", "header", "person"),
    [("customers", "Kunde,e-mail,Notes", "a"), ("items", "sku,name,Notes", None)],
)
def test_the_raw_row_of_a_duplicate_is_the_row_as_it_came(
    workspace: Workspace, put: Callable[..., Path], kind: str, header: str, person: str | None
) -> None:
    """Empty cells stay empty, spaces stay, no column of another file or of ours joins it."""
    first = put("a.csv", f"{header}\na,,1\n a ,, x\n")
    second = put("b.csv", "id,Town,town\nb,x,y\nb,,Y\n")
    mapping = {"Kunde": "customer_id"} if kind == "customers" else {}
    result = imports.run(workspace, kind, [first], mapping)
    other = imports.run(workspace, kind, [second])
    both = import_preview.preview(
        workspace, "items", [put("c.csv", "sku,a\n1,\n"), put("d.csv", "sku,b\n1,2\n")]
    )
    _, rows = rejects.list_(workspace, rejects.Filter(import_id=result.import_id))
    names = header.split(",")
    assert [(row["line"], row["reason"], row["customer_id"]) for row in rows] == [(3, "duplicate_id", person)]
    assert list(json.loads(rows[0]["raw"]).items()) == list(zip(names, [" a ", "", " x"], strict=True))
    _, rows = rejects.list_(workspace, rejects.Filter(import_id=other.import_id))
    assert json.loads(rows[0]["raw"]) == {"id": "b", "Town": "", "town": "Y"}
    assert [json.loads(reject.raw) for reject in both.rejects] == [{"sku": "1", "b": "2"}]


def test_a_known_order_with_another_amount_is_told(workspace: Workspace, put: Callable[..., Path]) -> None:
    header = "order_id,customer_id,date,product,qty,unit_price\n"
    line = "{0},ann,2026-03-0{0},tea,1,5.00\n"
    imports.run(workspace, "orders", [put("a.csv", header + line.format(1) + line.format(2))])
    more = header + line.format(1) + line.format(1).replace("tea", "cup") + line.format(2) + line.format(3)
    result = imports.run(workspace, "orders", [put("b.csv", more)])
    assert (result.read, result.imported, result.new, result.unchanged) == (4, 4, 1, 3)
    assert (result.changed, result.changed_orders) == (1, ["1"])
    kept = imports.history(workspace)[0]
    assert (kept.changed, kept.changed_orders) == (1, ["1"])
    assert amounts(workspace)["order:1"] == 500
