"""Next item of a sequence: Beauty, Toys and LastFM, the last item left out, all items ranked.

The protocol of the S3-Rec repository: the last item of everybody is the answer, all before it the history, and
what stands there is not shown again; the item before the last is told, but nothing is learned from it. Parameters
were chosen on that item, the last held out unseen. A second row learns from it as well, as a shop would. Networks
are taught for as many rounds as did best on that item.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bench import _rec
from zhiyin.loop.recommend.evaluate import splits
from zhiyin.loop.recommend.evaluate.task import Task

FOLDER = _rec.DATA / "amazon-lastfm-sequences"
# HR@10 of SASRec and of S3-Rec in the full-ranking table of the S3-Rec repository
BARS = {"Beauty": (0.0605, 0.0647), "Toys_and_Games": (0.0675, 0.0700), "LastFM": (0.0688, 0.0743)}
KS = (5, 10)
NETWORKS = ("sasrec", "gru4rec")
LEARNED = ("Beauty", "LastFM")  # by networks too: they take minutes, and Toys is much like Beauty


def main() -> list[dict[str, Any]]:
    """Hit rate and NDCG of the frozen settings and of popularity."""
    return [row for name in BARS for row in rows(name)]


def rows(name: str) -> list[dict[str, Any]]:
    """The rows of one data set."""
    last = task(name)
    before = task(name, hold=2).data
    protocol = replace(
        last.protocol, cut=f"{last.protocol.cut}, two not learned from", train_rows=len(before.log)
    )
    asked = replace(last, data=before, protocol=protocol)
    chosen = _rec.settings("rec_sequences", name)
    model = chosen["recommender"], chosen["parameters"]
    models = {"popularity": ("popularity", {"half_life": float("inf")}), chosen["recommender"]: model}
    told = []
    if name in LEARNED:
        names = [f"{name}, {network}" for network in NETWORKS]
        networks, skipped = _rec.taught("rec_sequences", names)
        models |= {label: networks[f"{name}, {label}"] for label in NETWORKS if networks}
        told += [_rec.row(one, skipped) for one in names if skipped]
    found, cost = _rec.measured(asked, models, KS)
    for label in models:
        figures = found.models[label].figures
        for k in KS:
            bar = (
                "at least {}, goal {}".format(*BARS[name])
                if (k, label) == (10, chosen["recommender"])
                else ""
            )
            told.append(_rec.row(f"{name}, {label}, HR@{k}", _rec.told(figures[f"hit_rate@{k}"]), bar=bar))
            told.append(_rec.row(f"{name}, {label}, NDCG@{k}", _rec.told(figures[f"ndcg@{k}"])))
        fit, score = cost[label]
        told.append(_rec.row(f"{name}, {label}, fit + score", f"{fit:.1f} + {score:.1f}", "CPU-s"))
    whole = _rec.measured(last, {chosen["recommender"]: model}, KS)[0].models[chosen["recommender"]].figures
    label = f"{name}, {chosen['recommender']} that learned from all but the last, HR@10"
    return [*told, _rec.row(label, _rec.told(whole["hit_rate@10"]))]


def task(name: str, hold: int = 1) -> Task:
    """Everybody asked for their last item; ``hold=2`` for the one before it, to choose parameters by."""
    lists = [[int(item) - 1 for item in line.split()[1:]] for line in _rec.lines(FOLDER / f"{name}.txt.gz")]
    size = max(max(one) for one in lists) + 1
    data = _rec.data(lists, [str(number + 1) for number in range(size)])
    return splits.leave_last(data, hold=hold, overlap="keep")


if __name__ == "__main__":
    main()
