"""letters → opens, clicks, orders and farewells: customers live for some days, through public doors alone.

They see nothing but the e-mails they really got, and reach the shop by HTTP: the pixel and the links of the
e-mail, its unsubscribe header and page, and the tracking API for what they look at and buy.
"""

from __future__ import annotations

import base64
import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlencode, urlsplit

import numpy as np

from zhiyin.domain.errors import ZhiyinError
from zhiyin.domain.ports import Clock
from zhiyin.simulate.habits import Act, Do, live
from zhiyin.simulate.mailbox import Letter, Mailbox, Slip
from zhiyin.simulate.market import Market
from zhiyin.simulate.payloads import payload, total
from zhiyin.simulate.web import AGENTS, Web, form_of

_BATCH = 100  # events in one request to the tracking API
_QUIET = 0.5  # real seconds after which a smaller batch goes out
_FORM_TYPE = "application/x-www-form-urlencoded"


@dataclass(slots=True)
class Lived:
    """What happened: how often each thing was done, what was bought, and answers nobody should get."""

    done: Counter[str] = field(default_factory=Counter)
    revenue: int = 0  # minor units
    requests: int = 0
    problems: Counter[str] = field(default_factory=Counter)


class World:
    """The market's customers, with their mailbox, in front of a server at ``base_url``."""

    def __init__(
        self, market: Market, mailbox: Mailbox, base_url: str, write_key: str, *, now: Clock, threads: int = 6
    ) -> None:
        self.market, self.mailbox, self.base_url, self.now = market, mailbox, base_url.rstrip("/"), now
        self.threads = threads
        self.lived = Lived()
        self._web = Web(self.base_url)
        credentials = base64.b64encode(f"{write_key}:".encode()).decode()
        self._track = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
        self._slips: dict[int, Slip] = {}
        self._lock = threading.Lock()

    def live(
        self, begin: datetime, days: float, *, on_progress: Callable[[int, int], None] | None = None
    ) -> Lived:
        """Live ``days`` days from ``begin``, at the pace of the clock.

        Raises ``ZhiyinError`` where the server did not answer as it should.
        """
        acts = self._plan(days)
        room = threading.Semaphore(4 * self.threads)  # do not run far ahead of the server
        waiting: list[Act] = []
        with ThreadPoolExecutor(self.threads, thread_name_prefix="customer") as pool:

            def hand(work: Callable[[], None]) -> None:
                room.acquire()
                pool.submit(self._guarded, work).add_done_callback(lambda _: room.release())

            def flush() -> None:
                if waiting:
                    hand(partial(self._shop, tuple(waiting), begin))
                    waiting.clear()

            for number, act in enumerate(acts):
                self._wait(begin + timedelta(seconds=act.at), flush)
                if act.do in (Do.VIEW, Do.ORDER):
                    waiting.append(act)
                    if len(waiting) >= _BATCH:
                        flush()
                else:
                    hand(partial(self._mail, act))
                if on_progress and number % 50 == 0:
                    on_progress(number, len(acts))
            flush()
        self._web.close()
        self.lived.requests = self._web.requests
        if on_progress:
            on_progress(len(acts), len(acts))
        self._complain()
        return self.lived

    def _plan(self, days: float) -> list[Act]:
        """What all will do, in the order of time."""
        letters = {slip.to: slip for slip in self.mailbox.slips}
        acts: list[Act] = []
        for block in self.market.blocks():
            got = [letters.get(address) for address in block.people.emails().to_pylist()]
            for number, slip in zip(block.people.number.tolist(), got, strict=True):
                if slip is not None:
                    self._slips[number] = slip
            acts.extend(live(self.market, block, np.array([slip is not None for slip in got]), days))
        acts.sort(key=lambda act: (act.at, act.customer))
        return acts

    def _wait(self, until: datetime, idle: Callable[[], None]) -> None:
        waited = 0.0
        while self.now() < until:
            time.sleep(0.01)
            waited += 0.01
            if waited >= _QUIET:
                idle()
                waited = 0.0

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._problem(f"{type(error).__name__}: {error}")

    def _complain(self) -> None:
        if self.lived.problems:
            told = [f"{what} ({count} times)" for what, count in self.lived.problems.most_common(5)]
            raise ZhiyinError(
                "The server did not answer the simulated customers as it should.",
                why=", ".join(told),
                fix="Look into server.log in the workspace.",
                code="bad_answer",
            )

    # -- what people do -----------------------------------------------------------------------------------

    def _mail(self, act: Act) -> None:
        if _DEEDS[act.do](self, act, self.mailbox.open(self._slips[act.customer])):
            self._count(act.do)

    def _open(self, act: Act, letter: Letter) -> bool:
        proxy = act.do == Do.MACHINE_OPEN and act.client == "apple"
        agent = AGENTS["apple_proxy" if proxy else act.client]
        ours = [url for url in letter.images if url.startswith(self.base_url)]
        for url in ours:
            self._ask("GET", url, agent, expect=(200,))
        return bool(ours)

    def _click(self, act: Act, letter: Letter) -> bool:
        links = self._links(letter)
        if act.do == Do.CLICK and links:
            links = [links[(act.customer + act.at) % len(links)]]
        else:
            links += letter.hidden  # a program reads the source
        for url in links:
            self._ask("GET", url, _browser(act.client), expect=(204, 301, 302, 303, 307))
        return bool(links)

    def _unsubscribe(self, act: Act, letter: Letter) -> bool:
        """What the button of a mail program does."""
        if letter.unsubscribe and letter.one_click:
            self._ask("POST", letter.unsubscribe, "", expect=(200, 202), body=b"List-Unsubscribe=One-Click")
        return bool(letter.unsubscribe and letter.one_click)

    def _unsubscribe_page(self, act: Act, letter: Letter) -> bool:
        """Open the page and press its button, as a browser does."""
        agent = _browser(act.client)
        headers, page = self._ask("GET", letter.unsubscribe, agent, expect=(200,))
        url, values = form_of(page.decode(), letter.unsubscribe)
        extra = {"Origin": self.base_url, "Referer": letter.unsubscribe}
        if cookie := headers.get("Set-Cookie"):
            extra["Cookie"] = cookie.split(";")[0]
        self._ask("POST", url, agent, expect=(200, 302, 303), body=urlencode(values).encode(), extra=extra)
        return True

    def _links(self, letter: Letter) -> list[str]:
        """What people click: tracked links, not the way out."""
        way_out = urlsplit(letter.unsubscribe).path.split("/")[1]
        ours = {url for url in letter.links if url.startswith(self.base_url)}
        return sorted(url for url in ours if urlsplit(url).path.split("/")[1] != way_out)

    def _shop(self, acts: Sequence[Act], begin: datetime) -> None:
        """The shop's own server tells what happened in it."""
        # without sentAt: its clock is right, nothing is to be corrected
        batch = {"batch": [payload(self.market, act, begin) for act in acts]}
        url = f"{self.base_url}/v1/batch"
        self._ask("POST", url, "", expect=(200,), body=json.dumps(batch).encode(), extra=self._track)
        for act in acts:
            self._count(act.do, total(self.market, act) if act.do == Do.ORDER else 0)

    # -- asking and counting ------------------------------------------------------------------------------

    def _ask(
        self,
        method: str,
        url: str,
        agent: str,
        *,
        expect: tuple[int, ...],
        body: bytes | None = None,
        extra: dict[str, str] | None = None,
    ) -> tuple[http.client.HTTPMessage, bytes]:
        headers = {"User-Agent": agent} if agent else {}
        if body is not None:
            headers["Content-Type"] = _FORM_TYPE
        status, answered, content = self._web.ask(method, url, headers | (extra or {}), body)
        if status not in expect:
            self._problem(f"{method} /{urlsplit(url).path.split('/')[1]}/… answered {status}")
        return answered, content

    def _count(self, do: Do, revenue: int = 0) -> None:
        with self._lock:
            self.lived.done[str(do)] += 1
            self.lived.revenue += revenue

    def _problem(self, what: str) -> None:
        with self._lock:
            self.lived.problems[what] += 1


_DEEDS: dict[Do, Callable[[World, Act, Letter], bool]] = {
    Do.OPEN: World._open,
    Do.MACHINE_OPEN: World._open,
    Do.CLICK: World._click,
    Do.MACHINE_CLICK: World._click,
    Do.UNSUBSCRIBE: World._unsubscribe,
    Do.UNSUBSCRIBE_PAGE: World._unsubscribe_page,
}


def _browser(client: str) -> str:
    """The browser that a mail program opens; Gmail's image proxy follows no links."""
    return AGENTS["desktop" if client == "gmail" else client]
