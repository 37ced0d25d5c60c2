"""What the pages of segments show, put together from the services for one request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language, gettext

from zhiyin.domain import segment as language
from zhiyin.domain.errors import BadRule
from zhiyin.domain.segment import All, Rule, Trait
from zhiyin.entrypoints.console import formats, segment_form, segment_slots, segment_words
from zhiyin.entrypoints.console.segment_form import Form
from zhiyin.services.workspace import Workspace

SAMPLE = 5
_PARTIALS = {
    "segment-result": "console/segments/_refresh.html",
    "segment-builder": "console/segments/_redrawn.html",
    "segment-why": "console/segments/_why.html",
}


@dataclass(frozen=True, slots=True)
class Step:
    """A bar of the cascade."""

    label: str
    left: int
    removed: int | None
    width: float


@dataclass(frozen=True, slots=True)
class Result:
    """The count of a rule, step by step."""

    count: int
    total: int
    steps: tuple[Step, ...]
    reachable: int

    @property
    def share(self) -> float | None:
        """Of all customers."""
        return self.count / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class Why:
    """Why one customer is in or out."""

    customer: Any
    inside: bool
    facts: tuple[dict[str, Any], ...]

    @property
    def name(self) -> str:
        """The customer's name, or the id where there is none."""
        return str(self.customer)


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
    error: BadRule | None = None
    name_error: str = ""
    sentence: str = ""
    parts: list[segment_slots.Part] = field(default_factory=list)
    marks: list[segment_slots.Mark] = field(default_factory=list)
    unfinished_count: int = 0
    result: Result | None = None
    sample: list[Any] = field(default_factory=list)
    used_by: list[Any] = field(default_factory=list)
    why: Why | None = None
    who: str = ""
    matches: list[Any] = field(default_factory=list)
    nobody: bool = False

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
        _posted(request, stored, currency)
        if request.method == "POST"
        else _opened(request, stored, currency, frozenset(kinds) - {"name"})
    )
    page.form = segment_slots.settle(page.form, known)
    places: tuple[str, ...] = ()
    if page.mode == "form":
        outcome = segment_form.rule_of(page.form, currency, kinds)
        page.rule, places = outcome.rule, outcome.places
        page.unfinished_count = len(outcome.unfinished)
        page.text = segment_form.text_of(outcome.rule)
        left = _fill(ws, page, places)
        page.parts = segment_slots.draw(page.form, known, currency, left, outcome.unfinished)
        page.marks = segment_slots.marks(page.parts)
    else:
        _fill(ws, page, places)
    if page.rule is not None:
        page.sentence = capitalised(page.rule, currency)
    if request.method == "POST":
        _answer(ws, request, page)
    return page


def _opened(request: HttpRequest, stored: Any, currency: str, traits: frozenset[str]) -> Page:
    template = "console/segments/edit.html"
    if stored is not None:
        rule = language.parse(stored.rule)
        form = segment_form.form_of(rule, currency)
        if form is None:
            text = segment_form.text_of(rule)
            return Page(template, stored, stored.name, "text", Form(), text, rule, too_deep=True)
        return Page(template, stored, stored.name, "form", form, "", rule)
    query = {name: str(value) for name, value in request.GET.items()}
    form = segment_form.prefilled(query, traits)
    if not form.parts:
        form = Form("all", (segment_form.Condition("did"),))
    return Page(template, None, query.get("name", ""), "form", form, "", None)


def _posted(request: HttpRequest, stored: Any, currency: str) -> Page:
    data = request.POST
    do = pressed(request)
    template = _PARTIALS.get(request.headers.get("HX-Target", ""), "console/segments/edit.html")
    name = data.get("name", "").strip()
    page = Page(template, stored, name, "form", Form(), "", None)
    if do == "save" and not name:
        page.name_error = gettext("Give the segment a name.")
    if data.get("mode") == "text":
        _read_text(page, data.get("text", ""), currency, leave=do == "form")
    else:
        page.form = segment_form.act(segment_form.read(data), do)
        page.mode = "text" if do == "text" else "form"
        if page.mode == "text":
            page.rule = segment_form.rule_of(page.form, currency, {}).rule
            page.text = segment_form.text_of(page.rule)
    return page


def pressed(request: HttpRequest) -> str:
    """The button that was pressed; none where the form was posted because somebody typed.

    htmx sends the last button again with what is typed after it, which must not save or add a second time.
    """
    return "" if request.headers.get("HX-Target") == "segment-result" else request.POST.get("do", "")


def _read_text(page: Page, text: str, currency: str, *, leave: bool) -> None:
    """Read the text form; on the way back to the form a rule that nests too deep stays text."""
    page.mode, page.text = "text", text
    try:
        page.rule = segment_form.rule_from(text)
    except BadRule as error:
        page.error = error
        return
    form = segment_form.form_of(page.rule, currency)
    page.too_deep = form is None
    if leave and form is not None:
        page.mode, page.form = "form", form


def _fill(ws: Workspace, page: Page, places: tuple[str, ...]) -> dict[str, int]:
    """Count and sample; returns who is left after each place of the form."""
    from zhiyin.adapters.records.models import Campaign
    from zhiyin.services import segments

    if page.stored is not None:
        page.used_by = list(Campaign.objects.filter(segment=page.stored).order_by("-created_at")[:5])
    if page.rule is None:
        return {}
    counted = segments.count(ws, page.rule)
    reachable = segments.count(
        ws, All((page.rule, Trait("email", "exists", True), Trait("email_consent", "is", True)))
    )
    page.result = Result(
        counted.count,
        counted.total,
        tuple(_steps(counted.total, counted.steps, ws.settings.shop.currency)),
        reachable.count,
    )
    page.sample = list(segments.sample(ws, page.rule, SAMPLE))
    if page.form.match != "all" or len(counted.steps) != len(places):
        return {}
    return {place: left for place, (_, left) in zip(places, counted.steps, strict=True)}


def _steps(total: int, steps: Iterable[tuple[Any, int]], currency: str) -> Iterable[Step]:
    """The cascade: all customers first, then who is left after each condition."""
    yield Step(gettext("All customers"), total, None, 100.0 if total else 0.0)
    before = total
    for label, left in steps:
        rule = label if not isinstance(label, dict) else language.parse(label)
        words = segment_words.short(rule, currency)
        yield Step(words[:1].upper() + words[1:], left, left - before, 100 * left / total if total else 0.0)
        before = left


def capitalised(rule: Rule, currency: str) -> str:
    """The rule in words, beginning with a capital."""
    words = segment_words.sentence(rule, currency)
    return words[:1].upper() + words[1:]


def _answer(ws: Workspace, request: HttpRequest, page: Page) -> None:
    """Why in or why out, for the customer that was chosen or looked up."""
    from zhiyin.services import customers, segments

    chosen = request.POST.get("why", "")
    if not chosen and pressed(request) == "who" and request.POST.get("who", "").strip():
        page.who = request.POST["who"].strip()
        found = list(customers.search(ws, q=page.who, per_page=6).rows)
        if len(found) == 1:
            chosen = found[0].customer_id
        page.matches, page.nobody = found if len(found) > 1 else [], not found
    if not chosen or page.rule is None:
        return
    customer = customers.get(ws, chosen)
    why = segments.why(ws, page.rule, chosen)
    show = shower(ws)
    facts = []
    for one in why.facts:
        found_words, needs = segment_words.fact(one, ws.settings.shop.currency, show)
        facts.append({"holds": one.holds, "found": found_words, "needs": needs})
    page.why = Why(customer, why.inside, tuple(facts))


def shower(ws: Workspace) -> Callable[[str], str]:
    """Writes ISO dates and times as days for the reader."""

    def show(text: str) -> str:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return text
        return formats.day(
            moment if moment.tzinfo else moment.replace(tzinfo=UTC), ws.timezone, get_language() or "en"
        )

    return show


def save(ws: Workspace, page: Page) -> Any:
    """Create or update the segment of a page."""
    from zhiyin.services import keys, segments

    assert page.rule is not None
    rule = language.dump(page.rule)
    if page.stored is not None:
        saved = segments.update(ws, page.stored.key, name=page.name, rule=rule)
    else:
        taken = {segment.key for segment in segments.list_(ws)} | {"new"}
        saved = segments.create(ws, keys.free(page.name, taken, "segment"), page.name, rule)
    segments.refresh(ws, saved.key)
    return saved


def rows(ws: Workspace, stored: Iterable[Any]) -> list[dict[str, Any]]:
    """The list of segments, each with its rule in words and how many campaigns use it."""
    from django.db.models import Count

    from zhiyin.adapters.records.models import Segment

    uses: Mapping[str, int] = dict(
        Segment.objects.annotate(uses=Count("campaigns")).values_list("key", "uses")
    )
    return [
        {"segment": segment, "sentence": sentence_of(ws, segment), "campaigns": uses.get(segment.key, 0)}
        for segment in stored
    ]


def sentence_of(ws: Workspace, segment: Any) -> str:
    """The rule of a stored segment in words."""
    return capitalised(language.parse(segment.rule), ws.settings.shop.currency)


def at_risk(ws: Workspace) -> int:
    """How many customers are at risk, for the first segment."""
    from zhiyin.services import profiles

    return int(profiles.totals(ws)["lifecycle"].get("at_risk", 0))


def people(ws: Workspace, segment: Any, number: int, per_page: int) -> dict[str, Any]:
    """One page of a segment's members, in the order of their ids."""
    from zhiyin.adapters.records.models import Customer
    from zhiyin.services import segments

    rule = language.parse(segment.rule)
    total = segments.count(ws, rule).count
    ids = segments.members(ws, rule, limit=per_page, offset=(number - 1) * per_page)
    found = Customer.objects.in_bulk(ids)
    return {
        "customers": [found[i] for i in ids if i in found],
        "total": total,
        "page": number,
        "pages": max(1, -(-total // per_page)),
    }


def page_number(text: str) -> int:
    """A page's number from the query string; the first where it is none."""
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 8 else 1
