"""Subscriptions: what the page behind the unsubscribe link shows, and what its buttons and one click change."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from django.db import transaction

from zhiyin.adapters.records.models import Consent, Customer, Message, Suppression, Topic
from zhiyin.domain.consent import MARKETING
from zhiyin.domain.consent import Consent as Answer
from zhiyin.domain.event import CONSENT_CHANGED, UNSUBSCRIBED, Event
from zhiyin.domain.program import campaign_of
from zhiyin.domain.reasons import Reason, SuppressReason
from zhiyin.loop import decide
from zhiyin.loop.deliver import sign
from zhiyin.services import consents, gate, ingest
from zhiyin.services import topics as all_topics
from zhiyin.services.messages import language_of, of_row
from zhiyin.services.public_links import PublicLinks
from zhiyin.services.tracking import TEST, Visitor
from zhiyin.services.workspace import Workspace

ONE_CLICK, PAGE, PREFERENCES = "one_click", "page", "preferences"


@dataclass(frozen=True, slots=True)
class Choice:
    """A topic as the page offers it, and whether its messages come."""

    key: str
    name: str
    description: str
    wanted: bool


@dataclass(frozen=True, slots=True)
class Subscription:
    """What the page shows: the language, the masked address, the topics to choose from, and which the message was
    about. ``gone`` says that nothing comes any more, of any topic."""

    language: str
    address: str
    gone: bool
    test: bool = False
    choices: Sequence[Choice] = ()
    about: str = ""

    @property
    def topic(self) -> Choice | None:
        """The topic of the message, if it had one."""
        return next((one for one in self.choices if one.key == self.about), None)


def shown(ws: Workspace, signed: str) -> Subscription | None:
    """What the page shows; changes nothing. None where the link is not ours."""
    found = _found(ws, signed)
    return found if found is None or isinstance(found, Subscription) else _shown(ws, *found)


def unsubscribe(
    ws: Workspace, signed: str, how: str, visitor: Visitor, *, everything: bool = False
) -> Subscription | None:
    """Take a customer off the topic of the message; off everything where it has none, or where that is asked.

    ``how`` is ``one_click`` (RFC 8058) or ``page``. Doing it again changes nothing. None where the link is not ours.
    """
    found = _found(ws, signed)
    if found is None or isinstance(found, Subscription):
        return found
    message, customer = found
    before = _shown(ws, message, customer)
    if before.about and not everything:
        topic = before.topic
        if topic is not None and topic.wanted and customer is not None:
            _say(ws, message, customer, {topic.key: False}, how, visitor)
    else:
        _stop(ws, message, customer, before.gone, how, visitor)
    return _shown(ws, message, customer)


def choose(ws: Workspace, signed: str, wanted: Collection[str], visitor: Visitor) -> Subscription | None:
    """Keep which of the topics shown are wanted; the others stop. Only changes are kept.

    A topic chosen again after everything was stopped comes again by itself; the rest stays stopped.
    """
    found = _found(ws, signed)
    if found is None or isinstance(found, Subscription):
        return found
    message, customer = found
    before = _shown(ws, message, customer)
    changed = {one.key: one.key in wanted for one in before.choices if one.wanted != (one.key in wanted)}
    if changed and customer is not None:
        _say(ws, message, customer, changed, PREFERENCES, visitor)
    return _shown(ws, message, customer)


def _found(ws: Workspace, signed: str) -> Subscription | tuple[Message, Customer | None] | None:
    token = sign.verify(PublicLinks.of(ws).unsubscribe_key, signed)
    if token is None:
        return None
    if token.startswith(TEST):
        return Subscription(ws.settings.shop.language, "", gone=False, test=True)
    message = Message.objects.select_related("campaign").filter(token=token).first()
    return None if message is None else (message, Customer.objects.filter(pk=message.customer_id).first())


def _shown(ws: Workspace, message: Message, customer: Customer | None) -> Subscription:
    if customer is None:
        return Subscription(ws.settings.shop.language, "", gone=True)
    language = language_of(ws, of_row(customer))
    about = message.campaign.topic if message.campaign else ""
    rows = all_topics.public(ws)
    if about and about not in {row.key for row in rows}:
        rows = [*rows, *Topic.objects.filter(key=about)]
    said = Consent.objects.filter(customer=customer, channel=message.channel).values_list(
        "purpose", flat=True
    )
    contact = gate.contacts([customer.pk], message.channel, topics=said)[customer.pk]
    choices = [
        Choice(
            row.key, row.noun.name(language), row.noun.description(language), _wanted(ws, contact, row.key)
        )
        for row in rows
    ]
    since = [word for word in contact.topics.values() if word.granted and word.at > contact.consent_at]
    gone = contact.consent is False and not since
    return Subscription(language, _masked(message.address or customer.email), gone, False, choices, about)


def _wanted(ws: Workspace, contact: decide.Contact, topic: str) -> bool:
    """Whether messages about a topic come, as far as her own words go."""
    facts = decide.check(contact, gate.policy(ws, topic=topic))
    return all(fact.holds for fact in facts if fact.code in (Reason.UNSUBSCRIBED, Reason.NO_CONSENT))


def _say(
    ws: Workspace, message: Message, customer: Customer, said: dict[str, bool], how: str, visitor: Visitor
) -> None:
    """Keep words about topics, and tell them."""
    now = ws.now()
    answers = [
        Answer(
            customer.pk,
            message.channel,
            purpose,
            granted,
            how if granted else f"unsubscribe:{how}",
            now,
            visitor.raw(),
        )
        for purpose, granted in said.items()
    ]
    about = message.campaign.topic if message.campaign else ""
    told = [_unsubscribed(ws, message, how, visitor, about)] if said.get(about) is False else []
    changes = [consents.Taken(answer, changed=True, lifted=False) for answer in answers]
    ingest.record(
        ws, [*told, *consents.events(changes, source="zhiyin")]
    )  # first: an event too many is harmless, a lost one is not
    with transaction.atomic():
        lifted = [one for answer in answers for one in consents.take([answer]) if one.lifted]
        ingest.record(ws, consents.events([replace(one, changed=False) for one in lifted], source="zhiyin"))


def _stop(
    ws: Workspace, message: Message, customer: Customer | None, gone: bool, how: str, visitor: Visitor
) -> None:
    """No offers any more: consent says no, the address is suppressed, and both are events."""
    now = ws.now()
    if not gone:
        changed = Event(
            event_id=f"consent:unsubscribed:{message.token}",
            type="track",
            name=CONSENT_CHANGED,
            timestamp=now,
            customer_id=message.customer_id,
            source="zhiyin",
            campaign=campaign_of(message.program),
            properties={"channel": message.channel, "purpose": MARKETING, "granted": False},
        )
        ingest.record(ws, [_unsubscribed(ws, message, how, visitor), changed])
    with transaction.atomic():
        if customer is not None and not gone:
            Consent.objects.update_or_create(
                customer=customer,
                channel=message.channel,
                purpose=MARKETING,
                defaults={
                    "granted": False, "source": f"unsubscribe:{how}", "at": now, "proof": visitor.raw()
                },
            )  # fmt: skip
        addresses = {message.address, customer.email if customer else ""}
        Suppression.objects.bulk_create(
            [
                Suppression(
                    channel=message.channel,
                    address=address.lower(),
                    reason=SuppressReason.UNSUBSCRIBED,
                    at=now,
                )
                for address in sorted(addresses)
                if address
            ],
            ignore_conflicts=True,
        )


def _unsubscribed(ws: Workspace, message: Message, how: str, visitor: Visitor, topic: str = "") -> Event:
    about = {"topic": topic} if topic else {}
    return Event(
        event_id=f"unsubscribed:{message.token}" + (f":{topic}" if topic else ""),
        type="track",
        name=UNSUBSCRIBED,
        timestamp=ws.now(),
        customer_id=message.customer_id,
        source="zhiyin",
        campaign=campaign_of(message.program),
        properties={"token": message.token, "channel": message.channel, "how": how, **about, **visitor.raw()},
    )


def _masked(address: str) -> str:
    """Enough to recognise one's own address, too little for anybody else.

    >>> _masked("li.na@example.com")
    'l•••@example.com'
    """
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}•••{at}{domain}" if at else ""
