"""The Python that has what benchmarks compare with: an environment of its own, made when first asked for."""

from __future__ import annotations

import subprocess
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEERS = HERE.parent / "build" / "peers"  # not in this environment: they pull in what zhiyin does without


def python(*names: str) -> Path:
    """Its interpreter, with these packages in the versions of ``peers.txt``.

    Raises ``FileNotFoundError`` where they cannot be installed.
    """
    found = PEERS / "bin" / "python"
    if not found.exists():
        venv.create(PEERS, with_pip=True)
    lines = (HERE / "peers.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line.partition("==")[0] in names]
    if subprocess.run([found, "-m", "pip", "install", "-q", *wanted], check=False).returncode:
        raise FileNotFoundError(f"{', '.join(names)} could not be installed")
    return found
