"""rows of a list of addresses → suppressions: whom not to write to, and why."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhiyin.domain.reasons import RejectReason, SuppressReason
from zhiyin.domain.text import say
from zhiyin.loop.collect.columns import EMAIL, Column
from zhiyin.loop.collect.verdict import Rows, Shop, Understood, timestamps

LONGEST = 254
# what other senders call it, by the beginning of the word
_WORDS = (
    (SuppressReason.COMPLAINT, r"^(complain|complaint|spam|abuse|fbl|投诉|举报|垃圾)"),
    (SuppressReason.UNSUBSCRIBED, r"^(unsub|opt[_ -]?out|opted|remove|退订|取消)"),
    (SuppressReason.SOFT_BOUNCES, r"^soft"),
    (
        SuppressReason.HARD_BOUNCE,
        r"^(hard|bounce|invalid|not[_ -]?exist|no[_ -]?such|unknown|退信|无效|不存在|空号)",
    ),
)


def understand(table: pa.Table, lines: pa.Array, columns: Sequence[Column], shop: Shop) -> Understood:
    """Rows ``address reason at``; a reason that says nothing we know is ``manual``, ``at`` is null if not stated."""
    rows = Rows(table, lines, columns, shop)
    # an export of ours has an apostrophe before what a spreadsheet would run
    address = pc.replace_substring_regex(pc.utf8_lower(rows.text("address")), r"^'([=+\-@])", r"\1")
    missing = address.is_null().to_numpy(zero_copy_only=False)
    rows.fail(missing, RejectReason.MISSING_FIELD, "address", say("is empty"))
    wrong = pc.or_(
        pc.invert(pc.match_substring_regex(address, EMAIL)), pc.greater(pc.utf8_length(address), LONGEST)
    )
    rows.fail(
        pc.fill_null(wrong, False).to_numpy(zero_copy_only=False),
        RejectReason.BAD_EMAIL,
        "address",
        say("is no e-mail address"),
    )
    at, known = rows.times("at", needed=False)
    return rows.verdict(
        {"address": address, "reason": _reasons(rows.text("reason")), "at": timestamps(at, known)}
    )


def _reasons(stated: pa.Array) -> pa.Array:
    words = pc.utf8_lower(stated)
    found = np.full(len(stated), str(SuppressReason.MANUAL), object)
    for reason, pattern in reversed(_WORDS):
        fits = pc.fill_null(pc.match_substring_regex(words, pattern), False)
        found[fits.to_numpy(zero_copy_only=False)] = str(reason)
    return pa.array(found, pa.string())
