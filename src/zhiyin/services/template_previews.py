"""Previews of templates: as any customer would read them, in a campaign that does not exist yet."""

from __future__ import annotations

from zhiyin.adapters.records.models import Customer, Template
from zhiyin.domain.errors import NotFound
from zhiyin.domain.program import Program, Stream
from zhiyin.domain.template import Rendered, Wordings
from zhiyin.domain.text import say
from zhiyin.services import messages, templates, wording
from zhiyin.services.workspace import Workspace

PEOPLE = 3  # shown first, to look at a template as


def preview(
    ws: Workspace, key: str, customer_id: str | None = None, *, language: str | None = None
) -> Rendered:
    """A template as a customer would read it. Raises ``BadTemplate`` with the line, ``NotFound``."""
    row = templates.get(ws, key)
    return shown(ws, row, row.wordings, customer_id, language=language)


def shown(
    ws: Workspace,
    row: Template,
    wordings: Wordings,
    customer_id: str | None = None,
    *,
    language: str | None = None,
) -> Rendered:
    """The same with other wordings, which need not be saved."""
    one = wordings.main if language is None else wordings.of(language)
    templates.check(one.subject, one.body, one.preheader, one.text, data=True)
    program = Program(
        name=f"template:{row.key}",
        title=row.name,
        stream=Stream.MARKETING,
        wordings=wording.expanded(wordings, wording.saved_of(wordings)),
        sender_name=ws.settings.sender.name,
        sender_email=ws.settings.sender.email,
    )
    return messages.preview(ws, program, messages.of_row(_someone(ws, customer_id)), language)


def people(ws: Workspace, language: str = "") -> list[Customer]:
    """A few customers to look at a template as, those first who speak its language."""
    base = language.partition("-")[0]
    everyone = Customer.objects.exclude(email="").order_by("customer_id")
    speaking = list(everyone.filter(language__istartswith=base)[:PEOPLE]) if base else []
    known = {person.pk for person in speaking}
    return (speaking + [one for one in everyone[: PEOPLE * 2] if one.pk not in known])[:PEOPLE]


def _someone(ws: Workspace, customer_id: str | None) -> Customer:
    everyone = Customer.objects.order_by("customer_id")
    found = everyone.filter(pk=customer_id).first() if customer_id else everyone.first()
    if found is None and customer_id:
        raise NotFound(
            say("There is no customer {customer_id!r}.", customer_id=customer_id), fix=say("Check the id.")
        )
    return found or Customer(customer_id="", created_at=ws.now())
