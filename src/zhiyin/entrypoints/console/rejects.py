"""Rejects in the console: why, which, what would repair them, and the replay."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.request import QueryDict
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST

from zhiyin.domain.errors import NotFound, ZhiyinError
from zhiyin.domain.text import say
from zhiyin.entrypoints.console import drawing, formats, jobs, paging, words
from zhiyin.entrypoints.site import current
from zhiyin.loop.collect import repair, repair_rules
from zhiyin.loop.collect.arrival import person_id
from zhiyin.services import health, imports, replays
from zhiyin.services import jobs as started
from zhiyin.services import rejects as service
from zhiyin.services.sources import FILES
from zhiyin.services.workspace import Workspace

PER_PAGE, SAMPLE = 20, 10
LOOK = 5_000  # rejects that the page tries its rules on
HOURS = {"1": 24, "7": 24 * 7, "30": 24 * 30}
_BALANCE = 24 * 7  # hours
_VALUE, _RAW = 60, 4_000  # characters shown
_OWN = ("do", "field", "to")  # what the form of a rule of one's own states


@dataclass(frozen=True, slots=True)
class Field:
    """A field that offends: where it is, and what stands there, None where nothing does."""

    path: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """A reject as the table shows it."""

    of: dict[str, Any]
    place: str
    fields: tuple[Field, ...]
    says: str
    whole: str


def page(request: HttpRequest) -> HttpResponse:
    """Without a reason: all reasons and the latest rejects. With one: a sample, and what would repair them."""
    ws, given = current(), request.GET
    where = _filter(ws, given)
    reasons = service.reasons(ws, where)
    total = sum(one.rejects for one in reasons)
    number, size = paging.number(given.get("page", "")), SAMPLE if where.reason else PER_PAGE
    _, rows = service.list_(ws, where, size * (number - 1), size)
    shares = drawing.shares(one.rejects for one in reasons)
    job = jobs.shown(jobs.REPLAY)
    from_api = any(name for one in reasons for name in one.sources)
    everything = service.reasons(ws)
    runs = [run for run in imports.history(ws) if run.rejected]
    return render(
        request,
        "console/data/rejects.html",
        {
            "total": total,
            "where": where,
            "given": given,
            "query": _query(given),
            "reasons": [(one, share / 100) for one, share in zip(reasons, shares, strict=True)],
            "codes": sorted({one.reason for one in everything} | ({where.reason} - {""})),
            "sources": sorted({name for one in everything for name in one.sources if name}),
            "files": FILES,
            "runs": [(run.import_id, ", ".join(Path(file).name for file in run.files)) for run in runs],
            "rows": [_row(row) for row in rows],
            "page": number,
            "pages": paging.pages(total, size),
            "from_api": from_api,
            "from_files": any("" in one.sources for one in reasons),
            "proposals": _proposals(ws, where) if where.reason and from_api and not job else (),
            "balance": health.get(ws, _BALANCE).balance,
            "job": job,
            "result": _result(given),
            "section": "data",
        },
    )


def export(request: HttpRequest) -> HttpResponse:
    """The rejects of the filter as CSV; with ``as=rows`` those of an import in the columns of its file."""
    ws, where = current(), _filter(current(), request.GET)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rejects.csv"
        if request.GET.get("as") == "rows" and where.import_id:
            service.export_rows(ws, file, where.import_id)
        else:
            service.export(ws, file, where)
        content = file.read_bytes()
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    name = f"rejects-{where.import_id[:12]}" if where.import_id.isalnum() else "rejects"
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


@require_POST
def replay(request: HttpRequest) -> HttpResponse:
    """Start repairing and sending again, or only try a rule of one's own."""
    ws, given = current(), request.POST
    where = _filter(ws, given)
    back = f"{reverse('rejects')}?{_query(given)}"
    try:
        rule = _rule(given, where.reason)
        if "try" in given:
            found = replays.trial(ws, where, rule, LOOK)
            messages.info(request, _told(found))
            own = {name: given[name] for name in _OWN if given.get(name)}
            return redirect(f"{back}&{urlencode(own)}")

        def work(tell: started.Progress) -> str:
            done = replays.replay(ws, where, rule, tell)
            counts = {"sent": done.sent, "kept": done.kept, "back": sum(done.back.values())}
            return f"{back}&{urlencode(counts)}"

        started.start(ws, jobs.REPLAY, work)
    except ZhiyinError as error:
        messages.warning(request, f"{words.tell(error.what)} {words.tell(error.fix)}")
    return redirect(back)


@require_POST
def discard(request: HttpRequest) -> HttpResponse:
    """Delete the rejects of the filter."""
    ws = current()
    gone = service.discard(ws, _filter(ws, request.POST))
    text = ngettext("%(count)s reject was deleted.", "%(count)s rejects were deleted.", gone)
    messages.success(request, text % {"count": formats.number(gone)})
    return redirect("rejects")


def _filter(ws: Workspace, given: QueryDict) -> service.Filter:
    source, hours = given.get("source", ""), HOURS.get(given.get("since", ""))
    return service.Filter(
        source="" if source == FILES else source,
        reason=given.get("reason", ""),
        import_id=given.get("import", ""),
        since=ws.now() - timedelta(hours=hours) if hours else None,
        q=given.get("q", "").strip()[:200],
        origin="files" if source == FILES else "",
    )


def _query(given: QueryDict) -> str:
    return urlencode(
        {name: given[name] for name in ("source", "reason", "import", "since", "q") if given.get(name)}
    )


def _proposals(ws: Workspace, where: service.Filter) -> list[tuple[replays.Proposal, str]]:
    """The rules that repair something, with their names; the first is the one proposed."""
    return [(found, words.repair(found.rule.name)) for found in replays.repairs(ws, where, LOOK)]


def _rule(given: QueryDict, reason: str) -> repair.Repair:
    """The rule that the form states: a ready-made one by name, or one change of one's own."""
    chosen = given.get("rule", "")
    if chosen:
        found = repair_rules.find(chosen, reason)
        if found is None:
            raise NotFound(say("There is no rule {name!r}.", name=chosen), fix=say("Choose one of the page."))
        return found
    field, do, to = given.get("field", "").strip(), given.get("do", ""), given.get("to", "").strip()
    if do == "drop":
        return repair.rule(drop=[field])
    if do == "copy":
        return repair.rule(copy={field: to})
    if do == "rename":
        return repair.rule(rename={field: to})
    return repair.rule(set={field: _value(to)})


def _value(text: str) -> Any:
    """JSON where it is that: 5, true; else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _told(found: replays.Proposal) -> str:
    text = gettext("This rule would repair %(repaired)s of %(looked)s; %(left)s would be refused again.")
    return text % {
        "repaired": formats.number(found.repaired + found.known),
        "looked": formats.number(found.looked),
        "left": formats.number(sum(found.left.values())),
    }


def _result(given: QueryDict) -> dict[str, int] | None:
    counts = {name: given.get(name, "") for name in ("sent", "kept", "back")}
    if not all(text.isdecimal() and len(text) < 16 for text in counts.values()):
        return None
    return {name: int(text) for name, text in counts.items()}


def _row(row: dict[str, Any]) -> Row:
    payload = service.payload_of(row["raw"])
    place = row["source"] or f"{Path(row['file'] or '').name} · {row['line']}"
    fields = tuple(Field(path, _shown(payload, path, row)) for path in service.marked(row, payload)[:3])
    whole = json.dumps(payload, ensure_ascii=False, indent=2) if payload is not None else row["raw"] or ""
    return Row(row, place, fields, _says(payload, row), whole[:_RAW])


def _says(payload: Any, row: dict[str, Any]) -> str:
    """The beginning of what a reject says: the event and whom it names, or the cells of a row."""
    if not isinstance(payload, dict):
        return (row["raw"] or "")[:_VALUE]
    if row["import_id"]:
        return " · ".join(str(value) for value in list(payload.values())[:4] if value is not None)
    event = payload.get("event") or payload.get("name") or payload.get("type")
    named = words.name(words.EVENTS, event) if isinstance(event, str) else ""
    persons = (person_id(payload.get(name)) for name in ("userId", "anonymousId"))
    return " · ".join(text for text in (named, *persons) if text)


def _shown(payload: Any, path: str, row: dict[str, Any]) -> str | None:
    value = payload.get(path) if row["import_id"] and isinstance(payload, dict) else repair.at(payload, path)
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _VALUE else text[:_VALUE] + "…"


urlpatterns = [
    path("data/rejects", page, name="rejects"),
    path("data/rejects.csv", export, name="rejects_export"),
    path("data/rejects/replay", replay, name="rejects_replay"),
    path("data/rejects/discard", discard, name="rejects_discard"),
]
