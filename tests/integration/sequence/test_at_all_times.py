"""While photos are registered and withdrawn, indexes merged, builders killed in mid-build and the server started anew:
who asks is told the truth, or 503.
"""

import contextlib
import http.client
import itertools
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.integration.sequence.hashes import random_hash
from tests.integration.sequence.processes import Actor, Cast, Line, question, until
from tests.integration.web import Web, serving

ASKERS = 3
ANSWERS = 60
EAGER = "tests.integration.sequence.eager:application"
YOUNG_S = 7.0  # granian ends when a worker dies that it started anew less than 5.5 s ago
UNKNOWN = {"index-loading", "index-behind", "overloaded"}


class Registry:
    """What was acknowledged: `standing` photos are never withdrawn, `gone` ones never come back."""

    def __init__(self) -> None:
        self.standing: list[str] = []
        self.gone: list[str] = []

    def change(self, writer: Actor, turn: int) -> None:
        code = random_hash()
        made = writer.do("protect", code=code)
        assert made["in_effect"]
        if turn % 3:
            self.standing.append(code)
        else:
            assert writer.do("withdraw", photo=made["photo"])
            self.gone.append(code)


class Asker:
    """Asks of what is known, one question after the other, whatever becomes of its connection."""

    def __init__(self, registry: Registry, key: str) -> None:
        self.registry, self.key = registry, key
        self.told: Counter[tuple[str, str]] = Counter()
        self.port = 0

    def ask(self) -> None:
        for kind, codes in (("standing", self.registry.standing), ("gone", self.registry.gone)):
            if not codes:
                continue
            code = codes[-1] if random.random() < 0.5 else random.choice(codes)
            with contextlib.suppress(OSError, http.client.HTTPException):
                line = Line(self.port)
                try:
                    self.told[kind, line.check(code, self.key, profile="veto-1")] += 1
                finally:
                    line.close()


@contextlib.contextmanager
def repeating(*doing: Callable[[], object]) -> Iterator[None]:
    """Each of these again and again in a thread of its own, until the end."""
    ended = threading.Event()
    faults: list[BaseException] = []

    def repeat(do: Callable[[], object]) -> None:
        try:
            while not ended.is_set():
                do()
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=repeat, args=(do,)) for do in doing]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()
        if faults:
            raise faults[0]


def builder(folder: Path, server: psutil.Process, at_first: set[psutil.Process]) -> psutil.Process | None:
    """The worker that is putting a segment in place, but none that was started anew just now: without it the server
    would give up.
    """
    if not list(folder.glob("*.new")):
        return None
    for process in server.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            young = process not in at_first and time.time() - process.create_time() < YOUNG_S
            if not young and any(file.path.endswith(".new") for file in process.open_files()):
                return process
    return None


def kill_a_builder(folder: Path, server: psutil.Process, at_first: set[psutil.Process]) -> None:
    def killed() -> bool:
        found = builder(folder, server, at_first)
        if found is not None:
            os.kill(found.pid, signal.SIGKILL)
        return found is not None

    until(killed, within=90)


def merged(folder: Path, seen: set[int]) -> None:
    """Count the segments that were put in place, by their files."""
    seen.update(path.stat().st_ino for path in folder.glob("veto-index-*") if not path.suffix)
    time.sleep(0.02)


@pytest.mark.parametrize("lives", [1, pytest.param(4, marks=[pytest.mark.long, pytest.mark.timeout(900)])])
def test_nobody_is_told_that_a_protected_photo_is_free_to_use(
    cast: Cast, live_key: str, folder: Path, tmp_path: Path, lives: int
) -> None:
    """In each life of the server but the last it loses two workers, one after the other, in mid-build."""
    writer, registry = cast.actor(), Registry()
    askers = [Asker(registry, live_key) for _ in range(ASKERS)]
    segments: set[int] = set()
    turns = itertools.count()
    for _ in range(2):
        registry.change(writer, next(turns))

    def wait_for_answers() -> None:
        enough = ANSWERS + sum(asker.told.total() for asker in askers)
        until(lambda: sum(asker.told.total() for asker in askers) > enough)

    doing = [lambda: registry.change(writer, next(turns)), lambda: merged(folder, segments)]
    with repeating(*doing, *(asker.ask for asker in askers)):
        for life in range(lives + 1):
            workers = 2 if life < lives else 1
            log = tmp_path / f"{life}.log"
            with serving(log, workers=workers, application=EAGER, INDEX_FOLDER=str(folder)) as web:
                for asker in askers:
                    asker.port = web.port
                server = psutil.Process(web.pid)
                at_first = set(server.children(recursive=True))
                for _ in range(2 if life < lives else 0):
                    kill_a_builder(folder, server, at_first)
                    wait_for_answers()
                wait_for_answers()
    told = sum((asker.told for asker in askers), Counter[tuple[str, str]]())
    right = {("standing", "protected"), ("gone", "no_match")}
    assert told.keys() <= right | {(kind, code) for kind in ("standing", "gone") for code in UNKNOWN}
    assert min(told[each] for each in right) > ANSWERS / 3
    assert len(segments) > lives


def test_servers_on_other_ports_and_later_ones_answer_alike(cast: Cast, web: Web, key: str, tmp_path: Path) -> None:
    writer, registry = cast.actor(), Registry()
    turns = itertools.count()
    with contextlib.ExitStack() as servers:
        webs = [web, servers.enter_context(serving(tmp_path / "second.log"))]
        with repeating(lambda: registry.change(writer, next(turns))):
            webs.append(servers.enter_context(serving(tmp_path / "later.log")))
            since = next(turns)
            until(lambda: len(registry.standing) > since)
        for code, result in [(code, "protected") for code in registry.standing] + [(registry.gone[-1], "no_match")]:
            said = [each.check(question(code), key).json for each in webs]
            for each in said:
                del each["id"], each["index"]["as_of"]
            assert said == [said[0]] * len(webs)
            assert said[0]["result"] == result
