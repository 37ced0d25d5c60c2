"""``zhiyin recommend evaluate`` on files, as people type it: the JSON that was promised, and bad input told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.services.test_recommendations import add, event, offer
from typer.testing import CliRunner, Result

from zhiyin.domain.errors import BadFile, Conflict, NotFound
from zhiyin.entrypoints.cli import app
from zhiyin.services.workspace import Workspace

BOARD = [(user, item) for user in range(40) for item in range(8) if user % 2 == item % 2]
MISSING = [(user, user % 8) for user in range(40)]


def call(*words: object) -> Result:
    result = CliRunner().invoke(app, ["recommend", "evaluate", *map(str, words)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def told(*words: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(call(*words, "--json").output)
    return found


def written(path: Path, rows: list[tuple[Any, ...]], header: str = "user,item") -> Path:
    path.write_text(header + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models run in this process: a fresh one each would take a second, and is tested with the service."""
    from zhiyin.services import model_runs

    plain = model_runs.run
    monkeypatch.setattr(model_runs, "run", lambda ask, apart: plain(ask, apart=False))


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    train = written(tmp_path / "train.csv", [pair for pair in BOARD if pair not in MISSING])
    return train, written(tmp_path / "test.csv", MISSING)


def test_the_json_is_the_one_that_was_promised(files: tuple[Path, Path]) -> None:
    train, test = files
    found = told("--train", train, "--test", test, "--k", 20, "--models", "ease,item_neighbours")
    assert found["protocol"]["split"] == "given"
    ease = found["models"]["ease"]
    assert set(ease["recall@20"]) == {"value", "low", "high"}
    assert {"ndcg@20", "fit_cpu_s", "score_cpu_s", "peak_mb", "parameters", "slices"} <= set(ease)
    assert set(found["models"]) == {"ease", "item_neighbours", "popularity"}


def test_people_see_tables_and_the_protocol(files: tuple[Path, Path]) -> None:
    text = " ".join(
        call("--train", files[0], "--test", files[1], "--k", "1,2", "item_neighbours").output.split()
    )
    assert "40 questions, with 95 % intervals" in text
    assert "NDCG@2" in text
    assert "seen items masked" in text


def test_sessions_and_sequences(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("".join(f"u{n} 1 2 3 4\n" for n in range(40)))
    found = told(
        "--train",
        tmp_path / "a.txt",
        "--format",
        "sequences",
        "--split",
        "last",
        "--k",
        1,
        "--models",
        "popularity",
    )
    assert found["models"]["popularity"]["hit_rate@1"]["value"] == 0.0  # 4 is in no training
    assert found["warnings"][0]["code"] == "unknown_items"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("--split", "sideways"), "given, time, last, users"),
        (("--format", "xml"), "columns, lists"),
        (("--overlap", "hide"), "drop, keep, refuse"),
        (("--k", "few"), "no length of a list"),
        (("--k", "0"), "no length of a list"),
    ],
)
def test_wrong_words_list_the_right_ones(files: tuple[Path, Path], words: tuple[str, ...], hint: str) -> None:
    result = call("--train", files[0], "--test", files[1], *words)
    assert result.exit_code == 2
    assert hint in " ".join(result.output.replace("│", " ").split())


def test_a_test_file_needs_a_training_file(files: tuple[Path, Path]) -> None:
    assert call("--test", files[1]).exit_code == 2


# -- bad input ---------------------------------------------------------------------------------------------


def test_one_customer_tells_next_to_nothing_and_says_so(tmp_path: Path) -> None:
    train, test = written(tmp_path / "a.csv", [(1, 1), (1, 2)]), written(tmp_path / "b.csv", [(1, 3)])
    found = told("--train", train, "--test", test, "--models", "ease,item_neighbours")
    assert {warning["code"] for warning in found["warnings"]} >= {"too_few", "unknown_items"}
    assert found["models"]["ease"]["recall@20"] == {
        "value": 0.0,
        "low": None,
        "high": None,
        "note": "too_few",
    }


def test_one_item_leaves_nothing_to_ask(tmp_path: Path) -> None:
    train = written(tmp_path / "a.csv", [(user, 1) for user in range(9)])
    with pytest.raises(Conflict, match="nothing to evaluate on"):
        call("--train", train, "--test", train)


def test_items_all_alike_are_told_apart_by_nobody(tmp_path: Path) -> None:
    train = written(tmp_path / "a.csv", [(user, item) for user in range(40) for item in range(5)])
    test = written(tmp_path / "b.csv", [(100 + user, user % 5) for user in range(40)])
    found = told("--train", train, "--test", test, "--k", 1, "--models", "ease,item_neighbours")
    assert {one["recall@1"]["value"] for one in found["models"].values()} == {0.2}
    assert "no_better_than_popularity" in {warning["code"] for warning in found["warnings"]}


def test_a_customer_with_very_many_items_and_doubles_are_counted(tmp_path: Path) -> None:
    rows = [(0, item) for item in range(700)] * 2 + [
        (user, item) for user in range(1, 40) for item in range(3)
    ]
    train = written(tmp_path / "a.csv", rows)
    test = written(tmp_path / "b.csv", [(user, 3 + user) for user in range(1, 40)])
    found = told("--train", train, "--test", test, "--models", "item_neighbours")
    counts = {warning["code"]: warning.get("count") for warning in found["warnings"]}
    assert counts["duplicated_pairs"] == 700
    assert counts["capped"] == 1


def test_negative_ratings_are_read_and_bad_lines_counted(tmp_path: Path) -> None:
    rows: list[tuple[Any, ...]] = [(user, item, 5 - 2 * item) for user in range(40) for item in range(5)]
    train = written(tmp_path / "a.csv", [*rows, (1, 2, "nan")], "user,item,rating")
    test = written(tmp_path / "b.csv", [(user, 9, 4) for user in range(40)], "user,item,rating")
    warnings = told("--train", train, "--test", test, "--models", "popularity")["warnings"]
    by_code = {warning["code"]: warning for warning in warnings}
    assert by_code["rows_rejected"]["reasons"] == {"bad_number": 1}
    assert by_code["low_ratings"]["count"] == 80


def test_training_and_test_that_overlap_are_told(files: tuple[Path, Path]) -> None:
    train, test = files
    with test.open("a") as file:
        file.write("0,2\n")
    text = " ".join(call("--train", train, "--test", test, "--models", "popularity").output.split())
    assert "1 pairs of user and item are in training and test; they were dropped from the test." in text


@pytest.mark.parametrize(
    ("content", "error", "hint"),
    [
        ("user,item\n", BadFile, "no rows"),
        ("", BadFile, "is empty"),
        ("name,price\nx,1\n", BadFile, "no columns user and item"),
    ],
)
def test_files_without_interactions(tmp_path: Path, content: str, error: type[Exception], hint: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(content)
    with pytest.raises(error, match=hint):
        call("--train", path, "--split", "users")


def test_an_unknown_model_lists_the_known_ones(files: tuple[Path, Path]) -> None:
    with pytest.raises(NotFound, match="popularity"):
        call("--train", files[0], "--test", files[1], "--models", "magic")


def test_a_workspace_is_judged_by_the_same_code(workspace: Workspace) -> None:
    offer(workspace)
    add(
        workspace,
        *(event(f"c{customer:02}", f"i{item}", days_ago=90 - customer - item * 4)
          for customer in range(24) for item in range(8) if item % 2 == customer % 2),
    )  # fmt: skip
    found = told("popularity", "--k", "5", "-w", workspace.folder)
    assert found["protocol"]["split"] == "time"
    assert found["protocol"]["kinds"] == ["bought"]
    assert "recall@5" in found["models"]["popularity"]
    from zhiyin.entrypoints.python import Shop

    python = Shop(workspace.folder).evaluate("popularity", k=5).to_dict()
    assert python["models"]["popularity"]["recall@5"] == found["models"]["popularity"]["recall@5"]
