"""rows of an order file → lines of orders, returns, cancellations and open checkouts.

One row is an order or one of its lines. What shops really have is understood rather than refused: negative
quantities or amounts are returns, invoice numbers such as C536379 with negative quantities are cancellations
(as in the Online Retail data), and an order without a customer is an anonymous one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhiyin.domain.reasons import RejectReason
from zhiyin.domain.text import say
from zhiyin.loop.collect.cells import Bools, Ints, decimals
from zhiyin.loop.collect.columns import Column
from zhiyin.loop.collect.events import whole
from zhiyin.loop.collect.verdict import Rows, Shop, Understood, json_objects, timestamps

COMPLETED, REFUNDED, CANCELLED, OPEN = 0, 1, 2, 3

# words of a status, in lower case; a status that holds none of them is a completed order
_WORDS = (
    (COMPLETED, r"partial|部分"),
    (OPEN, r"pending|unpaid|not.paid|awaiting|failed|draft|abandon|declined|待付|待支付|未付|未支付|失败"),
    (CANCELLED, r"cancel|void|取消|交易关闭|已关闭"),
    (REFUNDED, r"refund|return|chargeback|reversed|退款|退货"),
)


def understand(table: pa.Table, lines: pa.Array, columns: Sequence[Column], shop: Shop) -> Understood:
    """One row per line: ids, time, item, amounts in minor units without sign, and what it is (``kind``).

    ``whole`` is true where the row speaks of an order that was completed before it was refunded or cancelled.
    ``part`` tells single returned lines apart; it is empty where the order is meant as a whole.
    """
    rows = Rows(table, lines, columns, shop)
    order_id = rows.ids("order_id")
    customer_id = rows.ids("customer_id", needed=False, nobody=True)
    at, _ = rows.times("timestamp")
    currency, factors = rows.currencies()
    stated, bad = decimals(rows.cells("quantity"))
    rows.fail(bad, RejectReason.BAD_NUMBER, "quantity", say("is no number"))
    quantity = np.where(np.isnan(stated), 1.0, stated)
    price, line = rows.money("price", factors), rows.money("line_amount", factors)
    total = rows.money("amount", factors)
    rows.in_shops_currency(currency, price, line, total)
    negative_price = pc.fill_null(pc.less(price, 0), False).to_numpy(zero_copy_only=False)
    rows.fail(
        negative_price,
        RejectReason.NEGATIVE_PRICE,
        "price",
        say("is below zero; a return has a negative quantity"),
    )
    nothing = pc.and_(pc.and_(pc.is_null(price), pc.is_null(line)), pc.is_null(total))
    owner = next((name for name in ("amount", "line_amount", "price") if rows.has(name)), "amount")
    rows.fail(nothing.to_numpy(zero_copy_only=False), RejectReason.MISSING_FIELD, owner, say("is empty"))
    negative = (quantity < 0) | _below_zero(line) | _below_zero(total)
    kind = _kinds(rows.text("status"))
    invoice = pc.fill_null(pc.match_substring_regex(order_id, "^[Cc][0-9]+$"), False)
    # a negative row is a return, or a cancellation where its status or number says so
    returned = np.where((kind == CANCELLED) | invoice.to_numpy(zero_copy_only=False), CANCELLED, REFUNDED)
    entire = ~negative & ((kind == REFUNDED) | (kind == CANCELLED))
    kind = np.where(negative, returned, kind)
    line, price = _line_money(price, line, quantity)
    total = pc.abs(total)
    item_id = rows.ids("item_id", needed=False)
    count = pc.abs(whole(quantity))
    part = _parts(negative & (kind == REFUNDED) & line.is_valid().to_numpy(zero_copy_only=False),
                  at, item_id, count, line)  # fmt: skip
    return rows.verdict(
        {
            "order_id": order_id,
            "kind": pa.array(kind.astype(np.int8)),
            "part": part,
            "whole": pa.array(entire),
            "customer_id": customer_id,
            "at": timestamps(at),
            "item_id": item_id,
            "quantity": count,
            "price": price,
            "line_amount": line,
            "total": total,
            "category": rows.text("category"),
            "currency": currency,
            "properties": json_objects(rows.extras(), len(rows)),
        }
    )


def facts(rows: pa.Table) -> pa.Table:
    """The lines to group into events: a refunded or cancelled order was also a completed one.

    ``own`` marks the one line that stands for its row when rows are counted.
    """
    rows = rows.append_column("own", pa.array(np.ones(rows.num_rows, bool)))
    entire = rows.filter(rows["whole"])
    if entire.num_rows:
        index = {name: rows.schema.get_field_index(name) for name in ("kind", "own")}
        zeros = pa.array(np.full(entire.num_rows, COMPLETED, np.int8))
        before = entire.set_column(index["kind"], "kind", zeros)
        before = before.set_column(index["own"], "own", pa.array(np.zeros(entire.num_rows, bool)))
        rows = pa.concat_tables([rows, before])
    return rows.drop_columns(["whole"])


def _kinds(status: pa.Array) -> Ints:
    encoded = status.dictionary_encode()
    kinds = np.array([_kind(word) for word in encoded.dictionary.to_pylist()] or [COMPLETED], np.int64)
    index = pc.fill_null(encoded.indices, 0).to_numpy(zero_copy_only=False)
    missing = status.is_null().to_numpy(zero_copy_only=False)
    return np.where(missing, COMPLETED, kinds[index])


def _kind(status: str) -> int:
    return next((kind for kind, words in _WORDS if re.search(words, status.lower())), COMPLETED)


def _line_money(price: pa.Array, line: pa.Array, quantity: np.ndarray) -> tuple[pa.Array, pa.Array]:
    """Amount of the line and price of one, each from the other where it is missing; without sign."""
    units = np.abs(quantity)
    of_price = pc.fill_null(price, 0).to_numpy(zero_copy_only=False) * units
    from_price = pa.array(np.floor(of_price + 0.5 + 1e-6).astype(np.int64), mask=_null(price))
    line = pc.coalesce(pc.abs(line), from_price)
    amount = pc.fill_null(line, 0).to_numpy(zero_copy_only=False)
    single = np.floor(amount / np.where(units > 0, units, 1) + 0.5)
    from_line = pa.array(single.astype(np.int64), mask=_null(line) | (units == 0))
    return line, pc.coalesce(price, from_line)


def _parts(where: Bools, at: Ints, item_id: pa.Array, count: pa.Array, line: pa.Array) -> pa.Array:
    if not where.any():
        return pa.array([""] * len(where), pa.string())
    columns = [pa.array(at), pc.fill_null(item_id, ""), count, line]
    texts = pc.binary_join_element_wise(*(column.cast(pa.string()) for column in columns), "|")
    return pc.if_else(pa.array(where), texts, "")


def _below_zero(values: pa.Array) -> Bools:
    found: Bools = pc.fill_null(pc.less(values, 0), False).to_numpy(zero_copy_only=False)
    return found


def _null(values: pa.Array) -> Bools:
    found: Bools = values.is_null().to_numpy(zero_copy_only=False)
    return found
