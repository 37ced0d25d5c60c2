"""The Python that has what benchmarks compare with: an environment of its own, made when first asked for."""

from __future__ import annotations

import subprocess
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEERS = HERE.parent / "build" / "peers"  # not in this environment: they pull in what zhiyin does without


def python() -> Path:
    """Its interpreter. Raises ``FileNotFoundError`` where they cannot be installed."""
    found = PEERS / "bin" / "python"
    if not found.exists():
        venv.create(PEERS, with_pip=True)
    done = subprocess.run([found, "-m", "pip", "install", "-q", "-r", HERE / "peers.txt"], check=False)
    if done.returncode:
        raise FileNotFoundError("what bench/peers.txt names could not be installed")
    return found
