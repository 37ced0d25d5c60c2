"""Trained models on disk: versioned folders of arrays and JSON, written whole or not at all, never pickled."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zhiyin.domain.errors import BadFile, NotFound
from zhiyin.domain.text import say

FORMAT = 1
_ARRAYS, _CARD = "arrays.npz", "model.json"


@dataclass(frozen=True, slots=True)
class Saved:
    """Where a version went."""

    version: int
    path: Path


def save(
    folder: Path, name: str, arrays: Mapping[str, np.ndarray[Any, Any]], card: Mapping[str, Any]
) -> Saved:
    """Write the next version of ``name``: readers see it complete or not at all, even after a power cut."""
    home = folder / name
    home.mkdir(parents=True, exist_ok=True)
    draft = home / f".{uuid.uuid4().hex}"
    draft.mkdir()
    try:
        with open(draft / _ARRAYS, "wb") as file:
            np.savez(file, allow_pickle=False, **dict(arrays))
            file.flush()
            os.fsync(file.fileno())
        document = {"format": FORMAT, "name": name, "sha256": _digest(draft / _ARRAYS), **card}
        with open(draft / _CARD, "w", encoding="utf-8") as text:
            json.dump(document, text, ensure_ascii=False, indent=1, default=str)
            text.flush()
            os.fsync(text.fileno())
        while True:
            version = max(versions(folder, name), default=0) + 1
            try:
                os.rename(draft, home / str(version))  # fails if another process took the number
                break
            except OSError:
                if not (home / str(version)).exists():
                    raise
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    directory = os.open(home, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return Saved(version, home / str(version))


def load(folder: Path, name: str, version: int) -> tuple[dict[str, np.ndarray[Any, Any]], dict[str, Any]]:
    """The arrays and the card of a version.

    Raises ``NotFound`` if it is not there, ``BadFile`` if it is damaged or of another format.
    """
    path = folder / name / str(version)
    if not (path / _CARD).is_file():
        raise NotFound(
            say("The model {name} {version} is not on disk.", name=name, version=version),
            why=say("{path} holds none.", path=path),
            fix=say("Train it again: zhiyin recommend train."),
        )
    again = "Train it again: zhiyin recommend train."
    try:
        card = json.loads((path / _CARD).read_text("utf-8"))
    except ValueError as error:
        raise BadFile(
            say("{path} is not JSON.", path=path / _CARD), why=say("{said}", said=str(error)), fix=again
        ) from error
    if card.get("format") != FORMAT:
        raise BadFile(
            say(
                "The model {name} {version} has the format {card!r}.",
                name=name,
                version=version,
                card=card.get("format"),
            ),
            why=say("This version of Zhiyin reads format {format}.", format=FORMAT),
            fix=again,
        )
    if not (path / _ARRAYS).is_file() or _digest(path / _ARRAYS) != card["sha256"]:
        raise BadFile(
            say("The model {name} {version} is damaged.", name=name, version=version),
            why=say("The checksum of {path} is not the one it was written with.", path=path / _ARRAYS),
            fix=again,
        )
    with np.load(path / _ARRAYS, allow_pickle=False) as stored:
        return {key: stored[key] for key in stored.files}, card


def versions(folder: Path, name: str) -> list[int]:
    """The versions on disk, oldest first."""
    home = folder / name
    if not home.is_dir():
        return []
    return sorted(int(path.name) for path in home.iterdir() if path.name.isdigit())


def prune(folder: Path, name: str, keep: int) -> list[int]:
    """Remove all but the latest ``keep`` versions; returns the removed ones."""
    gone = versions(folder, name)[:-keep] if keep else versions(folder, name)
    for version in gone:
        shutil.rmtree(folder / name / str(version))
    return gone


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
