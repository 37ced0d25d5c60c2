"""Workers beside this process: started, started again when they die, ended with it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zhiyin.domain.settings import Settings


def worker_environment(settings: Settings) -> dict[str, str]:
    """What the worker must know of this server's flags, so that the links in messages lead to it."""
    return {"ZHIYIN_SERVER_HOST": settings.server.host, "ZHIYIN_SERVER_PORT": str(settings.server.port)}


class Supervisor:
    """Keeps one worker process running; starts it again, after a pause, when it ends by itself.

    When the settings are changed, it ends the worker after its step, so that the next one reads them.
    ``options`` are further options of ``zhiyin work``.
    """

    def __init__(self, settings: Settings, *options: str) -> None:
        folder = settings.workspace
        self._environment = {**os.environ, **worker_environment(settings)}
        self._command = [
            sys.executable, "-m", "zhiyin.entrypoints.cli", "work", "--workspace", str(folder),
            # who asks for its parent itself may be told too late, when that is gone already
            "--with-parent", str(os.getpid()), *options,
        ]  # fmt: skip
        self._settings = folder / "zhiyin.toml"
        self._stopping = threading.Event()
        self._process = subprocess.Popen(self._command, env=self._environment)
        self._thread = threading.Thread(target=self._watch, name="worker-supervisor", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the worker after its current step."""
        self._stopping.set()
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._thread.join(5)

    def _watch(self) -> None:
        read = self._settings.stat().st_mtime_ns
        while not self._stopping.wait(0.5):
            if read != (read := self._settings.stat().st_mtime_ns):
                self._process.terminate()
            if self._process.poll() is not None:
                if self._stopping.wait(2.0):  # not at full speed when it dies at once each time
                    return
                self._process = subprocess.Popen(self._command, env=self._environment)
