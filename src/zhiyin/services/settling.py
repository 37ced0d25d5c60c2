"""Who answers at each placement: the figures of a contest, settled into one model each, with why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from zhiyin.adapters.records.models import Placement, RecommenderModel
from zhiyin.services.settings_kept import Learner, setting

if TYPE_CHECKING:
    from zhiyin.services.choosing import Asked, Contest, Trial, Watch
    from zhiyin.services.contest import Entry

BASELINE = "popularity"
Found = dict[str, Any]


def settle(
    asked: Sequence[Asked],
    contest: Contest,
    in_use: Mapping[str, RecommenderModel],
    entries: Mapping[str, Entry],
    force: bool,
    seed: int,
    tell: Callable[[str], None],
) -> dict[str, Found]:
    """Who answers at each placement, with the figures that say why; those without questions follow the first."""
    import numpy as np

    from zhiyin.loop.recommend import choose
    from zhiyin.services import choosing

    settled: dict[str, Found] = {}
    tests: dict[tuple[Learner, int], Trial] = {}
    for one in asked:
        key, used = one.placement.key, in_use.get(one.placement.key)
        told: Found = {
            "question": one.placement.question.value,
            "questions": {"validation": one.questions[0], "test": one.questions[1]},
            "in_use": used.name if used else "",
            "warning": "",
        }
        settled[key] = told
        if one.validation is None or one.test is None:
            told |= {"code": "too_few"}
            continue
        tell(f"Comparing for {key}")
        best = contest.best(key)
        choice = choose.winner(
            {name: trial.values[key] for name, trial in best.items()},
            {name: trial.score_seconds[key] for name, trial in best.items()},
            np.random.default_rng(seed),
            in_use=used.name if used else "",
            units=one.validation.units,
        )
        tell(f"Testing for {key}")
        finalists = dict.fromkeys(
            [choice.name, *([used.name] if used and used.name in best else []), BASELINE]
        )
        tested = {}
        for name in finalists:
            learner = Learner.of(name, best[name].setting), id(one.test.data)
            if learner not in tests or key not in tests[learner].values:
                tests[learner] = choosing.trial(entries[name], best[name].setting, {key: one.test}, seed)
            tested[name] = tests[learner]
        values = {name: trial.values[key] for name, trial in tested.items()}
        rng = np.random.default_rng(seed)
        over = (
            choose.paired(values[choice.name], values[BASELINE], rng, one.test.units)
            if choice.name != BASELINE
            else None
        )
        verdict = choose.verdict(over)
        published = choose.published(choice.name, verdict, force=force)
        told |= {
            "code": choice.code,
            "chosen": choice.name,
            "best": choice.best,
            "tied": list(choice.tied),
            "against": choice.against,
            "margin": _plain(choice.margin),
            "over_popularity": _plain(over),
            "verdict": verdict,
            "published": published,
            "setting": dict(best[published].setting),
            "metric": choosing.METRIC,
            "validation": choosing.evaluation(one.validation, key, best, contest, seed).to_dict(),
            "test": choosing.evaluation(one.test, key, tested, None, seed).to_dict(),
        }
        if verdict in ("worse", "no_better") or choice.name == BASELINE:
            told["warning"] = "no_better_than_popularity"
    return _followed(settled, in_use)


def _followed(settled: dict[str, Found], in_use: Mapping[str, RecommenderModel]) -> dict[str, Found]:
    """Placements with too few questions take the model of the first that had enough, else keep theirs."""
    leader = next((key for key, told in settled.items() if told["code"] != "too_few"), "")
    for key, told in settled.items():
        if told["code"] != "too_few":
            continue
        used = in_use.get(key)
        if leader:
            name, chosen = settled[leader]["published"], settled[leader]["setting"]
        elif used is not None:
            name, chosen = used.name, setting(used.parameters)
        else:
            name, chosen = BASELINE, {}
        told |= {
            "published": name,
            "setting": chosen,
            "follows": leader,
            "warning": "" if leader else "too_few",
        }
    return settled


def wanted(
    settled: Mapping[str, Found], contest: Contest, named: Sequence[str], watch: Watch
) -> list[Learner]:
    """Whom to learn anew: those published, popularity, those asked for by name, and as many others as the
    budget holds, the best first, by the first placement that had enough questions to compare them.

    What the first placement publishes comes last of its name: it then answers under that name.
    """
    wanted = dict.fromkeys(
        Learner.of(told["published"], told["setting"]) for told in reversed(list(settled.values()))
    )
    there = {learner.name for learner in wanted}
    first = next((key for key, told in settled.items() if told["code"] != "too_few"), next(iter(settled)))
    best = contest.best(first)
    others = sorted(best, key=lambda name: -best[name].mean(first))
    left = watch.budget - watch.spent
    spent = sum(one.fit_seconds for one in contest.trials if Learner.of(one.name, one.setting) in wanted)
    extra: list[Learner] = []
    for name in dict.fromkeys([BASELINE, *named, *others]):
        if name in there or (name not in best and name != BASELINE):
            continue
        took = best[name].fit_seconds * 2 if name in best else 0.0
        if name == BASELINE or name in named or spent + took < left:
            extra.append(Learner.of(name, best[name].setting if name in best else {}))
            spent += took
    return [*extra, *wanted]


def at(settled: Mapping[str, Found], rows: Sequence[Placement]) -> dict[Learner, list[Placement]]:
    """Who answers where."""
    found: dict[Learner, list[Placement]] = {}
    for row in rows:
        told = settled[row.key]
        found.setdefault(Learner.of(told["published"], told["setting"]), []).append(row)
    return found


def _plain(estimate: Any) -> Found | None:
    if estimate is None:
        return None
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}
