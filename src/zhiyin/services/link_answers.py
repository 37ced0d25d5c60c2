"""Link answers: whether what a message links to and shows is there, asked of the web on demand."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from zhiyin.adapters import outgoing
from zhiyin.adapters.records.models import Campaign
from zhiyin.domain.errors import BadTemplate
from zhiyin.domain.text import say
from zhiyin.services import content_checks
from zhiyin.services.workspace import Workspace

THERE, GONE, UNCLEAR = "there", "gone", "unclear"
MOST = 40  # addresses asked for one campaign
_AT_ONCE = 8
_GONE = (404, 410)
Ask = Callable[[str], outgoing.Answer]


@dataclass(frozen=True, slots=True)
class LinkAnswer:
    """What an address answered: it is ``there``, ``gone``, or that is ``unclear``."""

    url: str
    state: str
    status: int
    detail: str


def ask(
    ws: Workspace,
    row: Campaign,
    *,
    ask_one: Ask = outgoing.ask,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[LinkAnswer]:
    """Ask for every link and picture of a few customers' messages, what is gone first. Private hosts are not asked."""
    urls: dict[str, None] = {}
    for _language, letter in content_checks.letters(ws, row):
        if isinstance(letter, BadTemplate):
            continue  # the checks name it
        page = letter.page
        for url in (*(link.href for link in page.links), *(picture.src for picture in page.pictures)):
            if url.startswith(("http://", "https://")):
                urls.setdefault(url.partition("#")[0])
    wanted = list(urls)[:MOST]
    found: list[LinkAnswer] = []
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        for url, answer in zip(wanted, pool.map(ask_one, wanted), strict=True):
            found.append(_read(url, answer))
            on_progress(len(found), len(wanted))
    order = (GONE, UNCLEAR, THERE)
    return sorted(found, key=lambda one: order.index(one.state))


def _read(url: str, answer: outgoing.Answer) -> LinkAnswer:
    status = answer.status
    if 200 <= status < 400:
        return LinkAnswer(url, THERE, status, "")
    if status in _GONE:
        return LinkAnswer(
            url, GONE, status, say("The server answers {status}: there is nothing.", status=status)
        )
    if answer.forbidden:
        return LinkAnswer(url, UNCLEAR, 0, say("It is not on the open internet, so it was not asked."))
    if status:
        text = say("The server answers {status}; it may answer people differently.", status=status)
        return LinkAnswer(url, UNCLEAR, status, text)
    return LinkAnswer(url, UNCLEAR, 0, say("Nobody answers: {why}", why=answer.detail))
