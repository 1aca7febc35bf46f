"""What the tests of the decoder process share: how to look at one and at its children, and how to hold one up."""

import fcntl
import socket
import sys
import termios
import time
from pathlib import Path

import psutil

from matching.hashing import decoder as decoder_module
from matching.hashing import wire
from matching.hashing.decoder import Decoder
from matching.hashing.fingerprint import Fingerprint, split
from matching.hashing.wire import Task
from tests.unit.hashing.material import encoded, photographs

PHOTO = encoded(photographs()["camera"], "JPEG")
ROOT = Path(decoder_module.__file__).resolve().parents[2]


def server_of(decoder: Decoder) -> psutil.Process:
    assert decoder._server is not None
    return psutil.Process(decoder._server.pid)


def ended(pid: int) -> bool:
    """Waits for it, long enough for any machine. A zombie has ended: reaping it is its new parent's affair."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.01)
    return False


def unpacked(payload: bytes) -> tuple[Fingerprint, ...]:
    return tuple(Fingerprint.from_bytes(each) for each in split(payload))


class HalfSent:
    """A request whose second half is withheld: its child lives until the test has done what it wants."""

    def __init__(self, decoder: Decoder) -> None:
        before = set(server_of(decoder).children())
        self.connection, theirs = socket.socketpair()
        assert decoder._control is not None
        socket.send_fds(decoder._control, [wire.REQUEST], [theirs.fileno()])
        theirs.close()
        self.connection.settimeout(30)
        self.connection.sendall(wire._REQUEST.pack(len(PHOTO)) + PHOTO[: len(PHOTO) // 2])
        while not (new := set(server_of(decoder).children()) - before):
            pass
        (self.child,) = new
        while self._unread():  # until then it may not have confined itself
            pass

    def _unread(self) -> int:
        return int.from_bytes(fcntl.ioctl(self.connection, termios.TIOCOUTQ, bytes(4)), sys.byteorder)

    def finish(self) -> tuple[Fingerprint, ...]:
        self.connection.sendall(PHOTO[len(PHOTO) // 2 :])
        wire.send_task(self.connection, Task.FINGERPRINTS)
        return self.answer()

    def answer(self) -> tuple[Fingerprint, ...]:
        with self.connection:
            return unpacked(wire.receive_reply(self.connection))
