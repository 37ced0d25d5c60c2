"""Marks: how the links of a message tell that it was opened and clicked, for those who allow it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from zhiyin.adapters.records.among import among
from zhiyin.adapters.records.models import Consent
from zhiyin.domain.consent import TRACKING
from zhiyin.domain.engagement import HIDDEN
from zhiyin.domain.program import Program
from zhiyin.loop.deliver import links
from zhiyin.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Marks:
    """What a message of one program is marked with; ``labels`` are added to the addresses of its links."""

    opens: bool = True
    clicks: bool = True
    hidden: bool = True
    labels: Mapping[str, str] = field(default_factory=dict)
    _known: dict[str, str] = field(
        default_factory=dict, compare=False, repr=False
    )  # the same links, labelled

    def put(
        self, html: str, text: str, *, click: Callable[[str], str], pixel: str, keep: tuple[str, ...]
    ) -> tuple[str, str]:
        """Both bodies with their links marked. ``click(url)`` is the tracked address of one; ``keep`` stay."""

        def target(url: str) -> str:
            labelled = self._known.get(url)
            if labelled is None:
                labelled = self._known[url] = links.labelled(url, self.labels)
            return click(labelled) if self.clicks else labelled

        hidden = click(HIDDEN) if self.clicks and self.hidden else ""
        marked = links.rewrite(html, target, keep=keep, pixel=pixel if self.opens else "", hidden=hidden)
        return marked, links.rewrite_text(text, target, keep=keep)


def of(ws: Workspace, program: Program) -> Marks:
    """The marks of a program's messages, as the settings want them; none where it is not tracked."""
    if not program.tracked:
        return Marks(opens=False, clicks=False, hidden=False)
    wanted = ws.settings.tracking
    labels = {"utm_source": wanted.utm_source, "utm_medium": "email", "utm_campaign": program.key}
    return Marks(wanted.opens, wanted.clicks, wanted.hidden_link, labels if wanted.utm_source else {})


def untracked(marks: Marks) -> Marks:
    """The same for somebody who does not want to be followed: only what names the program stays."""
    return replace(marks, opens=False, clicks=False, hidden=False)


def unwilling(customer_ids: Collection[str]) -> set[str]:
    """Who of these customers said no to being followed, on any channel."""
    columns = ("customer_id", "purpose", "granted")
    return {
        who
        for who, purpose, granted in among(Consent, "customer_id", customer_ids, *columns)
        if purpose == TRACKING and not granted
    }
