"""rows of a customer file → customers: who they are, how to reach them, what they stated.

A row whose e-mail address cannot be one is rejected as a whole, so that it is seen and mended; a row without
an address is fine. Cells without a field become traits.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from zhiyin.domain.reasons import RejectReason
from zhiyin.domain.text import say
from zhiyin.loop.collect.cells import one_of
from zhiyin.loop.collect.columns import EMAIL, Column
from zhiyin.loop.collect.verdict import Rows, Shop, Understood, json_objects, timestamps

YES = {"yes", "y", "true", "t", "1", "on", "opt_in", "opted_in", "subscribed", "granted",
       "是", "同意", "已同意", "已订阅", "订阅", "有"}  # fmt: skip
NO = {"no", "n", "false", "f", "0", "off", "opt_out", "opted_out", "unsubscribed", "denied",
      "否", "不同意", "未同意", "未订阅", "退订", "已退订", "无"}  # fmt: skip
LENGTHS = {"email": 254, "phone": 40, "name": 200, "language": 16}


def understand(table: pa.Table, lines: pa.Array, columns: Sequence[Column], shop: Shop) -> Understood:
    """Rows ``customer_id email phone name language created_at consent consent_at traits``; consent is
    true, false or null."""
    rows = Rows(table, lines, columns, shop)
    customer_id = rows.ids("customer_id", nobody=True)
    email = pc.utf8_lower(rows.text("email"))
    wrong = pc.fill_null(pc.invert(pc.match_substring_regex(email, EMAIL)), False)
    too_long = pc.fill_null(pc.greater(pc.utf8_length(email), LENGTHS["email"]), False)
    rows.fail(
        pc.or_(wrong, too_long).to_numpy(zero_copy_only=False),
        RejectReason.BAD_EMAIL,
        "email",
        say("is no e-mail address"),
    )
    created, known = rows.times("created_at", needed=False)
    agreed, dated = rows.times("consent_at", needed=False)
    parts = [rows.text("last_name"), rows.text("first_name")]
    chinese = pc.match_substring_regex(pc.fill_null(parts[0], ""), "^[一-鿿]")
    joined = pc.utf8_trim_whitespace(
        pc.if_else(chinese, _joined(parts[0], parts[1], ""), _joined(parts[1], parts[0], " "))
    )
    name = pc.coalesce(
        rows.text("name"), pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), joined)
    )
    stated = rows.text("consent")
    consent = pa.array(
        [True if yes else False if no else None for yes, no in zip(one_of(stated, YES), one_of(stated, NO), strict=True)],
        pa.bool_(),
    )  # fmt: skip
    return rows.verdict(
        {
            "customer_id": customer_id,
            "email": email,
            "phone": _cut(pc.replace_substring_regex(rows.text("phone"), r"[\s()-]", ""), "phone"),
            "name": _cut(name, "name"),
            "language": _cut(pc.utf8_lower(rows.text("language")), "language"),
            "created_at": timestamps(created, known),
            "consent": consent,
            "consent_at": timestamps(agreed, dated),
            "traits": json_objects(rows.extras(), len(rows)),
        }
    )


def _joined(one: pa.Array, other: pa.Array, between: str) -> pa.Array:
    return pc.binary_join_element_wise(one, other, between, null_handling="replace", null_replacement="")


def _cut(values: pa.Array, field: str) -> pa.Array:
    return pc.utf8_slice_codeunits(values, 0, LENGTHS[field])
