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
SLOW_S: Final = 0.1

Work = Callable[[], None]


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    too_late_at: float  # by the monotonic clock
    done: "asyncio.Future[None]"


class Lane:
    """So many threads at a time. In the place of one whose work takes long, as where PostgreSQL hangs, a spare one goes
    on; it is spare itself when it is done.

    What becomes of a job is decided by who takes it out of a dictionary, which no two threads can.
    """

    def __init__(self, threads: int, *, spare: int = 0, waiting: int = MOST_WAITING) -> None:
        """`spare`: threads that go on in the place of others; `waiting`: how many requests may wait."""
        self._most_waiting = waiting
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._waiting: dict[Job, Work] = {}
        self._running: dict[Job, float] = {}  # since when
        self._ended: deque[tuple[Job, BaseException | None]] = deque()
        self._open = 0
        self._turns = threading.Semaphore(threads)
        for number in range(threads + spare):
            threading.Thread(target=self._work, name=f"answers-{number}", daemon=True).start()

    async def do(self, work: Work, *, always: bool = False) -> None:
        """Until a thread has done it. Raises what it raises, and Problem (overloaded) where it is not begun."""
        if not always and len(self._waiting) >= self._most_waiting:
            raise overloaded()
        too_late_at = float("inf") if always else time.monotonic() + LONGEST_S
        loop = asyncio.get_running_loop()
        job = Job(too_late_at, loop.create_future())
        self._waiting[job] = work
        self._jobs.put(job)
        self._open += 1
        if self._open == 1:
            loop.call_later(SWEEP_S, self._sweep, loop)
        await job.done

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = time.monotonic()
        for job in self._waiting.copy():
            if now > job.too_late_at and self._waiting.pop(job, None) is not None:
                self._ended.append((job, overloaded()))
        for job, since in self._running.copy().items():
            if now - since > SLOW_S and self._running.pop(job, None) is not None:
                self._turns.release()  # its thread waits for another one when it is done
        while self._ended:
            self._open -= 1
            end(*self._ended.popleft())
        if self._open:
            loop.call_later(SWEEP_S, self._sweep, loop)

    def _work(self) -> None:
        while True:
            self._turns.acquire()
            while self._do(self._jobs.get()):  # in a call of its own: a thread that waits holds nobody's photo
                pass

    def _do(self, job: Job) -> bool:
        """Whether this thread still has its turn then."""
        work = self._waiting.pop(job, None)
        if work is None:  # it waited too long
            return True
        began = self._running[job] = time.monotonic()
        fault: BaseException | None = None
        try:
            if began > job.too_late_at:
                raise overloaded()
            work()
        except BaseException as error:  # noqa: BLE001 (raised again where it is waited for)
            fault = error
        self._ended.append((job, fault))
        return self._running.pop(job, None) is not None


def end(job: Job, fault: BaseException | None) -> None:
    if job.done.done():  # cancelled
        return
    if fault is None:
        job.done.set_result(None)
    else:
        job.done.set_exception(fault)


def overloaded() -> Problem:
    return Problem("overloaded", "More is asked just now than can be answered; nothing was looked up.")
