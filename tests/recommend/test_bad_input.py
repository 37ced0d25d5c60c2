"""Bad input at every door: a right answer, or one error that says what, why and what to do; never a traceback."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.services.test_training import event, stock, tastes

from zhiyin.adapters.plugins import load
from zhiyin.domain.errors import BadFile
from zhiyin.domain.item import Item
from zhiyin.entrypoints import cli
from zhiyin.loop.recommend import ENTRY_POINTS, RECOMMENDERS
from zhiyin.loop.recommend.serving import Served
from zhiyin.services import placements, recommendations, recommenders, training
from zhiyin.services.workspace import Workspace
from zhiyin.testing.recommender import ITEMS, checkerboard, history, interactions, serve

QUICK: Mapping[str, Mapping[str, Any]] = {
    "svd": {"factors": 2, "sweeps": 4, "keep": 2},
    "bpr": {"epochs": 2},
}
# those of the extra ``deep`` are asked the like in their own tests, where PyTorch is loaded already
NAMES = sorted(name for name, path in RECOMMENDERS.items() if ".deep." not in path)


@dataclass(frozen=True)
class Told:
    """What a command said: its exit code, standard output and the three parts of an error."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Told]:
    """``zhiyin`` as people type it, but for models that run in this process: a fresh one each takes a second."""
    from zhiyin.services import model_runs

    plain = model_runs.run
    monkeypatch.setattr(model_runs, "run", lambda ask, apart: plain(ask, apart=False))
    monkeypatch.setenv("COLUMNS", "250")

    def said(*words: object) -> Told:
        monkeypatch.setattr(sys, "argv", ["zhiyin", *map(str, words)])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        told = capsys.readouterr()
        return Told(code, told.out, " ".join(told.err.split()))

    return said


# -- recommenders, asked directly ------------------------------------------------------------------------------


def learnt(name: str, steps: pa.Table, items: Sequence[Item] = ITEMS) -> Served:
    """Any recommender with its defaults, or fewer rounds of them. No warning is let through."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return serve(load(ENTRY_POINTS, RECOMMENDERS, name)(**QUICK.get(name, {})), steps, items)


def sound(model: Served, size: int) -> None:
    """Whoever asks gets every item once, best first, with numbers for scores."""
    for had in ([], history("i0"), history("i1", "i0", kind="viewed")):
        shown = model.recommend(had, 100)
        assert sorted(one.item_id for one in shown) == [f"i{n}" for n in range(size)]
        scores = [one.score for one in shown]
        assert np.isfinite(scores).all()
        assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("name", NAMES)
def test_one_customer(name: str) -> None:
    sound(learnt(name, interactions(("only", f"i{n}") for n in range(4))), 8)


@pytest.mark.parametrize("name", NAMES)
def test_one_item(name: str) -> None:
    model = learnt(name, interactions((f"c{n}", "i0") for n in range(20)), ITEMS[:1])
    assert [one.item_id for one in model.recommend([], 3)] == ["i0"]
    assert model.recommend(history("i0"), 3, exclude=["i0"]) == []


@pytest.mark.parametrize("name", NAMES)
def test_items_all_alike(name: str) -> None:
    same = [Item(item.item_id, "Tea", category="Tea") for item in ITEMS]
    sound(learnt(name, interactions((f"c{n}", f"i{i}") for n in range(12) for i in range(8)), same), 8)


@pytest.mark.parametrize("name", NAMES)
def test_doubles_and_an_item_that_is_in_no_catalogue(name: str) -> None:
    more = interactions((f"c{n:02}", "gone") for n in range(9))
    sound(learnt(name, pa.concat_tables([checkerboard(), checkerboard(), more])), 8)


def test_a_customer_of_100_000_interactions_leaves_the_others_their_answers() -> None:
    rng = np.random.default_rng(0)
    heavy = interactions(("robot", f"i{n}") for n in rng.integers(0, 8, 100_000))
    steps = pa.concat_tables([checkerboard(), heavy])
    for name in ("ease", "graph", "item_neighbours", "user_neighbours"):
        first, *_ = learnt(name, steps).recommend(history("i2", "i4", "i6"), 1, exclude=["i2", "i4", "i6"])
        assert (name, first.item_id) == (name, "i0")


def test_names_in_traditional_characters_with_emoji_are_the_same_words() -> None:
    names = ("西湖龙井茶", "西湖龍井茶", "西湖龍井茶🍵", "瓷杯")
    model = learnt("content", checkerboard()[:0], [Item(f"i{n}", name) for n, name in enumerate(names)])
    first, second, third = model.recommend(history("i0"), 4, exclude=["i0"])
    assert (first.item_id, first.because) == ("i1", ("i0",))
    assert first.score == pytest.approx(1, abs=1e-3)
    assert (second.item_id, second.reason) == ("i2", "because_similar")  # the cup of tea is a word more
    assert (third.item_id, third.reason) == ("i3", "popular")


# -- files -----------------------------------------------------------------------------------------------------

BOARD = [(user, item) for user in range(40) for item in range(8) if user % 2 == item % 2]
TEST = [(user, user % 8) for user in range(40)]
TRAIN = [pair for pair in BOARD if pair not in TEST]


def csv(rows: Sequence[Sequence[object]], header: str = "user,item") -> bytes:
    return (header + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)).encode()


def rated(rating: object, rows: Sequence[tuple[int, int]]) -> bytes:
    return csv([(*row, rating) for row in rows], "user,item,rating")


def timed(write: Callable[[int], str]) -> bytes:
    rows = [(user, item, write(1 + (user + item) % 28)) for user, item in TRAIN]
    return csv(rows, "user,item,timestamp")


GOOD = csv(TEST)
# name, training, test, more words, what the error says: what, why, what to do
REFUSED: Sequence[tuple[str, bytes, bytes, str, tuple[str, str, str]]] = (
    ("empty", b"", GOOD, "", ("is empty", "", "export has finished")),
    ("no rows", b"user,item\n", GOOD, "", ("has no rows", "", "export has finished")),
    ("no rows to test", csv(TRAIN), b"user,item\n", "", ("test.csv has no rows", "", "export has finished")),
    ("other columns", b"a,b\nx,y\n", GOOD, "", ("no columns user and item", "columns are a, b", "Name them user")),
    ("a letter", b"Dear all,\nno table here.\nBye\n", GOOD, "", ("no columns user", "Dear all", "Name them")),
    ("binary", bytes(range(256)) * 9, GOOD, "", ("is no text", "binary data", "Export it as CSV")),
    ("all ratings nan", rated("nan", TRAIN), GOOD, "", ("120 of 120", "bad_number 120", "Check --format")),
    ("all ratings inf", rated("-inf", TRAIN), GOOD, "", ("120 of 120", "bad_number 120", "Check --format")),
    ("no such dates", timed(lambda day: f"day {day}"), b"", "--split time", ("120 of 120", "bad_date", "Check")),
    ("times beyond time", timed(lambda _: "9e40"), b"", "--split time", ("120 of 120", "bad_date", "Check")),
    ("no times", csv(TRAIN), b"", "--split time", ("no times to split by", "", "--split last or users")),
    ("all in both", csv(TRAIN), csv(TRAIN), "", ("nothing to evaluate", "All of its 120 pairs", "--repeats")),
    ("overlap refused", csv(BOARD), GOOD, "--overlap refuse", ("overlap", "40 pairs", "--overlap drop or keep")),
    ("nobody likes it", csv(TRAIN), rated(-2, TEST), "", ("nothing to evaluate", "40 of 40 rows", "--threshold")),
    ("columns as lists", csv(TRAIN), GOOD, "--format lists", ("names no items", "parted by blanks", "--format")),
    ("no such model", csv(TRAIN), GOOD, "--models magic", ("named 'magic'", "", "Use one of als, baskets")),
)  # fmt: skip


def evaluated(run: Callable[..., Told], folder: Path, train: bytes, test: bytes, *words: str) -> Told:
    (folder / "train.csv").write_bytes(train)
    (folder / "test.csv").write_bytes(test)
    given = ("--test", folder / "test.csv") if test else ()
    chosen = () if "--models" in words else ("--models", "item_neighbours,svd")
    return run("recommend", "evaluate", "--train", folder / "train.csv", *given, *chosen, *words, "--json")


@pytest.mark.parametrize(
    ("train", "test", "words", "parts"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_files_that_cannot_be_used_say_what_why_and_what_to_do(
    run: Callable[..., Told], tmp_path: Path, train: bytes, test: bytes, words: str, parts: tuple[str, str, str]
) -> None:  # fmt: skip
    said = evaluated(run, tmp_path, train, test, *words.split())
    assert (said.code, said.out) == (1, "")
    assert "Traceback" not in said.err
    assert all(part in said.err for part in parts), said.err


@pytest.mark.parametrize(
    ("words", "hint"),
    [("-k 0", "no length of a list"), ("-k -1", "no length"), ("--trials 0", "greater than or equal to 1"),
     ("--share 5", "less than or equal to 0.9"), ("--split half", "given, time, last, users")],
)  # fmt: skip
def test_words_that_mean_nothing_are_refused_before_reading(
    run: Callable[..., Told], tmp_path: Path, words: str, hint: str
) -> None:
    said = evaluated(run, tmp_path, b"", b"", *words.split())
    assert said.code == 2
    assert hint in said.err


# name, training, test, more words, codes of warnings, NDCG of item_neighbours (None: whatever)
ANSWERED: Sequence[tuple[str, bytes, bytes, str, set[str], float | None]] = (
    ("as it should be", csv(TRAIN), GOOD, "", set(), 1.0),
    ("more places than items", csv(TRAIN), GOOD, "-k 1000", set(), 1.0),
    ("doubles", csv(TRAIN * 3), GOOD, "", {"duplicated_pairs"}, 1.0),
    ("overlap", csv(TRAIN), csv(TEST + TRAIN[:9]), "", {"overlap"}, 1.0),
    ("another alphabet", csv([(f"顾客{u}", f"龍井茶🍵{i}") for u, i in TRAIN]),
     csv([(f"顾客{u}", f"龍井茶🍵{i}") for u, i in TEST]), "", set(), 1.0),
    ("ratings below nothing", rated(-1, TRAIN[:9]) + rated(4, TRAIN[9:]).partition(b"\n")[2], rated(5, TEST), "",
     {"low_ratings"}, None),
    ("some ratings nan", rated(4, TRAIN) + b"0,2,nan\n0,4,inf\n", rated(5, TEST), "", {"rows_rejected"}, 1.0),
    ("one customer", csv([(0, 1), (0, 2), (0, 3)]), csv([(0, 9)]), "",
     {"unknown_items", "too_few", "no_better_than_popularity"}, 0.0),
    ("one item", csv([(user, 1) for user in range(9)]), csv([(user, 1) for user in range(9, 50)]), "",
     {"no_better_than_popularity"}, 1.0),
    ("other ids in the test", csv(TRAIN), csv([(u, f"x{i}") for u, i in TEST]), "",
     {"unknown_items", "no_better_than_popularity"}, 0.0),
    ("dates in Chinese", timed(lambda day: f"2026年1月{day}日"), b"", "--split time", {"too_few"}, None),
    ("dates with slashes", timed(lambda day: f"2026/1/{day} 9:30"), b"", "--split time", {"too_few"}, None),
    ("nanoseconds", timed(lambda day: f"17673{day:02}800000000000"), b"", "--split time", {"too_few"}, None),
)  # fmt: skip


@pytest.mark.parametrize(
    ("train", "test", "words", "codes", "ndcg"),
    [row[1:] for row in ANSWERED],
    ids=[row[0] for row in ANSWERED],
)
def test_files_that_can_be_used_are_answered_and_what_is_odd_is_told(
    run: Callable[..., Told], tmp_path: Path, train: bytes, test: bytes, words: str, codes: set[str], ndcg: float | None
) -> None:  # fmt: skip
    said = evaluated(run, tmp_path, train, test, *words.split())
    assert (said.code, said.err) == (0, "")
    told = json.loads(said.out)
    assert {one["code"] for one in told["warnings"]} == codes
    if ndcg is not None:
        k = 1000 if "1000" in words else 20
        assert told["models"]["item_neighbours"][f"ndcg@{k}"]["value"] == pytest.approx(ndcg)


PARQUET: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "lists": ({"user": [[1], [2]], "item": [1, 2]}, "wrong type"),
    "times": ({"user": [1, 2], "item": [1, 2], "timestamp": [[1], [2]]}, "wrong type"),
    "ratings": ({"user": [1, 2], "item": [1, 2], "rating": ["good", "bad"]}, "bad_number 2"),
    "nulls": ({"user": pa.nulls(2), "item": [1, 2]}, "missing_id 2"),
    "columns": ({"a": [1]}, "no columns user and item"),
    "rows": ({"user": pa.array([], pa.string()), "item": pa.array([], pa.string())}, "no rows"),
}


@pytest.mark.parametrize("kind", PARQUET)
def test_parquet_of_the_wrong_types(run: Callable[..., Told], tmp_path: Path, kind: str) -> None:
    columns, hint = PARQUET[kind]
    pq.write_table(pa.table(dict(columns)), tmp_path / "a.parquet")
    said = run("recommend", "evaluate", "--train", tmp_path / "a.parquet", "--split", "last", "--json")
    assert (said.code, said.out) == (1, "")
    assert hint in said.err


def test_parquet_that_was_cut(run: Callable[..., Told], tmp_path: Path) -> None:
    pq.write_table(pa.table({"user": [1, 2], "item": [1, 2]}), tmp_path / "a.parquet")
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(whole[: len(whole) // 2])
    said = run("recommend", "evaluate", "--train", tmp_path / "a.parquet", "--split", "last")
    assert said.code == 1
    assert "no complete Parquet file" in said.err


# -- a workspace -----------------------------------------------------------------------------------------------


def test_a_workspace_of_nothing_says_what_to_import(run: Callable[..., Told], workspace: Workspace) -> None:
    shop = ("-w", workspace.folder)
    for command in (("train",), ("recommend", "evaluate")):
        said = run(*command, *shop)
        assert said.code == 1
        assert "zhiyin import items FILE" in said.err
    stock(workspace)
    said = run("train", *shop)
    assert said.code == 1
    assert "zhiyin import orders FILE" in said.err
    for words, hint in (
        (("train", "--models", "magic"), "Use one of als, baskets"),
        (("train", "--placement", "shelf"), "email, home, item, basket"),
        (("recommend", "for", "c1", "--placement", "shelf"), "email, home, item, basket"),
        (("recommend", "for", "c1", "--model", "magic"), "zhiyin train"),
        (("recommend", "models", "--card", "magic"), "zhiyin train"),
        (("recommend", "rollback"), "zhiyin recommend models"),
    ):
        said = run(*words, *shop)
        assert (said.code, said.out) == (1, "")
        assert hint in said.err
    assert "zhiyin train" in run("recommend", "for", "c1", *shop).out
    assert run("recommend", "for", "c1", "-n", "0", *shop).code == 2


def test_without_time_popularity_answers(run: Callable[..., Told], workspace: Workspace) -> None:
    stock(workspace, *tastes())
    told = json.loads(
        run("train", "--budget", "0s", "--placement", "email", "-w", workspace.folder, "--json").out
    )
    assert told["report"]["placements"]["email"]["published"] == "popularity"
    assert len(told["report"]["skipped"]) >= len(RECOMMENDERS) - 2


@pytest.mark.parametrize(
    ("file", "hint"), [("model_weights_data.npy", "damaged"), ("model.json", "format 1")]
)
def test_a_model_cut_in_half_or_of_another_version_is_told_and_the_next_one_answers(
    run: Callable[..., Told], workspace: Workspace, file: str, hint: str
) -> None:
    ws = stock(workspace, *tastes())
    training.train(ws, ["item_neighbours"], placed=["email"])
    assert recommendations.recommend(ws, "c000", 1)[0].reason == "because_bought"
    path = ws.models / "item_neighbours" / "1" / file
    if file == "model.json":
        path.write_text(path.read_text("utf-8").replace('"format": 2', '"format": 1'), encoding="utf-8")
    else:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    recommenders._loaded.clear()
    assert recommendations.recommend(ws, "c000", 1)[0].reason == "popular"
    said = run("recommend", "for", "c000", "--model", "item_neighbours", "-w", ws.folder)
    assert (said.code, said.out) == (1, "")
    assert hint in said.err
    assert "Train it again: zhiyin train." in said.err
    with pytest.raises(BadFile):
        recommenders.loaded(ws, recommenders.trained(ws, "item_neighbours"))


def test_a_shop_that_has_sold_out_recommends_nothing_and_says_why(
    run: Callable[..., Told], workspace: Workspace
) -> None:
    ws = stock(workspace, *(event(n, n % 3, ago=10 - n) for n in range(5)))
    training.train(ws, placed=["email"])
    rows = ws.lake.collect(ws.lake.items())
    out = pa.array([False] * rows.num_rows)
    ws.lake.upsert("items", rows.set_column(rows.schema.get_field_index("available"), "available", out))
    assert recommendations.recommend(ws, "c000") == []
    assert recommendations.recommend(ws, "nobody") == []
    assert "no item is available" in run("recommend", "for", "c000", "-w", ws.folder).out
    training.train(ws, placed=["email"])  # there is still something to learn from
    assert placements.get(ws, "email").model is not None
