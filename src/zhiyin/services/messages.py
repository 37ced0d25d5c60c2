"""campaign + customers → messages ready to hand over: items, wording, links, bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from zhiyin.adapters.records.models import Campaign as CampaignRow
from zhiyin.adapters.records.models import Customer as CustomerRow
from zhiyin.domain.customer import COMPUTED_TRAITS, Customer
from zhiyin.domain.errors import BadTemplate
from zhiyin.domain.message import Envelope, OutgoingEmail
from zhiyin.domain.template import Rendered
from zhiyin.loop.deliver import context, links, mime, render, sign
from zhiyin.services import marks, templates
from zhiyin.services.workspace import Workspace

ITEMS = 4  # recommended in one message


@dataclass(frozen=True, slots=True)
class Written:
    """A message to one customer: what they see, what is handed over, which items were recommended."""

    rendered: Rendered
    envelope: Envelope
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PublicLinks:
    """Makes the public addresses of a message from its token, all signed."""

    base_url: str
    open_key: bytes
    click_key: bytes
    unsubscribe_key: bytes

    @classmethod
    def of(cls, ws: Workspace) -> PublicLinks:
        """The links of this workspace."""
        secret = ws.settings.server.secret
        keys = (sign.key(secret, purpose) for purpose in (sign.OPEN, sign.CLICK, sign.UNSUBSCRIBE))
        return cls(ws.settings.base_url, *keys)

    def open(self, token: str) -> str:
        """The address of the open pixel."""
        return f"{self.base_url}/t/o/{sign.sign(self.open_key, token)}.gif"

    def click(self, token: str, url: str) -> str:
        """The address that leads to ``url``; the destination stands inside the signature."""
        return f"{self.base_url}/t/c/{sign.sign(self.click_key, f'{token} {url}')}"

    def unsubscribe(self, token: str) -> str:
        """The unsubscribe page, which is the address of the one-click POST too."""
        return f"{self.base_url}/u/{sign.sign(self.unsubscribe_key, token)}"


def write(
    ws: Workspace, campaign: CampaignRow, tokens: Mapping[str, str], *, now: datetime, to: str = ""
) -> dict[str, Written | BadTemplate]:
    """The message of a campaign for every customer in ``tokens`` (id → token of the ledger).

    Customers, recommendations and items are loaded once for all. One that cannot be rendered is its error;
    a wording that nobody's message can be made of raises ``BadTemplate``. ``to`` sends it all elsewhere.
    """
    wording = prepared(campaign.subject, campaign.body, campaign.preheader)
    public = PublicLinks.of(ws)
    customers = {row.pk: of_row(row) for row in CustomerRow.objects.filter(pk__in=tokens)}
    chosen = _chosen(ws, campaign, list(customers.values()))
    marked, unmarked = marks.of(ws, campaign.key), marks.unwilling(customers)
    result: dict[str, Written | BadTemplate] = {}
    for customer_id, customer in customers.items():
        token = tokens[customer_id]
        items = chosen.get(customer_id, [])
        try:
            rendered = render.render(
                wording, variables(ws, campaign, customer, items, public.unsubscribe(token))
            )
            result[customer_id] = _written(
                campaign,
                to or customer.email,
                rendered,
                items,
                token,
                public,
                marks.untracked(marked) if customer_id in unmarked else marked,
                now,
            )
        except BadTemplate as error:
            result[customer_id] = error
    return result


def preview(ws: Workspace, campaign: CampaignRow, customer: Customer) -> Rendered:
    """What this customer would see, by the renderer that sends; links lead straight to their goal."""
    wording = prepared(campaign.subject, campaign.body, campaign.preheader)
    items = _chosen(ws, campaign, [customer]).get(customer.customer_id, [])
    rendered = render.render(wording, variables(ws, campaign, customer, items, "#unsubscribe"))
    text = links.rewrite_text(rendered.text, str)
    return Rendered(rendered.subject, rendered.html, text, rendered.preheader)


def variables(
    ws: Workspace,
    campaign: CampaignRow,
    customer: Customer,
    items: Sequence[Mapping[str, Any]],
    unsubscribe_url: str,
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
        "campaign": {"key": campaign.key, "name": campaign.name},
        "recommendations": list(items),
        "unsubscribe_url": unsubscribe_url,
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
    ws: Workspace, campaign: CampaignRow, customers: Sequence[Customer]
) -> dict[str, list[dict[str, Any]]]:
    """The recommended items of every customer, with the reason; empty without a model.

    In the language of the wording, so that one message speaks one language; where the wording does not say
    it, in the customer's.
    """
    # recommendations bring numpy along, for those messages that need it
    from zhiyin.services import catalogue, recommendations

    if not customers or not _recommends(campaign.body, campaign.subject, campaign.preheader):
        return {}
    found = recommendations.recommend_many(
        ws,
        [customer.customer_id for customer in customers],
        n=ITEMS,
        model=campaign.recommender or None,
        placement=campaign.placement,
    )
    named = {entry.item_id for row in found.values() for entry in row}
    named |= {item_id for row in found.values() for entry in row for item_id in entry.because}
    items = catalogue.items(ws, sorted(named))
    currency = ws.settings.shop.currency
    result = {}
    wording = language_of_wording(campaign.body)
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


def _written(
    campaign: CampaignRow,
    to: str,
    rendered: Rendered,
    items: Sequence[Mapping[str, Any]],
    token: str,
    public: PublicLinks,
    marked: marks.Marks,
    now: datetime,
) -> Written:
    unsubscribe = public.unsubscribe(token)
    html, text = marked.put(
        rendered.html,
        rendered.text,
        click=lambda url: public.click(token, url),
        pixel=public.open(token),
        keep=(f"{public.base_url}/u/",),
    )
    sender = mime.ascii_address(campaign.sender_email)
    domain = sender.rpartition("@")[2]
    ways = [f"<{unsubscribe}>"]
    if campaign.reply_to:
        ways.append(f"<mailto:{mime.ascii_address(campaign.reply_to)}?subject=unsubscribe>")
    headers = {
        "List-Unsubscribe": ", ".join(ways),
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",  # RFC 8058
        "List-ID": f"<{campaign.key}.{domain}>",  # RFC 2919
        "Precedence": "bulk",  # keeps holiday replies away
    }
    if campaign.reply_to:
        headers["Reply-To"] = mime.ascii_address(campaign.reply_to)
    email = OutgoingEmail(
        message_id=f"<{token}@{domain}>",
        envelope_from=sender,
        to=to,
        subject=rendered.subject,
        html=html,
        text=text,
        from_header=mime.from_header(campaign.sender_name, campaign.sender_email),
        headers=headers,
    )
    return Written(
        Rendered(rendered.subject, html, text, rendered.preheader),
        mime.envelope(email, date=now),
        tuple(str(item["item_id"]) for item in items),
    )
