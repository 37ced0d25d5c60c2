"""The builder of a segment, put together for one request: its form and its text, the count, who is in and why.

Form and text stand on the page together and say the same rule. What was changed last is what counts: the text
where its field says so, else the form. A rule that the form cannot show is edited as text alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext

from zhiyin.domain.errors import BadRule, NotFound, ZhiyinError
from zhiyin.domain.segment import Rule
from zhiyin.entrypoints.console import (
    segment_count,
    segment_form,
    segment_kinds,
    segment_rows,
    segment_rule,
    segment_shop,
    segment_sizes,
    segment_why,
    segment_words,
)
from zhiyin.entrypoints.console.segment_form import Form
from zhiyin.entrypoints.console.segment_shop import Shop
from zhiyin.loop.profile import segment_json, segment_text
from zhiyin.services.workspace import Workspace

SAMPLE = 5
_AROUND = 40  # letters shown before and after the one where a text cannot be read
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
    form: Form | None  # None where the form cannot show the rule
    text: str
    rule: Rule | None
    by_text: bool = False  # the text is what was changed last
    open_text: bool = False
    focus: str = ""  # the place that a button has just changed
    error: ZhiyinError | None = None
    name_error: str = ""
    sentence: str = ""
    parts: list[segment_rows.Part] = field(default_factory=list)
    marks: list[segment_rows.Mark] = field(default_factory=list)
    unfinished_count: int = 0
    result: segment_count.Result | None = None
    sizes: segment_sizes.Sizes | None = None
    sample: list[Any] = field(default_factory=list)
    used_by: list[Any] = field(default_factory=list)
    why: segment_why.Why | None = None
    who: str = ""
    matches: list[Any] = field(default_factory=list)
    nobody: bool = False

    @property
    def menu(self) -> tuple[segment_kinds.Offers, ...]:
        """The conditions that can be added."""
        return segment_kinds.menu()

    @property
    def can_save(self) -> bool:
        """Whether there is a rule and a name to save; conditions that are not finished stay out of it."""
        return self.rule is not None and not self.name_error

    @property
    def wrong(self) -> tuple[str, str, str] | None:
        """The letters before, at and after the place where the text cannot be read, if there is one."""
        values: Mapping[str, Any] = getattr(self.error and self.error.what, "values", {})
        if not isinstance(letter := values.get("letter"), int):
            return None
        at = letter - 1
        found = self.text[at : at + 1]
        return self.text[max(0, at - _AROUND) : at], found or "⏎", self.text[at + 1 : at + 1 + _AROUND]


def build(ws: Workspace, request: HttpRequest, stored: Any) -> Page:
    """The builder for a request: from the posted fields, the stored rule, or the query string."""
    shop = segment_shop.shop(ws, stored.key if stored else "")
    posted = request.method == "POST"
    page = _posted(ws, request, stored, shop) if posted else _opened(request, stored, shop)
    places: tuple[str, ...] = ()
    unfinished: Mapping[str, str] = {}
    if page.form is not None:
        outcome = segment_rule.rule_of(page.form, shop)
        places, unfinished = outcome.places, outcome.unfinished
        page.unfinished_count = len(unfinished)
        if not page.by_text:
            page.rule, page.text = outcome.rule, segment_text.format(outcome.rule)
    _check(ws, page)
    left = _fill(ws, page, places)
    if page.form is not None:
        page.parts = segment_rows.draw(page.form, shop, left, unfinished)
        page.marks = segment_rows.marks(page.parts)
    if page.rule is not None:
        page.sentence = segment_words.capitalised(ws, page.rule)
    if posted:
        _answer(ws, request, page)
    return page


def _opened(request: HttpRequest, stored: Any, shop: Shop) -> Page:
    template = "console/segments/edit.html"
    if stored is not None:
        rule = segment_json.parse(stored.rule)
        form = segment_rule.form_of(rule, shop)
        text, deep = segment_text.format(rule), form is None
        return Page(template, stored, stored.name, form, text, rule, by_text=deep, open_text=deep)
    query = {name: str(value) for name, value in request.GET.items()}
    form = segment_form.prefilled(query, frozenset(shop.traits) - {"name"})
    if not form.parts:
        form = Form("all", (segment_form.fresh("did"),))
    return Page(template, None, query.get("name", ""), form, "", None)


def _posted(ws: Workspace, request: HttpRequest, stored: Any, shop: Shop) -> Page:
    data, do = request.POST, pressed(request)
    template = _PARTIALS.get(request.headers.get("HX-Target", ""), "console/segments/edit.html")
    name, text = data.get("name", "").strip(), _lines(data.get("text", ""))
    page = Page(template, stored, name, segment_form.act(segment_form.read(data), do), text, None)
    page.focus = segment_form.touched(page.form, do) if page.form else ""
    if do == "save" and not name:
        page.name_error = gettext("Give the segment a name.")
    if _wrote_text(request):
        page.by_text = page.open_text = True
        _read_text(page, shop)
        if page.error and data.get("only") == "text":
            page.form = None
    return page


def _wrote_text(request: HttpRequest) -> bool:
    """Whether the text is what was changed last. Without script that is seen by what it was before."""
    data = request.POST
    if data.get("only") == "text" or data.get("source") == "text":
        return True
    typed = _lines(data.get("text", "")) != _lines(data.get("text_was", data.get("text", "")))
    return typed and ("HX-Request" not in request.headers or pressed(request) == "save")


def _lines(text: str) -> str:
    """A posted text with the line ends that it had."""
    return text.replace("\r\n", "\n")


def pressed(request: HttpRequest) -> str:
    """The button that was pressed; none where the form was posted because somebody typed.

    htmx sends the last button again with what is typed after it, which must not save or add a second time.
    """
    return "" if request.headers.get("HX-Target") == "segment-result" else request.POST.get("do", "")


def _read_text(page: Page, shop: Shop) -> None:
    """Read the text; a rule that the form cannot show has none. Where it cannot be read the form stays."""
    try:
        page.rule = segment_text.parse(page.text, shop.zone)
    except BadRule as error:
        page.error = error
        return
    page.form = segment_rule.form_of(page.rule, shop)


def _check(ws: Workspace, page: Page) -> None:
    """Take the rule away that names a segment which does not exist, or goes round in a circle."""
    from zhiyin.services import segments

    try:
        if page.rule is not None:
            segments.expanded(ws, page.rule, page.stored.key if page.stored else "")
    except (BadRule, NotFound) as error:
        page.rule, page.error = None, error


def _fill(ws: Workspace, page: Page, places: tuple[str, ...]) -> dict[str, int]:
    """Count and sample; returns who is left after each place of the form."""
    from zhiyin.adapters.records.models import Campaign

    if page.stored is not None:
        page.sizes = segment_sizes.of(ws, page.stored)
        page.used_by = list(Campaign.objects.filter(segment=page.stored).order_by("-created_at")[:5])
    if page.rule is None:
        return {}
    page.result = segment_count.count(ws, page.rule, SAMPLE)
    page.sample = list(page.result.sample)
    left = [step.left for step in page.result.steps[1:]]
    if page.form is None or page.form.match != "all" or len(left) != len(places):
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
