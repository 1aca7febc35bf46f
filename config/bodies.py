"""Bodies of requests as they come: in memory, bounded, and within a time.

A body has 20 seconds, and one more for each 16 KiB of it that has come; a client that sends more slowly is told so and
cut off. Large ones share a room, of which one network has half at most: while it is full others are refused, but not
questions in hash mode, which are small. What comes of a body beyond what is kept is read on and dropped for a while
after the answer, so that a client that sends to the end before it reads still sees why it was refused.
"""

import asyncio
import io
from collections import Counter, deque
from collections.abc import AsyncIterator
from typing import Any, Final, Self

from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]

from config.exchange import Transport
from config.uploads import MAX_REQUEST_BYTES
from matching.network import address_of, network_of
from matching.problems import Problem

SMALL: Final = 64 * 1024
MOST_OF_API: Final = 20 * 1024 * 1024 + 1  # one byte more than any endpoint takes, which then says so in its own words
MOST_OF_FORM: Final = MAX_REQUEST_BYTES + 1024 * 1024  # its files, and all else in it
ROOM: Final = 256 * 1024 * 1024
PATIENCE_S: Final = 20.0
SLOWEST: Final = 16 * 1024  # bytes a second
DRAINED_S: Final = 30.0


class Room:
    """How much of large bodies is held, in all and by network. For one event loop."""

    def __init__(self, most: int = ROOM) -> None:
        self.most = most
        self.held = 0
        self.of: Counter[str] = Counter()

    def take(self, network: str, size: int) -> None:
        """Raises Problem."""
        if self.held + size > self.most or self.of[network] + size > self.most // 2:
            raise Problem("overloaded", "Too many large bodies come in just now; send it again.", retry_after_s=5)
        self.held += size
        self.of[network] += size

    def give_back(self, network: str, size: int) -> None:
        self.held -= size
        self.of[network] -= size
        if not self.of[network]:
            del self.of[network]


class Pieces(io.RawIOBase):
    """Reads pieces of bytes, each of which is let go when it was read."""

    def __init__(self, pieces: deque[bytes]) -> None:
        self._pieces = pieces

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        piece = self._pieces.popleft() if self._pieces else b""
        size = min(len(into), len(piece))
        into[:size] = piece[:size]
        if size < len(piece):
            self._pieces.appendleft(piece[size:])
        return size


class Arriving:
    """The body of one request. Holds its part of the room until the end of a `with`."""

    def __init__(self, environ: dict[str, Any], transport: Transport, room: Room, *, api: bool) -> None:
        self.api = api
        self.length = 0
        self._environ = environ
        self._transport = transport
        self._room = room
        self._network = ""
        self._taken = 0
        self._rest: AsyncIterator[bytes] | None = None  # what has not been read of it
        self._chunked = "HTTP_TRANSFER_ENCODING" in environ  # whatever length is told beside it
        self._declared = 0 if self._chunked else int(environ.get("CONTENT_LENGTH") or 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._taken:
            self._room.give_back(self._network, self._taken)

    async def received(self) -> io.IOBase | None:
        """All of it, or as much as is ever kept; None where the client has gone. Raises Problem."""
        if not self._chunked and self._declared == 0:
            return io.BytesIO()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(loop.time() + PATIENCE_S) as limit:
                if not self._chunked and self._declared <= SMALL:
                    whole = await self._transport()
                    self.length = len(whole)
                    return io.BytesIO(whole)
                return await self._in_pieces(limit)
        except ProtocolClosed:
            return None
        except TimeoutError:
            self._rest = None
            raise Problem("too-slow", f"The body came more slowly than {SLOWEST // 1024} KiB a second.") from None

    async def _in_pieces(self, limit: asyncio.Timeout) -> io.IOBase | None:
        self._rest = (piece async for piece in self._transport)  # once: granian's own begins anew
        most = MOST_OF_API if self.api else MOST_OF_FORM
        if self._declared > most and not self.api:
            raise Problem("too-large", "Send fewer photos at once.")
        self._network = network_of(address_of(self._environ))
        began = asyncio.get_running_loop().time()
        pieces: deque[bytes] = deque()
        async for piece in self._rest:
            kept = bytes(piece[: most - self.length])
            self._room.take(self._network, len(kept))
            self._taken += len(kept)
            self.length += len(kept)
            pieces.append(kept)
            if self.length >= most:
                break
            limit.reschedule(began + PATIENCE_S + self.length / SLOWEST)
        else:
            self._rest = None
            if self.length < self._declared:
                return None
        if self._rest and not self.api:
            raise Problem("too-large", "Send fewer photos at once.")
        return io.BufferedReader(Pieces(pieces))

    async def drained(self) -> None:
        """Read what is left, for a while; the connection is closed if there is more."""
        if self._rest is None:
            return
        try:
            async with asyncio.timeout(DRAINED_S):
                async for _ in self._rest:
                    pass
        except (TimeoutError, ProtocolClosed):
            pass
