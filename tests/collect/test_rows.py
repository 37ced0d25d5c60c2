"""Rows of files become customers, items, orders and events, or rejects; none gets lost."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.loop.collect import customers, events, items, orders
from zhiyin.loop.collect.columns import guess
from zhiyin.loop.collect.order_groups import assemble, split_last
from zhiyin.loop.collect.verdict import Shop, Understood

SHOP = Shop(ZoneInfo("Asia/Shanghai"), "CNY", datetime(2026, 4, 1, tzinfo=UTC))
ORDER = {
    "order_id": "1",
    "customer_id": "ann",
    "date": "2026-03-05 12:00",
    "sku": "tea",
    "qty": "2",
    "price": "5",
}
UNDERSTAND = {
    "customers": customers.understand,
    "items": items.understand,
    "orders": orders.understand,
    "events": events.understand,
}


def understood(kind: str, rows: list[dict[str, str | None]], **mapping: str) -> Understood:
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in names})
    columns = guess(kind, table, mapping)
    return UNDERSTAND[kind](table, pa.array(range(2, len(rows) + 2)), columns, SHOP)


def grouped(rows: list[dict[str, str | None]], **options: Any) -> list[dict[str, Any]]:
    found = understood("orders", rows)
    assert found.rejects == []
    lines = orders.facts(found.rows)
    lines = lines.append_column("seq", pa.array(range(lines.num_rows)))
    by = [(name, "ascending") for name in ("order_id", "kind", "part", "seq")]
    return assemble(lines.sort_by(by), SHOP, **options).to_pylist()


def why(kind: str, row: dict[str, str | None]) -> str:
    (reject,) = understood(kind, [row]).rejects
    assert reject.line == 2
    return str(reject.reason)


def test_lines_of_one_order_become_one_event() -> None:
    (event,) = grouped([ORDER, {**ORDER, "sku": "cup", "qty": "1", "price": "12.50"}])
    assert (event["event_id"], event["event"], event["amount"]) == ("order:1", "Order Completed", 2250)
    assert event["timestamp"] == datetime.fromisoformat("2026-03-05T04:00")
    assert event["local_date"] == date(2026, 3, 5)
    assert event["month"] == "2026-03"
    assert [(line["item_id"], line["quantity"], line["price"]) for line in event["products"]] == [
        ("tea", 2, 500),
        ("cup", 1, 1250),
    ]
    assert event["rows"] == 2


def test_a_stated_total_is_the_amount_of_the_order() -> None:
    (event,) = grouped([{**ORDER, "total": "9"}, {**ORDER, "sku": "cup", "total": "9"}])
    assert event["amount"] == 900


def test_a_line_amount_is_not_a_unit_price() -> None:
    row = {
        "order_id": "1",
        "customer_id": "a",
        "date": "2026-03-05",
        "sku": "t",
        "qty": "3",
        "sales_value": "6",
    }
    (event,) = grouped([row])
    assert (event["amount"], event["products"][0]["price"]) == (600, 200)


def test_an_order_without_a_customer_is_anonymous() -> None:
    for nobody in ("", "0", "guest", "匿名", None):
        (event,) = grouped([{**ORDER, "customer_id": nobody}])
        assert (event["event"], event["customer_id"]) == ("Order Completed", None)


def test_a_negative_quantity_is_a_return() -> None:
    sold, back = sorted(grouped([ORDER, {**ORDER, "qty": "-1"}]), key=lambda event: event["event"])
    assert (sold["event"], sold["amount"]) == ("Order Completed", 1000)
    assert (back["event"], back["amount"], back["products"][0]["quantity"]) == ("Order Refunded", 500, 1)


def test_equal_returns_are_told_apart_and_have_the_same_ids_each_time() -> None:
    rows = [{**ORDER, "qty": "-1"}, {**ORDER, "qty": "-1"}]
    ids = [event["event_id"] for event in grouped(rows)]
    assert len(set(ids)) == 2
    assert ids == [event["event_id"] for event in grouped(rows)]
    assert grouped(rows[:1])[0]["event_id"] in ids


def test_a_refunded_order_was_completed_before() -> None:
    found = grouped([{**ORDER, "status": "已退款"}, {**ORDER, "sku": "cup", "status": "已退款"}])
    assert [(e["event_id"], e["amount"], e["rows"]) for e in found] == [
        ("order:1", 2000, 0),
        ("refund:1", 2000, 2),
    ]


def test_a_cancelled_order_leaves_nothing() -> None:
    found = grouped([{**ORDER, "status": "Cancelled"}])
    assert [(e["event"], e["amount"]) for e in found] == [
        ("Order Completed", 1000),
        ("Order Cancelled", 1000),
    ]


def test_an_invoice_number_with_c_and_negative_quantities_is_a_cancellation() -> None:
    (event,) = grouped([{**ORDER, "order_id": "C536379", "qty": "-1"}])
    assert (event["event"], event["event_id"], event["amount"]) == ("Order Cancelled", "cancel:C536379", 500)
    (event,) = grouped([{**ORDER, "order_id": "C536379"}])
    assert event["event"] == "Order Completed"


def test_an_unpaid_order_is_a_checkout() -> None:
    (event,) = grouped([{**ORDER, "status": "待付款"}])
    assert event["event"] == "Checkout Started"


def test_categories_come_from_the_items_where_the_file_has_none() -> None:
    known = (pa.array(["tea"]), pa.array(["Tea"]))
    (event,) = grouped([ORDER, {**ORDER, "sku": "cup"}], categories=known)
    assert [line["category"] for line in event["products"]] == ["Tea", None]


def test_a_batch_is_cut_where_an_order_ends() -> None:
    lines = pa.table({"order_id": ["1", "1", "2", "2"]})
    complete, rest = split_last(lines)
    assert (complete.num_rows, rest.num_rows) == (2, 2)
    assert split_last(lines.slice(0, 2))[0].num_rows == 0


def test_bad_orders_are_rejected_with_their_reason() -> None:
    assert why("orders", {**ORDER, "order_id": ""}) == "missing_id"
    assert why("orders", {**ORDER, "price": "-5"}) == "negative_price"
    assert why("orders", {**ORDER, "price": ""}) == "missing_field"
    assert why("orders", {**ORDER, "qty": "two", "sku": "x"}) == "bad_number"
    assert why("orders", {**ORDER, "date": "2030-01-01"}) == "future_date"
    assert why("orders", {**ORDER, "currency": "dollars"}) == "bad_currency"
    assert why("orders", {**ORDER, "order_id": "9" * 201}) == "too_large"


def test_money_in_another_currency_is_not_summed_with_the_shops() -> None:
    assert why("orders", {**ORDER, "currency": "USD"}) == "bad_currency"
    assert understood("orders", [{**ORDER, "currency": "rmb"}]).rejects == []
    view = {"event": "Product Viewed", "user_id": "ann", "timestamp": "2026-03-05", "currency": "USD"}
    assert understood("events", [view]).rejects == []
    assert why("events", {**view, "price": "5"}) == "bad_currency"
    (reject,) = understood("orders", [{**ORDER, "Currency": "USD"}]).rejects
    assert reject.detail == (
        "Currency 'USD' is not the shop's currency CNY; convert the amounts before importing them, "
        "or, if they are in CNY, leave out this column with --map 'Currency=-'"
    )


def test_a_reject_says_what_is_wrong_and_keeps_the_row() -> None:
    (reject,) = understood("orders", [{**ORDER, "price": "-5"}]).rejects
    assert reject.detail == "price '-5' is below zero; a return has a negative quantity"
    assert json.loads(reject.raw)["order_id"] == "1"


def test_a_very_long_row_is_kept_as_json_with_its_ids_whole() -> None:
    (reject,) = understood(
        "orders", [{**ORDER, "customer_id": "a" * 200, "price": "-5", "note": "x" * 9000}]
    ).rejects
    row = json.loads(reject.raw)
    assert row["customer_id"] == "a" * 200
    assert 200 <= len(row["note"]) < 9000


def test_addresses_are_tidied_and_bad_ones_rejected() -> None:
    (row,) = understood(
        "customers",
        [
            {
                "id": "1",
                "email": " Ann@Example.COM ",
                "phone": "+86 138-0013 8000",
                "city": "上海",
                "opt_in": "Yes",
            }
        ],
    ).rows.to_pylist()
    assert (row["email"], row["phone"], row["consent"]) == ("ann@example.com", "+8613800138000", True)
    assert json.loads(row["traits"]) == {"city": "上海"}
    good = {"id": "3", "email": "a@b.cn"}
    found = understood("customers", [good, {"id": "1", "email": "ann at home"}, {"id": "2", "email": ""}])
    assert [str(reject.reason) for reject in found.rejects] == ["bad_email"]
    assert found.rows["customer_id"].to_pylist() == ["3", "2"]


def test_names_are_joined_as_their_language_does() -> None:
    rows = [{"id": "1", "first_name": "Ann", "last_name": "Lee"}, {"id": "2", "first_name": "晓", "last_name": "林"},
            {"id": "3", "first_name": "", "last_name": ""}]  # fmt: skip
    assert understood("customers", rows).rows["name"].to_pylist() == ["Ann Lee", "林晓", None]


def test_items_have_names_in_both_languages() -> None:
    (row,) = understood(
        "items", [{"sku": "t", "name_en": "Oolong", "name_zh": '乌龙"茶"', "price": "¥8", "上架": "否"}]
    ).rows.to_pylist()
    assert (row["name"], row["price"], row["available"]) == ("Oolong", 800, False)
    assert json.loads(row["names"]) == {"en": "Oolong", "zh": '乌龙"茶"'}
    assert why("items", {"sku": "t", "price": "-1"}) == "negative_price"


def test_events_keep_their_id_or_get_one_from_their_content() -> None:
    row = {
        "event": "Product Viewed",
        "user_id": "ann",
        "time": "2026-03-05",
        "product_id": "tea",
        "page": "1",
    }
    stated = understood("events", [{**row, "message_id": "m1"}]).rows["event_id"].to_pylist()
    assert stated == ["m1"]
    one, same, other = understood("events", [row, row, {**row, "page": "2"}]).rows["event_id"].to_pylist()
    assert one == same != other


def test_bad_events_are_rejected_with_their_reason() -> None:
    row = {"event": "Product Viewed", "user_id": "ann", "time": "2026-03-05", "type": "track"}
    assert why("events", {**row, "user_id": ""}) == "missing_id"
    assert why("events", {**row, "event": ""}) == "missing_field"
    assert why("events", {**row, "type": "telepathy"}) == "unknown_type"
    assert why("events", {**row, "properties": "[1]"}) == "bad_row"
    assert why("events", {**row, "properties": '{"a": NaN}'}) == "bad_row"
    assert why("events", {**row, "properties": '{"a": [1e999]}'}) == "bad_row"


_CELL = st.one_of(
    st.none(),
    st.text(max_size=6),
    st.sampled_from(
        ["1", "-1", "2026-03-05", "2030-01-01", "a@b.cn", "12.5", "cancelled", "退款", "track", "guest"]
    ),
)
_HEADERS = {
    "customers": ["id", "email", "phone", "name", "consent", "created_at", "city"],
    "items": ["sku", "name", "price", "currency", "available", "brand"],
    "orders": [
        "order_id",
        "customer_id",
        "date",
        "sku",
        "qty",
        "price",
        "total",
        "status",
        "currency",
        "shop",
    ],
    "events": ["event", "type", "user_id", "time", "product_id", "price", "properties", "page"],
}


@given(data=st.data(), kind=st.sampled_from(sorted(_HEADERS)))
def test_in_is_out_and_rejected(data: st.DataObject, kind: str) -> None:
    headers = _HEADERS[kind]
    rows = data.draw(st.lists(st.fixed_dictionaries(dict.fromkeys(headers, _CELL)), max_size=8))
    names = {"date": "timestamp", "time": "timestamp", "qty": "quantity", "total": "amount", "sku": "item_id",
             "id": "customer_id", "user_id": "customer_id", "product_id": "item_id", "city": "city", "shop": "shop",
             "page": "page", "brand": "brand"}  # fmt: skip
    table = pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in headers})
    columns = guess(kind, table, {name: names.get(name, name) for name in headers})
    found = UNDERSTAND[kind](table, pa.array(range(len(rows)), pa.int64()), columns, SHOP)
    lines = found.rows["line"].to_pylist() + [reject.line for reject in found.rejects]
    assert sorted(lines) == list(range(len(rows)))
    if kind == "orders" and found.rows.num_rows:
        staged = orders.facts(found.rows)
        staged = staged.append_column("seq", pa.array(range(staged.num_rows)))
        by = [(name, "ascending") for name in ("order_id", "kind", "part", "seq")]
        made = assemble(staged.sort_by(by), SHOP)
        assert sum(made["rows"].to_pylist()) == found.rows.num_rows
        assert len(set(made["event_id"].to_pylist())) == made.num_rows
        assert min(made["amount"].to_pylist()) >= 0
