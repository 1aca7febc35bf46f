"""Bodies as they come from granian, before Django sees any of them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from config import bodies
from config.bodies import MOST_OF_API, MOST_OF_FORM, Arriving, Room
from matching.problems import Problem
from tests.coroutines import run

MIB = 1024 * 1024


class Client:
    """Sends these pieces; says how many were read."""

    def __init__(self, pieces: list[bytes], pause: float = 0.0) -> None:
        self.pieces = iter(pieces)
        self.pause = pause
        self.read = 0

    async def __call__(self) -> bytes:
        return b"".join([piece async for piece in self])

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            await asyncio.sleep(self.pause)
            self.read += 1
            yield piece

    def response_bytes(self, *_: Any) -> None:
        raise AssertionError


def arriving(client: Client, *, length: int | None, api: bool = True, room: Room | None = None) -> Arriving:
    environ = {"HTTP_TRANSFER_ENCODING": "chunked"} if length is None else {"CONTENT_LENGTH": str(length)}
    return Arriving(environ | {"REMOTE_ADDR": "192.0.2.1"}, client, room or Room(), api=api)


def received(client: Client, **given: Any) -> tuple[bytes, Arriving]:
    async def receive() -> tuple[bytes, Arriving]:
        with arriving(client, **given) as its:
            body = await its.received()
            assert body is not None
            read = body.read()
            await its.drained()
            return read, its

    return run(receive())


def refused(client: Client, **given: Any) -> str:
    with pytest.raises(Problem) as problem:
        received(client, **given)
    return problem.value.code


@pytest.mark.parametrize("length", [5, None], ids=["of known length", "chunked"])
def test_a_body_is_handed_on_whole(length: int | None) -> None:
    read, its = received(Client([b"ab", b"cde"]), length=length)
    assert (read, its.length) == (b"abcde", 5)


def test_a_chunked_body_is_bounded_whatever_length_is_told_beside_it() -> None:
    environ = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "5"}

    async def receive() -> int:
        with Arriving(environ, Client([bytes(MIB)] * 100), Room(), api=True) as its:
            await its.received()
            return its.length

    assert run(receive()) == MOST_OF_API


def test_a_large_body_is_handed_on_in_any_sizes() -> None:
    pieces = [bytes([number]) * 70_000 for number in range(20)]
    read, its = received(Client(pieces), length=1_400_000)
    assert (read, its.length) == (b"".join(pieces), 1_400_000)


def test_of_a_body_of_the_api_no_more_is_kept_than_tells_that_it_is_too_long_and_the_rest_is_read() -> None:
    client = Client([bytes(MIB)] * 100)
    read, its = received(client, length=100 * MIB)
    assert len(read) == its.length == MOST_OF_API
    assert client.read == 100


@pytest.mark.parametrize("length", [MOST_OF_FORM + 1, None], ids=["of known length", "chunked"])
def test_a_form_beyond_all_limits_is_refused(length: int | None) -> None:
    assert refused(Client([bytes(MIB)] * 122), length=length, api=False) == "too-large"


@pytest.mark.parametrize("length", [100, 100_000, None], ids=["small", "large", "chunked"])
def test_a_body_that_stops_coming_is_given_up(length: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "PATIENCE_S", 0.1)
    assert refused(Client([b"x", b"y"], pause=0.4), length=length) == "too-slow"


def test_a_body_that_keeps_coming_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "PATIENCE_S", 0.1)
    monkeypatch.setattr(bodies, "SLOWEST", 10_000)
    read, _ = received(Client([bytes(2_000)] * 40, pause=0.05), length=80_000)  # two seconds, at four times the slowest
    assert len(read) == 80_000


def test_a_body_that_breaks_off_is_no_body() -> None:
    async def receive() -> Any:
        with arriving(Client([bytes(MIB)]), length=2 * MIB) as its:
            return await its.received()

    assert run(receive()) is None


def test_the_room_for_large_bodies_is_shared_and_given_back() -> None:
    room = Room(4 * MIB)
    room.take("another", MIB)
    assert refused(Client([bytes(MIB)] * 3), length=3 * MIB, room=room) == "overloaded"  # half of it for each at most
    read, _ = received(Client([bytes(MIB)] * 2), length=2 * MIB, room=room)
    assert len(read) == 2 * MIB
    room.take("a third", 2 * MIB)
    assert refused(Client([bytes(MIB)] * 2), length=2 * MIB, room=room) == "overloaded"
    assert (room.held, dict(room.of)) == (3 * MIB, {"another": MIB, "a third": 2 * MIB})


@pytest.mark.parametrize("make", [lambda: Client([b"x" * 9]), lambda: Client([])], ids=["something", "nothing"])
def test_small_bodies_take_no_room(make: Callable[[], Client]) -> None:
    room = Room(0)
    received(make(), length=9, room=room)
    assert room.held == 0
