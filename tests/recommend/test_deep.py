"""Neural recommenders: taught by PyTorch, served by NumPy."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from zhiyin.domain.errors import MissingExtra
from zhiyin.loop.recommend.arrays import DAY
from zhiyin.loop.recommend.catalogue import Catalogue
from zhiyin.loop.recommend.data import Customers, Data
from zhiyin.loop.recommend.deep.gru4rec import Gru4Rec
from zhiyin.loop.recommend.deep.ncf import Ncf
from zhiyin.loop.recommend.deep.sasrec import SasRec
from zhiyin.loop.recommend.deep.sequential import Sequential
from zhiyin.loop.recommend.log import Log
from zhiyin.loop.recommend.queries import Queries
from zhiyin.loop.recommend.serving import Served
from zhiyin.testing.recommender import NOW, RecommenderContract

torch = pytest.importorskip("torch", reason="the extra deep is not installed")

from zhiyin.loop.recommend.deep.teaching import schooled  # noqa: E402, these import it themselves
from zhiyin.loop.recommend.deep.teaching_tastes import Tasting  # noqa: E402

SMALL = {"size": 16, "length": 8, "epochs": 15, "batch": 32, "dropout": 0.0, "rate": 0.01}
TASTE = {"size": 8, "epochs": 20, "batch": 8, "dropout": 0.0, "rate": 0.02, "patience": 0}
MODELS = [SasRec, Gru4Rec]


class TaughtOnce(RecommenderContract):
    """Nothing of the contract changes the model, and PyTorch is loaded before time is taken."""

    _taught: Served | None = None

    @pytest.fixture(autouse=True)
    def _ready(self) -> None:
        self.served()

    def served(self) -> Served:
        if type(self)._taught is None:
            type(self)._taught = super().served()
        return type(self)._taught


class OfSequences(TaughtOnce):
    def steps(self) -> pa.Table:
        """Each customer wanders about the even or the odd items, a day between steps."""
        rng, turns = np.random.default_rng(0), 12
        rows = [(customer, turn) for customer in range(24) for turn in range(turns)]
        at = [(NOW - timedelta(days=1 + turns - turn)).replace(tzinfo=None) for _, turn in rows]
        return pa.table(
            {
                "customer_id": [f"c{customer:02}" for customer, _ in rows],
                "item_id": [f"i{2 * rng.integers(4) + customer % 2}" for customer, _ in rows],
                "kind": ["bought"] * len(rows),
                "at": pa.array(at, pa.timestamp("us")),
            }
        )


class TestSasRec(OfSequences):
    explains = False  # here any one event would do, so that it names none

    def make(self) -> Sequential:
        return SasRec(**SMALL)


class TestNcf(TaughtOnce):
    def make(self) -> Ncf:
        return Ncf(**TASTE)


class TestGru4Rec(OfSequences):
    def make(self) -> Sequential:
        return Gru4Rec(**SMALL)


def circles(items: int = 12, customers: int = 40) -> Data:
    """Everybody goes round the items, one a day, from wherever they begin."""
    user, turn = np.repeat(np.arange(customers), 7), np.tile(np.arange(7), customers)
    shelf = Catalogue.of([f"i{n}" for n in range(items)])
    log = Log.of(user, (user + turn) % items, turn * DAY)
    return Data(log, customers, shelf, Customers(), 7 * DAY)


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("negatives", [0, 6])
def test_it_learns_what_comes_next(kind: type[Sequential], negatives: int) -> None:
    model = kind(**SMALL, negatives=negatives).fit(circles(), np.random.default_rng(0))
    asked = Queries.of(np.arange(0, 25, 2), [n % 12 for one in range(12) for n in (one, one + 1)])
    assert model.score(asked).argmax(axis=1).tolist() == [(one + 2) % 12 for one in range(12)]


@pytest.mark.parametrize("kind", MODELS)
def test_an_event_is_named_that_without_it_the_score_would_be_lower(kind: type[Sequential]) -> None:
    model = kind(**SMALL).fit(circles(), np.random.default_rng(0))
    history, following = [1, 2, 3], np.array([4], dtype=np.int32)

    def above(items: list[int]) -> float:
        (scores,) = model.score(Queries.of([0, len(items)], items))
        return float(scores[4] - scores.mean())

    (causes,) = model.explain(Queries.of([0, 3], history), 0, following)
    assert causes[0][0] == 2  # what was last says most of what is next
    for place, part in causes:
        without = above([item for at, item in enumerate(history) if at != place])
        assert part == pytest.approx(above(history) - without, abs=1e-4)
        assert part > 0


@pytest.mark.parametrize("kind", MODELS)
def test_numpy_tells_what_pytorch_learned(kind: type[Sequential]) -> None:
    model = kind(size=16, length=5)
    torch.manual_seed(3)
    network = model.network(9).eval()
    with torch.no_grad():
        for part in network.parameters():  # away from the small values of the beginning
            part.add_(torch.randn_like(part) * 0.3)
    model.learned_ = {name: value.numpy() for name, value in network.state_dict().items()}
    histories = [[3], [1, 2], [0, 8, 0, 4, 5], [7, 7, 1, 2, 3, 4, 6]]
    padded = torch.full((4, 5), 9)
    for row, history in enumerate(histories):
        padded[row, 5 - len(history[-5:]) :] = torch.tensor(history[-5:])
    with torch.no_grad():
        expected = (network(padded)[:, -1] @ network.items.weight[:9].T).numpy()
    asked = Queries.of(
        np.cumsum([0, *map(len, histories)]), [item for history in histories for item in history]
    )
    assert model.score(asked) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("kind", MODELS)
def test_the_same_seed_teaches_the_same_bits(kind: type[Sequential]) -> None:
    one, other = (
        kind(**{**SMALL, "dropout": 0.3, "epochs": 2}).fit(circles(), np.random.default_rng(5))
        for _ in range(2)
    )
    assert all(np.array_equal(array, other.learned_[name]) for name, array in one.learned_.items())


def test_teaching_ends_when_held_out_steps_are_foretold_no_better() -> None:
    """Steps that follow no rule cannot be foretold: patience ends it long before the last epoch."""
    rng = np.random.default_rng(0)
    data = circles()
    log = Log.of(data.log.user, rng.integers(0, 12, len(data.log)), data.log.at)
    noise = Data(log, data.users, data.catalogue, data.customers, data.now)
    asked: list[int] = []

    class Counted(SasRec):
        def network(self, items: int) -> torch.nn.Module:
            made = super().network(items)
            made.register_forward_hook(lambda *_: asked.append(1))
            return made

    Counted(**{**SMALL, "epochs": 1000}, patience=2).fit(noise, rng)
    assert len(asked) < 400


@pytest.mark.parametrize("kind", MODELS)
def test_a_view_and_a_purchase_of_one_item_are_one_step(kind: type[Sequential]) -> None:
    model = kind(**SMALL).fit(circles(), np.random.default_rng(0))
    twice = model.score(Queries.of([0, 3], [1, 2, 2], kind=[1, 0, 1]))
    assert np.array_equal(twice, model.score(Queries.of([0, 2], [1, 2])))


def tastes(groups: int = 4, each: int = 6, customers: int = 48) -> tuple[Data, list[int]]:
    """Everybody takes all but one item of a group; which one is missing, in the order of customers."""
    missing = [n % groups * each + n // groups % each for n in range(customers)]
    lists = [[i for i in range(m // each * each, (m // each + 1) * each) if i != m] for m in missing]
    rng = np.random.default_rng(0)
    user = np.repeat(np.arange(customers), each - 1)
    item = np.concatenate([rng.permutation(one) for one in lists])
    shelf = Catalogue.of([f"i{n}" for n in range(groups * each)])
    log = Log.of(user, item, np.tile(np.arange(each - 1), customers) * DAY)
    return Data(log, customers, shelf, Customers(), each * DAY), missing


def test_ncf_learns_tastes() -> None:
    data, missing = tastes()
    model = Ncf(**TASTE).fit(data, np.random.default_rng(0))
    asked = data.queries(np.arange(data.users))
    scores = model.score(asked)
    scores[np.repeat(np.arange(data.users), 5), asked.item] = -np.inf
    assert np.mean(scores.argmax(axis=1) == missing) > 0.95


def test_numpy_tells_of_tastes_what_pytorch_learned() -> None:
    from zhiyin.loop.recommend.deep.networks import Tastes

    torch.manual_seed(3)
    network = Tastes(9, 6, 0.5).eval()
    with torch.no_grad():
        for part in network.parameters():
            part.add_(torch.randn_like(part) * 0.3)
    model = Ncf(size=6, length=3)
    model.learned_ = {name: value.numpy() for name, value in network.state_dict().items()}
    histories = [[3], [1, 2], [0, 8, 4, 5, 8]]  # of the last the latest three: 4, 5, 8
    with torch.no_grad():
        taken = [network.taken.weight[one].sum(dim=0) / len(one) ** 0.5 for one in ([3], [1, 2], [4, 5, 8])]
        expected = network(torch.stack(taken)[:, None], torch.arange(9)[None]).numpy()
    asked = Queries.of(np.cumsum([0, *map(len, histories)]), [item for one in histories for item in one])
    assert model.score(asked) == pytest.approx(expected, abs=1e-5)


def test_the_same_seed_teaches_the_same_tastes() -> None:
    data, _ = tastes(customers=12)
    few = {**TASTE, "dropout": 0.3, "epochs": 3}
    one, other = (Ncf(**few).fit(data, np.random.default_rng(5)) for _ in range(2))
    assert all(np.array_equal(array, other.learned_[name]) for name, array in one.learned_.items())


@pytest.mark.parametrize("patience", [0, 2])
def test_with_patience_teaching_ends_early_and_without_it_goes_on(patience: int) -> None:
    """Steps that follow no rule cannot be foretold."""
    data = circles()
    noise = Log.of(data.log.user, np.random.default_rng(0).integers(0, 12, len(data.log)), data.log.at)
    data = Data(noise, data.users, data.catalogue, data.customers, data.now)
    rounds: list[int] = []

    class Counted(Tasting):
        def round(self) -> None:
            rounds.append(1)
            super().round()

    model = Ncf(**{**TASTE, "patience": patience})
    schooled(Counted(model, data, np.random.default_rng(0)), 20, patience)
    assert (len(rounds) == 20) == (patience == 0)


@pytest.mark.parametrize("kind", [SasRec, Ncf])
def test_without_pytorch_the_error_tells_what_to_install(
    kind: type[SasRec | Ncf], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "zhiyin.loop.recommend.deep.teaching", raising=False)
    with pytest.raises(MissingExtra) as error:
        kind().fit(circles(), np.random.default_rng(0))
    assert "zhiyin[deep]" in error.value.fix


def test_serving_does_not_need_pytorch() -> None:
    models = ", ".join(f"zhiyin.loop.recommend.deep.{name}" for name in ("sasrec", "gru4rec", "ncf"))
    code = f"import sys, {models}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
