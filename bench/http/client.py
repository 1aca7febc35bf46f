"""A small HTTP client for loopback: some kept connections, one request at a time on each.

`flood` sends as fast as it is answered (a closed loop: how much can be done). `arrive` sends at random moments of a
given rate, whatever the server does (an open loop), and counts each time from the moment at which a request was due:
a server that is slow makes those behind wait, and that is counted.
"""

import asyncio
import itertools
import random
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

MOST_BEHIND_S = 2.0  # a server further behind than that has lost: the rest is not sent


@dataclass
class Seen:
    """What came of one run: seconds that each answer took, and how often each status came (0: a broken connection)."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    lasted: float = 0.0
    overrun: bool = False

    def note(self, sent: bytes, status: int, head: bytes, body: bytearray, seconds: float) -> None:  # noqa: ARG002
        """An answer: to what, its head in small letters, and when it came after its question was due."""
        self.seconds.append(seconds)
        self.statuses[status] += 1

    def percentile(self, share: float) -> float:
        """Milliseconds."""
        there = sorted(self.seconds)
        return round(1000 * there[min(len(there) - 1, int(share * len(there)))], 2) if there else float("inf")

    @property
    def rate(self) -> float:
        return len(self.seconds) / self.lasted if self.lasted else 0.0


def request(method: str, path: str, key: str, body: bytes = b"") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


class Line(asyncio.Protocol):
    """A kept connection."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen
        self.answered = asyncio.Event()
        self._sent, self._due = b"", 0.0
        self._got = bytearray()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def send(self, sent: bytes, due: float) -> None:
        self._sent, self._due = sent, due
        self._got.clear()
        self._transport.write(sent)

    def data_received(self, data: bytes) -> None:
        self._got += data
        end = self._got.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._got[:end]).lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r", 1)[0])
        if len(self._got) < end + 4 + length:
            return
        self.seen.note(self._sent, int(head[9:12]), head, self._got[end + 4 :], time.perf_counter() - self._due)
        self.done()

    def connection_lost(self, _: Exception | None) -> None:
        self.seen.statuses[0] += 1
        self.done()

    def done(self) -> None:
        self.answered.set()

    def close(self) -> None:
        self.connection_lost = lambda _: None  # type: ignore[method-assign]
        self._transport.close()


async def connected(port: int, count: int, seen: Seen) -> list[Line]:
    loop = asyncio.get_running_loop()
    made = [await loop.create_connection(lambda: Line(seen), "127.0.0.1", port) for _ in range(count)]
    return [line for _, line in made]


def flood(port: int, requests: Sequence[bytes], *, seconds: float, connections: int) -> Seen:
    return asyncio.run(_flood(port, requests, seconds, connections))


async def _flood(port: int, requests: Sequence[bytes], seconds: float, connections: int) -> Seen:
    seen = Seen()
    lines = await connected(port, connections, seen)
    turn = itertools.cycle(requests)
    began = time.perf_counter()
    end = began + seconds

    async def keep_asking(line: Line) -> None:
        while time.perf_counter() < end:
            line.answered.clear()
            line.send(next(turn), time.perf_counter())
            await line.answered.wait()

    await asyncio.gather(*map(keep_asking, lines))
    seen.lasted = time.perf_counter() - began
    for line in lines:
        line.close()
    return seen


def arrive(
    port: int,
    requests: Sequence[bytes],
    *,
    rate: float,
    seconds: float,
    connections: int,
    seen: Seen | None = None,
) -> Seen:
    return asyncio.run(_arrive(port, requests, rate, seconds, connections, seen or Seen()))


async def _arrive(
    port: int, requests: Sequence[bytes], rate: float, seconds: float, connections: int, seen: Seen
) -> Seen:
    queue = Queue(await connected(port, connections, seen))
    chance = random.Random(1)  # noqa: S311 (moments, not secrets)
    began = due = time.perf_counter()
    for sent in itertools.cycle(requests):
        due += chance.expovariate(rate)
        if due > began + seconds:
            break
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        if queue.behind() > MOST_BEHIND_S:
            seen.overrun = True
            queue.waiting.clear()
            break
        queue.put(sent, due)
    await asyncio.wait_for(queue.empty.wait(), 30)
    seen.lasted = time.perf_counter() - began
    queue.close()
    return seen


class Queue:
    """Lines that are free, and what waits for one, with the moment it was due at."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.free = deque(lines)
        self.waiting: deque[tuple[bytes, float]] = deque()
        self.empty = asyncio.Event()
        self.empty.set()
        for line in lines:
            line.done = lambda line=line: self._next(line)  # type: ignore[method-assign,misc]

    def put(self, sent: bytes, due: float) -> None:
        self.empty.clear()
        self.waiting.append((sent, due))
        if self.free:
            self._next(self.free.popleft())

    def _next(self, line: Line) -> None:
        if self.waiting:
            line.send(*self.waiting.popleft())
            return
        self.free.append(line)
        if len(self.free) == len(self.lines):
            self.empty.set()

    def behind(self) -> float:
        """Seconds that the first one has waited."""
        return time.perf_counter() - self.waiting[0][1] if self.waiting else 0.0

    def close(self) -> None:
        for line in self.lines:
            line.close()
