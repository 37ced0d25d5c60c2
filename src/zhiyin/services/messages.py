"""program + recipients → messages ready to hand over: items, wording, links, bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from zhiyin.adapters.records.models import Customer as CustomerRow
from zhiyin.domain.customer import COMPUTED_TRAITS, Customer
from zhiyin.domain.errors import BadTemplate
from zhiyin.domain.program import Program
from zhiyin.domain.template import Rendered
from zhiyin.loop.deliver import context, links, render
from zhiyin.services import marks, templates
from zhiyin.services.envelopes import Envelopes, Written
from zhiyin.services.workspace import Workspace

ITEMS = 4  # recommended in one message


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom one message of the ledger goes to.

    ``address`` is where it goes whatever the customer's own is, and may be that of no customer at all; ``data`` is
    what its program was given for this message alone.
    """

    token: str
    customer_id: str
    address: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


def write(
    ws: Workspace, program: Program, recipients: Sequence[Recipient], *, now: datetime, to: str = ""
) -> dict[str, Written | BadTemplate]:
    """The messages of a program by the tokens of their recipients; who is gone has none.

    Customers, recommendations and items are loaded once for all. One that cannot be rendered is its error;
    a wording that nobody's message can be made of raises ``BadTemplate``. ``to`` sends it all elsewhere.
    """
    wording = prepared(program.subject, program.body, program.preheader)
    envelopes = Envelopes.of(ws, program, now)
    ids = {recipient.customer_id for recipient in recipients}
    customers = {row.pk: of_row(row) for row in CustomerRow.objects.filter(pk__in=ids)}
    chosen = _chosen(ws, program, list(customers.values()))
    marked, unmarked = marks.of(ws, program), marks.unwilling(customers)
    result: dict[str, Written | BadTemplate] = {}
    for recipient in recipients:
        token, address = recipient.token, recipient.address
        customer = customers.get(recipient.customer_id) or (Customer("", email=address) if address else None)
        if customer is None:
            continue
        items = chosen.get(customer.customer_id, [])
        try:
            unsubscribe = envelopes.public.unsubscribe(token) if program.marketing else ""
            said = variables(ws, program, customer, items, unsubscribe, recipient.data)
            rendered = render.render(wording, said)
            whom = (to, "") if to else (address or customer.email, customer.name)
            own = marks.untracked(marked) if customer.customer_id in unmarked else marked
            result[token] = envelopes.written(rendered, items, token, *whom, own)
        except BadTemplate as error:
            result[token] = error
    return result


def preview(ws: Workspace, program: Program, customer: Customer) -> Rendered:
    """What this customer would see, by the renderer that sends; links lead straight to their goal."""
    wording = prepared(program.subject, program.body, program.preheader)
    items = _chosen(ws, program, [customer]).get(customer.customer_id, [])
    rendered = render.render(wording, variables(ws, program, customer, items, "#unsubscribe"))
    text = links.rewrite_text(rendered.text, str)
    return Rendered(rendered.subject, rendered.html, text, rendered.preheader)


def variables(
    ws: Workspace,
    program: Program,
    customer: Customer,
    items: Sequence[Mapping[str, Any]],
    unsubscribe_url: str,
    data: Mapping[str, Any] | None = None,
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
def prepared(subject: str, body: str, preheader: str) -> render.Wording:
    """The wording made ready once, however many messages are written with it."""
    return render.prepare(subject, body, preheader)


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
def _recommends(body: str, subject: str, preheader: str) -> bool:
    return templates.uses_recommendations(body, subject, preheader)


def _chosen(
    ws: Workspace, program: Program, customers: Sequence[Customer]
) -> dict[str, list[dict[str, Any]]]:
    """The recommended items of every customer, with the reason; empty without a model.

    In the language of the wording, so that one message speaks one language; where the wording does not say
    it, in the customer's.
    """
    # recommendations bring numpy along, for those messages that need it
    from zhiyin.services import catalogue, recommendations

    if not customers or not _recommends(program.body, program.subject, program.preheader):
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
    wording = language_of_wording(program.body)
    for customer in customers:
        language = wording or language_of(ws, customer)
        result[customer.customer_id] = [
            context.of_item(
                items[entry.item_id], recommendations.reason_text(entry, items, language), language, currency
            )
            for entry in found.get(customer.customer_id, ())
            if entry.item_id in items
        ]
    return result
