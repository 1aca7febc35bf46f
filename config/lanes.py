"""Threads that answer, and the requests that wait for one: few, not long, and refused beyond that before work begins.

Without a bound everyone waits longer and longer until clients give up on answers that are still being made.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Final

from matching.problems import Problem

MOST_WAITING: Final = 64
LONGEST_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Job:
    work: Callable[[], None]
    too_late_at: float  # by the monotonic clock
    done: "asyncio.Future[None]"


class Lane:
    def __init__(self, threads: int) -> None:
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        for number in range(threads):
            threading.Thread(target=self._work, name=f"answers-{number}", daemon=True).start()

    async def do(self, work: Callable[[], None], *, always: bool = False) -> None:
        """Until a thread has done it. Raises what it raises, and Problem (overloaded) where it is not begun."""
        if not always and self._jobs.qsize() >= MOST_WAITING:
            raise overloaded()
        too_late_at = float("inf") if always else time.monotonic() + LONGEST_S
        done = asyncio.get_running_loop().create_future()
        self._jobs.put(Job(work, too_late_at, done))
        await done

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            fault: BaseException | None = None
            try:
                if time.monotonic() > job.too_late_at:
                    raise overloaded()
                job.work()
            except BaseException as error:  # noqa: BLE001 (raised again where it is waited for)
                fault = error
            with suppress(RuntimeError):  # the loop has ended: so does the process
                job.done.get_loop().call_soon_threadsafe(end, job.done, fault)


def end(done: "asyncio.Future[None]", fault: BaseException | None) -> None:
    if done.done():
        return
    if fault is None:
        done.set_result(None)
    else:
        done.set_exception(fault)


def overloaded() -> Problem:
    return Problem("overloaded", "More is asked just now than can be answered; nothing was looked up.")
