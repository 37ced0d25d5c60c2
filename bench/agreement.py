"""One segment language, two interpreters, two engines: generated rules on generated histories, answered three times.

A pair is one rule on one customer with all that she did. Rules are those that the tests draw, and every kind of
condition by itself; customers are drawn too, and beside them stand those who just meet or just miss a condition.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.profile.test_segment import MOMENTS_ASKED
from tests.profile.witnesses import witnesses
from tests.profile.worlds import KINDS, World, rules, worlds

from zhiyin.adapters.lake.engines import Engine, engine
from zhiyin.domain.segment import Rule
from zhiyin.loop.profile.condition import Condition
from zhiyin.loop.profile.segment_json import parse
from zhiyin.loop.profile.segment_python import holds

WORLDS, JOINED, ALONE = 8, 8, 4  # of each world: rules with several conditions, and of each kind by itself
PAIRS, EACH = 10_000, 100


@dataclass
class Found:
    """What was compared: pairs, those without agreement, and of each kind by itself how many held or did not."""

    pairs: int = 0
    apart: list[str] = field(default_factory=list)
    true: Counter[str] = field(default_factory=Counter)
    false: Counter[str] = field(default_factory=Counter)


def main(several_worlds: int = WORLDS) -> list[dict[str, Any]]:
    """Pairs compared, pairs apart, and the answers by kind. Needs Java, for Spark."""
    if shutil.which("java") is None:
        raise FileNotFoundError("Java, which Spark needs")
    found, engines = Found(), (engine("duckdb", threads=2), engine("spark", threads=2))
    alone = st.tuples(*(kind().map(parse) for kind in KINDS.values() for _ in range(ALONE)))

    @settings(
        max_examples=several_worlds,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(
        world=worlds(customers=12, events=80),
        alone=alone,
        joined=st.lists(rules(3), min_size=JOINED, max_size=JOINED),
        as_of=st.sampled_from(MOMENTS_ASKED),
    )
    def compare(world: World, alone: tuple[Rule, ...], joined: list[Rule], as_of: datetime) -> None:
        _compare(found, engines, world, list(dict.fromkeys((*alone, *joined))), as_of)

    compare()
    for one in found.apart[:10]:
        print(one)
    rows = [
        _row("pairs of a rule and a history", found.pairs, f"≥ {PAIRS:,}"),
        _row("answered otherwise by Python, DuckDB or Spark", len(found.apart), "0"),
    ]
    for kind in KINDS:
        rows.append(_row(f"{kind} by itself: held", found.true[kind], f"≥ {EACH}"))
        rows.append(_row(f"{kind} by itself: did not hold", found.false[kind], f"≥ {EACH}"))
    return rows


def _compare(
    found: Found, engines: Sequence[Engine], world: World, several: list[Rule], as_of: datetime
) -> None:
    made = witnesses(several, as_of)
    world = World(
        {**world.profiles, **made.profiles},
        [*world.events, *made.events],
        {**world.interests, **made.interests},
    )
    with tempfile.TemporaryDirectory() as folder:
        marked = [world.mark(one, Path(folder), several, as_of) for one in engines]
    answers = [{row["customer_id"]: row for row in rows} for rows in marked]
    for customer_id, one in world.everyone(as_of, several).items():
        for number, rule in enumerate(several):
            inside = holds(rule, one)
            found.pairs += 1
            if any(answer[customer_id][f"rule_{number}"] is not inside for answer in answers):
                found.apart.append(f"{rule!r} for {customer_id} as of {as_of}")
            if isinstance(rule, Condition):
                (found.true if inside else found.false)[rule.KIND] += 1


def _row(what: str, value: int, bar: str) -> dict[str, Any]:
    return {"what": what, "value": value, "unit": "pairs", "bar": bar}


if __name__ == "__main__":
    for row in main():
        print(f"{row['what']}: {row['value']:,} (bar {row['bar']})")
