"""What is fuzzed: functions of bytes, each of which raises what is a fault, and seeds to begin with, made here."""

import atexit
import json
import random
import shutil
import socket
import struct
import tempfile
import uuid
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import orjson
from PIL import Image
from pydantic import BaseModel, ValidationError

import consent.received  # noqa: F401 (its models are among the `Request`s)
from matching.hashing import wire
from matching.hashing.decoder_process import done
from matching.hashing.details import Details, Part
from matching.hashing.errors import DecoderUnavailable, ImageError
from matching.hashing.fingerprint import Fingerprint, join, split
from matching.hashing.pictures import FORMATS, pictures
from matching.hashing.warming import limit_libraries
from matching.hashing.wire import Task
from matching.index.details_segment import Rules as DetailsRules
from matching.index.details_segment import built as details_built
from matching.index.details_segmented import warm
from matching.index.segment import Rules, built
from matching.index.shared import Origin, RefusedError, SharedSegment
from matching.received import Request
from tests.unit.hashing.material import encoded
from tests.unit.index.photos import photo


class Target(NamedTuple):
    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]


def image(data: bytes) -> None:
    """What a child does with a file: an answer to every task, or an ImageError."""
    try:
        found = pictures(data)
    except ImageError:
        return
    for task in Task:
        answer = done(task, found)
        if task in (Task.FINGERPRINTS, Task.QUERIES, Task.QUERIES_HIGH):
            assert [Fingerprint.from_bytes(each).to_bytes() for each in split(answer)] == list(split(answer))
        elif answer:
            Details.from_bytes(answer, coarse=task == Task.STORED_DETAILS)


def images() -> Iterable[bytes]:
    limit_libraries()
    x, y = np.meshgrid(np.arange(48), np.arange(40))
    grey = Image.fromarray(((x * 3 + y * y) % 256).astype(np.uint8))
    for form in FORMATS:
        for mode in ("L", "RGB", "CMYK") if form == "JPEG" else ("RGB", "RGBA"):
            yield encoded(grey.convert(mode), form)
        if form != "JPEG":
            colour = grey.convert("RGBA")
            yield encoded(colour, form, save_all=True, append_images=[colour.rotate(180)], duration=100)
    for mode in ("1", "LA", "P", "I;16"):
        yield encoded(grey.convert(mode), "PNG")


def packed(data: bytes) -> None:
    """Packed details and fingerprints: a ValueError, or what packs to the same bytes."""
    for coarse in (True, False):
        with suppress(ValueError):
            details = Details.from_bytes(data, coarse=coarse)
            assert Details.from_bytes(details.to_bytes(coarse=coarse), coarse=coarse).to_bytes(
                coarse=coarse
            ) == details.to_bytes(coarse=coarse)
    with suppress(ValueError):
        prints = [Fingerprint.from_bytes(each) for each in split(data)]
        assert [Fingerprint.from_bytes(each) for each in split(join(prints))] == prints


def some_details() -> Details:
    places = np.array([[x, x / 2, 3.0, x * 3] for x in range(12)], np.float32)
    codes = np.arange(24, dtype=np.uint64).reshape(-1, 2) * np.uint64(0x9E3779B97F4A7C15)
    return Details((Part("whole", 300, 200, codes, places), Part("surround", 64, 200, codes[:4], places[:4])))


def packings() -> Iterable[bytes]:
    yield some_details().to_bytes(coarse=True)
    yield some_details().to_bytes(coarse=False)
    yield join(made()[1])


@cache
def made() -> Any:
    return photo(random.Random(5))


def reply(data: bytes) -> None:
    """Whatever a child that was taken over writes to the service: an answer, or one of the documented errors."""
    outcome, payload = data[:1] or b"\1", data[1:]
    for written in (data, wire._REPLY.pack(outcome[0], len(payload), zlib.crc32(payload, outcome[0])) + payload):
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                theirs.sendall(written[:100_000])
            try:
                wire.receive_reply(ours)
            except ImageError as error:
                assert isinstance(error.detail, str)
            except (DecoderUnavailable, wire.DisconnectedError):
                pass


def replies() -> Iterable[bytes]:
    yield b"\1" + join(made()[1])
    yield b"\2" + json.dumps({"code": "image-undecodable", "detail": "The image is damaged."}).encode()
    yield b'\2{"code": "image-undecodable", "detail": 5}'
    yield b"\2" + b"[" * 5000
    yield b"\3The decoder failed."


def received(data: bytes) -> None:
    """What browsers and platforms send as JSON: parsed, or refused with the place of what is wrong."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return
    for model in models(Request):
        try:
            model.model_validate(value)
        except ValidationError as error:
            error.json(include_input=False, include_url=False)


def models(base: type[BaseModel]) -> list[type[BaseModel]]:
    below = base.__subclasses__()
    return [*below, *(each for one in below for each in models(one))]


def bodies() -> Iterable[bytes]:
    hashes = [{"hash": item.bits.hex(), "algorithm": item.algorithm, "quality": 90} for item in made()[1][0].hashes]
    yield json.dumps({"profile": "veto-1", "hashes": hashes, "uses": ["edit"]}).encode()
    yield json.dumps(
        {"photos": [{"name": "a\u0000", "fingerprints": [{"profile": "veto-1", "hashes": hashes}]}]}
    ).encode()
    yield b'{"hashes": ' + b"[" * 900 + b"]" * 900 + b"}"
    yield b'{"profile": "\\ud800", "uses": [1e400, 99999999999999999999, "\\u0000"]}'


FORMS: Final = {
    "frames": (Rules, lambda: built([[made()]], Rules())),
    "details": (DetailsRules, lambda: details_built([[(made()[0], some_details())]], DetailsRules())),
}


@cache
def segment(kind: str) -> tuple[SharedSegment[Any], bytes]:
    warm()  # what a compiler leaves behind would keep the new segment's memory in use
    rules, build = FORMS[kind]
    folder = Path(tempfile.mkdtemp())  # nobody's codes: it may lie on a disk
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    there: SharedSegment[Any] = SharedSegment(folder, uuid.UUID(int=7), rules(), "one", bytes(range(32)))
    there.write(build(), Origin(str(uuid.UUID(int=7)), 3, 14, "15/then"))
    return there, there.path.read_bytes()


def segments(data: bytes) -> None:
    """A file in place of a segment is refused unless it is the one that was written, byte for byte.

    The first byte says of which kind, the next eight which bytes are taken from the fuzzer; so that short inputs
    reach into long files.
    """
    if len(data) < 9:
        return
    there, right = segment("frames" if data[0] & 1 else "details")
    at, keep = struct.unpack(">II", data[1:9])
    at, end = at % len(right), len(right) if not data[0] & 2 else keep % (len(right) + 1)
    file = (right[:at] + data[9:] + right[at + len(data) - 9 :])[:end]
    with there.path.open("r+b") as out:
        out.write(file)
        out.truncate()
    try:
        there.open()
    except RefusedError:
        assert file != right, "the right one was refused"
    else:
        assert file == right, "a changed one was believed"


def edits() -> Iterable[bytes]:
    for kind in FORMS:
        segment(kind)  # compiled and written now: no input is to wait for it
    for kind in (0, 1):
        yield bytes([kind]) + bytes(8)
        yield bytes([kind | 2]) + struct.pack(">II", 0, 40)
        yield bytes([kind]) + struct.pack(">II", 8, 0) + struct.pack("<Q", 2**63)
        yield bytes([kind]) + struct.pack(">II", 16, 0) + b"[" * 300
        length = 5000  # a header that is nested deeper than json can follow
        yield bytes([kind]) + struct.pack(">II", 8, 0) + struct.pack("<Q", length) + b"[" * length


TARGETS: Final = {
    "image": Target(image, images),
    "packed": Target(packed, packings),
    "reply": Target(reply, replies),
    "received": Target(received, bodies),
    "segments": Target(segments, edits),
}
