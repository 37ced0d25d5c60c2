"""files → import → profile → segments → recommendations → campaigns → responses → report, as named steps.

The demo prints them, the tests run them. The shop's history ends a week and a day before the real present;
the letters go out at that moment, the customers live the days since then at high speed, and the report is
read in the present, when the campaigns' windows are closed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from zhiyin.adapters import clock
from zhiyin.adapters.clock import SimulatedClock
from zhiyin.domain.settings import SmtpSettings
from zhiyin.services.workspace import Workspace
from zhiyin.simulate import files, wording
from zhiyin.simulate.mailbox import Mailbox
from zhiyin.simulate.market import WINDOW, Market
from zhiyin.simulate.server import free_port, serving
from zhiyin.simulate.world import World

AGO = timedelta(days=WINDOW + 1)  # how long ago the history ends
_TRAINING = timedelta(seconds=20)
_PACE = 100.0  # letters a real second that server and customers keep up with easily
KINDS = ("customers", "items", "orders", "events")

Figures = dict[str, Any]


class Tell(Protocol):
    """Shows progress."""

    def __call__(self, done: int, total: int | None = None, label: str | None = None) -> None: ...


@dataclass(slots=True)
class Story:
    """A simulated shop on its way through the loop; ``figures`` collects what each step found."""

    ws: Workspace
    market: Market
    mailbox: Mailbox
    pace: float = _PACE
    figures: dict[str, Figures] = field(default_factory=dict)

    @property
    def chinese(self) -> bool:
        """Whether the shop speaks Chinese."""
        return self.market.language.startswith("zh")


def end_of_history(now: datetime) -> datetime:
    """The moment at which a history ends that is to be lived on until ``now``: ten in the morning in China."""
    day = (now - AGO).replace(hour=2, minute=0, second=0, microsecond=0)
    return day if day <= now - AGO else day - timedelta(days=1)


def tell_story(ws: Workspace, market: Market, mailbox: Mailbox, *, pace: float = _PACE) -> Story:
    """The story of a fresh workspace, at the moment at which the market's history ends."""
    port = free_port(ws.settings.server.port)
    settings = replace(
        ws.settings,
        server=replace(ws.settings.server, port=port),
        smtp=SmtpSettings(host=mailbox.host, port=mailbox.port, security="none"),
    )
    past = SimulatedClock(market.until, clock.system(), 1.0)
    mailbox.now = past
    return Story(replace(ws, settings=settings, now=past), market, mailbox, pace)


def exists(market: Market) -> Callable[[str], bool]:
    """Tells whether there is a mailbox of an address; some customers gave one that is gone."""
    gone: set[str] = set()
    for block in market.blocks():
        dead = block.people.has_email & ~block.people.reachable
        gone.update(block.people.emails().filter(dead).to_pylist())
    return lambda address: address not in gone


# -- the steps -----------------------------------------------------------------------------------------------


def simulate(story: Story, tell: Tell) -> Figures:
    """Write the shop's files: what it would export from its own systems."""
    told = files.write(story.market, story.ws.folder / "files", "csv", on_progress=tell)
    return {"rows": told["rows"], "files": told["files"], "effect": told["truth"]["effect"]}


def import_files(story: Story, tell: Tell) -> Figures:
    """Read the files with the ordinary importer."""
    from zhiyin.services import imports

    folder, found = story.ws.folder / "files", story.figures["simulate"]["files"]
    results = {}
    for kind in KINDS:
        tell(0, None, f"Importing {kind}")
        paths = [folder / name for name in found[kind]]
        results[kind] = asdict(imports.run(story.ws, kind, paths, on_progress=tell))
    return results


def profile(story: Story, tell: Tell) -> Figures:
    """Profile every customer over the whole lake."""
    from zhiyin.services import profiles

    return asdict(profiles.run(story.ws, on_progress=tell))


def segment(story: Story, tell: Tell) -> Figures:
    """Make segments and count them."""
    from zhiyin.services import segments

    counts: Figures = {}
    for done, named in enumerate(wording.SEGMENTS, 1):
        name = named.name_zh if story.chinese else named.name
        segments.create(story.ws, key=named.key, name=name, rule=dict(named.rule))
        segments.refresh(story.ws, named.key)
        count = segments.count(story.ws, dict(named.rule))
        counts[named.key] = {"name": name, "count": count.count, "total": count.total}
        tell(done, len(wording.SEGMENTS))
    return counts


def recommend(story: Story, tell: Tell) -> Figures:
    """Find the best recommender for each placement, and compare it on orders that it had not seen."""
    from zhiyin.services import training

    run = training.train(story.ws, budget=_TRAINING, on_progress=tell)
    return {"report": run.report, "seconds": run.seconds, "warnings": run.warnings}


def campaign(story: Story, tell: Tell) -> Figures:
    """Write two campaigns and review whom they would reach."""
    from zhiyin.services import campaigns, reviews, templates

    templates.defaults(story.ws)
    reviewed: Figures = {}
    for letter in (wording.WELCOME, wording.NEW_TEAS):
        name = letter.name_zh if story.chinese else letter.name
        templates.save(story.ws, key=letter.key, name=name, subject=letter.subject, body=letter.body)
        campaigns.create(
            story.ws,
            key=letter.key,
            name=name,
            segment=letter.segment,
            template=letter.key,
            preheader=letter.preheader,
            holdout=letter.holdout,
            window_days=WINDOW,
            cost="0.05",
            seed=f"{letter.key}-{story.market.seed}",
        )
        reviewed[letter.key] = {"name": name, **reviews.review(story.ws, letter.key).to_dict()}
    return reviewed


def send(story: Story, tell: Tell) -> Figures:
    """Send both campaigns, by SMTP, to the customers' own mail server."""
    from zhiyin.services import campaigns, ingest, sending

    results: Figures = {}
    for letter in (wording.WELCOME, wording.NEW_TEAS):
        begun = time.perf_counter()
        campaigns.start(story.ws, letter.key)
        sending.run_until_done(story.ws, letter.key, on_progress=tell)
        seconds = time.perf_counter() - begun
        stand = campaigns.progress(story.ws, letter.key)
        results[letter.key] = {**stand, "seconds": seconds, "per_second": stand["accepted"] / seconds}
    story.ws.spool.close()
    ingest.drain(story.ws)
    return results


def live(story: Story, tell: Tell) -> Figures:
    """Serve the shop while its customers read, click, buy and leave, until the present."""
    from zhiyin.services import engagements, ingest, profiles, sources, work

    _, key = sources.create(story.ws, "the shop's own server", "server")
    begin, present = story.ws.now(), clock.system()
    seconds = max(6.0, len(story.mailbox.slips) / story.pace)
    opening = story.ws.folder / "opened"  # written once the server answers: how long that takes, nobody knows
    opening.unlink(missing_ok=True)
    running = SimulatedClock(begin, opening, (present - begin).total_seconds() / seconds)
    days = (present - begin) / timedelta(days=1) - 0.02
    begun = time.perf_counter()
    port = story.ws.settings.server.port
    with serving(story.ws.folder, port, {"ZHIYIN_SIMULATION_CLOCK": str(running)}):
        opening.touch()
        world = World(story.market, story.mailbox, story.ws.settings.base_url, key, now=running)
        lived = world.live(begin, days, on_progress=tell)
    opening.unlink()
    story.ws = replace(story.ws, now=clock.system)
    while work.run_once(story.ws):  # what the server's worker had not moved yet
        continue
    engagements.settle(story.ws)  # nobody comes any more
    story.ws.spool.close()
    ingest.drain(story.ws)
    profiles.run(story.ws)
    return {
        "days": days,
        "seconds": time.perf_counter() - begun,
        "requests": lived.requests,
        "revenue": lived.revenue,
        **dict(sorted(lived.done.items())),
    }


def report(story: Story, tell: Tell) -> Figures:
    """What the campaigns changed, and what is known to be true."""
    from zhiyin.services import reports

    truth, reachable = story.market.truth(), story.market.reachable()
    found: Figures = {}
    for letter in (wording.WELCOME, wording.NEW_TEAS):
        rows = _rows(_decided(story, letter.key))
        change = np.where(reachable, truth.treated - truth.baseline, 0.0)[rows]
        told = reports.campaign(story.ws, letter.key).to_dict()
        found[letter.key] = {"report": told, "true_lift": 100 * float(change.mean())}
    return found


def _decided(story: Story, key: str) -> Sequence[str]:
    """Everyone a campaign decided about; each counts in the arm they were assigned to by chance."""
    from zhiyin.services import explanations

    _, people = explanations.people(story.ws, key, limit=story.market.customers)
    return [person["customer_id"] for person in people]


def _rows(customer_ids: Sequence[str]) -> np.ndarray:
    return np.array([int(customer_id[1:]) - 1 for customer_id in customer_ids], np.int64)


STEPS: tuple[tuple[str, str, Callable[[Story, Tell], Figures]], ...] = (
    ("simulate", "Simulate a shop", simulate),
    ("import", "Import its files", import_files),
    ("profile", "Profile the customers", profile),
    ("segments", "Make segments", segment),
    ("recommend", "Train and compare recommenders", recommend),
    ("campaign", "Write campaigns", campaign),
    ("send", "Send them", send),
    ("live", "Live a week", live),
    ("report", "Report", report),
)


def run(
    story: Story,
    *,
    before: Callable[[str, str], Tell] | None = None,
    after: Callable[[str, Figures, float], object] | None = None,
) -> dict[str, Figures]:
    """All steps in order. ``before(key, title)`` gives what shows progress; ``after(key, figures, seconds)``
    sees what a step found."""
    for key, title, step in STEPS:
        tell = before(key, title) if before else _silent
        begun = time.perf_counter()
        story.figures[key] = step(story, tell)
        if after:
            after(key, story.figures[key], time.perf_counter() - begun)
    return story.figures


def _silent(done: int, total: int | None = None, label: str | None = None) -> None:
    """Shows nothing."""


def is_demo(folder: Path) -> bool:
    """Whether a folder holds a shop that the demo made."""
    return (folder / "files" / files.MANIFEST).is_file()
