"""One child process with a log, in a session of its own: a Ctrl-C at the terminal reaches only the supervisor."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from config.local.failure import LocalError

SPAWN = Path(__file__).with_name("spawn.py")
LARGEST_LOG = 4 * 1024 * 1024
KEPT_OF_LOG = 512 * 1024


class Child:
    """Start it from the main thread: the kernel ends it when the thread that started it ends."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        log: Path,
        account: str = "self",
        stop_signal: signal.Signals = signal.SIGTERM,
        grace: float = 15.0,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.folder = folder
        self.environment = dict(environment)
        self.log = log
        self.account = account
        self.stop_signal = stop_signal
        self.grace = grace
        self._asked = False
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise LocalError(f"{self.name} was never started.")
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        return None if self._process is None else self._process.poll()

    def start(self, *, stdin: bytes | None = None) -> None:
        self.kill()  # what a dead predecessor left: its own children may still hold a port
        self._asked = False
        shorten_log(self.log)
        with open(self.log, "ab", opener=_private) as log:
            self._process = subprocess.Popen(
                spawn_command(self.command, account=self.account, death_signal=self.stop_signal),
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if stdin is not None and self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError), self._process.stdin as pipe:
                pipe.write(stdin)

    def wait(self, timeout: float) -> int:
        """Its exit code; TimeoutExpired when it takes longer."""
        if self._process is None:
            raise LocalError(f"{self.name} was never started.")
        return self._process.wait(timeout)

    def ask_to_stop(self) -> None:
        """Once: a second signal would mean "at once" to Celery."""
        if self._process is not None and not self._asked:
            self._asked = True
            self._process.send_signal(self.stop_signal)  # checks first that it was not reaped

    def stop(self) -> None:
        """Ask, wait, then end whatever is left of it."""
        if self._process is None:
            return
        family = self.family()
        self.ask_to_stop()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(self.grace)
        self._end(family)

    def kill(self) -> None:
        if self._process is not None:
            self._end(self.family())

    def family(self) -> list[psutil.Process]:
        """Itself, its descendants, and those of its session whose parents have gone."""
        if self._process is None:
            return []
        found = {process.pid: process for process in self._session()}
        if self.running:
            with contextlib.suppress(psutil.NoSuchProcess):
                itself = psutil.Process(self._process.pid)
                found |= {process.pid: process for process in (itself, *itself.children(recursive=True))}
        return list(found.values())

    def _session(self) -> list[psutil.Process]:
        """Once it is reaped its id may belong to a stranger, whose session is not ours to end."""
        if self._process is None or (not self.running and psutil.pid_exists(self._process.pid)):
            return []
        return session_members(self._process.pid)

    def _end(self, family: Sequence[psutil.Process]) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        end_processes([*family, *self._session()])

    def last_lines(self, count: int = 8) -> str:
        return last_lines(self.log, count)


def spawn_command(
    command: Sequence[str], *, account: str = "self", death_signal: signal.Signals = signal.SIGTERM
) -> list[str]:
    return [sys.executable, "-I", "-S", str(SPAWN), str(os.getpid()), str(int(death_signal)), account, *command]


def session_members(session: int) -> list[psutil.Process]:
    found = []
    for pid in psutil.pids():
        with contextlib.suppress(OSError, psutil.NoSuchProcess):
            if os.getsid(pid) == session:
                found.append(psutil.Process(pid))
    return found


def end_processes(processes: Sequence[psutil.Process], *, patience: float = 5.0) -> None:
    """SIGKILL, then wait until they are gone or only await their parent."""
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()  # psutil compares the start time first: never a reused id
    deadline = time.monotonic() + patience
    while any(_alive(process) for process in processes) and time.monotonic() < deadline:
        time.sleep(0.01)


def _alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def shorten_log(log: Path) -> None:
    """Keep the end of a log that has grown large."""
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        with log.open("rb") as handle:
            handle.seek(-KEPT_OF_LOG, os.SEEK_END)
            handle.readline()
            end = handle.read()
        log.write_bytes(end)


def last_lines(log: Path, count: int) -> str:
    try:
        with log.open("rb") as handle:
            handle.seek(max(0, log.stat().st_size - 16_384))
            text = handle.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(f"  {line}" for line in text.splitlines()[-count:])


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
