"""Filters that name codes in words: stages, events, statuses, reasons, fields and the like."""

from __future__ import annotations

from collections.abc import Mapping

from django import template
from django.utils.translation import get_language

from zhiyin.domain import text as texts
from zhiyin.domain.item import Item
from zhiyin.entrypoints.console import formats, words

register = template.Library()


@register.filter
def stage(code: str) -> str:
    """A lifecycle stage: At risk."""
    return words.name(words.PLACES, code) or formats.NONE


@register.filter
def place(code: str) -> str:
    """A lifecycle stage, anonymous too, or that nothing was known yet."""
    return words.name(words.PLACES, code)


@register.filter
def place_fill(code: str) -> str:
    """The colour of a place."""
    return words.PLACE_FILLS.get(code) or words.STAGE_FILLS[code]


@register.filter
def course(code: str) -> str:
    """What a move means: Moved away."""
    return words.name(words.COURSES, code)


@register.filter
def course_fill(code: str) -> str:
    """The colour of a move."""
    return words.COURSE_FILLS[code]


@register.filter
def rfm_group(code: str) -> str:
    """An RFM group: Champions."""
    return words.name(words.GROUPS, code) or formats.NONE


@register.filter
def event(name: str) -> str:
    """An event in words; names of the shop's own stand for themselves."""
    return words.name(words.EVENTS, name)


@register.filter
def touch(code: str) -> str:
    """Who a hit on a message was by."""
    return words.name(words.TOUCHES, code)


@register.filter
def status(code: str) -> str:
    """The status of a campaign, message, effect or import."""
    return words.name(words.STATUSES, code)


@register.filter
def reason(code: str) -> str:
    """Why somebody was refused, a row rejected, a message failed."""
    return words.name(words.REASONS, code)


@register.filter
def matter(code: str) -> str:
    """What DNS is asked about."""
    return words.name(words.MATTERS, code)


@register.filter
def health_state(code: str) -> str:
    """How such a matter stands."""
    return words.name(words.HEALTH_STATES, code)


@register.filter
def report_result(code: str) -> str:
    """What receivers report of a failure."""
    return words.name(words.RESULTS, code)


@register.filter
def doubt(code: str) -> str:
    """Why an address is doubted."""
    return words.name(words.DOUBTS, code)


@register.filter
def reject(code: str) -> str:
    """Why a row or payload was rejected."""
    return words.name(words.REJECTS, code)


@register.filter
def mend(code: str) -> str:
    """How to mend what is rejected for a reason."""
    return words.name(words.MENDS, code) if code in words.MENDS else ""


@register.filter
def source_name(source: str) -> str:
    """A source by name; those without a key in words."""
    return words.name(words.SOURCE_KINDS, source) if source in ("zhiyin", "files") else source


@register.filter
def source_kind(code: str) -> str:
    """What kind of source: Website."""
    return words.name(words.SOURCE_KINDS, code)


@register.filter
def door(status: int) -> str:
    """Why the tracking API refused a request."""
    return words.name(words.DOOR, status)


@register.filter
def allowed(code: str) -> str:
    """What was checked before a message, said as it stands when it holds."""
    return words.name(words.ALLOWED, code)


@register.filter
def language(code: str) -> str:
    """A language by name: English."""
    return words.language(code)


@register.filter
def versions(made: Mapping[str, str]) -> list[tuple[str, str]]:
    """With what a decision was made: names and values in words."""
    return [(words.name(words.VERSIONS, name), words.version(name, made[name])) for name in sorted(made)]


@register.filter
def told(text: str) -> str:
    """What an error, a check or a reject says, in the reader's language."""
    return words.tell(text)


@register.filter
def said(kept: str) -> str:
    """What was said once and kept, in the reader's language."""
    return words.tell(texts.load(kept))


@register.filter
def kind(code: str) -> str:
    """What a file holds."""
    return words.name(words.KINDS, code)


@register.filter
def field(name: str) -> str:
    """A field of an import."""
    return words.name(words.FIELDS, name)


@register.filter
def model(name: str) -> str:
    """A recommender's name."""
    return words.name(words.MODELS, name)


@register.filter
def placement(key: str) -> str:
    """A place where items are recommended: Home page."""
    return words.name(words.PLACEMENTS, key)


@register.filter
def question(code: str) -> str:
    """What is asked at a placement."""
    return words.name(words.QUESTIONS, code)


@register.filter
def choice(code: str) -> str:
    """Why a model answers."""
    return words.name(words.CHOICES, code)


@register.filter
def left_out(code: str) -> str:
    """Why an item is not shown."""
    return words.name(words.LEFT_OUT, code)


@register.filter
def training_warning(code: str) -> str:
    """What a training warns of."""
    return words.name(words.TRAINING_WARNINGS, code)


@register.filter
def step_kind(code: str) -> str:
    """Events that speak for an item: purchases."""
    return words.name(words.STEP_KINDS, code)


@register.filter
def step_fill(code: str) -> str:
    """Their place among the categories of colour."""
    return {"bought": "1", "viewed": "3", "added": "4", "basket": "2"}.get(code, "grey")


@register.filter
def check_name(code: str) -> str:
    """A check of the doctor."""
    return words.name(words.CHECKS, code)


@register.filter
def channel(code: str) -> str:
    """A channel: E-mail."""
    return words.name(words.CHANNELS, code)


@register.filter
def purpose(code: str) -> str:
    """What a consent is for: offers, or a topic."""
    return words.purpose(code)


@register.filter
def consent_source(code: str) -> str:
    """Where a word about consent was said."""
    return words.consent_source(code)


@register.filter
def sign_up(code: str) -> str:
    """Where a sign-up stands: Confirmed."""
    return words.name(words.SIGN_UPS, code)


@register.filter
def sign_up_reason(code: str) -> str:
    """Why a sign-up was not taken."""
    return words.name(words.SIGN_UP_REASONS, code)


@register.filter
def opt_in(code: str) -> str:
    """How a form believes an address."""
    return words.name(words.OPT_INS, code)


@register.filter
def program(name: str) -> str:
    """What sent a message that is of no campaign."""
    return words.program(name)


@register.filter
def item_name(item: Item) -> str:
    """An item's name in the reader's language."""
    return item.name_in(get_language() or "en")


@register.filter
def initials(name: str) -> str:
    """For the round picture of a person: LX, or the first sign of a Chinese name."""
    parts = str(name).split()
    if not parts:
        return "?"
    if ord(parts[0][0]) > 0x2E7F or len(parts) == 1:
        return parts[0][0].upper()
    return (parts[0][0] + parts[-1][0]).upper()
