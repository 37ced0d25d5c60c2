"""The report of a training run: all that it found, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from zhiyin.adapters.records.models import RecommenderModel
from zhiyin.services import catalogue
from zhiyin.services.settings_kept import Learner
from zhiyin.services.settling import Found
from zhiyin.services.workspace import Workspace

if TYPE_CHECKING:
    from zhiyin.loop.recommend.data import Data
    from zhiyin.services.choosing import Contest


def report(
    ws: Workspace,
    data: Data,
    settled: Mapping[str, Found],
    made: Mapping[Learner, RecommenderModel],
    contest: Contest,
    measured: Found,
) -> Found:
    """All that a run found, as plain data without a single customer's id."""
    told: Found = {
        "data": {
            "customers": data.users,
            "items": len(catalogue.all_items(ws)),
            "interactions": len(data.log),
            "first": datetime.fromtimestamp(int(data.log.at[0]) / 1_000_000, UTC).isoformat(),
            "until": datetime.fromtimestamp(int(data.log.at[-1]) / 1_000_000, UTC).isoformat(),
        },
        "placements": {
            key: one | {"version": made[Learner.of(one["published"], one["setting"])].version}
            for key, one in settled.items()
        },
        "models": [
            {
                "name": learner.name,
                "version": model.version,
                "parameters": dict(learner.setting),
                "seconds": round(model.seconds, 3),
                "reply_ms": measured["reply_ms"][learner],
            }
            for learner, model in made.items()
        ],
        "shown": measured["shown"],
        "costs": {one.name: round(one.fit_seconds, 3) for one in contest.trials},
        "skipped": [dict(one) for one in contest.skipped],
    }
    return told | {"warnings": _warnings(settled)}


def _warnings(settled: Mapping[str, Found]) -> list[dict[str, str]]:
    return [
        {
            "code": told["warning"],
            "placement": key,
            "model": told["published"],
            "verdict": told.get("verdict", ""),
        }
        for key, told in settled.items()
        if told["warning"]
    ]


def protocol(settled: Mapping[str, Found]) -> str:
    """How the first compared placement was judged, in one sentence."""
    for told in settled.values():
        if told["code"] != "too_few":
            return str(told["test"]["protocol"]["told"])
    return ""
