"""Trained models on disk: versioned folders of arrays and a card, written whole or not at all, never pickled.

Each array is a file of its own, read as a map of memory: processes that serve the same model share its pages.
"""

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

FORMAT = 2
_CARD, _ARRAY = "model.json", ".npy"
_SMALL = 65_536  # bytes; an array no larger is read at once
_AGAIN = say("Train it again: zhiyin train.")


@dataclass(frozen=True, slots=True)
class Saved:
    """Where a version went."""

    version: int
    path: Path


def save(
    folder: Path, name: str, arrays: Mapping[str, np.ndarray[Any, Any]], card: Mapping[str, Any]
) -> Saved:
    """Write the next version of ``name``: readers see it complete or not at all, even after a power cut.

    The names of the arrays become names of files; they must be plain.
    """
    home = folder / name
    home.mkdir(parents=True, exist_ok=True)
    draft = home / f".{uuid.uuid4().hex}"
    draft.mkdir()
    try:
        for key, array in arrays.items():
            with open(draft / f"{key}{_ARRAY}", "wb") as file:
                np.save(file, array, allow_pickle=False)
                file.flush()
                os.fsync(file.fileno())
        digests = {key: _digest(draft / f"{key}{_ARRAY}") for key in arrays}
        document = {"format": FORMAT, "name": name, **card, "arrays": digests}
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
    """The arrays, which are read-only, and the card of a version.

    Raises ``NotFound`` if it is not there, ``BadFile`` if it is damaged or of another format.
    """
    found = card(folder, name, version)
    path = folder / name / str(version)
    arrays = {}
    for key, digest in found["arrays"].items():
        file = path / f"{key}{_ARRAY}"
        if not file.is_file() or _digest(file) != digest:
            raise BadFile(
                say("The model {name} {version} is damaged.", name=name, version=version),
                why=say("The checksum of {path} is not the one it was written with.", path=file),
                fix=_AGAIN,
            )
        small = file.stat().st_size <= _SMALL
        array = np.load(file, mmap_mode=None if small else "r", allow_pickle=False)
        array.flags.writeable = False
        arrays[key] = np.asarray(array)
    return arrays, found


def card(folder: Path, name: str, version: int) -> dict[str, Any]:
    """What a version is: class, parameters, what it was trained on, by which versions of what.

    Raises ``NotFound`` and ``BadFile`` as ``load`` does.
    """
    path = folder / name / str(version)
    if not (path / _CARD).is_file():
        raise NotFound(
            say("The model {name} {version} is not on disk.", name=name, version=version),
            why=say("{path} holds none.", path=path),
            fix=_AGAIN,
        )
    try:
        found = json.loads((path / _CARD).read_text("utf-8"))
    except ValueError as error:
        raise BadFile(
            say("{path} is not JSON.", path=path / _CARD), why=say("{said}", said=str(error)), fix=_AGAIN
        ) from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise BadFile(
            say(
                "The model {name} {version} has the format {card!r}.",
                name=name,
                version=version,
                card=found.get("format") if isinstance(found, dict) else None,
            ),
            why=say("This version of Zhiyin reads format {format}.", format=FORMAT),
            fix=_AGAIN,
        )
    if not isinstance(found.get("arrays"), dict):
        raise BadFile(
            say("The model {name} {version} is damaged.", name=name, version=version),
            why=say("{path} lists no arrays.", path=path / _CARD),
            fix=_AGAIN,
        )
    return found


def names(folder: Path) -> list[str]:
    """The models that have versions on disk."""
    return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def versions(folder: Path, name: str) -> list[int]:
    """The versions on disk, oldest first."""
    home = folder / name
    if not home.is_dir():
        return []
    return sorted(int(path.name) for path in home.iterdir() if path.name.isdigit())


def remove(folder: Path, name: str, version: int) -> None:
    """Take a version off the disk."""
    shutil.rmtree(folder / name / str(version))


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
