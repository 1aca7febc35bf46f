"""Keeps parts running: starts again what died, and gives up with a clear message when one keeps dying."""

import time
from collections import defaultdict, deque
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from config.local.child import Child
from config.local.failure import LocalError
from config.local.terminal import say

MOST_DEATHS, WITHIN_SECONDS = 5, 60.0
FIRST_PAUSE = 0.5


class Part(Protocol):
    """A Child, or a service that owns one."""

    @property
    def name(self) -> str: ...
    @property
    def log(self) -> Path: ...
    @property
    def pid(self) -> int: ...
    @property
    def running(self) -> bool: ...
    @property
    def exit_code(self) -> int | None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...
    def last_lines(self) -> str: ...


class Supervisor:
    def __init__(self, changed: Callable[[list[int]], None] = lambda _: None) -> None:
        self._changed = changed
        self._parts: list[Part] = []
        self._deaths: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=MOST_DEATHS))
        self._due: dict[str, float] = {}

    def start(self, part: Part) -> None:
        self._parts.append(part)  # before it starts: an interrupted start is stopped like any other
        part.start()
        self._changed(self.pids())

    def pids(self) -> list[int]:
        return [part.pid for part in self._parts if part.running]

    def check(self) -> None:
        """Call it often. LocalError when a part has died too often."""
        for part in self._parts:
            if part.running:
                continue
            due = self._due.get(part.name)
            if due is None:
                self._plan(part, f"ended with code {part.exit_code}")
            elif time.monotonic() >= due:
                self._start_again(part)

    def stop(self) -> None:
        """The last started first; the application's processes side by side."""
        for part in reversed(self._parts):
            if isinstance(part, Child):
                part.ask_to_stop()
        for part in reversed(self._parts):
            part.stop()
        if self._parts:
            self._parts.clear()
            self._changed([])

    def kill_children(self) -> None:
        """For those in a hurry. Databases are stopped properly all the same."""
        for part in self._parts:
            if isinstance(part, Child):
                part.kill()

    def _plan(self, part: Part, what: str) -> None:
        deaths, now = self._deaths[part.name], time.monotonic()
        deaths.append(now)
        recent = sum(1 for death in deaths if now - death < WITHIN_SECONDS)
        if recent >= MOST_DEATHS:
            raise LocalError(f"{part.name} keeps ending ({what}). The end of {part.log}:\n{part.last_lines()}")
        pause = FIRST_PAUSE * 2 ** (recent - 1)
        self._due[part.name] = now + pause
        say(f"{part.name} {what}; starting it again in {pause:g} s. Log: {part.log}")

    def _start_again(self, part: Part) -> None:
        del self._due[part.name]
        try:
            part.start()
        except LocalError as error:
            self._plan(part, f"did not start ({str(error).splitlines()[0]})")
        else:
            self._changed(self.pids())
