"""Models on disk: whole or not there, checked when read, old ones removed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from zhiyin.adapters import models
from zhiyin.domain.errors import BadFile, NotFound

ARRAYS = {"ids": np.array(["茶", "cup"]), "weights": np.eye(2, dtype=np.float32)}


def test_what_is_saved_comes_back_with_its_card(tmp_path: Path) -> None:
    saved = models.save(tmp_path, "ease", ARRAYS, {"items": 2})
    arrays, card = models.load(tmp_path, "ease", saved.version)
    for key, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[key], array)
    assert (saved.version, card["items"], card["name"]) == (1, 2, "ease")


def test_versions_count_up_and_old_ones_can_be_removed(tmp_path: Path) -> None:
    for _ in range(4):
        models.save(tmp_path, "ease", ARRAYS, {})
    for version in (1, 2):
        models.remove(tmp_path, "ease", version)
    assert models.versions(tmp_path, "ease") == [3, 4]
    assert models.save(tmp_path, "ease", ARRAYS, {}).version == 5


def test_a_failed_save_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Object arrays"):
        models.save(tmp_path, "ease", {"bad": np.array([object()])}, {})
    assert list((tmp_path / "ease").iterdir()) == []


def test_a_damaged_model_is_refused(tmp_path: Path) -> None:
    path = models.save(tmp_path, "ease", ARRAYS, {}).path / "weights.npy"
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    with pytest.raises(BadFile, match="checksum"):
        models.load(tmp_path, "ease", 1)


def test_a_model_with_an_array_missing_is_refused(tmp_path: Path) -> None:
    (models.save(tmp_path, "ease", ARRAYS, {}).path / "ids.npy").unlink()
    with pytest.raises(BadFile, match="damaged"):
        models.load(tmp_path, "ease", 1)


def test_large_arrays_are_mapped_and_cannot_be_written(tmp_path: Path) -> None:
    arrays = {"large": np.arange(20_000.0), "none": np.empty(0), "small": np.array(1.0)}
    models.save(tmp_path, "ease", arrays, {})
    found, _ = models.load(tmp_path, "ease", 1)
    assert isinstance(found["large"].base, np.memmap)
    for key, array in arrays.items():
        np.testing.assert_array_equal(found[key], array)
        assert not found[key].flags.writeable


def test_another_format_is_refused(tmp_path: Path) -> None:
    card = models.save(tmp_path, "ease", ARRAYS, {}).path / "model.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"format": 99}))
    with pytest.raises(BadFile, match="format 99"):
        models.load(tmp_path, "ease", 1)


def test_a_card_that_is_no_card_is_refused(tmp_path: Path) -> None:
    card = models.save(tmp_path, "ease", ARRAYS, {}).path / "model.json"
    for text in ("not json", "[]", '{"format": 2}'):
        card.write_text(text)
        with pytest.raises(BadFile):
            models.load(tmp_path, "ease", 1)


def test_a_missing_model_is_told_with_its_cure(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="zhiyin train"):
        models.load(tmp_path, "ease", 1)
