"""Hybrid: several recommenders name candidates, a ranker that learned from what was taken next puts them in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from scipy import sparse

from zhiyin.loop.recommend.candidates import Candidates, Known, candidates
from zhiyin.loop.recommend.data import DAY, F32, I32, Data, Queries
from zhiyin.loop.recommend.evaluate.asking import replace_log
from zhiyin.loop.recommend.interface import Arrays, Causes, Recommender, Space, lacking
from zhiyin.loop.recommend.members import kept, member, restored, taught, under
from zhiyin.loop.recommend.ranker import Ranker, Softmax, Trees

RANKERS: Mapping[str, type[Ranker]] = {"softmax": Softmax, "trees": Trees}
_ASKED = 5_000  # customers that a ranker learns from: more make it slower, hardly better
_BLOCK = 256
_FEWEST = 20  # questions with an answer among the candidates, below which the first member's order stands


class Hybrid(Recommender):
    """``members`` are names of the registry; those that lack what they need are left out.

    The members first learn from what came before the last ``window`` days (at most a fifth of the time); the
    ranker learns what of their ``per`` best each was then taken in those days, new to the customer unless
    ``repeats``. Then the members learn from everything. ``settings`` are their parameters. The ranker never sees
    what it will be judged by: all of it lies before ``data.now``.
    """

    PARAMETERS: ClassVar[Space] = {"ranker": ("softmax", "trees"), "per": (50, 100), "repeats": (False, True)}
    REQUIRES: ClassVar[frozenset[str]] = frozenset({"times"})

    def __init__(
        self,
        members: Sequence[str] = ("ease", "item_neighbours", "content", "popularity"),
        ranker: str = "softmax",
        per: int = 50,
        window: float = 28.0,
        repeats: bool = False,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.members = members
        self.ranker = ranker
        self.per = per
        self.window = window
        self.repeats = repeats
        self.settings = settings

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        self.names_ = [name for name in self.members if not lacking(member(name), data)]
        self.ranker_ = RANKERS[self.ranker]()
        self.learned_ = self._learn(data, rng)
        self.models_ = taught(self.names_, self.settings, data, rng)
        self.known_ = Known.of(data)
        return self

    def score(self, asked: Queries) -> F32:
        scores = self._scores(self.models_, asked)
        if not self.learned_:
            return scores[0]
        found = candidates(scores, asked, self.known_, self.per)
        ranked = np.full(scores[0].shape, -np.inf, dtype=np.float32)
        ranked[found.row, found.item] = self.ranker_.rank(found.features)
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
            "repeats": np.array(self.repeats),
            "learned": np.array(self.learned_),
            **kept(self.names_, self.models_),
            **{f"known.{name}": array for name, array in self.known_.to_arrays().items()},
        }
        if self.learned_:
            arrays |= {f"ranker.{name}": array for name, array in self.ranker_.to_arrays().items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        self = cls(ranker=str(arrays["ranker"]), per=int(arrays["per"]), repeats=bool(arrays["repeats"]))
        self.names_ = arrays["names"].tolist()
        self.learned_ = bool(arrays["learned"])
        self.models_ = restored(self.names_, arrays)
        self.known_ = Known.from_arrays(under("known.", arrays))
        if self.learned_:
            self.ranker_ = RANKERS[self.ranker].from_arrays(under("ranker.", arrays))
        return self

    # -- learning -----------------------------------------------------------------------------------------

    def _learn(self, data: Data, rng: np.random.Generator) -> bool:
        """Let the ranker learn from the last days; whether there was enough to learn from."""
        log = data.log
        if not len(log):
            return False
        span = int(log.at[-1] - log.at[0])
        cut = data.now - min(int(self.window * DAY), (data.now - int(log.at[-1])) + span // 5)
        before = replace_log(data, log.rows(log.at < cut), now=cut)
        after = log.rows((log.at >= cut) & (log.weight > 0))
        gains = sparse.csr_array((after.weight, (after.user, after.item)), shape=(data.users, data.items))
        users = np.unique(after.user)
        if len(users) > _ASKED:
            users = np.sort(rng.choice(users, _ASKED, replace=False))
        models, known = taught(self.names_, self.settings, before, rng), Known.of(before)
        parts = []
        for start in range(0, len(users), _BLOCK):
            block = users[start : start + _BLOCK]
            asked = before.queries(block)
            found = candidates(self._scores(models, asked), asked, known, self.per)
            parts.append(_answered(found, gains[block]))
        return self._taught(parts, int(rng.integers(2**31)))

    def _taught(self, parts: list[tuple[Candidates, F32]], seed: int) -> bool:
        starts, size = [], 0
        for found, _ in parts:
            starts.append(size + np.flatnonzero(np.diff(found.row, prepend=-1)))
            size += len(found.row)
        if sum(map(len, starts)) < _FEWEST:
            return False
        features = np.concatenate([found.features for found, _ in parts])
        gains = np.concatenate([gained for _, gained in parts])
        self.ranker_.learn(features, np.concatenate(starts), gains, seed)
        return True

    def _scores(self, models: Sequence[Recommender], asked: Queries) -> list[F32]:
        """What each member says, of what the customer has only if that may be recommended again."""
        scores = [model.score(asked) for model in models]
        if not self.repeats:
            for own in scores:
                own[asked.row_of(), asked.item] = -np.inf
        return scores


def _answered(found: Candidates, gains: Any) -> tuple[Candidates, F32]:
    """The candidates of questions that have an answer among them, and what each gained."""
    gained: F32 = gains.toarray()[found.row, found.item]
    answered = np.zeros(gains.shape[0], dtype=np.bool_)
    answered[found.row[gained > 0]] = True
    kept = answered[found.row]
    return Candidates(found.row[kept], found.item[kept], found.features[kept]), gained[kept]
