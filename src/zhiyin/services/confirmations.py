"""Confirmations: the one message that asks whether an address is its owner's, and what follows from the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext

from zhiyin.adapters.records import membership
from zhiyin.adapters.records.models import Customer, Form, Message, SignUp
from zhiyin.domain.consent import MARKETING
from zhiyin.domain.consent import Consent as Answer
from zhiyin.domain.errors import BadSetting, NotFound
from zhiyin.domain.event import Event
from zhiyin.domain.form import SignUpStatus
from zhiyin.domain.lifecycle import Lifecycle
from zhiyin.domain.program import Program, Stream
from zhiyin.domain.template import Wording, Wordings
from zhiyin.domain.text import say
from zhiyin.loop import decide
from zhiyin.loop.deliver import sign
from zhiyin.loop.profile.listeners import NEW
from zhiyin.services import addressed, consents, ingest
from zhiyin.services.tracking import Visitor
from zhiyin.services.workspace import Workspace

KIND = "form"  # of program: form:KEY
_MOST = 20  # customers with one address to whom its owner's word is noted


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A sign-up as its confirmation page shows it: ``standing`` is one of ``SignUpStatus``."""

    row: SignUp
    standing: str


def program(ws: Workspace, key: str) -> Program:
    """A form as the way of its messages sees it. Raises ``NotFound``, and ``BadSetting`` where nobody sends."""
    form = Form.objects.filter(key=key).first()
    if form is None:
        raise NotFound(say("There is no form {key!r}.", key=key), fix=say("Check the key."))
    made = _program(ws, form)
    if not decide.is_address(made.sender_email):
        raise BadSetting(
            say("There is no sender for the confirmations of {name}.", name=form.name),
            fix=say("Set transactional.sender_email or sender.email."),
        )
    return made


def lacking(ws: Workspace, form: Form) -> str:
    """What keeps its confirmations from leaving, empty if nothing does; they wait until it is cured."""
    try:
        program(ws, form.key)
    except BadSetting as error:
        return error.told
    return "" if ws.settings.sends_mail else say("There is no mail server. Set smtp.host in the settings.")


def ask(ws: Workspace, row: SignUp) -> Message:
    """Plan the message that asks; the ledger has one for each sign-up, however often this is called."""
    noun, language = row.form.noun, row.language
    with translation.override(language):
        data = {
            "lang": "zh-Hans" if language == "zh-hans" else "en",
            "subject": noun.text("subject", language),
            "letter": [line for line in noun.text("letter", language).splitlines() if line.strip()],
            "button": gettext("Confirm this address"),
            "url": link(ws, row),
            "why": gettext(
                "Somebody typed %(address)s into a form. Nothing else comes unless it is confirmed."
            )
            % {"address": row.address},
        }
    return addressed.plan(ws, _program(ws, row.form), row.address, occurrence=row.token, data=data)


def link(ws: Workspace, row: SignUp) -> str:
    """The signed address of the confirmation page."""
    return f"{ws.settings.base_url}/c/{sign.sign(_key(ws), row.token)}"


def shown(ws: Workspace, signed: str) -> Confirmation | None:
    """What the page behind the link shows; changes nothing. None where the link is not ours."""
    token = sign.verify(_key(ws), signed)
    row = SignUp.objects.select_related("form").filter(token=token).first() if token else None
    if row is None or (not row.address and row.status != SignUpStatus.EXPIRED):
        return None  # erased since
    return Confirmation(row, _standing(ws, row))


def confirm_link(ws: Workspace, signed: str, visitor: Visitor) -> Confirmation | None:
    """The button of that page was pressed. Twice is once. None where the link is not ours."""
    found = shown(ws, signed)
    if found is None or found.standing != SignUpStatus.PENDING:
        return found
    confirm(ws, found.row.token, visitor)
    return shown(ws, signed)


def confirm(ws: Workspace, token: str, visitor: Visitor) -> None:
    """Believe a sign-up: its customer is made, or told what was stated, and the consents are noted with the proof.

    Of several customers with the address all get the word, none the fields. A yes lifts an unsubscription of that
    address, never a complaint or a bounce.
    """
    now = ws.now()
    with transaction.atomic():
        row = SignUp.objects.select_for_update(of=("self",)).select_related("form").get(token=token)
        if _standing(ws, row) != SignUpStatus.PENDING:
            return
        raw = visitor.raw()
        known = of_address(row.address)
        stated = {"email": row.address, "language": row.language, **row.fields}
        who = known or [_made(ws, row, stated)]
        if len(who) == 1:
            identify = Event(
                event_id=f"sign-up:{token}", type="identify", name="", timestamp=now, customer_id=who[0],
                source="zhiyin", properties=stated,
            )  # fmt: skip
            ingest.record(ws, [identify])
        proof = {
            **row.proof, "ip": raw["ip"], "user_agent": raw["user_agent"], "asked_ip": row.proof.get("ip", ""),
        }  # fmt: skip
        for purpose in row.topics or [MARKETING]:
            source = f"form:{row.form.key}"
            answers = [Answer(one, consents.EMAIL, purpose, True, source, now, proof) for one in who]
            ingest.record(ws, consents.events(consents.take(answers), seed=token, source="zhiyin"))
        row.status, row.confirmed_at, row.customer_id = SignUpStatus.CONFIRMED, now, who[0]
        row.confirmed_proof = {"ip": raw["ip"], "user_agent": raw["user_agent"]}
        row.save()


def of_address(address: str) -> Sequence[str]:
    """The customers with this address, however they spell it; the first one first."""
    rows = Customer.objects.order_by("created_at", "pk").values_list("customer_id", flat=True)
    found = list(rows.filter(email__in={address, address.lower()})[:_MOST])
    return found or list(rows.filter(email__iexact=address)[:_MOST])


def _made(ws: Workspace, row: SignUp, stated: dict[str, str]) -> str:
    """A new customer, under an id that no shop gives."""
    own = {name: stated[name] for name in ("email", "name", "language") if stated.get(name)}
    traits = {name: value for name, value in row.fields.items() if name not in own}
    customer = Customer(customer_id=f"form-{row.token[:24]}", traits=traits, lifecycle=Lifecycle.LEAD, **own)
    customer.created_at = customer.moved_at = ws.now()
    customer.save(force_insert=True)
    membership.touch([(customer.pk, NEW)])
    return customer.pk


def _standing(ws: Workspace, row: SignUp) -> str:
    waits = row.status == SignUpStatus.PENDING
    return SignUpStatus.EXPIRED.value if waits and row.expires_at <= ws.now() else row.status


def _program(ws: Workspace, form: Form) -> Program:
    own, sender = ws.settings.transactional, ws.settings.sender
    return Program(
        name=f"{KIND}:{form.key}",
        title=form.name,
        stream=Stream.TRANSACTIONAL,
        wordings=Wordings(Wording("{{ data.subject }}", _body())),
        sender_name=own.sender_name or sender.name or ws.settings.shop.name,
        sender_email=own.sender_email or sender.email,
        reply_to=own.reply_to,
        group="f",
        tracked=False,
    )


@lru_cache(maxsize=1)
def _body() -> str:
    return files("zhiyin.services").joinpath("ready_made", "confirmation.mjml").read_text("utf-8")


def _key(ws: Workspace) -> bytes:
    return sign.key(ws.settings.server.secret, sign.CONFIRM)
