"""Hybrid: several recommenders name candidates, a ranker that learned from what was taken next puts them in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from zhiyin.loop.recommend import lessons
from zhiyin.loop.recommend.arrays import F32, I32
from zhiyin.loop.recommend.candidates import Candidates, candidates
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.features import Known
from zhiyin.loop.recommend.interface import Arrays, Causes, Recommender, Space, lacking
from zhiyin.loop.recommend.members import expected, kept, member, restored, taught, under
from zhiyin.loop.recommend.queries import Queries
from zhiyin.loop.recommend.ranker import RANKERS, Ranker

_CELLS = 4_000_000  # scores of a member held at a time: 16 MB
_OF_VISITS = ("markov",)  # what follows what: it takes long, and purchases alone tell it little
_NEW = "new"  # the ranker of what the customer does not have


class Hybrid(Recommender):
    """``members`` are names of the registry; those that lack what they need are left out.

    The members first learn from what came before the last ``window`` days (at most a fifth of the time); rankers
    learn what of their ``per`` best each was then taken in those days. Then the members learn from everything.
    ``settings`` are their parameters. The rankers never see what they will be judged by: all of it lies before
    ``data.now``.

    There is a ranker for each question of ``domain.placement``: what is bought next, what is looked at after
    an item, what goes with a basket; a question shows by itself which it is. What is bought next may be what the
    customer has already: one ranker orders all, another those new to them, and these keep the places among all.
    So a list with repeats and a list without are both in the order that was learned for it.
    """

    PARAMETERS: ClassVar[Space] = {"ranker": ("softmax", "trees"), "per": (50, 100)}
    REQUIRES: ClassVar[frozenset[str]] = frozenset({"times"})

    def __init__(
        self,
        members: Sequence[str] = ("ease", "habits", "markov", "baskets", "content", "popularity"),
        ranker: str = "softmax",
        per: int = 50,
        window: float = 28.0,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.members = members
        self.ranker = ranker
        self.per = per
        self.window = window
        self.settings = settings

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        self.names_ = self._names(data)
        self.rankers_: dict[str, Ranker] = self._learn(data, rng)
        self.models_ = taught(self.names_, self.settings, data, rng)
        self.known_ = Known.of(data)
        return self

    @classmethod
    def cost(cls, data: Data) -> float:
        """CPU-seconds that ``fit`` is expected to take: its members twice, and the questions it asks itself."""
        return 2 * expected(cls()._names(data), data) + 1 + 5e-3 * min(data.users, 3_000)

    def score(self, asked: Queries) -> F32:
        if lessons.NEXT not in self.rankers_:
            return self.models_[0].score(asked)
        ranked = np.full((len(asked), len(self.known_.category)), -np.inf, dtype=np.float32)
        step = _rows(ranked.shape[1])
        for start in range(0, len(asked), step):
            self._rank(asked.block(start, start + step), ranked[start : start + step])
        return ranked

    def explain(self, asked: Queries, row: int, items: I32) -> list[Causes]:
        """What the member that ranks an item highest names, of those that name anything."""
        one = asked.block(row, row + 1)
        best: list[tuple[int, Causes]] = [(len(self.known_.category), []) for _ in items]
        for model in self.models_:
            scores = model.score(one)[0]
            told = model.explain(one, 0, items)
            for place, (item, causes) in enumerate(zip(items.tolist(), told, strict=True)):
                rank = int((scores > scores[item]).sum())
                if causes and np.isfinite(scores[item]) and rank < best[place][0]:
                    best[place] = rank, causes
        return [causes for _, causes in best]

    def to_arrays(self) -> Arrays:
        arrays: dict[str, Any] = {
            "names": np.array(self.names_, dtype=np.str_),
            "ranker": np.array(self.ranker),
            "per": np.array(self.per),
            "rankers": np.array(list(self.rankers_), dtype=np.str_),
            **kept(self.names_, self.models_),
            **{f"known.{name}": array for name, array in self.known_.to_arrays().items()},
        }
        for which, ranker in self.rankers_.items():
            arrays |= {f"ranker.{which}.{name}": array for name, array in ranker.to_arrays().items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        self = cls(ranker=str(arrays["ranker"]), per=int(arrays["per"]))
        self.names_ = arrays["names"].tolist()
        self.models_ = restored(self.names_, arrays)
        self.known_ = Known.from_arrays(under("known.", arrays))
        kind = RANKERS[self.ranker]
        self.rankers_ = {
            which: kind.from_arrays(under(f"ranker.{which}.", arrays)) for which in arrays["rankers"].tolist()
        }
        return self

    # -- learning -----------------------------------------------------------------------------------------

    def _names(self, data: Data) -> list[str]:
        """The members that have what they need."""
        names = [name for name in self.members if not lacking(member(name), data)]
        if len(names) > 1 and not lessons.visited(data):
            names = [name for name in names if name not in _OF_VISITS]
        return names

    def _learn(self, data: Data, rng: np.random.Generator) -> dict[str, Ranker]:
        """A ranker for each question of the last days that has enough answers."""
        cut = lessons.cut(data, self.window)
        if cut is None:
            return {}
        before = lessons.before(data, cut)
        models, known = taught(self.names_, self.settings, before, rng), Known.of(before)
        found: dict[str, Ranker] = {}
        for which, task in lessons.tasks(data, before, cut, rng).items():
            step = _rows(data.items)
            parts = []
            for start in range(0, len(task), step):
                asked = task.asked.block(start, start + step)
                named = candidates(
                    [model.score(asked) for model in models],
                    asked,
                    known,
                    self.per,
                    task.masked[start : start + step],
                )
                parts.append((named, task.targets[start : start + step]))
            self._taught(found, which, lessons.lesson(parts), rng)
            if which == lessons.NEXT:
                self._taught(found, _NEW, lessons.lesson(parts, new=True), rng)
        return found

    def _taught(
        self, found: dict[str, Ranker], which: str, lesson: lessons.Lesson | None, rng: np.random.Generator
    ) -> None:
        if lesson is not None:
            ranker = RANKERS[self.ranker]()
            found[which] = ranker.learn(
                lesson.features, lesson.starts, lesson.gains, int(rng.integers(2**31))
            )

    # -- ranking ------------------------------------------------------------------------------------------

    def _rank(self, asked: Queries, ranked: F32) -> None:
        """Writes the scores of a few questions."""
        scores = [model.score(asked) for model in self.models_]
        found = candidates(scores, asked, self.known_, self.per)
        values = np.empty(len(found.row), dtype=np.float32)
        for which, rows in lessons.which(asked).items():
            there = rows[found.row]
            if there.any():
                values[there] = self._values(which, found, there)
        ranked[found.row, found.item] = values

    def _values(self, which: str, found: Candidates, there: Any) -> F32:
        features = found.features[there]
        values = self.rankers_.get(which, self.rankers_[lessons.NEXT]).rank(features)
        new = ~found.own[there]
        if which == lessons.NEXT and _NEW in self.rankers_ and new.any():
            values[new] = dealt(values[new], self.rankers_[_NEW].rank(features[new]), found.row[there][new])
        return values


def dealt(values: F32, order: F32, row: Any) -> F32:
    """The values of each row, dealt anew: the largest to the first by ``order``, and so on.

    >>> dealt(np.float32([3, 1, 2]), np.float32([0.1, 0.2, 0.3]), np.array([0, 0, 0])).tolist()
    [1.0, 2.0, 3.0]
    """
    found = np.empty_like(values)
    found[np.lexsort((-order, row))] = values[np.lexsort((-values, row))]
    return found


def _rows(items: int) -> int:
    return max(1, min(256, _CELLS // max(items, 1)))
