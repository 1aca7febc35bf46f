"""The decoder server: forks one confined child per image. Started by `decoder.Decoder`, single-threaded.

    python -m matching.hashing.decoder_process CONTROL_FD PROCESSES

It never reads an image itself. It holds a copy of each request's socket until the child is gone, and when the child
ended without an answer it says why.
"""

import gc
import os
import select
import signal
import socket
import sys
import time
import traceback
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from . import sandbox, wire
from .errors import DAMAGED, TOO_LONG, ImageError, UndecodableImage
from .fingerprint import join
from .hashes import Effort, fingerprint_of, query_of
from .keypoints import asked_details, stored_details
from .pdq import Floats
from .pictures import pictures
from .profile import PROFILES
from .warming import limit_libraries, warm
from .wire import Task

WALL_SECONDS: Final = 30.0  # for one image, of a CPU that others use too
MOST_WAITING: Final = 128  # more would not be answered within the caller's deadline

# A decoder that trips over a file dies by one of these; any other signal comes from outside.
_CRASHES: Final = frozenset({signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL})


@dataclass(slots=True)
class _Child:
    connection: socket.socket
    deadline: float
    late: bool = False


class Server:
    """The loop between the control channel, the waiting requests and the children at work."""

    def __init__(self, control: socket.socket, processes: int, layers: wire.Layers) -> None:
        self._control = control
        self._layers = layers
        self._processes = processes
        self._waiting: deque[socket.socket] = deque()
        self._children: dict[int, _Child] = {}
        self._poll = select.poll()
        self._wake_read, self._wake_write = os.pipe()

    def run(self) -> None:
        """Serve until the control channel ends, then end the children."""
        os.set_blocking(self._wake_write, False)
        os.set_blocking(self._wake_read, False)
        signal.signal(signal.SIGCHLD, _noted)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        self._poll.register(self._control, select.POLLIN)
        self._poll.register(self._wake_read, select.POLLIN)
        self._control.sendall(wire.READY + bytes([self._layers]))
        try:
            while self._serve():
                pass
        finally:
            for pid in self._children:
                os.kill(pid, signal.SIGKILL)

    def _serve(self) -> bool:
        for descriptor, event in self._poll.poll(self._milliseconds()):
            if descriptor == self._control.fileno():
                if not self._accept():
                    return False
            elif descriptor == self._wake_read:
                with suppress(BlockingIOError):
                    os.read(self._wake_read, 4096)
            elif event & (select.POLLHUP | select.POLLERR | select.POLLNVAL):
                self._abandon(descriptor)
        self._reap()
        self._end_late_ones()
        while self._waiting and len(self._children) < self._processes:
            self._fork(self._waiting.popleft())
        return True

    def _milliseconds(self) -> float | None:
        if not self._children:
            return None
        first = min(child.deadline for child in self._children.values())
        return max(0.0, first - time.monotonic()) * 1000 + 1

    def _accept(self) -> bool:
        try:
            message, descriptors, _, _ = socket.recv_fds(self._control, 1, 1)
        except OSError:
            return False
        if not message:
            return False
        for descriptor in descriptors:
            connection = socket.socket(fileno=descriptor)
            if len(self._waiting) >= MOST_WAITING:
                _say_unavailable(connection, "The decoder is overloaded.")
                connection.close()
                continue
            self._poll.register(connection, 0)  # only to learn that the caller hung up
            self._waiting.append(connection)
        return True

    def _abandon(self, descriptor: int) -> None:
        """The caller is gone: nobody waits for this answer."""
        self._poll.unregister(descriptor)
        for connection in self._waiting:
            if connection.fileno() == descriptor:
                self._waiting.remove(connection)
                connection.close()
                return
        for pid, child in self._children.items():
            if child.connection.fileno() == descriptor:
                os.kill(pid, signal.SIGKILL)
                return

    def _fork(self, connection: socket.socket) -> None:
        server = os.getpid()
        try:
            pid = os.fork()
        except OSError:
            _say_unavailable(connection, "The decoder could not start a process.")
            self._forget(connection)
            return
        if pid == 0:
            self._become_child(connection, server)
        self._children[pid] = _Child(connection, time.monotonic() + WALL_SECONDS)

    def _become_child(self, connection: socket.socket, server: int) -> NoReturn:
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for descriptor in (self._control.fileno(), self._wake_read, self._wake_write):
                os.close(descriptor)
            for other in [*self._waiting, *(child.connection for child in self._children.values())]:
                other.close()
            sandbox.confine_child(server, self._layers)
            answer(connection)
            status = 0
        except (OSError, wire.DisconnectedError):
            pass  # the caller hung up
        finally:
            os._exit(status)

    def _reap(self) -> None:
        while self._children:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
            if not pid:
                return
            child = self._children.pop(pid)
            _explain(child, os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime)
            self._forget(child.connection)

    def _end_late_ones(self) -> None:
        now = time.monotonic()
        for pid, child in self._children.items():
            if child.deadline <= now and not child.late:
                child.late = True
                child.deadline = now + WALL_SECONDS  # only to be looked at again
                os.kill(pid, signal.SIGKILL)

    def _forget(self, connection: socket.socket) -> None:
        with suppress(KeyError):
            self._poll.unregister(connection)
        connection.close()


def answer(connection: socket.socket) -> None:
    """Read an image, decode it, and reply to each task until the caller is satisfied.

    Raises OSError or DisconnectedError when the caller hung up before it had an answer.
    """
    try:
        image = wire.receive_image(connection)
        task = wire.receive_task(connection)
        found = pictures(image)
        del image
        while True:
            wire.send_done(connection, done(task, found))
            try:
                task = wire.receive_task(connection)
            except wire.DisconnectedError:
                return
    except ImageError as error:
        wire.send_image_error(connection, error)
    except MemoryError:
        wire.send_image_error(connection, UndecodableImage("The image needs more memory than is allowed."))
    except (OSError, wire.DisconnectedError):
        raise
    except Exception as error:  # noqa: BLE001 (a fault of ours must be told, whatever it is)
        wire.send_unavailable(connection, _place_of(error))


def done(task: Task, found: Sequence[Floats]) -> bytes:
    """What is asked for of these canonical pictures, packed; of details that are not worth keeping, nothing."""
    match task:
        case Task.FINGERPRINTS:
            return join(fingerprint_of(found, profile) for profile in PROFILES.values())
        case Task.QUERIES | Task.QUERIES_HIGH:
            effort: Effort = "high" if task == Task.QUERIES_HIGH else "normal"
            return join(query_of(found, effort, profile) for profile in PROFILES.values())
        case Task.STORED_DETAILS:
            details = stored_details(found)
            return details.to_bytes(coarse=True) if details else b""
        case Task.ASKED_DETAILS:
            return asked_details(found).to_bytes(coarse=False)


def _place_of(error: Exception) -> str:
    """Where our own code failed, without the error's words: they may quote what was decoded."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"The decoder failed: {type(error).__name__} at {Path(place.filename).name}:{place.lineno}."


def _explain(child: _Child, exit_code: int, cpu_seconds: float) -> None:
    """What a child that ended without an answer could not say itself."""
    if exit_code == 0:
        return
    with suppress(OSError):
        child.connection.setblocking(False)
        if child.late or exit_code == -signal.SIGXCPU or cpu_seconds >= sandbox.CPU_SECONDS:
            wire.send_image_error(child.connection, UndecodableImage(TOO_LONG))
        elif -exit_code in _CRASHES:
            wire.send_image_error(child.connection, UndecodableImage(DAMAGED))
        else:
            wire.send_unavailable(child.connection, "The decoder was stopped while it read this image.")


def _say_unavailable(connection: socket.socket, detail: str) -> None:
    with suppress(OSError):
        connection.setblocking(False)
        wire.send_unavailable(connection, detail)


def _noted(_signal: int, _frame: FrameType | None) -> None:
    """A handler must exist for the wake-up descriptor to be written."""


def main(arguments: list[str]) -> int:
    control, processes = socket.socket(fileno=int(arguments[0])), int(arguments[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the parent's end is what counts
    limit_libraries()
    warm()
    gc.collect()
    gc.freeze()  # shared with the children, never copied for the sake of reference counts in the collector
    gc.disable()
    layers = sandbox.renounce_privileges()
    Server(control, processes, layers).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
