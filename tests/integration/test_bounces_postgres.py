"""What strangers write into bounces, on PostgreSQL, which keeps no zero bytes."""

from __future__ import annotations

import pytest
from tests.services.returned_mail import dsn, sent, tagged

from zhiyin.domain.bounce import Fate
from zhiyin.domain.esp import EspEvent
from zhiyin.services import bounce_notes, esp_events
from zhiyin.services.workspace import Workspace

pytestmark = pytest.mark.postgres


def test_bytes_that_no_database_keeps_are_survived(postgres_workspace: Workspace) -> None:
    li, wang = sent(postgres_workspace, "li", "wang")
    letters = (
        dsn(li, to=tagged(postgres_workspace, li), words="550 5.1.1 \x00no such\x00 user"),
        dsn(wang, message_id=f"<{wang.token}\x00@example.com>"),
        dsn(wang, recipient="wang\x00@example.com"),
        dsn(wang, words="552 5.2.2 full").replace(b"full", b"\xed\xa0\x80\xff\x00full"),
    )
    fates = [bounce_notes.take(postgres_workspace, letter, "file") for letter in letters]
    assert fates[0] == fates[3] == Fate.MATCHED
    assert None not in fates
    told = EspEvent("1", "bounced", "a\x00", "li\x00@example.com", said="550 5.1.1 \x00 \ud800")
    assert esp_events.take(postgres_workspace, "postmark", [told]) == 1
    assert bounce_notes.sums(postgres_workspace).received == 5
