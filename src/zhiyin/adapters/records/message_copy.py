"""Messages as they were sent, pressed; for as long as the settings keep them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connections, models, router


class Dictionary(models.Model):
    """What the copies of one wording share: its HTML before anybody's name stood in it."""

    digest = models.CharField(max_length=64, unique=True)
    content = models.BinaryField()
    used_at = models.DateTimeField()  # to the hour


class MessageCopy(models.Model):
    """One message as it left, for the last time that it was tried."""

    message = models.OneToOneField(
        "records.Message", on_delete=models.CASCADE, primary_key=True, related_name="copy"
    )
    dictionary = models.ForeignKey(Dictionary, on_delete=models.PROTECT, related_name="copies")
    content = models.BinaryField()
    made_at = models.DateTimeField(db_index=True)


def keep_many(copies: Sequence[tuple[int, int, bytes]], at: datetime) -> None:
    """Keep copies, as message, dictionary and content, in place of earlier ones; with one prepared statement.

    As ``save_many`` of messages: a send would notice the objects and the statement of ``bulk_create``.
    """
    if not copies:
        return
    connection = connections[router.db_for_write(MessageCopy)]
    table = connection.ops.quote_name(MessageCopy._meta.db_table)
    made = MessageCopy._meta.get_field("made_at").get_db_prep_save(at, connection)
    statement = (
        f"INSERT INTO {table} (message_id, dictionary_id, content, made_at) VALUES (%s, %s, %s, %s) "
        "ON CONFLICT (message_id) DO UPDATE SET dictionary_id = excluded.dictionary_id, "
        "content = excluded.content, made_at = excluded.made_at"
    )
    with connection.cursor() as cursor:
        cursor.executemany(statement, [(*copy, made) for copy in copies])
