"""Few threads answer; what would wait for them too long is refused before anything is done for it."""

import asyncio
import threading
import time

import pytest

from config import lanes
from config.lanes import Lane
from matching.problems import Problem
from tests.coroutines import run


def test_work_is_done_in_a_thread_and_its_fault_told() -> None:
    done_by: list[str] = []

    async def ask() -> None:
        lane = Lane(1)
        await lane.do(lambda: done_by.append(threading.current_thread().name))
        with pytest.raises(ZeroDivisionError):
            await lane.do(lambda: 1 / 0)  # type: ignore[arg-type]
        await lane.do(lambda: done_by.append("again"))

    run(ask())
    assert done_by == ["answers-0", "again"]


def test_what_waits_too_long_or_behind_too_many_is_refused_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "LONGEST_S", 0.0)
    done: list[str] = []

    async def ask() -> list[BaseException | None]:
        lane, busy, go_on = Lane(1, waiting=2), threading.Event(), threading.Event()

        def hold() -> None:
            busy.set()
            go_on.wait(10)

        first = asyncio.create_task(lane.do(hold, always=True))
        await asyncio.to_thread(busy.wait, 10)
        late = [asyncio.create_task(lane.do(lambda: done.append("late"))) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Problem, match="overloaded"):
            await lane.do(lambda: done.append("one too many"))
        always = asyncio.create_task(lane.do(lambda: done.append("always"), always=True))
        await asyncio.sleep(0)
        go_on.set()
        return await asyncio.gather(first, *late, always, return_exceptions=True)

    first, *late, always = run(ask())
    assert [isinstance(each, Problem) for each in [first, *late, always]] == [False, True, True, False]
    assert done == ["always"]


def test_what_waits_for_threads_that_hang_is_refused_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "LONGEST_S", 0.1)
    done: list[str] = []

    async def ask() -> None:
        lane, go_on = Lane(1), threading.Event()
        hanging = asyncio.create_task(lane.do(lambda: go_on.wait(10) and None, always=True))
        try:
            with pytest.raises(Problem, match="overloaded"):
                await asyncio.wait_for(lane.do(lambda: done.append("late")), 5)
        finally:
            go_on.set()
        await hanging
        await lane.do(lambda: done.append("then"))

    run(ask())
    assert done == ["then"]


def test_in_the_place_of_a_thread_that_hangs_a_spare_one_goes_on_and_no_more_than_those() -> None:
    at_once, most = 0, 0

    def work() -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        time.sleep(0.001)
        at_once -= 1

    async def ask() -> None:
        lane, go_on = Lane(1, spare=2), threading.Event()
        hanging = [asyncio.create_task(lane.do(lambda: go_on.wait(10) and None)) for _ in range(2)]
        await asyncio.wait_for(lane.do(work), 5)
        go_on.set()
        await asyncio.gather(*hanging)
        await asyncio.gather(*(lane.do(work) for _ in range(30)))

    run(ask())
    assert most == 1
