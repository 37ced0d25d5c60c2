"""program + recipients → messages ready to hand over: items, wording, links, bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from zhiyin.adapters.records.models import Customer as CustomerRow
from zhiyin.domain.customer import COMPUTED_TRAITS, Customer
from zhiyin.domain.errors import BadTemplate
from zhiyin.domain.program import Program
from zhiyin.domain.template import Rendered, Wording, Wordings
from zhiyin.loop.deliver import context, links, render
from zhiyin.services import marks, templates, wording, zones
from zhiyin.services.envelopes import Envelopes, Written
from zhiyin.services.workspace import Workspace

ITEMS = 4  # recommended in one message


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom one message of the ledger goes to.

    ``address`` is where it goes whatever the customer's own is, and may be that of no customer at all; ``data`` is
    what its program was given for this message alone, ``language`` the one that was asked for.
    """

    token: str
    customer_id: str
    address: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    language: str = ""


def write(
    ws: Workspace,
    program: Program,
    recipients: Sequence[Recipient],
    *,
    now: datetime,
    to: str = "",
    language: str | None = None,
) -> dict[str, Written | BadTemplate]:
    """The messages of a program by the tokens of their recipients; who is gone has none.

    Customers, recommendations and items are loaded once for all. One that cannot be rendered is its error;
    a wording that nobody's message can be made of raises ``BadTemplate``. ``to`` sends it all elsewhere,
    ``language`` in one wording whatever they speak.
    """
    speaking = Speaking.of(ws, program, language)
    envelopes = Envelopes.of(ws, program, now)
    ids = {recipient.customer_id for recipient in recipients}
    customers = {row.pk: of_row(row) for row in CustomerRow.objects.filter(pk__in=ids)}
    chosen = _chosen(ws, program, speaking, list(customers.values()))
    marked, unmarked = marks.of(ws, program), marks.unwilling(customers)
    result: dict[str, Written | BadTemplate] = {}
    for recipient in recipients:
        token, address = recipient.token, recipient.address
        customer = customers.get(recipient.customer_id) or (Customer("", email=address) if address else None)
        if customer is None:
            continue
        if recipient.language:
            customer = replace(customer, language=recipient.language)
        items = chosen.get(customer.customer_id, [])
        try:
            unsubscribe = envelopes.public.unsubscribe(token) if program.marketing else ""
            today = _today(ws, now, customer)
            said = variables(ws, program, customer, items, unsubscribe, recipient.data, today=today)
            worded = speaking.to(customer)
            rendered = render.render(worded, said)
            whom = (to, "") if to else (address or customer.email, customer.name)
            own = marks.untracked(marked) if customer.customer_id in unmarked else marked
            result[token] = envelopes.written(rendered, items, token, *whom, own, worded.skeleton)
        except BadTemplate as error:
            result[token] = error
    return result


def preview(ws: Workspace, program: Program, customer: Customer, language: str | None = None) -> Rendered:
    """What this customer would see, by the renderer that sends; links lead straight to their goal.

    In the wording of ``language`` where one is named: one of its further languages, or nothing for the main one.
    """
    (shown,) = previews(ws, program, [customer], language)
    if isinstance(shown, BadTemplate):
        raise shown
    return shown


def previews(
    ws: Workspace, program: Program, customers: Sequence[Customer], language: str | None = None
) -> list[Rendered | BadTemplate]:
    """The same for several customers, for whom items are chosen at once; the error where one cannot be made."""
    speaking = Speaking.of(ws, program, language)
    chosen = _chosen(ws, program, speaking, customers)
    shown: list[Rendered | BadTemplate] = []
    for customer in customers:
        items, today = chosen.get(customer.customer_id, []), _today(ws, ws.now(), customer)
        said = variables(ws, program, customer, items, "#unsubscribe", today=today)
        try:
            rendered = render.render(speaking.to(customer), said)
        except BadTemplate as error:
            shown.append(error)
            continue
        text = links.rewrite_text(rendered.text, str)
        shown.append(Rendered(rendered.subject, rendered.html, text, rendered.preheader))
    return shown


def variables(
    ws: Workspace,
    program: Program,
    customer: Customer,
    items: Sequence[Mapping[str, Any]],
    unsubscribe_url: str,
    data: Mapping[str, Any] | None = None,
    *,
    today: str = "",
) -> dict[str, Any]:
    """Everything a template can say to this customer."""
    shop = ws.settings.shop
    return {
        "customer": context.of_customer(customer),
        "shop": {
            "name": shop.name,
            "address": shop.address or None,
            "currency": shop.currency,
            "language": shop.language,
        },
        "campaign": {"key": program.key, "name": program.title},
        "recommendations": list(items),
        "today": today,
        "unsubscribe_url": unsubscribe_url,
        "data": data or {},
    }


def of_row(row: CustomerRow) -> Customer:
    """The customer of a row, stated and computed traits together."""
    computed = {name: getattr(row, name) for name in COMPUTED_TRAITS}
    return Customer(
        customer_id=row.customer_id,
        email=row.email,
        phone=row.phone,
        name=row.name,
        language=row.language,
        created_at=row.created_at,
        traits={**row.traits, **{name: None if value == "" else value for name, value in computed.items()}},
    )


@lru_cache(maxsize=64)
def prepared(subject: str, body: str, preheader: str, text: str = "") -> render.Prepared:
    """The wording made ready once, however many messages are written with it."""
    return render.prepare(subject, body, preheader, text)


@dataclass(frozen=True, slots=True)
class Speaking:
    """The wordings of a program, made ready, and who is written to in which."""

    wordings: Wordings
    shop: str  # the language of those whose own is not known
    always: str | None = None  # one wording for all, to look at it

    @classmethod
    def of(cls, ws: Workspace, program: Program, always: str | None = None) -> Speaking:
        """The wordings of a program; ``always`` names the one that all get."""
        return cls(program.wordings, ws.settings.shop.language, always)

    def wording(self, customer: Customer) -> Wording:
        """The wording that a customer gets."""
        if self.always is not None:
            return self.wordings.of(self.always)
        return self.wordings.of(wording.language(self.wordings, customer.language, self.shop))

    def to(self, customer: Customer) -> render.Prepared:
        """The same, ready to render."""
        one = self.wording(customer)
        return prepared(one.subject, one.body, one.preheader, one.text)


_LANG = re.compile(r"""<(?:mjml|html)\b[^>]*?\slang=["']([A-Za-z-]+)["']""", re.IGNORECASE)


def language_of(ws: Workspace, customer: Customer) -> str:
    """The language to write in: the customer's if we speak it, else the shop's."""
    spoken = (customer.language or ws.settings.shop.language).lower()
    return (
        "zh-hans"
        if spoken.startswith("zh")
        else "en"
        if spoken.startswith("en")
        else ws.settings.shop.language
    )


@lru_cache(maxsize=64)
def language_of_wording(body: str) -> str:
    """The language that a wording says it is in (``<mjml lang="zh-Hans">``), empty if it does not say.

    >>> language_of_wording('<mjml lang="zh-Hans"><mj-body></mj-body></mjml>')
    'zh-hans'
    """
    said = _LANG.search(body)
    spoken = said[1].lower() if said else ""
    return "zh-hans" if spoken.startswith("zh") else "en" if spoken.startswith("en") else ""


@lru_cache(maxsize=64)
def _recommends(*sources: str) -> bool:
    return templates.uses_recommendations(*sources)


def _today(ws: Workspace, now: datetime, customer: Customer) -> str:
    zone = zones.zone(str(customer.traits.get(zones.TRAIT) or "")) or ws.timezone
    return now.astimezone(zone).date().isoformat()


def _chosen(
    ws: Workspace, program: Program, speaking: Speaking, customers: Sequence[Customer]
) -> dict[str, list[dict[str, Any]]]:
    """The recommended items of every customer, with the reason; empty without a model.

    In the language of the wording, so that one message speaks one language; where the wording does not say
    it, in the customer's.
    """
    # recommendations bring numpy along, for those messages that need it
    from zhiyin.services import catalogue, recommendations

    all_ = (speaking.wordings.main, *speaking.wordings.others.values())
    if not customers or not any(_recommends(one.body, one.subject, one.preheader, one.text) for one in all_):
        return {}
    found = recommendations.recommend_many(
        ws,
        [customer.customer_id for customer in customers],
        n=ITEMS,
        model=program.recommender or None,
        placement=program.placement,
    )
    named = {entry.item_id for row in found.values() for entry in row}
    named |= {item_id for row in found.values() for entry in row for item_id in entry.because}
    items = catalogue.items(ws, sorted(named))
    currency = ws.settings.shop.currency
    result = {}
    for customer in customers:
        language = language_of_wording(speaking.wording(customer).body) or language_of(ws, customer)
        result[customer.customer_id] = [
            context.of_item(
                items[entry.item_id], recommendations.reason_text(entry, items, language), language, currency
            )
            for entry in found.get(customer.customer_id, ())
            if entry.item_id in items
        ]
    return result
