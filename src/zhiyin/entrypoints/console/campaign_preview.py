"""The message of a campaign as one customer will read it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext

from zhiyin.domain.errors import NotFound, ZhiyinError
from zhiyin.domain.problem import Problem, ProblemCode
from zhiyin.domain.template import Rendered
from zhiyin.entrypoints.console import formats
from zhiyin.entrypoints.console.campaign_wording import Kept
from zhiyin.services.workspace import Workspace

PEOPLE = 20  # members to look through in the preview
_SCHEME = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)", re.IGNORECASE)
_LINE = re.compile(r"\bline (\d+)")


@dataclass(frozen=True, slots=True)
class Preview:
    """The message as one customer sees it, or why it cannot be made."""

    customer: Any = None
    number: int = 0
    of: int = 0
    before: str = ""
    after: str = ""
    language: str = ""
    search: str = ""
    nobody: str = ""
    rendered: Rendered | None = None
    error: ZhiyinError | None = None
    line: int | None = None
    saved_at: datetime | None = None
    dark: bool = False

    @property
    def html(self) -> str:
        """The message for the frames, with its dark style switched on where dark is asked for."""
        if self.rendered is None:
            return ""
        return darkened(self.rendered.html) if self.dark else self.rendered.html

    @property
    def plain(self) -> bool:
        """Whether dark is asked for and the message has no dark style of its own."""
        return self.dark and self.rendered is not None and not _SCHEME.search(self.rendered.html)

    @property
    def wide(self) -> bool:
        """Whether the subject is Chinese, where half as many signs fit."""
        return self.rendered is not None and any(ord(sign) > 0x2E7F for sign in self.rendered.subject)


def previewed(
    ws: Workspace,
    request: HttpRequest,
    campaign: Any,
    *,
    people: list[str] | None = None,
    kept: Kept | None = None,
    in_language: str = "",
) -> dict[str, Any]:
    """The preview for the chosen customer, and the checks that stand beside it."""
    from zhiyin.services import checks, reviews

    data = request.POST
    language, search = data.get("language", ""), data.get("search", "").strip()
    ids = people if people is not None else data.getlist("people")
    if language:
        ids = [member.customer_id for member in members(ws, campaign, language)]
    wanted, nobody = _wanted(ws, data, ids, language, search)
    error = kept.error if kept else None
    spoken = in_language if campaign.others else None
    shown = _preview(
        ws, wanted, ids, error, lambda who: reviews.preview(ws, campaign.key, who, language=spoken)
    )
    return {
        "campaign": campaign,
        "section": "campaigns",
        "checks": [] if error else _checked(checks.check(ws, campaign), shown.get("rendered")),
        "preview": Preview(
            **shown,
            language=language,
            search=search,
            nobody=nobody,
            saved_at=ws.now() if kept and not error else None,
            dark=bool(data.get("dark")),
        ),
    }


def _checked(found: list[Problem], rendered: Rendered | None) -> list[Problem]:
    """What the checks found, and what they looked for in vain."""
    codes = {problem.code for problem in found}
    if rendered is None or "template" in codes:
        return found
    size = formats.number(len(rendered.html.encode()) / 1000, 0)
    fine: dict[str, tuple[str, ...]] = {
        gettext("%(size)s KB, of 102 KB at most") % {"size": size}: (ProblemCode.TOO_LARGE,),
        gettext("Unsubscribe link"): ("no_unsubscribe",),
        gettext("All links lead somewhere"): (
            ProblemCode.EMPTY_LINK, ProblemCode.BROKEN_LINK, ProblemCode.PLACEHOLDER_LINK,
        ),
        gettext("All pictures have a description"): (ProblemCode.NO_ALT,),
        gettext("Every text can be read on its background"): (ProblemCode.LOW_CONTRAST,),
    }  # fmt: skip
    return [*found, *(Problem("ok", "", text) for text, broken in fine.items() if not codes & set(broken))]


def first(ws: Workspace, campaign: Any) -> Preview:
    """The message as the first member of the segment reads it."""
    from zhiyin.services import reviews

    found = members(ws, campaign)
    who = found[0].customer_id if found else ""
    return Preview(**_preview(ws, who, [], None, lambda who: reviews.preview(ws, campaign.key, who)))


def of_people(
    ws: Workspace,
    data: QueryDict,
    ids: list[str],
    rendered: Callable[[str], Rendered],
    error: ZhiyinError | None = None,
) -> Preview:
    """The preview of something that is no campaign, as one of these people or whoever is searched for."""
    search = data.get("search", "").strip()
    wanted, nobody = _wanted(ws, data, ids, "", search)
    shown = _preview(ws, wanted, ids, error, rendered)
    return Preview(**shown, search=search, nobody=nobody, dark=bool(data.get("dark")))


def darkened(html: str) -> str:
    """The HTML as a mail program with a dark theme reads it, in a browser of any theme.

    >>> darkened("@media (prefers-color-scheme: dark) { p { color: white } }")
    '@media (min-width: 0px) { p { color: white } }'
    """
    always, never = "(min-width: 0px)", "(min-width: 99999px)"
    return _SCHEME.sub(lambda found: always if found[1].lower() == "dark" else never, html)


def members(ws: Workspace, campaign: Any, language: str = "") -> list[Any]:
    """Members of the segment to look through, the same ones every time."""
    from zhiyin.services import segments

    sample = segments.sample(ws, campaign.segment.rule, PEOPLE if not language else PEOPLE * 10)
    if language:
        shop = ws.settings.shop.language
        sample = [member for member in sample if (member.language or shop).lower().startswith(language)]
    return list(sample)[:PEOPLE]


def _wanted(ws: Workspace, data: QueryDict, ids: list[str], language: str, search: str) -> tuple[str, str]:
    """Whose preview is asked for: somebody searched for, the next one, the same one, the first."""
    from zhiyin.services import customers

    if search:
        found = customers.search(ws, q=search, per_page=1).rows
        if found:
            return found[0].customer_id, ""
        return _first(ids, ""), gettext("No customer matches “%(who)s”.") % {"who": search}
    if language and not ids:
        return data.get("customer", ""), gettext("Nobody in the segment reads this language.")
    if data.get("see"):
        return data["see"], ""
    return _first(ids, "" if language and data.get("customer") not in ids else data.get("customer", "")), ""


def _first(ids: list[str], chosen: str) -> str:
    return chosen or (ids[0] if ids else "")


def _preview(
    ws: Workspace,
    customer_id: str,
    ids: list[str],
    error: ZhiyinError | None,
    rendered: Callable[[str], Rendered],
) -> dict[str, Any]:
    from zhiyin.services import customers

    if not customer_id:
        return _broken(error) if error else {}
    shown: dict[str, Any] = {}
    try:
        shown["customer"] = customers.get(ws, customer_id)
    except NotFound:
        return {}
    at = ids.index(customer_id) if customer_id in ids else -1
    shown |= {"number": at + 1 or 1, "of": max(1, len(ids))}
    if ids:
        shown |= {"before": ids[(at - 1) % len(ids)], "after": ids[(at + 1) % len(ids)]}
    if error:
        return shown | _broken(error)
    try:
        return {**shown, "rendered": rendered(customer_id)}
    except ZhiyinError as problem:
        return shown | _broken(problem)


def _broken(error: ZhiyinError) -> dict[str, Any]:
    found = _LINE.search(f"{error.what} {error.why}")
    return {"error": error, "line": int(found[1]) if found and "subject" not in error.what else None}
