"""Checks of what a message says, on the messages that real customers would get, in every language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from zhiyin.adapters.records.models import Campaign, Customer
from zhiyin.domain.customer import Customer as Person
from zhiyin.domain.problem import Problem
from zhiyin.domain.text import say
from zhiyin.loop.deliver import checks
from zhiyin.loop.deliver.checks import Letter
from zhiyin.services import messages, programs
from zhiyin.services.workspace import Workspace

PEOPLE = 3  # whose messages are looked at
_TRACKED = 130  # bytes by which a link grows that leads through this server


def check(ws: Workspace, row: Campaign) -> list[Problem]:
    """What the checks of content find, each thing once. Raises ``BadTemplate`` where nothing can be made."""
    found: dict[tuple[str, int, str, str], Problem] = {}
    for language, letter in letters(ws, row):
        for problem in checks.check(letter):
            text = (
                say("In {language}: {what}", language=language, what=problem.text)
                if language
                else problem.text
            )
            found.setdefault(
                (problem.code, problem.line, problem.level, str(text)), replace(problem, text=text)
            )
    return sorted(found.values(), key=lambda problem: problem.level != "error")


def letters(ws: Workspace, row: Campaign) -> Iterator[tuple[str, Letter]]:
    """The messages of a few customers in each language; without customers, that of a stranger."""
    program, settings = programs.of_campaign(row), ws.settings
    people = [messages.of_row(one) for one in Customer.objects.order_by("customer_id")[:PEOPLE]]
    for language in ("", *row.wordings.others):
        source = row.wordings.of(language).body
        full = program.wordings.of(language).body
        for person in people or [Person(customer_id="", created_at=ws.now())]:
            shown = messages.preview(ws, program, person, language)
            letter = checks.read(
                shown.subject,
                shown.preheader,
                shown.html,
                shown.text,
                full,
                address=settings.shop.address,
                longer=_TRACKED if settings.tracking.clicks else 0,
            )
            # lines are those of what a person wrote: with saved blocks in their places they are others
            yield language, letter if source == full else letter.without_lines()
