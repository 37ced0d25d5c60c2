"""The live stream: what became of the last events, in one small file that the worker keeps."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from zhiyin.domain.event import Event
from zhiyin.domain.reject import Reject
from zhiyin.domain.text import dump, load
from zhiyin.loop.collect.pipeline import Collected
from zhiyin.services.workspace import Workspace

KEPT = 500


class Outcome(msgspec.Struct, frozen=True):
    """One event or reject as it came in; ``reason`` is empty for a kept event.

    ``at`` is when it happened, of a reject when it was received; ``came`` is when it was taken in, ``place`` where it
    stood among what was taken in together. The ``name`` of a reject is empty where it names no event.
    """

    at: datetime
    came: datetime
    source: str
    name: str
    customer_id: str = ""
    anonymous_id: str = ""
    amount: int | None = None
    currency: str = ""
    item: str = ""
    reason: str = ""
    detail: str = ""
    id: str = ""
    place: list[int] = []


class _Refused(msgspec.Struct, gc=False):
    """What a refused payload says of itself."""

    type: Any = None
    event: Any = None
    anonymousId: Any = None


_refused = msgspec.json.Decoder(_Refused).decode


def outcomes(result: Collected, now: datetime) -> list[Outcome]:
    """The last outcomes of what was collected, oldest first."""
    last = [
        _of_event(event, now, _place(one.position))
        for event, one in zip(result.events[-KEPT:], result.kept[-KEPT:], strict=True)
    ]
    last += [_of_reject(one, now) for one in result.rejects[-KEPT:] if one.received_at is not None]
    return sorted(last, key=_order)[-KEPT:]


def note(ws: Workspace, fresh: list[Outcome]) -> None:
    """Put outcomes on top of the stream. It is a view for people: losing it in a crash loses no event."""
    if fresh:
        before = latest(ws) if len(fresh) < KEPT else []
        _write(ws, sorted([*before, *fresh], key=_order, reverse=True)[:KEPT])


def latest(ws: Workspace, limit: int = KEPT) -> list[Outcome]:
    """The last outcomes, newest first."""
    try:
        kept = msgspec.json.decode(_path(ws).read_bytes(), type=list[Outcome])
    except (FileNotFoundError, msgspec.MsgspecError):
        return []
    return [msgspec.structs.replace(one, detail=load(one.detail)) for one in kept[:limit]]


def chosen(
    outcomes: Iterable[Outcome], *, source: str = "", name: str = "", person: str = "", rejects: bool = False
) -> list[Outcome]:
    """Those of a source, whose name holds a text, of a person, or the refused ones alone."""
    return [
        one
        for one in outcomes
        if (not source or one.source == source)
        and (not name or name.casefold() in one.name.casefold())
        and (not person or person in (one.customer_id, one.anonymous_id))
        and (one.reason or not rejects)
    ]


def forget(ws: Workspace, persons: Iterable[str]) -> None:
    """Take people out of the stream."""
    gone = set(persons)
    _write(ws, [one for one in latest(ws) if not gone & {one.customer_id, one.anonymous_id}])


def _order(one: Outcome) -> tuple[datetime, list[int]]:
    return one.came, one.place


def _place(position: str) -> list[int]:
    return list(map(int, position.split(":")))


def _of_event(event: Event, now: datetime, place: list[int]) -> Outcome:
    return Outcome(
        at=event.timestamp,
        came=now,
        source=event.source,
        name=event.name,
        customer_id=event.customer_id or "",
        anonymous_id=event.anonymous_id or "",
        amount=event.amount,
        currency=event.currency or "",
        item=event.products[0].item_id if event.products else "",
        id=event.event_id,
        place=place,
    )


def _of_reject(one: Reject, now: datetime) -> Outcome:
    assert one.received_at is not None
    try:
        said = _refused(one.raw)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
        said = _Refused()
    name = said.event if said.type == "track" else said.type
    return Outcome(
        at=one.received_at,
        came=now,
        source=one.source,
        name=_text(name),
        customer_id=one.customer_id or "",
        anonymous_id=_text(said.anonymousId),
        reason=str(one.reason),
        detail=one.detail,
        id=one.position,
        place=_place(one.position),
    )


def _text(value: Any) -> str:
    return value.strip()[:200] if type(value) is str else ""


def _write(ws: Workspace, outcomes: Iterable[Outcome]) -> None:
    path = _path(ws)
    draft = path.with_suffix(".draft")
    with suppress(FileNotFoundError):  # the folder is made with the first segment
        draft.write_bytes(
            msgspec.json.encode([msgspec.structs.replace(o, detail=dump(o.detail)) for o in outcomes])
        )
        draft.rename(path)


def _path(ws: Workspace) -> Path:
    return ws.spool.folder / "live.json"
