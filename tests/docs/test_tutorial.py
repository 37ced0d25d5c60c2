"""The tutorial and the README are followed word by word, in a shell, with a real mail server; only training, which
takes all the time it is given, is given less."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from zhiyin.simulate.mailbox import Mailbox

ROOT = Path(__file__).resolve().parents[2]


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def follow(script: str, folder: Path, port: int) -> str:
    assert "train --budget 20s" in script
    script = script.replace("train --budget 20s", "train --budget 3s")
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "COLUMNS": "160",
        "ZHIYIN_SMTP_HOST": "127.0.0.1",
        "ZHIYIN_SMTP_PORT": str(port),
        "ZHIYIN_SMTP_SECURITY": "none",
    }
    run = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", script],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, f"{run.stdout[-3000:]}\n{run.stderr[-3000:]}"
    return run.stdout


def test_the_tutorial_runs_as_it_stands(tmp_path: Path) -> None:
    with Mailbox() as mailbox:
        out = follow("".join(blocks("docs/tutorial/first-campaign.md", "sh")), tmp_path, mailbox.port)
        mailed = {slip.to for slip in mailbox.slips}
    assert len(mailed) > 100
    assert len(mailed) == len(mailbox.slips)
    assert "Measuring" in out


def test_the_readme_runs_on_files_as_it_stands(tmp_path: Path) -> None:
    commands = blocks("README.md", "sh")[1].splitlines()
    install, loop = commands[0], commands[1:]
    assert install.startswith(
        "python3 -m venv"
    )  # the only line that is not run: the tests are installed already
    with Mailbox() as mailbox:
        follow("zhiyin simulate . --customers 300 --seed 3\n" + "\n".join(loop), tmp_path, mailbox.port)
        assert len(mailbox.slips) > 50
    python = blocks("README.md", "python")[0].replace('"my-shop"', repr(str(tmp_path / "my-shop")))
    python = python.replace("customer-1", "c1")
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", python],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
