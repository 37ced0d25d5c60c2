"""Our ranking metrics against trec_eval's, on the same lists; RMSE and MAE against plain NumPy."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[1] / "shared" / "data"
K = 20
# ours -> theirs; our map divides by min(k, answers), map_trec as they do
SAME = {
    "precision": "P_{k}",
    "recall": "recall_{k}",
    "ndcg": "ndcg_cut_{k}",
    "map_trec": "map_cut_{k}",
    "hit_rate": "success_{k}",
    "mrr": "recip_rank",
}
Rows = list[dict[str, Any]]


def main() -> Rows:
    """The largest difference of any question, and both means to four digits, on two public data sets."""
    if not DATA.is_dir():
        raise FileNotFoundError(f"the public data sets are not at {DATA}")
    rows: Rows = []
    with tempfile.TemporaryDirectory() as folder:
        python = installed(Path(folder))
        for name, task, ranked in (movies(), checkins()):
            rows += compared(name, task, ranked, python)
    rows += ratings()
    for row in rows:
        print(f"{row['what']}: {row['value']} {row['unit']} (bar {row['bar']})")
    return rows


def installed(folder: Path) -> Path:
    """The Python of an environment with trec_eval. Raises ``FileNotFoundError`` where it cannot be had."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    command = [
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-r",
        HERE / "metrics.txt",
    ]
    if subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode:
        raise FileNotFoundError("pytrec-eval-terrier cannot be installed here")
    return python


def movies() -> tuple[str, Any, Any]:
    """EASE on MovieLens 100K, the last fifth of the ratings."""
    return lists("MovieLens 100K, EASE", "ease", DATA / "movielens-100k" / "u.data.gz", None, "columns")


def checkins() -> tuple[str, Any, Any]:
    """Popularity on Gowalla, all 29,858 users of the given split."""
    folder = DATA / "gowalla"
    return lists(
        "Gowalla, popularity", "popularity", folder / "train.txt.gz", folder / "test.txt.gz", "lists"
    )


def lists(what: str, model: str, train: Path, test: Path | None, form: str) -> tuple[str, Any, Any]:
    """The questions of the files and a model's lists for them."""
    from zhiyin.services import model_runs
    from zhiyin.services.contest import entry
    from zhiyin.services.file_questions import Plan, questions

    plan = Plan(ks=(K,), form=form, split="given" if test else "time")
    task = questions(train, test, None, plan).task
    (run,) = model_runs.run(model_runs.Ask(entry(model).path, task, K))
    return what, task, run.ranked


def compared(what: str, task: Any, ranked: Any, python: Path) -> Rows:
    """Our values beside theirs."""
    from zhiyin.loop.recommend.evaluate.measure import found
    from zhiyin.loop.recommend.evaluate.metrics import of_lists

    parts = np.split(task.targets.indices, task.targets.indptr[1:-1])
    asked = {
        "k": K,
        "answers": {str(q): {str(i): 1 for i in part.tolist()} for q, part in enumerate(parts)},
        "lists": {
            str(q): {str(i): float(K - place) for place, i in enumerate(shown) if i >= 0}
            for q, shown in enumerate(ranked.tolist())
        },
    }
    told = subprocess.run(
        [python, HERE / "_trec_eval.py"], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    theirs = json.loads(told.stdout)
    ours = of_lists(found(ranked, task.targets), task.sizes, [K])
    rows: Rows = []
    apart = 0.0
    for name, measure in SAME.items():
        other = np.array([theirs[str(q)][measure.format(k=K)] for q in range(len(task))])
        own = ours[f"{name}@{K}"]
        apart = max(apart, float(np.abs(own - other).max()))
        means = f"{own.mean():.6f} / {other.mean():.6f}"
        rows.append(_row(f"{what}, {name}@{K}: ours / trec_eval's", means, "equal to 4 digits"))
    label = f"{what}, largest difference of any figure of any of {len(task):,} questions"
    return [*rows, _row(label, f"{apart:.1e}", "< 5e-5")]


def ratings() -> Rows:
    """Errors of random foretold ratings."""
    from zhiyin.loop.recommend.evaluate.metrics import errors

    rng = np.random.default_rng(0)
    rated, foretold = rng.integers(1, 6, 20_000).astype(float), rng.normal(3.5, 1.0, 20_000)
    squared, absolute = errors(foretold, rated)
    off = abs(float(np.sqrt(squared.mean()) - np.linalg.norm(foretold - rated) / np.sqrt(len(rated))))
    plain = abs(float(absolute.mean() - np.mean(np.abs(foretold - rated))))
    return [
        _row("RMSE, difference from NumPy", f"{off:.1e}", "< 5e-5"),
        _row("MAE, difference from NumPy", f"{plain:.1e}", "< 5e-5"),
    ]


def _row(what: str, value: object, bar: str) -> dict[str, Any]:
    return {"what": what, "value": value, "unit": "", "bar": bar}


if __name__ == "__main__":
    main()
