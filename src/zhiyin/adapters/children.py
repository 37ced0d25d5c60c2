"""Child processes that answer questions: more cores for what is pure computing."""

from __future__ import annotations

import gc
import pickle
import resource
import subprocess
import sys
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any


class Lost(Exception):
    """A child process died before it answered."""


class Children:
    """Processes that run a module of ours, which calls ``serve``; started when first asked, kept for the next time.

    They end with this object, and at the latest with this process, however that ends: nobody holds the other
    side of their input any more.
    """

    def __init__(self, module: str) -> None:
        self._module = module
        self._running: list[subprocess.Popen[bytes]] = []
        self.waiting: list[object] = []  # the questions that were asked and not answered
        weakref.finalize(self, _end, self._running)

    def ask(self, questions: Sequence[object]) -> None:
        """Give a question to each of as many children; go on with ``answers``, at any time. Raises ``Lost``."""
        self.waiting = list(questions)
        while len(self._running) < len(questions):
            # no fork, since threads run here; no multiprocessing, which would run the caller's main module again
            command = [sys.executable, "-m", self._module]
            # a group of its own: an interruption from the keyboard is for the parent to deal with
            child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0)
            self._running.append(child)
        for child, question in zip(self._running, questions, strict=False):
            assert child.stdin is not None
            try:
                pickle.dump(question, child.stdin, protocol=5)
                child.stdin.flush()
            except OSError:  # it is gone; the others would answer what nobody waits for
                self._lose()

    def answers(self) -> list[Any]:
        """What they answer, in the order of the questions. Raises ``Lost``."""
        found = []
        asked, self.waiting = self.waiting, []
        for child in self._running[: len(asked)]:
            assert child.stdout is not None
            try:
                found.append(pickle.load(child.stdout))
            except (EOFError, OSError, pickle.UnpicklingError):
                self._lose()
        return found

    def close(self) -> None:
        """End them."""
        self.waiting = []
        _end(self._running)

    def _lose(self) -> None:
        self.close()
        raise Lost


def serve(answer: Callable[[Any], object], meanwhile: Callable[[], None]) -> None:
    """A child's life: answer what comes in until the parent is gone; ``meanwhile`` is called after each answer."""
    gc.freeze()  # only what questions leave behind is worth looking at
    while True:
        try:
            question = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        told = pickle.dumps(answer(question), protocol=5)
        del question
        # the parent listens when it has nothing better to do
        telling = Thread(target=_tell, args=(told,))
        telling.start()
        meanwhile()
        telling.join()


def peak_mb() -> float:
    """The most memory this process has held, in megabytes (2**20 bytes).

    Linux hands ``ru_maxrss`` of a parent down to the children it starts, so there the kernel's own
    high-water mark is read (``VmHWM``, proc(5)), which begins anew with each program.
    """
    status = Path("/proc/self/status")
    if status.exists():
        mark = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(mark.split()[1]) / 2**10
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)


def _tell(told: bytes) -> None:
    with suppress(BrokenPipeError):  # the parent is gone: the next question is none
        sys.stdout.buffer.write(told)
        sys.stdout.buffer.flush()


def _end(running: list[subprocess.Popen[bytes]]) -> None:
    while running:
        child = running.pop()
        child.kill()  # nothing of what it does stays
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with suppress(OSError):  # what was not written yet
                    pipe.close()
        child.wait()
