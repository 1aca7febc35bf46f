"""The conversation with a decoder child: one image, several tasks, and what becomes of it when one side is gone."""

import contextlib
import socket
import threading
import time
import zlib
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from matching import checks
from matching.hashing import decoder as decoder_module
from matching.hashing import decoder_process, wire
from matching.hashing.decoder import Decoder, DecoderUnavailable, Opened, UndecodableImage
from matching.hashing.details import COARSE, EXACT, Details
from matching.hashing.errors import DAMAGED, TOO_LONG
from matching.hashing.hashes import fingerprint_of, query_of
from matching.hashing.keypoints import asked_details, stored_details
from matching.hashing.pictures import pictures
from matching.hashing.wire import Task
from tests.unit.hashing.decoders import PHOTO, ended, server_of, unpacked

TASKS: dict[str, Callable[[Opened], Any]] = {
    "fingerprints": Opened.fingerprints,
    "queries": Opened.queries,
    "stored details": Opened.stored_details,
    "asked details": Opened.asked_details,
}


def child_of(decoder: Decoder) -> psutil.Process:
    [child] = server_of(decoder).children()
    return child


class Impostor(Decoder):
    """A server that was taken over: to each task it says what it likes."""

    def __init__(self, *replies: tuple[int, bytes]) -> None:
        super().__init__()
        self.replies = iter(replies)

    def connect(self, _: float) -> socket.socket:
        ours, theirs = socket.socketpair()
        threading.Thread(target=self._answer, args=(theirs,), daemon=True).start()
        return ours

    def _answer(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(wire.DisconnectedError):
            wire.receive_image(connection)
            while wire.receive_task(connection):
                outcome, payload = next(self.replies)
                connection.sendall(wire._REPLY.pack(outcome, len(payload), zlib.crc32(payload, outcome)) + payload)


def test_all_that_is_asked_is_what_the_pure_functions_give(decoder: Decoder) -> None:
    found = pictures(PHOTO)
    kept = stored_details(found)
    assert kept
    with decoder.opened(PHOTO) as opened:
        for _ in range(2):
            assert opened.fingerprints() == (fingerprint_of(found),)
            assert opened.queries(effort="high") == (query_of(found, "high"),)
            assert opened.stored_details() == kept.to_bytes(coarse=True)
            assert opened.asked_details() == asked_details(found).to_bytes(coarse=False)


def test_what_is_kept_has_coarse_places_and_what_is_asked_exact_ones(decoder: Decoder) -> None:
    with decoder.opened(PHOTO) as opened:
        kept, asked = opened.stored_details(), opened.asked_details()
    assert kept
    assert (kept[1], asked[1]) == (COARSE, EXACT)
    assert len(Details.from_bytes(kept, coarse=True)) <= 100 < len(Details.from_bytes(asked, coarse=False)) <= 400


def test_several_tasks_decode_the_image_once(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[bytes] = []

    def counted(image: bytes) -> list[Any]:
        decoded.append(image)
        return pictures(image)

    monkeypatch.setattr(decoder_process, "pictures", counted)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        answering = threading.Thread(target=decoder_process.answer, args=(theirs,))
        answering.start()
        wire.send_image(ours, PHOTO)
        for task in Task:
            wire.send_task(ours, task)
            assert wire.receive_reply(ours)
        ours.shutdown(socket.SHUT_WR)
        answering.join(30)
        assert not answering.is_alive()
    assert decoded == [PHOTO]


def test_one_child_holds_the_image_until_the_end_and_then_ends(own_decoder: Decoder) -> None:
    with own_decoder.opened(PHOTO) as opened:
        opened.queries()
        child = child_of(own_decoder)
        opened.asked_details()
        assert child_of(own_decoder) == child
    assert ended(child.pid)


@pytest.mark.parametrize("second", TASKS)
def test_a_child_killed_between_two_tasks_is_replaced(own_decoder: Decoder, second: str) -> None:
    with own_decoder.opened(PHOTO) as opened:
        expected = TASKS[second](opened)
        child = child_of(own_decoder)
        child.kill()
        assert ended(child.pid)
        assert TASKS[second](opened) == expected
        assert child_of(own_decoder) != child


def test_a_server_killed_between_two_tasks_is_replaced(own_decoder: Decoder) -> None:
    with own_decoder.opened(PHOTO) as opened:
        expected = opened.queries()
        server = server_of(own_decoder)
        server.kill()
        assert ended(server.pid)
        assert opened.queries() == expected
        assert server_of(own_decoder) != server


def test_a_child_that_was_kept_too_long_is_not_the_images_fault(
    own_decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = wire._REPLY.pack(*_image_error("The image takes too long to decode."))
    text = _payload("The image takes too long to decode.")
    with own_decoder.opened(PHOTO) as opened:
        expected = opened.queries()
        ours, theirs = socket.socketpair()
        theirs.sendall(late + text)  # as the server says it of a child that waited for its caller
        theirs.close()
        assert opened._connection
        opened._connection.close()
        monkeypatch.setattr(opened, "_connection", ours)
        assert opened.queries() == expected


@pytest.mark.parametrize(
    ("outcome", "payload", "told"),
    [
        (wire.Outcome.IMAGE_ERROR, TOO_LONG, ["timeout"]),
        (wire.Outcome.IMAGE_ERROR, DAMAGED, ["crash"]),
        (wire.Outcome.IMAGE_ERROR, "The file is damaged or incomplete.", []),
        (wire.Outcome.UNAVAILABLE, "The decoder was stopped while it read this image.", ["unavailable"]),
    ],
)
def test_what_a_decoder_did_not_finish_is_told_and_an_images_own_fault_is_not(
    outcome: wire.Outcome, payload: str, told: list[str]
) -> None:
    said = payload.encode() if outcome == wire.Outcome.UNAVAILABLE else _payload(payload)
    decoder, heard = Impostor((outcome, said)), list[str]()
    decoder.on_failure = heard.append
    with decoder.opened(PHOTO) as opened, pytest.raises((UndecodableImage, DecoderUnavailable)):
        opened.queries()
    assert heard == told


def _payload(detail: str) -> bytes:
    return f'{{"code": "{UndecodableImage.code}", "detail": "{detail}"}}'.encode()


def _image_error(detail: str) -> tuple[int, int, int]:
    payload = _payload(detail)
    return wire.Outcome.IMAGE_ERROR, len(payload), zlib.crc32(payload, wire.Outcome.IMAGE_ERROR)


def test_an_image_at_fault_is_at_fault_for_every_task(own_decoder: Decoder) -> None:
    with own_decoder.opened(PHOTO[: len(PHOTO) // 2]) as opened:
        for task in TASKS.values():
            with pytest.raises(UndecodableImage, match="damaged or incomplete"):
                task(opened)
    assert own_decoder.queries(PHOTO)[0].hashes


def test_a_caller_who_hangs_up_in_the_midst_leaves_no_child(own_decoder: Decoder) -> None:
    for _ in range(3):  # one at a time: a child that stayed would let the next wait for ever
        with own_decoder.opened(PHOTO) as opened, pytest.raises(KeyError):
            opened.queries()
            child = child_of(own_decoder)
            raise KeyError
        assert ended(child.pid)
    connection = own_decoder.connect(time.monotonic() + 60)
    wire.send_image(connection, PHOTO)
    wire.send_task(connection, Task.QUERIES_HIGH)
    connection.close()
    assert own_decoder.queries(PHOTO)[0].hashes
    assert not [child for child in server_of(own_decoder).children() if not ended(child.pid)]


def test_an_answer_that_comes_too_late_is_no_other_tasks(own_decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder_module, "_CALL_SECONDS", 0.0)
    with own_decoder.opened(PHOTO) as opened:
        with pytest.raises(DecoderUnavailable, match="overloaded"):
            opened.fingerprints()
        opened._deadline = time.monotonic() + 60
        assert opened.queries() == (query_of(pictures(PHOTO)),)


@pytest.mark.parametrize("payload", [b"nonsense", b"\0" * 4, b"\xff" * 100], ids=["words", "zeros", "ones"])
@pytest.mark.parametrize("task", ["fingerprints", "queries"])
def test_hashes_that_make_no_sense_are_unavailable(task: str, payload: bytes) -> None:
    with Impostor((1, payload)).opened(PHOTO) as opened, pytest.raises(DecoderUnavailable):
        TASKS[task](opened)


@pytest.mark.parametrize(
    "payload", [b"nonsense", b"", b"\x01\x02\x01", b"\xff" * 100], ids=["words", "none", "cut", "1"]
)
def test_details_that_make_no_sense_are_unavailable(payload: bytes) -> None:
    with Impostor((1, payload)).opened(PHOTO) as opened, pytest.raises(DecoderUnavailable):
        checks.Offered(opened.asked_details).taken()


@pytest.mark.parametrize("reply", [(9, b"x"), (2, b"{}"), (3, b"\xff")])
def test_a_reply_that_makes_no_sense_is_unavailable_even_after_one_that_did(reply: tuple[int, bytes]) -> None:
    good = (1, wire_of_queries())
    with Impostor(good, reply, reply).opened(PHOTO) as opened:
        assert opened.queries() == unpacked(good[1])
        with pytest.raises(DecoderUnavailable):
            opened.asked_details()


def wire_of_queries() -> bytes:
    return decoder_process.done(Task.QUERIES, pictures(PHOTO))
