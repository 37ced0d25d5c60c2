"""Checks of what a message says, on the messages that real customers would get, in every language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from zhiyin.adapters.records.models import Campaign, Customer
from zhiyin.domain.customer import Customer as Person
from zhiyin.domain.errors import BadTemplate
from zhiyin.domain.problem import Problem
from zhiyin.domain.text import say
from zhiyin.loop.deliver import checks
from zhiyin.loop.deliver.checks import Letter
from zhiyin.services import messages, programs
from zhiyin.services.workspace import Workspace

PEOPLE = 3  # whose messages are looked at
_TRACKED = 130  # bytes by which a link grows that leads through this server


def check(ws: Workspace, row: Campaign) -> list[Problem]:
    """What the checks of content find, each thing once. Raises ``BadTemplate`` where nothing can be made.

    A message that cannot be made for some is a warning: they are refused, one by one, and the others get theirs.
    """
    found: dict[tuple[str, int, str, str], Problem] = {}
    most: dict[str, int] = {}  # texts in the longest message of a language so far
    made: set[str] = set()
    broken: dict[str, BadTemplate] = {}
    for language, letter in letters(ws, row):
        if isinstance(letter, BadTemplate):
            broken.setdefault(language, letter)
            continue
        made.add(language)
        again = len(letter.page.runs) <= most.get(language, -1)
        most[language] = max(most.get(language, 0), len(letter.page.runs))
        for problem in checks.check(letter, again=again):
            text = (
                say("In {language}: {what}", language=language, what=problem.text)
                if language
                else problem.text
            )
            found.setdefault(
                (problem.code, problem.line, problem.level, str(text)), replace(problem, text=text)
            )
    for language, error in broken.items():
        if language not in made:
            raise error
        text = say("For some customers no message can be made, and they get none. {what}", what=error.told)
        found["not_for_all", 0, language, ""] = Problem("warning", "not_for_all", text)
    return sorted(found.values(), key=lambda problem: problem.level != "error")


def letters(ws: Workspace, row: Campaign) -> Iterator[tuple[str, Letter | BadTemplate]]:
    """The messages of a few customers in each language; without customers, that of a stranger.

    The error where one cannot be made.
    """
    program, settings = programs.of_campaign(row), ws.settings
    people = [messages.of_row(one) for one in Customer.objects.order_by("customer_id")[:PEOPLE]]
    people = people or [Person(customer_id="", created_at=ws.now())]
    for language in ("", *row.wordings.others):
        source = row.wordings.of(language).body
        full = program.wordings.of(language).body
        for shown in messages.previews(ws, program, people, language):
            if isinstance(shown, BadTemplate):
                yield language, shown
                continue
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
