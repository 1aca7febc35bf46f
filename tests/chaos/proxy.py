"""A TCP proxy on loopback before a socket of PostgreSQL's or Valkey's, that can delay, reset and swallow."""

import asyncio
import contextlib
import threading
from pathlib import Path


class Proxy:
    """`delay_s` before each piece; `hole`: what is sent is taken and goes nowhere, and new connections stay silent.

    `delayed`, `swallowed` and `cut` count what came of it.
    """

    def __init__(self, target: Path) -> None:
        self.delay_s, self.hole, self.port = 0.0, False, 0
        self.delayed = self.swallowed = self.cut = 0
        self._age = 0
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        self._thread.start()
        served = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._connected, "127.0.0.1", 0), self._loop)
        self._server = served.result(10)
        self.port = self._server.sockets[0].getsockname()[1]

    def reset(self) -> None:
        """Every connection that stands is cut, both ways."""
        self._loop.call_soon_threadsafe(self._cut)

    def mend(self) -> None:
        """End the hole. What was swallowed is missing from its connection, which therefore ends with it."""
        self._loop.call_soon_threadsafe(self._mend)

    def deafen(self) -> None:
        """On the connections that stand nothing comes through any more, and nobody is told."""
        self._age += 1

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        standing = asyncio.all_tasks() - {asyncio.current_task()}
        for task in standing:
            task.cancel()
        await asyncio.gather(*standing, return_exceptions=True)
        await asyncio.sleep(0)  # transports that were cut close their sockets in the next round

    def _cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
            self.cut += 1

    def _mend(self) -> None:
        self.hole = False
        self._cut()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        other = None
        try:
            there, other = await asyncio.open_unix_connection(self._target)
            self._writers.add(other)
            ways = {asyncio.ensure_future(self._copy(*way)) for way in ((reader, other), (there, writer))}
            _, left = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in left:
                way.cancel()
        except OSError:
            pass
        finally:
            for each in (writer, other):
                if each is not None:
                    self._writers.discard(each)
                    each.transport.abort()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        age = self._age
        with contextlib.suppress(OSError):
            while piece := await reader.read(65536):
                if self.delay_s:
                    self.delayed += 1
                    await asyncio.sleep(self.delay_s)
                if self.hole or age < self._age:
                    self.swallowed += 1
                else:
                    writer.write(piece)
                    await writer.drain()
