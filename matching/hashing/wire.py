"""How an image goes to a decoder child and its fingerprints come back, over one socket per request.

A request is a header and the image's bytes; the reply a header and a payload. The checksum tells a whole reply from
one that a dying child began and the server's failure record continued.
"""

import json
import socket
import struct
import zlib
from collections.abc import Iterable
from enum import IntEnum
from typing import Final

from matching.hashing.errors import IMAGE_ERRORS, DecoderUnavailable, ImageError
from matching.hashing.fingerprint import Fingerprint, join, split

MAX_BYTES: Final = 20_000_000

READY: Final = b"R"  # the server's first byte on the control channel
REQUEST: Final = b"Q"  # sent on the control channel with one end of the request's socket

_REQUEST: Final = struct.Struct(">BI")  # task, bytes of the image
_REPLY: Final = struct.Struct(">BII")  # outcome, bytes of the payload, CRC-32 of outcome and payload
_MAX_REPLY: Final = 1_000_000  # a query with every effort is 70 kB


class Task(IntEnum):
    """What a child is asked for."""

    FINGERPRINT = 1
    QUERY = 2
    QUERY_HIGH = 3


class Outcome(IntEnum):
    """What a reply says: the payload is packed fingerprints, an image error in JSON, or a plain sentence."""

    FINGERPRINTS = 1
    IMAGE_ERROR = 2
    UNAVAILABLE = 3


class DisconnectedError(Exception):
    """The other side is gone before it said everything."""


def send_request(connection: socket.socket, task: Task, image: bytes) -> None:
    connection.sendall(_REQUEST.pack(task, len(image)))
    connection.sendall(image)


def receive_request(connection: socket.socket) -> tuple[Task, bytes]:
    """Raises DisconnectedError, and ValueError for a request that no client of ours sends."""
    task, length = _REQUEST.unpack(_receive(connection, _REQUEST.size))
    if length > MAX_BYTES:
        raise ValueError(f"a request of {length} bytes")
    return Task(task), _receive(connection, length)


def send_fingerprints(connection: socket.socket, fingerprints: Iterable[Fingerprint]) -> None:
    _send_reply(connection, Outcome.FINGERPRINTS, join(fingerprints))


def send_image_error(connection: socket.socket, error: ImageError) -> None:
    _send_reply(connection, Outcome.IMAGE_ERROR, json.dumps({"code": error.code, "detail": error.detail}).encode())


def send_unavailable(connection: socket.socket, detail: str) -> None:
    _send_reply(connection, Outcome.UNAVAILABLE, detail.encode())


def receive_reply(connection: socket.socket) -> tuple[Fingerprint, ...]:
    """Raises the ImageError or DecoderUnavailable that was sent, and DisconnectedError when nothing was."""
    outcome, length, checksum = _REPLY.unpack(_receive(connection, _REPLY.size))
    if length > _MAX_REPLY:
        raise DecoderUnavailable("The decoder's answer makes no sense.")
    payload = _receive(connection, length)
    if zlib.crc32(payload, outcome) != checksum:
        raise DecoderUnavailable("The decoder was stopped while it answered.")
    try:
        match outcome:
            case Outcome.FINGERPRINTS:
                return tuple(Fingerprint.from_bytes(each) for each in split(payload))
            case Outcome.IMAGE_ERROR:
                record = json.loads(payload)
                raise IMAGE_ERRORS[record["code"]](record["detail"])
            case _:
                raise DecoderUnavailable(payload.decode())
    except (ValueError, LookupError, TypeError):  # whoever took over a child may write what he likes
        raise DecoderUnavailable("The decoder's answer makes no sense.") from None


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
