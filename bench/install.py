"""Installed size of the core in a new virtual environment, and whether its requirements agree."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def main() -> list[dict[str, Any]]:
    """Install the core without extras; size without pip itself, in MB."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [f"{folder}/bin/python", "-m", "pip", "--disable-pip-version-check", "-q"]
        subprocess.run([*pip, "install", "--upgrade", "pip"], check=True)
        empty = _size(folder)
        subprocess.run([*pip, "install", str(ROOT)], check=True)
        agrees = subprocess.run([*pip, "check"], check=False).returncode == 0
        size = _size(folder) - empty
    rows = [
        {"what": "installed size of the core", "value": round(size / 1e6), "unit": "MB", "bar": "< 800"},
        {"what": "requirements agree (pip check)", "value": agrees, "unit": "", "bar": "yes"},
    ]
    for row in rows:
        print(f"{row['what']}: {row['value']} {row['unit']} (bar {row['bar']})")
    return rows


def _size(folder: str) -> int:
    return sum(p.stat().st_size for p in Path(folder).rglob("*") if p.is_file() and not p.is_symlink())


if __name__ == "__main__":
    main()
