"""Requests to send: one message that a program of the shop asks for, planned once however often it is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from django.db import IntegrityError, transaction
from django.utils.crypto import salted_hmac

from zhiyin.adapters.records.models import Customer as CustomerRow
from zhiyin.adapters.records.models import Message, SendRequest, Template
from zhiyin.domain.customer import Customer
from zhiyin.domain.errors import BadSetting, Conflict, NotFound
from zhiyin.domain.program import Program
from zhiyin.domain.template import Wording
from zhiyin.domain.text import say
from zhiyin.loop import decide
from zhiyin.loop.deliver import context, render
from zhiyin.services import addressed, messages, programs, templates, transactional
from zhiyin.services.workspace import Workspace

MOST = 32 * 1024  # bytes of the variables of one message, as JSON
LONGEST = 255  # characters of an idempotency key
_TAG = re.compile(r"(?=.{2,16}\Z)[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_DEEPEST = 8  # objects and lists within each other


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks to be sent: which template, to an address or a customer, with which variables."""

    template: str
    to: str = ""
    customer_id: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)
    language: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """The message that a request led to; ``again`` where it was there before."""

    message: Message
    again: bool = False


def send(ws: Workspace, asked: Asked, key: str) -> Taken:
    """Plan one message, durably, before this returns; the worker sends it, once.

    The same ``key`` with the same request is the same message, however often and by however many at once it is
    asked for. Raises ``Conflict`` where the key came with another request before or nothing can be sent yet,
    ``NotFound`` for an unknown template or customer, ``BadSetting`` and ``BadTemplate`` for what cannot be.
    """
    asked = replace(asked, variables=_bounded(asked.variables))
    digest, body = _hashed("key", _key(key)), _hashed("body", _plain(asked))
    before = _before(digest, body)
    if before is not None:
        return before
    person = _person(asked.customer_id)
    address = _address(asked.to or (person.email if person else ""))
    who = person.customer_id if person else addressed.owner(address)
    if person is None:
        person = _known(who) or Customer("", email=address)
    person = replace(person, language=_language(asked.language) or person.language)
    template = _template(ws, asked.template, person.language)
    program = _ready(ws, f"{transactional.KIND}:{template.key}")
    speaking = messages.Speaking.of(ws, program)
    _fits(program, speaking.wording(person), asked.variables)
    said = messages.variables(ws, program, person, (), "", asked.variables)
    render.render(speaking.to(person), said)
    versions = {"template": f"{template.key}@{template.version}"}
    try:
        with transaction.atomic():
            row = addressed.plan(
                ws,
                program,
                address,
                occurrence=digest[:40],
                customer_id=who,
                data=asked.variables,
                language=asked.language,
                versions=versions,
            )
            SendRequest.objects.create(key=digest, body=body, message=row, made_at=ws.now())
    except IntegrityError:  # somebody asked at the same moment
        before = _before(digest, body)
        if before is None:
            raise
        return before
    return Taken(row)


def _before(digest: str, body: str) -> Taken | None:
    found = SendRequest.objects.select_related("message").filter(key=digest).first()
    if found is None:
        return None
    if found.body != body:
        raise Conflict(
            say("This idempotency key came with another request before."),
            why=say("A key stands for one message, so that a repeated request is not sent twice."),
            fix=say("Repeat the request as it was, or use a new key for a new message."),
            code="key_reused",
        )
    return Taken(found.message, again=True)


def _template(ws: Workspace, key: str, language: str) -> Template:
    row = templates.spoken(ws, key, language)
    if row.archived_at is not None:
        raise NotFound(
            say("The template {key!r} is archived.", key=row.key),
            fix=say("Restore it, or use another one."),
            code="archived",
        )
    return row


def _language(text: str) -> str:
    if text and not _TAG.fullmatch(text):
        raise BadSetting(
            say("{language!r} is no language.", language=text[:32]),
            fix=say("Write it as en or zh-hans."),
            code="bad_language",
        )
    return text


def _ready(ws: Workspace, name: str) -> Program:
    try:
        return programs.of(ws, name)
    except BadSetting as error:  # nothing that whoever asks could mend
        raise Conflict(error.what, why=error.why, fix=error.fix, code="not_set_up") from error


def _fits(program: Program, wording: Wording, variables: Mapping[str, Any]) -> None:
    """Raise ``BadSetting`` where the variables are not those of the template."""
    names = transactional.wanted(wording.subject, wording.body, wording.preheader, wording.text)
    unknown, missing = sorted(set(variables) - names), sorted(names - set(variables))
    if unknown:
        raise BadSetting(
            say("The template {key} has no variable {name!r}.", key=program.key, name=unknown[0][:64]),
            fix=say("It has: {known}.", known=", ".join(sorted(names))) if names else say("It has none."),
            code="unknown_variable",
        )
    if missing:
        raise BadSetting(
            say("The template {key} needs the variable {name!r}.", key=program.key, name=missing[0]),
            fix=say("Give it a value; null where there is none."),
            code="missing_variable",
        )


def _bounded(variables: Mapping[str, Any]) -> dict[str, Any]:
    """The variables without what could end a header or fake a mark. Raises ``BadSetting`` for too many or too deep."""
    kept = {str(name): _clean(value, _DEEPEST) for name, value in variables.items()}
    if len(msgspec.json.encode(kept)) > MOST:
        raise BadSetting(
            say("The variables are larger than {most} KB.", most=MOST // 1024),
            fix=say("Give what the template shows, and no more."),
            code="too_large",
        )
    return kept


def _clean(value: Any, left: int) -> Any:
    if not left:
        raise BadSetting(
            say("The variables lie more than {most} deep within each other.", most=_DEEPEST),
            fix=say("Give what the template shows, and no more."),
            code="too_deep",
        )
    if isinstance(value, Mapping):
        return {str(name): _clean(one, left - 1) for name, one in value.items()}
    if isinstance(value, list):
        return [_clean(one, left - 1) for one in value]
    return context.clean(value)


def _plain(asked: Asked) -> bytes:
    """The same bytes for the same request, in whatever order it was written."""
    parts = (asked.template, asked.to, asked.customer_id, asked.language, asked.variables)
    return msgspec.json.encode(parts, order="sorted")


def _key(text: str) -> bytes:
    if not 0 < len(text) <= LONGEST or not text.isprintable() or text != text.strip():
        raise BadSetting(
            say("A request needs an idempotency key of 1 to {most} characters.", most=LONGEST),
            why=say("By it a repeated request is known again, and nothing is sent twice."),
            fix=say("Send a header Idempotency-Key with what the message is about, such as receipt-1042."),
            code="no_key",
        )
    return text.encode()


def _hashed(purpose: str, data: bytes) -> str:
    return salted_hmac(f"zhiyin.request.{purpose}", data, algorithm="sha256").hexdigest()


def _person(customer_id: str) -> Customer | None:
    if not customer_id:
        return None
    found = _known(customer_id)
    if found is None:
        raise NotFound(
            say("There is no customer {customer_id!r}.", customer_id=customer_id[:200]),
            fix=say("Check the id, or give an address with `to`."),
            code="unknown_customer",
        )
    return found


def _known(customer_id: str) -> Customer | None:
    row = CustomerRow.objects.filter(pk=customer_id).first()
    return messages.of_row(row) if row else None


def _address(text: str) -> str:
    address = text.strip()
    if not decide.is_address(address):
        raise BadSetting(
            say("{address!r} cannot be an e-mail address.", address=address[:254])
            if address
            else say("There is no address to send to."),
            fix=say("Give one with `to`, or a customer_id who has one."),
            code="bad_address",
        )
    return address
