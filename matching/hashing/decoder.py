"""The face of the decoder process: bytes in, fingerprints and details out. Imports neither numpy nor Pillow.

Every process that decodes has one server of its own (`decoder_process`), started at the first image, which forks one
confined child per image. The server ends when this process does: its control channel then reads end of file.
"""

import atexit
import os
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal, Self

from . import wire
from .errors import (
    ENDED,
    DecoderUnavailable,
    ImageError,
    ImageTooLarge,
    TooManyPixels,
    UndecodableImage,
    UnsupportedImage,
)
from .fingerprint import Fingerprint, split
from .wire import Layers, Task

__all__ = [
    "Decoder",
    "DecoderUnavailable",
    "ImageError",
    "ImageTooLarge",
    "Layers",
    "Opened",
    "TooManyPixels",
    "UndecodableImage",
    "UnsupportedImage",
    "shared_decoder",
]

_START_SECONDS: Final = 20.0  # importing and warming takes half a second on an idle machine
_CALL_SECONDS: Final = 60.0  # waiting for a free child included; a child itself has 30
_MOST_PROCESSES: Final = 4  # each may take the memory that sandbox allows

_ROOT: Final = Path(__file__).resolve().parents[2]  # where `python -m` finds the package
_SERVER: Final = ("-m", "matching.hashing.decoder_process")


Effort = Literal["normal", "high"]


class Decoder:
    """A decoder server and the calls to it. Thread-safe; a server that died is replaced at the next call."""

    def __init__(self, *, processes: int | None = None) -> None:
        """`processes` is how many images are decoded at a time, by default the cores, at most 4."""
        self._processes = processes or min(os.cpu_count() or 1, _MOST_PROCESSES)
        self._lock = threading.Lock()
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self.confinement_required = False
        self.on_failure: Callable[[str], None] = lambda _: None  # told "timeout", "crash" or "unavailable"
        self._layers: Layers | None = None
        _decoders.add(self)

    @property
    def layers(self) -> Layers | None:
        """What the kernel refused the children of the server that started last, None before the first."""
        return self._layers

    def opened(self, image: bytes) -> "Opened":
        """The image in a child's memory for the length of a `with`, decoded once, whatever is asked of it.

        Raises ImageTooLarge, or UndecodableImage for an empty one.
        """
        if len(image) > wire.MAX_BYTES:
            raise ImageTooLarge(
                f"The file has {len(image) / 1e6:.1f} MB; the limit is {wire.MAX_BYTES // 1_000_000} MB."
            )
        if not image:
            raise UndecodableImage("The file is empty.")
        return Opened(self, image)

    def fingerprints(self, image: bytes) -> tuple[Fingerprint, ...]:
        """`Opened.fingerprints` of an image of which nothing else is asked."""
        with self.opened(image) as opened:
            return opened.fingerprints()

    def queries(self, image: bytes, *, effort: Effort = "normal") -> tuple[Fingerprint, ...]:
        """`Opened.queries` of an image of which nothing else is asked."""
        with self.opened(image) as opened:
            return opened.queries(effort=effort)

    def warm(self) -> None:
        """Start the server now, so that no image waits for it. What is wrong with it the first image will say."""
        with suppress(ImageError, DecoderUnavailable):
            self.queries(b"no image")

    def close(self) -> None:
        """End the server and its children, only those. The next call would start another."""
        with self._lock:
            self._stop()

    def connect(self, deadline: float) -> socket.socket:
        """A socket whose other end the server holds. Raises DecoderUnavailable."""
        try:
            ours, theirs = socket.socketpair()
        except OSError as error:
            raise DecoderUnavailable(f"No socket for the decoder: {error.strerror}.") from None
        with theirs:
            try:
                self._hand_over(theirs, deadline)
            except BaseException:
                ours.close()
                raise
        ours.settimeout(max(0.001, deadline - time.monotonic()))
        return ours

    def _hand_over(self, theirs: socket.socket, deadline: float) -> None:
        if not self._lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise DecoderUnavailable("The decoder is overloaded.")
        try:
            if self._control is not None and self._send(self._control, theirs):
                return
            self._stop()
            if not self._send(self._start(), theirs):
                raise DecoderUnavailable("The decoder process ended.")
        finally:
            self._lock.release()

    def _send(self, control: socket.socket, theirs: socket.socket) -> bool:
        try:
            socket.send_fds(control, [wire.REQUEST], [theirs.fileno()])
        except OSError:
            return False
        return True

    def _start(self) -> socket.socket:
        try:
            ours, theirs = socket.socketpair()
        except OSError as error:
            raise DecoderUnavailable(f"No socket for the decoder: {error.strerror}.") from None
        with theirs:
            try:
                self._server = subprocess.Popen(
                    [
                        sys.executable,
                        *_SERVER,
                        str(theirs.fileno()),
                        str(self._processes),
                    ],
                    cwd=_ROOT,
                    env=_environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                )
            except OSError as error:
                ours.close()
                raise DecoderUnavailable(f"The decoder process could not be started: {error.strerror}.") from None
        ours.settimeout(_START_SECONDS)
        try:
            ready = ours.recv(2)
        except OSError:
            ready = b""
        self._control = ours
        if ready[:1] != wire.READY or len(ready) != 2:
            self._stop()
            raise DecoderUnavailable("The decoder process did not start.")
        self._layers = Layers(ready[1])
        if self.confinement_required and Layers.CALLS not in self._layers:
            self._stop()
            raise DecoderUnavailable("The kernel does not confine the decoder, as this service requires.")
        return ours

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._server is not None:
            # End of file on the control channel ends it, with its children.
            with suppress(subprocess.TimeoutExpired):
                self._server.wait(timeout=2)
            if self._server.returncode is None:
                self._server.kill()
                self._server.wait()
            self._server = None

    def forget_after_fork(self) -> None:
        """In a forked child: the server belongs to the parent, and must see the end of the parent's channel alone."""
        self._lock = threading.Lock()
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._server is not None:
            self._server.returncode = 0  # not ours to wait for; keeps Popen from saying so
            self._server = None


class Opened:
    """An image that a decoder child holds. Each method is asked once more of a new child when the first one is gone.

    Each raises UnsupportedImage, UndecodableImage or TooManyPixels (all ImageError) when the image is at fault,
    DecoderUnavailable when the decoder is.
    """

    def __init__(self, decoder: Decoder, image: bytes) -> None:
        self._decoder = decoder
        self._image = image
        self._deadline = time.monotonic() + _CALL_SECONDS
        self._connection: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._hang_up()

    def fingerprints(self) -> tuple[Fingerprint, ...]:
        """The stored hashes of a photo under every known profile, the current one first."""
        return self._hashes(Task.FINGERPRINTS)

    def queries(self, *, effort: Effort = "normal") -> tuple[Fingerprint, ...]:
        """The asked hashes under every known profile, the current one first.

        In eight orientations; with `effort="high"` also turned a little.
        """
        return self._hashes(Task.QUERIES_HIGH if effort == "high" else Task.QUERIES)

    def stored_details(self) -> bytes | None:
        """The packed details of a photo, as they are kept; None where there are too few to tell it by."""
        return self._ask(Task.STORED_DETAILS) or None

    def asked_details(self) -> bytes:
        """The packed details that are asked."""
        return self._ask(Task.ASKED_DETAILS)

    def _hashes(self, task: Task) -> tuple[Fingerprint, ...]:
        try:
            return tuple(Fingerprint.from_bytes(each) for each in split(self._ask(task)))
        except ValueError:  # whoever took over a child may write what he likes
            raise DecoderUnavailable("The decoder's answer makes no sense.") from None

    def _ask(self, task: Task) -> bytes:
        try:
            return self._tried(task)
        except ImageError as error:
            if how := ENDED.get(error.detail):
                self._decoder.on_failure(how)
            raise
        except DecoderUnavailable:
            self._decoder.on_failure("unavailable")
            raise

    def _tried(self, task: Task) -> bytes:
        for _ in range(2):  # no image can end the server, only someone else: once more, with a new one
            kept = self._connection is not None
            try:
                return self._asked(task)
            except (ImageError, DecoderUnavailable):  # of a child that was kept: it may have ended before it was asked
                self._hang_up()
                if not kept:
                    raise
            except TimeoutError:
                self._hang_up()  # its answer may still come, and must not be taken for another's
                raise DecoderUnavailable("The decoder is overloaded.") from None
            except wire.DisconnectedError:
                self._hang_up()
            except OSError as error:
                self._hang_up()
                raise DecoderUnavailable(f"The decoder cannot be reached: {error.strerror}.") from None
        raise DecoderUnavailable("The decoder process ended.")

    def _asked(self, task: Task) -> bytes:
        connection, new = self._connection, self._connection is None
        if connection is None:
            self._connection = connection = self._decoder.connect(self._deadline)
        with suppress(BrokenPipeError, ConnectionResetError):  # refused unread: the reply says why
            if new:
                wire.send_image(connection, self._image)
            wire.send_task(connection, task)
        connection.settimeout(max(0.001, self._deadline - time.monotonic()))
        return wire.receive_reply(connection)

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _environment() -> dict[str, str]:
    """Next to nothing: no secret of ours is in the decoder, and its numpy has one thread."""
    interpreter = ("PATH", "PYTHONHOME", "PYTHONPATH", "LD_LIBRARY_PATH")  # what finds our own packages
    return {name: os.environ[name] for name in interpreter if name in os.environ} | {
        "LC_ALL": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


_decoders: Final[weakref.WeakSet[Decoder]] = weakref.WeakSet()


def _after_fork() -> None:
    for decoder in list(_decoders):
        decoder.forget_after_fork()


os.register_at_fork(after_in_child=_after_fork)

_shared: Final = Decoder()
atexit.register(_shared.close)


def shared_decoder() -> Decoder:
    """The decoder of this process: started by its first image, another in a forked child, ended with the process."""
    return _shared
