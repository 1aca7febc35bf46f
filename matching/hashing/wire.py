"""How an image goes to a decoder child and what it gives comes back, over one socket per image.

An image is a header and its bytes. Then come tasks, a byte each, as long as the caller holds on; the reply to each is
a header and a payload. The checksum tells a whole reply from one that a dying child began and the server's failure
record continued.
"""

import json
import socket
import struct
import zlib
from enum import IntEnum, IntFlag
from typing import Final

from .errors import IMAGE_ERRORS, DecoderUnavailable, ImageError

MAX_BYTES: Final = 20_000_000

READY: Final = b"R"  # the server's first byte on the control channel; its Layers follow as another
REQUEST: Final = b"Q"  # sent on the control channel with one end of the request's socket

_REQUEST: Final = struct.Struct(">I")  # bytes of the image
_TASK: Final = struct.Struct(">B")
_REPLY: Final = struct.Struct(">BII")  # outcome, bytes of the payload, CRC-32 of outcome and payload
_MAX_REPLY: Final = 1_000_000  # a query with every effort is 70 kB, the details of eight pictures 125


class Layers(IntFlag):
    """What the kernel refuses the children. `CALLS` alone takes all files and the whole network from them."""

    FILES = 1  # Landlock
    CALLS = 2  # seccomp


class Task(IntEnum):
    """What a child is asked for."""

    FINGERPRINTS = 1
    QUERIES = 2
    QUERIES_HIGH = 3
    STORED_DETAILS = 4
    ASKED_DETAILS = 5


class Outcome(IntEnum):
    """What a reply says: the payload is what was asked for, packed, an image error in JSON, or a plain sentence."""

    DONE = 1
    IMAGE_ERROR = 2
    UNAVAILABLE = 3


class DisconnectedError(Exception):
    """The other side is gone before it said everything."""


def send_image(connection: socket.socket, image: bytes) -> None:
    connection.sendall(_REQUEST.pack(len(image)))
    connection.sendall(image)


def receive_image(connection: socket.socket) -> bytes:
    """Raises DisconnectedError, and ValueError for a request that no client of ours sends."""
    (length,) = _REQUEST.unpack(_receive(connection, _REQUEST.size))
    if length > MAX_BYTES:
        raise ValueError(f"a request of {length} bytes")
    return _receive(connection, length)


def send_task(connection: socket.socket, task: Task) -> None:
    connection.sendall(_TASK.pack(task))


def receive_task(connection: socket.socket) -> Task:
    """Raises DisconnectedError when there is none any more, and ValueError for one that no client of ours sends."""
    return Task(*_TASK.unpack(_receive(connection, _TASK.size)))


def send_done(connection: socket.socket, payload: bytes) -> None:
    _send_reply(connection, Outcome.DONE, payload)


def send_image_error(connection: socket.socket, error: ImageError) -> None:
    _send_reply(connection, Outcome.IMAGE_ERROR, json.dumps({"code": error.code, "detail": error.detail}).encode())


def send_unavailable(connection: socket.socket, detail: str) -> None:
    _send_reply(connection, Outcome.UNAVAILABLE, detail.encode())


def receive_reply(connection: socket.socket) -> bytes:
    """Raises the ImageError or DecoderUnavailable that was sent, and DisconnectedError when nothing was."""
    outcome, length, checksum = _REPLY.unpack(_receive(connection, _REPLY.size))
    if length > _MAX_REPLY:
        raise DecoderUnavailable("The decoder's answer makes no sense.")
    payload = _receive(connection, length)
    if zlib.crc32(payload, outcome) != checksum:
        raise DecoderUnavailable("The decoder was stopped while it answered.")
    try:
        match outcome:
            case Outcome.DONE:
                return payload
            case Outcome.IMAGE_ERROR:
                record = json.loads(payload)
                raise IMAGE_ERRORS[record["code"]](_sentence(record["detail"]))
            case _:
                raise DecoderUnavailable(payload.decode())
    except (ValueError, LookupError, TypeError, RecursionError):  # whoever took over a child may write what he likes
        raise DecoderUnavailable("The decoder's answer makes no sense.") from None


def _sentence(detail: object) -> str:
    if not isinstance(detail, str):
        raise TypeError
    return detail


def _send_reply(connection: socket.socket, outcome: Outcome, payload: bytes) -> None:
    connection.sendall(_REPLY.pack(outcome, len(payload), zlib.crc32(payload, outcome)) + payload)


def _receive(connection: socket.socket, length: int) -> bytes:
    buffer = bytearray(length)
    view = memoryview(buffer)
    received = 0
    while received < length:
        try:
            count = connection.recv_into(view[received:])
        except ConnectionError:  # it went with bytes of ours unread
            count = 0
        if not count:
            raise DisconnectedError
        received += count
    return bytes(buffer)
