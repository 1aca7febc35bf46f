"""What a start has running, noted in its home, so that the next start can end what a killed one left."""

import contextlib
import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import psutil

from config.local.child import end_processes, session_members
from config.local.failure import LocalError
from config.local.home import Home

FILE = "running.json"
PATIENCE = 5.0  # on Linux they are ending already: the kernel told them that the supervisor has gone
CLOCK_STEP = 2.0  # psutil's start times move with the wall clock


@dataclass(frozen=True)
class Noted:
    pid: int
    started: float
    command: str


def note(home: Home, pids: Iterable[int]) -> None:
    noted = []
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            noted.append(asdict(Noted(pid, process.create_time(), " ".join(process.cmdline()[-3:]))))
    with contextlib.suppress(LocalError):  # a full disk must not keep anything from being stopped
        home.write(FILE, json.dumps(noted))


def end_leftovers(home: Home) -> int:
    """How many processes of a killed run had to be ended. Call it with the home's lock held."""
    try:
        noted = [Noted(**entry) for entry in json.loads((home.path / FILE).read_text())]
    except (OSError, ValueError, TypeError):
        return 0
    deadline = time.monotonic() + PATIENCE
    while (alive := _leftovers(noted)) and time.monotonic() < deadline:
        time.sleep(0.05)
    end_processes(alive)
    (home.path / FILE).unlink(missing_ok=True)
    return len(alive)


def _leftovers(noted: Iterable[Noted]) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for entry in noted:
        with contextlib.suppress(psutil.Error):
            found += _family(entry)
    return found


def _family(entry: Noted) -> list[psutil.Process]:
    if not psutil.pid_exists(entry.pid):
        return [member for member in session_members(entry.pid) if member.create_time() >= entry.started - CLOCK_STEP]
    leader = psutil.Process(entry.pid)
    ours = abs(leader.create_time() - entry.started) < CLOCK_STEP and " ".join(leader.cmdline()[-3:]) == entry.command
    return [leader, *leader.children(recursive=True)] if ours and leader.status() != psutil.STATUS_ZOMBIE else []
