"""Threads that answer, and the requests that wait for one: few, not long, and refused beyond that before work begins.

Without a bound everyone waits longer and longer until clients give up on answers that are still being made.

A thread sends its answer itself. The event loop learns of it some milliseconds later, of many at once: a call into the
loop for each would have its thread and those that answer take turns at the interpreter, and took a tenth of an answer.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Final

from matching.problems import Problem

MOST_WAITING: Final = 64
LONGEST_S: Final = 1.0
SWEEP_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class Job:
    work: Callable[[], None]
    too_late_at: float  # by the monotonic clock
    done: "asyncio.Future[None]"


class Lane:
    def __init__(self, threads: int) -> None:
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._ended: deque[tuple[Job, BaseException | None]] = deque()
        self._open = 0
        for number in range(threads):
            threading.Thread(target=self._work, name=f"answers-{number}", daemon=True).start()

    async def do(self, work: Callable[[], None], *, always: bool = False) -> None:
        """Until a thread has done it. Raises what it raises, and Problem (overloaded) where it is not begun."""
        if not always and self._jobs.qsize() >= MOST_WAITING:
            raise overloaded()
        too_late_at = float("inf") if always else time.monotonic() + LONGEST_S
        loop = asyncio.get_running_loop()
        job = Job(work, too_late_at, loop.create_future())
        self._jobs.put(job)
        self._open += 1
        if self._open == 1:
            loop.call_later(SWEEP_S, self._sweep, loop)
        await job.done

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._ended:
            self._open -= 1
            end(*self._ended.popleft())
        if self._open:
            loop.call_later(SWEEP_S, self._sweep, loop)

    def _work(self) -> None:
        while True:
            self._do(self._jobs.get())  # in a call of its own: a thread that waits holds nobody's photo

    def _do(self, job: Job) -> None:
        fault: BaseException | None = None
        try:
            if time.monotonic() > job.too_late_at:
                raise overloaded()
            job.work()
        except BaseException as error:  # noqa: BLE001 (raised again where it is waited for)
            fault = error
        self._ended.append((job, fault))


def end(job: Job, fault: BaseException | None) -> None:
    if job.done.done():  # cancelled
        return
    if fault is None:
        job.done.set_result(None)
    else:
        job.done.set_exception(fault)


def overloaded() -> Problem:
    return Problem("overloaded", "More is asked just now than can be answered; nothing was looked up.")
