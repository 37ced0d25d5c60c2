"""What households buy in the next four weeks: Complete Journey, split by time, repeats allowed, all items ranked.

Everybody learns from all purchases before the last four weeks of the year and names 20 items for each household
that was there before, ours from its latest 500 lines, as the product asks them. Right answers are what it bought
in those weeks, new to it or not. On offer are the products that ten households or more had bought before the cut,
the same for all models. Parameters were chosen on the four weeks before, with as many trials for each model, ours
or a peer's; `recommend_settings.json` holds them. The peers know all of customers x items: how often and how lately
a product was bought (`counts` and `half_life` of that matrix) are among their parameters, and their lists may hold
what a household has.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from bench import _rec, _rec_peers
from zhiyin.adapters import plugins
from zhiyin.loop.recommend import RECOMMENDERS
from zhiyin.loop.recommend.arrays import DAY, F64, I32
from zhiyin.loop.recommend.catalogue import Catalogue
from zhiyin.loop.recommend.choose import paired
from zhiyin.loop.recommend.data import Customers, Data
from zhiyin.loop.recommend.evaluate import measure, metrics, splits
from zhiyin.loop.recommend.evaluate.task import Task
from zhiyin.loop.recommend.log import Log
from zhiyin.loop.recommend.queries import LATEST
from zhiyin.services.model_runs import lists
from zhiyin.stats import bootstrap

FOLDER = _rec.DATA / "complete-journey"
HOUSEHOLDS = 10
WINDOW = 28 * DAY
K = 20
METRICS = {"ndcg@20": "NDCG@20", "recall@20": "Recall@20"}
# what is tried, the default first; a single value is that of every trial
_MATRIX = {"half_life": (60.0, np.inf, 20.0), "counts": ("log", "binary")}
SPACES: Mapping[str, Mapping[str, Any]] = {
    "implicit.als": _MATRIX
    | {"factors": (64, 128, 32), "regularization": (0.01, 0.1, 1.0, 5.0), "alpha": (5.0, 1.0, 20.0)},
    "implicit.bm25": _MATRIX | {"K": (100, 20, 500), "K1": (1.2, 0.5, 3.0), "B": (0.75, 0.3, 0.95)},
    "irspack.ials": _MATRIX
    | {"n_components": (64, 128, 32), "alpha0": (0.1, 0.03, 0.3, 1.0), "reg": (0.01, 0.003, 0.03)},
    "irspack.rp3beta": _MATRIX
    | {"alpha": (0.8, 0.5, 1.0), "beta": (0.2, 0.4, 0.6), "top_k": (200, 50, 1_000)},
    "habits": {"visits": (100, 50, 20), "half_life": (60.0, 90.0, 30.0), "popular": (0.01, 0.1, 0.03)},
    "ease": {
        "l2": (500.0, 200.0, 1000.0),
        "half_life": (60.0, 20.0, 180.0),
        "taste_days": (90.0, 30.0, 365.0),
    },
    "hybrid": {
        "members": (("ease", "habits", "popularity"),),
        "ranker": ("trees", "softmax"),
        "per": (50, 30),
        "settings": ({"habits": {"visits": 100}}, {}),
    },
}


def main() -> list[dict[str, Any]]:
    """Each model with its intervals, and what ours have over the best peer on the same households."""
    asked = task()
    values: dict[str, dict[str, F64]] = {}
    rows = [
        _rec.row("protocol", f"{asked.protocol.told}; on offer: bought by {HOUSEHOLDS} households before")
    ]
    for label, name, parameters in models():
        ranked, cost = _run(name, parameters, asked)
        hits = measure.found(ranked, asked.targets)
        values[label] = metrics.of_lists(hits, asked.sizes, (K,))
        for metric, told in METRICS.items():
            figure = bootstrap.mean(values[label][metric], _rng())
            rows.append(_rec.row(f"{label}, {told}", _rec.told(figure)))
        rows.append(_rec.row(f"{label}, fit + score", cost, "CPU-s"))
    theirs = max(
        (label for label in values if "." in label), key=lambda label: values[label]["ndcg@20"].mean()
    )
    for label in ("habits", "hybrid"):
        for other in ("popularity", theirs):
            for metric, told in METRICS.items():
                over = _rec.told(paired(values[label][metric], values[other][metric], _rng()))
                rows.append(_rec.row(f"{label} less {other}, {told}", over, "", "> 0"))
    return rows


def models() -> list[tuple[str, str, Mapping[str, Any]]]:
    """Label, recommender and parameters: two floors, then the frozen choices, ours first."""
    chosen = [
        (label, _rec.settings("rec_shop", label)) for label in sorted(SPACES, key=lambda name: "." in name)
    ]
    floors: list[tuple[str, str, Mapping[str, Any]]] = [
        ("popularity", "popularity", {}),
        ("recent", "recent", {}),
    ]
    return floors + [(label, told["recommender"], told["parameters"]) for label, told in chosen]


def task() -> Task:
    """The question: the last four weeks."""
    return _asked(1)


def validation() -> Task:
    """The question that parameters are chosen by: the four weeks before."""
    return _asked(2)


def _run(name: str, parameters: Mapping[str, Any], asked: Task) -> tuple[I32, str]:
    if "." in name:
        ranked, cost = _rec_peers.lists(name, parameters, asked)
        return ranked, f"{cost['fit_cpu_s']:.1f} + {cost['score_cpu_s']:.1f}"
    started = time.process_time()
    model = plugins.load("", RECOMMENDERS, name)(**parameters).fit(asked.data, _rng())
    fitted = time.process_time()
    ranked = lists(model, asked, K)
    return ranked, f"{fitted - started:.1f} + {time.process_time() - fitted:.1f}"


def _asked(back: int) -> Task:
    """The four weeks that are the last but so many, and all before them; nothing of what came after."""
    columns = _columns()
    until = int(columns["at"].max()) + 1 - (back - 1) * WINDOW
    cut = until - WINDOW
    columns = {name: values[columns["at"] < until] for name, values in columns.items()}
    early = columns["at"] < cut
    pairs = np.unique(np.stack([columns["item"][early], columns["user"][early]]), axis=1)
    ids, households = np.unique(pairs[0], return_counts=True)
    ids = ids[households >= HOUSEHOLDS]
    kept = np.isin(columns["item"], ids)
    users, user = np.unique(columns["user"][kept], return_inverse=True)
    log = Log.of(
        user,
        np.searchsorted(ids, columns["item"][kept]),
        columns["at"][kept],
        basket=np.unique(columns["basket"][kept], return_inverse=True)[1],
    )
    data = Data(log, len(users), _catalogue(ids), Customers(), until)
    return splits.by_time(data, cut, until, repeats=True, kind="bought", latest=LATEST, rng=_rng())


def _columns() -> dict[str, Any]:
    from pyarrow import parquet

    names = {
        "household_id": "user",
        "product_id": "item",
        "basket_id": "basket",
        "transaction_timestamp": "at",
    }
    table = parquet.read_table(FOLDER / "transactions.parquet", columns=list(names))
    table = table.rename_columns(list(names.values()))
    table = table.set_column(3, "at", table["at"].cast("timestamp[us]").cast("int64"))
    return {name: table[name].to_numpy() for name in table.column_names}


def _catalogue(ids: Any) -> Catalogue:
    """Products with their types as categories; a few that were sold are not described."""
    from pyarrow import parquet

    told = parquet.read_table(FOLDER / "products.parquet", columns=["product_id", "product_type"]).to_pydict()
    types = dict(zip(told["product_id"], told["product_type"], strict=True))
    of = [types.get(int(item)) or "" for item in ids]
    names = sorted(set(of) - {""})
    place = {name: number for number, name in enumerate(names)}
    category = [place.get(name, -1) for name in of]
    return Catalogue.of([str(item) for item in ids], category=category, categories=names)


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


if __name__ == "__main__":
    main()
