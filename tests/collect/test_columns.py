"""Columns are guessed from names and contents, in English and Chinese."""

from __future__ import annotations

import pyarrow as pa
import pytest

from zhiyin.domain.errors import BadFile
from zhiyin.loop.collect.columns import guess, normal, order_extras


def roles(kind: str, rows: list[dict[str, str]], mapping: dict[str, str] | None = None) -> dict[str, str]:
    columns = guess(kind, pa.Table.from_pylist(rows), mapping)
    return {column.theirs: column.ours for column in columns if column.how not in ("extra", "ignored")}


ORDER = {"order_id": "1", "customer_id": "c", "date": "2026-03-05", "total": "5"}


def test_chinese_headers_are_known() -> None:
    row = {
        "订单编号": "1",
        "客户编号": "c",
        "下单时间": "2026-03-05",
        "商品编号": "t",
        "数量": "1",
        "金额(元)": "5",
    }
    assert list(roles("orders", [row]).values()) == [
        "order_id", "customer_id", "timestamp", "item_id", "quantity", "amount",
    ]  # fmt: skip
    row = {"会员号": "c", "姓名": "林晓", "手机": "13800138000", "邮箱": "a@b.cn", "是否订阅": "是"}
    assert list(roles("customers", [row]).values()) == ["customer_id", "name", "phone", "email", "consent"]


def test_headers_of_well_known_data_sets_are_known() -> None:
    online = {"InvoiceNo": "1", "StockCode": "t", "Description": "x", "Quantity": "1",
              "InvoiceDate": "12/1/2010 8:26", "UnitPrice": "2.55", "CustomerID": "17850", "Country": "UK"}  # fmt: skip
    assert roles("orders", [online]) == {
        "InvoiceNo": "order_id", "StockCode": "item_id", "Quantity": "quantity", "InvoiceDate": "timestamp",
        "UnitPrice": "price", "CustomerID": "customer_id",
    }  # fmt: skip
    journey = {"household_id": "1", "basket_id": "1", "product_id": "1", "quantity": "1", "sales_value": "0.5",
               "transaction_timestamp": "2017-01-01 11:53:26"}  # fmt: skip
    assert roles("orders", [journey])["sales_value"] == "line_amount"


def test_a_name_is_not_enough_when_the_content_contradicts() -> None:
    row = {**ORDER, "time": "2026-03-05 12:00", "date": "tomorrow"}
    assert roles("orders", [row])["time"] == "timestamp"


def test_contents_tell_an_address_without_its_name() -> None:
    assert roles("customers", [{"id": "1", "contact": "ann@example.com"}])["contact"] == "email"


def test_a_stated_mapping_beats_the_guess() -> None:
    row = {**ORDER, "buyer": "b"}
    mapping = {"buyer": "customer_id", "total": "-", "customer_id": "price", "Order ID": "order_id"}
    found = roles("orders", [row], mapping)
    assert found == {
        "buyer": "customer_id",
        "order_id": "order_id",
        "date": "timestamp",
        "customer_id": "price",
    }


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        ({"nope": "amount"}, "has no column 'nope'"),
        ({"total": "amout"}, "Did you mean amount"),
        ({"total": "amount", "date": "amount"}, "two columns for amount"),
    ],
)
def test_a_mapping_that_errs_is_told(mapping: dict[str, str], says: str) -> None:
    with pytest.raises(BadFile, match=says):
        roles("orders", [ORDER], mapping)


def test_a_missing_column_is_named_with_those_that_there_are() -> None:
    with pytest.raises(BadFile, match=r"shop\.csv has no column for customer_id\. .*order_id, when"):
        guess(
            "orders", pa.table({"order_id": ["1"], "when": ["2026-01-01"], "total": ["1"]}), file="shop.csv"
        )
    guess(
        "orders", pa.table({"order_id": ["1"], "when": ["2026-01-01"], "total": ["1"]}), {"-": "customer_id"}
    )


def test_an_amount_that_differs_within_an_order_is_the_lines() -> None:
    lines = [{**ORDER, "sku": "a", "total": "5"}, {**ORDER, "sku": "b", "total": "7"}]
    assert roles("orders", lines)["total"] == "line_amount"
    assert roles("orders", [{**line, "total": "12"} for line in lines])["total"] == "amount"


def test_extras_that_differ_within_an_order_are_not_the_orders() -> None:
    rows = [{**ORDER, "store": "1", "discount": "0"}, {**ORDER, "store": "1", "discount": "1"}]
    sample = pa.Table.from_pylist(rows)
    assert order_extras(guess("orders", sample), sample) == ["store"]


@pytest.mark.parametrize(
    ("header", "plain"),
    [("CustomerID", "customer_id"), (" Order No. ", "order_no"), ("金额（元）", "金额"), ("E-Mail", "e_mail"),
     ("properties.product_id", "product_id"), ("客户 编号", "客户编号"), ("Ｅｍａｉｌ", "email")],
)  # fmt: skip
def test_headers_are_compared_in_a_plain_form(header: str, plain: str) -> None:
    assert normal(header) == plain
