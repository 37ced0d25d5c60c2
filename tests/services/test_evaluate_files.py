"""Plain files are evaluated outside any workspace, as the published protocols say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from zhiyin.domain.errors import BadFile, Conflict, NotFound
from zhiyin.loop.recommend.evaluate.compare import Evaluation
from zhiyin.services.evaluate_files import run
from zhiyin.services.file_questions import Plan
from zhiyin.services.rating_files import _in_order

MODELS = ["item_neighbours"]


@pytest.fixture
def boards(tmp_path: Path) -> tuple[Path, Path]:
    """A checkerboard: even users take even items, odd ones odd items; each lacks one, which is the test."""
    board = [(user, item) for user in range(40) for item in range(8) if user % 2 == item % 2]
    missing = [(user, user % 8) for user in range(40)]
    return (
        written(tmp_path / "train.csv", [pair for pair in board if pair not in missing]),
        written(tmp_path / "test.csv", missing),
    )


def written(path: Path, pairs: list[tuple[int, int]], header: str = "user,item") -> Path:
    path.write_text(
        header + "\n" + "".join(",".join(map(str, row)) + "\n" for row in pairs), encoding="utf-8"
    )
    return path


def codes(found: Evaluation) -> dict[str, int]:
    return {warning["code"]: warning.get("count", 0) for warning in found.warnings}


def test_given_files_are_told_apart_by_what_they_show(boards: tuple[Path, Path]) -> None:
    found = run(*boards, MODELS, Plan(ks=(1, 2), apart=False))
    assert list(found.models) == ["item_neighbours", "popularity"]
    assert found.models["item_neighbours"].figures["recall@1"].value == 1.0
    assert found.models["popularity"].figures["recall@1"].value < 0.6
    assert found.protocol.overlap == 0
    assert codes(found) == {}
    lead = found.over_baseline("item_neighbours", "recall@2")
    assert lead is not None
    assert lead.difference.excludes_zero


def test_a_process_of_its_own_gives_the_same_and_knows_its_memory(boards: tuple[Path, Path]) -> None:
    held = np.ones(75_000_000)  # 600 MB of this process are none of the other's
    apart, here = run(*boards, []), run(*boards, [], Plan(apart=False))
    assert held.all()
    told, same = apart.models["popularity"], here.models["popularity"]
    assert told.figures == same.figures
    assert told.cost.peak_mb is not None
    assert 20 < told.cost.peak_mb < 500
    assert same.cost.peak_mb is None


def test_overlap_is_counted_and_dropped_kept_or_refused(boards: tuple[Path, Path]) -> None:
    train, test = boards
    with test.open("a") as file:
        file.write("0,2\n0,2\n")
    dropped = run(train, test, MODELS, Plan(ks=(1,), apart=False))
    assert codes(dropped) == {"overlap": 1, "duplicated_pairs": 1}
    assert dropped.models["item_neighbours"].figures["recall@1"].value == 1.0
    kept = run(train, test, MODELS, Plan(ks=(1,), overlap="keep", apart=False))
    assert kept.models["item_neighbours"].figures["recall@1"].value == pytest.approx(39.5 / 40)
    with pytest.raises(Conflict, match="overlap"):
        run(train, test, MODELS, Plan(overlap="refuse", apart=False))


def test_parameters_are_chosen_without_the_test(boards: tuple[Path, Path], tmp_path: Path) -> None:
    train, test = boards
    validation = written(tmp_path / "valid.csv", [(user, (user + 2) % 8) for user in range(40)])
    found = run(train, test, MODELS, Plan(ks=(1,), trials=3, apart=False), validation=validation)
    tried = found.models["item_neighbours"].trials
    assert [set(trial) for trial in tried] == [{"parameters", "validation_ndcg@1"}] * 3
    assert len(found.models["popularity"].trials) == 3
    # the validation file is part of the training: learning from all of it again gives the same questions
    assert found.protocol.digest == run(train, test, [], Plan(ks=(1,), apart=False)).protocol.digest
    inner = run(train, test, MODELS, Plan(ks=(1,), trials=2, apart=False))
    assert len(inner.models["item_neighbours"].trials) == 2


def test_one_file_is_split_by_time_last_or_users(tmp_path: Path) -> None:
    rows = [(user, (user + step) % 10, 3, 1_000 * step + user) for step in range(6) for user in range(30)]
    path = written(tmp_path / "all.csv", rows, "user,item,rating,timestamp")
    late = run(path, None, [], Plan(split="time", ks=(2,), apart=False))
    assert (late.protocol.train_rows, late.protocol.test_rows) == (144, 36)
    last = run(path, None, [], Plan(split="last", ks=(2,), trials=2, apart=False))
    assert (last.protocol.questions, last.protocol.train_rows) == (30, 150)
    users = run(path, None, [], Plan(split="users", share=0.2, ks=(2,), apart=False))
    assert (users.protocol.users, users.protocol.train_rows) == (6, 144)


def test_files_without_times_cannot_be_split_by_time(boards: tuple[Path, Path]) -> None:
    with pytest.raises(BadFile, match="no times"):
        run(boards[0], None, MODELS, Plan(split="time"))
    with pytest.raises(Conflict, match="no test file"):
        run(boards[0], None, MODELS)
    with pytest.raises(Conflict, match="takes one file"):
        run(*boards, MODELS, Plan(split="last"))


def test_rows_of_one_moment_keep_the_order_of_the_file() -> None:
    assert _in_order(np.array([20, 10, 20, 20])).tolist() == [20, 10, 21, 22]


def test_low_ratings_do_not_count_as_taken(tmp_path: Path) -> None:
    train = written(tmp_path / "a.csv", [(u, i, 5) for u in range(4) for i in range(3)], "user,item,rating")
    test = written(tmp_path / "b.csv", [(0, 3, 5), (1, 3, 1), (2, 3, -2), (3, 2, 4)], "user,item,rating")
    strict = run(train, test, [], Plan(ks=(1,), threshold=4, overlap="keep", apart=False))
    assert strict.protocol.questions == 2  # of users 0 and 3
    lax = run(train, test, [], Plan(ks=(1,), overlap="keep", apart=False))
    assert lax.protocol.questions == 3  # a rating of -2 is a dislike


def test_ratings_are_foretold_by_the_models_that_can(tmp_path: Path) -> None:
    # good items and bad ones, and everybody agrees
    rows = [(user, item, 5 if item % 2 else 1) for user in range(20) for item in range(8)]
    held = [row for row in rows if row[0] % 8 == row[1]]
    train = written(tmp_path / "a.csv", [row for row in rows if row not in held], "user,item,rating")
    test = written(tmp_path / "b.csv", held, "user,item,rating")
    found = run(train, test, ["svd", "bpr"], Plan(ks=(1,), apart=False))
    svd, mean = found.models["svd"].figures["rmse"].value, found.models["mean_rating"].figures["rmse"].value
    assert svd is not None
    assert mean is not None
    assert svd < mean / 2
    assert "mae" in found.definitions
    assert "rmse" not in found.models["popularity"].figures
    assert "rmse" not in found.models["bpr"].figures  # its learning rate is no rating


def test_sessions_are_asked_for_their_next_item(tmp_path: Path) -> None:
    train, test = tmp_path / "train.txt", tmp_path / "test.txt"
    train.write_text("1 2 3\n1 2\n2 3\n" * 10)
    test.write_text("1 2\t2\n1\t2\n2\t3\n" * 12)
    found = run(train, test, [], Plan(form="sessions", ks=(1, 2), apart=False))
    assert found.protocol.split == "sessions"
    assert (found.protocol.questions, found.protocol.users) == (36, 24)  # 1 2 → 2 and 1 → 2 are one session
    assert found.models["popularity"].figures["hit_rate@1"].value == pytest.approx(
        2 / 3
    )  # an item may repeat
    with pytest.raises(Conflict, match="cannot be split by time"):
        run(train, None, [], Plan(form="sessions", split="time"))


def test_lists_on_lines_are_the_same_as_rows(boards: tuple[Path, Path], tmp_path: Path) -> None:
    def lists(path: Path) -> Path:
        rows: dict[str, list[str]] = {}
        for line in path.read_text().splitlines()[1:]:
            user, item = line.split(",")
            rows.setdefault(user, []).append(item)
        out = tmp_path / f"{path.stem}.txt"
        out.write_text("".join(f"{user} {' '.join(items)}\n" for user, items in rows.items()))
        return out

    plain = run(*boards, MODELS, Plan(ks=(1, 2), apart=False))
    listed = run(*(lists(path) for path in boards), MODELS, Plan(ks=(1, 2), form="lists", apart=False))
    for name, scored in plain.models.items():
        assert scored.figures == listed.models[name].figures


def test_what_a_model_lacks_leaves_it_out_with_the_reason(
    boards: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from zhiyin.loop.recommend.item_neighbours import ItemNeighbours

    monkeypatch.setattr(ItemNeighbours, "REQUIRES", frozenset({"times"}))
    found = run(*boards, MODELS, Plan(apart=False))
    assert list(found.models) == ["popularity"]
    assert found.skipped == ({"model": "item_neighbours", "reason": "The data have no times."},)


def test_an_unknown_model_lists_the_known_ones(boards: tuple[Path, Path]) -> None:
    with pytest.raises(NotFound, match="popularity"):
        run(*boards, ["magic"])


def test_a_test_of_nothing_new_says_so(boards: tuple[Path, Path]) -> None:
    with pytest.raises(Conflict, match="nothing to evaluate on"):
        run(boards[0], boards[0], MODELS, Plan(apart=False))


def test_the_canary_sings_only_for_a_model_that_reads_ahead(boards: tuple[Path, Path]) -> None:
    found = run(*boards, MODELS, Plan(ks=(1,), canary=True, apart=False))
    assert "canary" not in codes(found)
