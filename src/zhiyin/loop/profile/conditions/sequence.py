"""``sequence(["Product Added", "Order Completed"], gap="7d")``: one thing after another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial, reduce
from operator import or_
from typing import TYPE_CHECKING, Any, ClassVar

import narwhals as nw

from zhiyin.domain.segment import Window
from zhiyin.domain.text import Text, say
from zhiyin.loop.profile import parts
from zhiyin.loop.profile.condition import Condition, Found, Names, One
from zhiyin.loop.profile.parts import DURATION, WINDOW, Part
from zhiyin.loop.profile.segment_words import span, windowed
from zhiyin.loop.profile.sentences import ACTIONS, Sentence
from zhiyin.loop.profile.steps import Step, Steps

if TYPE_CHECKING:
    from zhiyin.loop.profile.segment_frame import Frame, Frames, Plan


@dataclass(frozen=True, slots=True)
class Sequence(Condition):
    """Did some events one after another, all of them in the window.

    Each step is later than the one before, by no more than ``gap``; and nothing that is to be ``without``
    happened in between. What happened at the very moment of a step is not in between.
    """

    KIND: ClassVar[str] = "sequence"
    PARTS: ClassVar[tuple[Part, ...]] = (
        Part("steps", Steps(2, 5), head=True),
        Part("gap", DURATION, None),
        Part("without", Steps(0, 5), ()),
        *WINDOW,
    )
    SENTENCES: ClassVar[tuple[Sentence, ...]] = (
        Sentence(
            say("*did one after another* {window} with at most {gap} from each to the next"),
            say("Did things one after another"),
            ACTIONS,
            "route",
        ),
    )
    steps: tuple[Step, ...]
    gap: timedelta | None = None
    without: tuple[Step, ...] = ()
    within: timedelta | None = None
    before: timedelta | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def window(self) -> Window:
        """The stretch of time in which all steps have to lie."""
        return Window(self.within, self.before, self.since, self.until)

    def check(self, place: str) -> None:
        parts.check_window(self.window, place)

    def find(self, one: One) -> Found:
        fitting = [
            event for event in one.events if any(step.matches(event, one.as_of) for step in self.steps)
        ]
        done = self._done(one)
        reached = next((n for n, at in reversed([*enumerate(done, 1)]) if at is not None), 0)
        last = done[reached - 1] if reached else None
        detail = {
            "steps": Steps(2, 5).dump(self.steps),
            "needs": len(self.steps),
            "found": reached,
            "last": None if last is None else last.isoformat(),
        }
        until = self.window.next_turn((event.timestamp for event in fitting), one.as_of)
        return Found(reached == len(self.steps), self.KIND, detail, until)

    def column(self, plan: Plan) -> nw.Expr:
        window, events = self.window, {step.event for step in (*self.steps, *self.without)}
        flags = {f"step_{n}": step.flag(plan) for n, step in enumerate(self.steps)}
        if self.without:
            flags["between"] = reduce(or_, (step.flag(plan) for step in self.without))
        if plan.wake:
            for step in self.steps:
                form = {**parts.dump(WINDOW, "", self), "step": Steps(1, 1).dump([step])}
                plan.tally(step.event, window, json.dumps(form, sort_keys=True), partial(_only, step, plan))

        def build(frames: Frames) -> Frame:
            known = plan.happened(frames.events, ((event, window) for event in sorted(events)))
            ones = [
                nw.when(flag).then(nw.lit(1)).otherwise(nw.lit(0)).alias(name) for name, flag in flags.items()
            ]
            # what happened at one moment is one row, since nothing of it is later than the rest
            moments = (
                known.filter(plan.inside(window), reduce(or_, flags.values()))
                .select("customer_id", "timestamp", *ones)
                .group_by("customer_id", "timestamp")
                .agg(*(nw.col(name).max() for name in flags))
            )
            reached = nw.col(f"step_{len(self.steps) - 1}") == 1
            done = self._chained(moments).filter(reached).group_by("customer_id")
            return done.agg(nw.len().alias("times"))

        (times,) = plan.aside(json.dumps(self.dump(), sort_keys=True), build, "times", events=events)
        return (times > 0).fill_null(False)

    def words(self, names: Names, negated: bool) -> Text:
        told = say(
            "did {steps}",
            steps=_joined(say("{one}, then {other}"), [step.words(names) for step in self.steps]),
        )
        told = windowed(told, self.window, names)
        if self.gap is not None:
            told = say(
                "{condition}, each no later than {span} after the one before",
                condition=told,
                span=span(self.gap),
            )
        if self.without:
            between = _joined(say("{one} or {other}"), [step.words(names) for step in self.without])
            told = say("{condition}, without {events} in between", condition=told, events=between)
        return say("not: {rule}", rule=told) if negated else told

    def found_words(self, detail: Mapping[str, Any], names: Names) -> Text:
        reached = int(detail["found"])
        if not reached:
            return say("none of the {needs} steps in that time", needs=len(self.steps))
        step = names.event(self.steps[reached - 1].event)
        moment = names.value("", datetime.fromisoformat(str(detail["last"])))
        return say(
            "{found} of {needs} steps, up to {event} on {moment}",
            found=reached, needs=len(self.steps), event=step, moment=moment,
        )  # fmt: skip

    def _done(self, one: One) -> list[datetime | None]:
        """For each step the latest time at which it was done after those before it.

        The latest is the best for all that follows: the gap is the shortest, and the least lies in between.
        """
        moments: dict[datetime, tuple[set[int], bool]] = {}
        inside = self.window.inside(one.as_of)
        for event in one.events:
            if inside(event.timestamp):
                steps = {n for n, step in enumerate(self.steps) if step.matches(event, one.as_of)}
                between = any(step.matches(event, one.as_of) for step in self.without)
                before, was_between = moments.get(event.timestamp, (set(), False))
                moments[event.timestamp] = (before | steps, between or was_between)
        done: list[datetime | None] = [None] * len(self.steps)
        barred: datetime | None = None
        for at, (steps, between) in sorted(moments.items()):
            for n in sorted(steps, reverse=True):  # from the last, so that no step counts twice at one moment
                previous = done[n - 1] if n else at
                if previous is not None and (n == 0 or self._follows(at, previous, barred)):
                    done[n] = at
            barred = at if between else barred
        return done

    def _follows(self, at: datetime, previous: datetime, barred: datetime | None) -> bool:
        return (self.gap is None or at - previous <= self.gap) and (barred is None or barred <= previous)

    def _chained(self, moments: Frame) -> Frame:
        """The moments with each ``step_…`` narrowed to where the steps before it were done."""
        for n in range(1, len(self.steps)):
            flags = {f"done_{n}": f"step_{n - 1}"}
            if self.without and n == 1:
                flags["barred"] = "between"
            moments = _latest(moments, flags)
            done, at = nw.col(f"done_{n}"), nw.col("timestamp")
            follows = (nw.col(f"step_{n}") == 1) & ~done.is_null()
            if self.gap is not None:
                follows = follows & (done + nw.lit(self.gap) >= at)
            if self.without:
                follows = follows & (nw.col("barred").is_null() | (nw.col("barred") <= done))
            one = nw.when(follows.fill_null(False)).then(nw.lit(1)).otherwise(nw.lit(0))
            moments = moments.with_columns(one.alias(f"step_{n}"))
        return moments


def _joined(template: Text, texts: list[str]) -> str:
    return reduce(lambda one, other: Text(template, {"one": one, "other": other}), texts)


def _only(step: Step, plan: Plan) -> list[nw.Expr]:
    return [step.flag(plan)]


def _latest(moments: Frame, flags: Mapping[str, str]) -> Frame:
    """With the latest earlier moment of the customer that has a flag, by new column; null where there is none."""
    filled, earlier = [], []
    for name, flag in flags.items():
        at = nw.when(nw.col(flag) == 1).then(nw.col("timestamp")).fill_null(strategy="forward")
        filled.append(at.over("customer_id", order_by="timestamp").alias(name))
        earlier.append(nw.col(name).shift(1).over("customer_id", order_by="timestamp").alias(name))
    return moments.with_columns(*filled).with_columns(*earlier)
