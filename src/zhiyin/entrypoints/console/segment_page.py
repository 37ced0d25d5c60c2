"""The builder of a segment, put together for one request: its form or text, the count, who is in and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext

from zhiyin.domain.errors import BadRule, NotFound, ZhiyinError
from zhiyin.domain.segment import Rule
from zhiyin.entrypoints.console import (
    segment_count,
    segment_form,
    segment_rule,
    segment_slots,
    segment_why,
    segment_words,
)
from zhiyin.entrypoints.console.segment_form import Form
from zhiyin.loop.profile import segment_json, segment_text
from zhiyin.services.traits import TraitInfo
from zhiyin.services.workspace import Workspace

SAMPLE = 5
_PARTIALS = {
    "segment-result": "console/segments/_refresh.html",
    "segment-builder": "console/segments/_redrawn.html",
    "segment-why": "console/segments/_why.html",
}


@dataclass(slots=True)
class Page:
    """Everything the builder's templates read."""

    template: str
    stored: Any
    name: str
    mode: str  # form | text
    form: Form
    text: str
    rule: Rule | None
    too_deep: bool = False
    error: ZhiyinError | None = None
    name_error: str = ""
    sentence: str = ""
    parts: list[segment_slots.Part] = field(default_factory=list)
    marks: list[segment_slots.Mark] = field(default_factory=list)
    unfinished_count: int = 0
    result: segment_count.Result | None = None
    sizes: list[Any] = field(default_factory=list)
    sample: list[Any] = field(default_factory=list)
    used_by: list[Any] = field(default_factory=list)
    why: segment_why.Why | None = None
    who: str = ""
    matches: list[Any] = field(default_factory=list)
    nobody: bool = False

    @property
    def size_counts(self) -> list[int]:
        """The sizes alone, for the line."""
        return [size.count for size in self.sizes]

    @property
    def can_save(self) -> bool:
        """Whether there is a rule and a name to save; conditions that are not finished stay out of it."""
        return self.rule is not None and not self.name_error


def build(ws: Workspace, request: HttpRequest, stored: Any) -> Page:
    """The builder for a request: from the posted fields, the stored rule, or the query string."""
    from zhiyin.services import traits

    known = traits.known(ws)
    currency = ws.settings.shop.currency
    kinds = {info.name: info.kind for info in known}
    page = (
        _posted(ws, request, stored, known)
        if request.method == "POST"
        else _opened(request, stored, currency, known)
    )
    page.form = segment_slots.settle(page.form, known)
    places: tuple[str, ...] = ()
    if page.mode == "form":
        outcome = segment_rule.rule_of(page.form, currency, kinds)
        page.rule, places = outcome.rule, outcome.places
        page.unfinished_count = len(outcome.unfinished)
        page.text = segment_text.format(outcome.rule)
        left = _fill(ws, page, places)
        page.parts = segment_slots.draw(page.form, known, currency, left, outcome.unfinished)
        page.marks = segment_slots.marks(page.parts)
    else:
        _fill(ws, page, places)
    if page.rule is not None:
        page.sentence = segment_words.capitalised(ws, page.rule)
    if request.method == "POST":
        _answer(ws, request, page)
    return page


def _opened(request: HttpRequest, stored: Any, currency: str, known: Sequence[TraitInfo]) -> Page:
    template = "console/segments/edit.html"
    if stored is not None:
        rule = segment_json.parse(stored.rule)
        form = _form_of(rule, currency, known)
        if form is None:
            text = segment_text.format(rule)
            return Page(template, stored, stored.name, "text", Form(), text, rule, too_deep=True)
        return Page(template, stored, stored.name, "form", form, "", rule)
    query = {name: str(value) for name, value in request.GET.items()}
    form = segment_form.prefilled(query, frozenset(info.name for info in known) - {"name"})
    if not form.parts:
        form = Form("all", (segment_form.Condition("did"),))
    return Page(template, None, query.get("name", ""), "form", form, "", None)


def _form_of(rule: Rule, currency: str, known: Sequence[TraitInfo]) -> Form | None:
    """The form that shows a rule, or None where its sentences could not show all that it says."""
    form = segment_rule.form_of(rule, currency)
    return form if form is None or segment_slots.settle(form, known) == form else None


def _posted(ws: Workspace, request: HttpRequest, stored: Any, known: Sequence[TraitInfo]) -> Page:
    data, currency = request.POST, ws.settings.shop.currency
    do = pressed(request)
    template = _PARTIALS.get(request.headers.get("HX-Target", ""), "console/segments/edit.html")
    name = data.get("name", "").strip()
    page = Page(template, stored, name, "form", Form(), "", None)
    if do == "save" and not name:
        page.name_error = gettext("Give the segment a name.")
    if data.get("mode") == "text":
        _read_text(ws, page, data.get("text", ""), known, leave=do == "form")
    else:
        page.form = segment_form.act(segment_form.read(data), do)
        page.mode = "text" if do == "text" else "form"
        if page.mode == "text":
            kinds = {info.name: info.kind for info in known}
            page.rule = segment_rule.rule_of(page.form, currency, kinds).rule
            page.text = segment_text.format(page.rule)
    return page


def pressed(request: HttpRequest) -> str:
    """The button that was pressed; none where the form was posted because somebody typed.

    htmx sends the last button again with what is typed after it, which must not save or add a second time.
    """
    return "" if request.headers.get("HX-Target") == "segment-result" else request.POST.get("do", "")


def _read_text(ws: Workspace, page: Page, text: str, known: Sequence[TraitInfo], *, leave: bool) -> None:
    """Read the text form; on the way back to the form a rule that it cannot show stays text."""
    from zhiyin.services import segments

    page.mode, page.text = "text", text
    try:
        rule = segment_text.parse(text, ws.timezone)
        segments.expanded(ws, rule, page.stored.key if page.stored else "")
    except (BadRule, NotFound) as error:
        page.error = error
        return
    page.rule = rule
    form = _form_of(page.rule, ws.settings.shop.currency, known)
    page.too_deep = form is None
    if leave and form is not None:
        page.mode, page.form = "form", form


def _fill(ws: Workspace, page: Page, places: tuple[str, ...]) -> dict[str, int]:
    """Count and sample; returns who is left after each place of the form."""
    from zhiyin.adapters.records.models import Campaign
    from zhiyin.services import segments, sizes

    if page.stored is not None:
        page.sizes = sizes.weekly(ws, page.stored)
        page.used_by = list(Campaign.objects.filter(segment=page.stored).order_by("-created_at")[:5])
    if page.rule is None:
        return {}
    page.result = segment_count.count(ws, page.rule)
    page.sample = list(segments.sample(ws, page.rule, SAMPLE))
    left = [step.left for step in page.result.steps[1:]]
    if page.form.match != "all" or len(left) != len(places):
        return {}
    return dict(zip(places, left, strict=True))


def _answer(ws: Workspace, request: HttpRequest, page: Page) -> None:
    """Why in or why out, for the customer that was chosen or looked up."""
    from zhiyin.services import customers

    chosen = request.POST.get("why", "")
    if not chosen and pressed(request) == "who" and request.POST.get("who", "").strip():
        page.who = request.POST["who"].strip()
        found = list(customers.search(ws, q=page.who, per_page=6).rows)
        if len(found) == 1:
            chosen = found[0].customer_id
        page.matches, page.nobody = found if len(found) > 1 else [], not found
    if not chosen or page.rule is None:
        return
    same = page.stored is not None and segment_json.dump(page.rule) == page.stored.rule
    page.why = segment_why.why(ws, page.stored.key if same else page.rule, chosen)


def save(ws: Workspace, page: Page) -> Any:
    """Create or update the segment of a page."""
    from zhiyin.services import keys, segments

    assert page.rule is not None
    rule = segment_json.dump(page.rule)
    if page.stored is not None:
        saved = segments.update(ws, page.stored.key, name=page.name, rule=rule)
    else:
        taken = {segment.key for segment in segments.list_(ws)} | {"new"}
        saved = segments.create(ws, keys.free(page.name, taken, "segment"), page.name, rule)
    segments.refresh(ws, saved.key)
    return saved
