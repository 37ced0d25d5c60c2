"""Privacy: erase a person from everything that holds people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from zhiyin.adapters.records import erasure
from zhiyin.adapters.spool import SpoolMemory
from zhiyin.domain.errors import Busy, NotFound
from zhiyin.domain.text import say
from zhiyin.services import ingest, live, memberships
from zhiyin.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was erased: rows by dataset of the lake and by table of the records."""

    lake: Mapping[str, int] = field(default_factory=dict)
    records: Mapping[str, int] = field(default_factory=dict)


def erase(ws: Workspace, customer_id: str) -> Erasure:
    """Erase a person from spool, lake and records, and from the disk.

    Their address stays suppressed as a keyed hash only. May be repeated. Raises ``NotFound`` where nothing is
    held of them, and ``Busy`` where the rows are gone but others kept a file from being tidied: repeat it.
    """
    from zhiyin.services import recommenders  # brings numpy along

    ws.spool.close()
    ingest.drain(ws)  # what waits there would come back
    # a step that looked at them before would put them back
    with memberships.alone(ws, ws.lake.patience), ws.lake.unread(), ws.lake.writing():
        addresses, visitors = erasure.addresses(customer_id), erasure.visitors(customer_id)
        records = erasure.erase(customer_id, ws.now())
        lake = ws.lake.erase([customer_id], texts=sorted(addresses), visitors=visitors)
        SpoolMemory(ws.spool.folder).forget([customer_id, *visitors])
        live.forget(ws, [customer_id, *visitors])
        recommenders.forget(ws, [customer_id])
        ws.lake.vacuum(keep_hours=0)
        ws.lake.forget()
    if not erasure.vacuum():
        raise Busy(
            say("The customer is erased, but the records' file could not be tidied."),
            why=say("Another process is reading it, so that traces may remain on the disk."),
            fix=say("Run the same command again in a moment."),
        )
    if not any(lake.values()) and not any(records.values()):
        raise NotFound(
            say("Nothing is held of a customer {customer_id!r}.", customer_id=customer_id),
            fix=say("Check the id."),
        )
    return Erasure(lake, records)
