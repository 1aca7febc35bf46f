"""A process killed on the way of an opt-out delays it and loses nothing."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis
from kombu.exceptions import OperationalError

from config.celery import app
from matching import published
from matching.models import Change, Sequence
from tests.integration.sequence.hashes import random_hash
from tests.integration.sequence.processes import Actor, Cast, World, until
from tests.integration.web import ROOT

pytestmark = pytest.mark.usefixtures("committed")

POINTS = ["die_before_numbering", "die_before_publishing"]


def published_number() -> int:
    return published.read(Sequence.objects.get().lineage).position.number


def killed_at(actor: Actor, point: str, code: str) -> Change:
    """The change that a process leaves that is killed there while it protects."""
    newest = Change.objects.order_by("-id").first()
    actor.do(point)
    actor.dies("protect", code=code)
    return Change.objects.get(id__gt=newest.id if newest else 0)


def test_killed_between_commit_and_number_it_is_finished_by_the_next_settle(cast: Cast) -> None:
    victim, other, reader = cast.actors(3)
    other.do("settle")
    reader.do("load")
    code = random_hash()
    change = killed_at(victim, "die_before_numbering", code)
    assert change.number is None
    assert reader.do("ask", code=code) == "no_match"
    other.do("settle")
    change.refresh_from_db()
    assert change.number
    assert reader.do("ask", code=code) == "protected"


def test_killed_between_number_and_publication_it_is_finished_by_the_next_settle(cast: Cast) -> None:
    victim, other, reader = cast.actors(3)
    other.do("settle")
    reader.do("load")
    code = random_hash()
    change = killed_at(victim, "die_before_publishing", code)
    assert change.number == published_number() + 1
    other.do("settle")
    assert published_number() == change.number
    assert reader.do("ask", code=code) == "protected"


@pytest.mark.parametrize("point", POINTS)
def test_what_a_killed_process_left_is_finished_by_another_ones_opt_out(cast: Cast, point: str) -> None:
    victim, other, reader = cast.actors(3)
    reader.do("load")
    code = random_hash()
    killed_at(victim, point, code)
    assert other.do("protect", code=random_hash())["in_effect"]
    assert reader.do("ask", code=code) == "protected"


@pytest.mark.parametrize("point", POINTS)
def test_a_withdrawal_whose_process_was_killed_is_finished_too(cast: Cast, point: str) -> None:
    victim, other, reader = cast.actors(3)
    code = random_hash()
    photo = other.do("protect", code=code)["photo"]
    reader.do("load")
    victim.do(point)
    victim.dies("withdraw", photo=photo)
    other.do("settle")
    assert reader.do("ask", code=code) == "no_match"


@contextlib.contextmanager
def celery(folder: Path) -> Iterator[None]:
    commands = [
        ["worker", "-Q", "sequence", "--concurrency", "1", "--without-gossip", "--without-mingle"],
        ["beat", "--schedule", str(folder / "schedule"), "--pidfile", ""],
    ]
    running = []
    try:
        for command in commands:
            with (folder / f"{command[0]}.log").open("wb") as log:
                program = [sys.executable, "-m", "celery", "-A", "config.celery", *command]
                running.append(subprocess.Popen(program, cwd=ROOT, env=os.environ, stdout=log, stderr=log))
        yield
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(30)


def test_worker_and_beat_finish_what_killed_processes_left(cast: Cast, tmp_path: Path) -> None:
    victims, reader = cast.actors(2), cast.actor()
    reader.do("load")
    codes = [random_hash() for _ in POINTS]
    changes = [killed_at(victim, point, code) for victim, point, code in zip(victims, POINTS, codes, strict=True)]
    with celery(tmp_path):
        until(lambda: published_number() >= (Change.objects.get(id=changes[-1].id).number or 2**62))
    assert [reader.do("ask", code=code) for code in codes] == ["protected", "protected"]


@pytest.mark.timeout(60)
def test_beat_gives_up_a_line_to_the_broker_that_has_died_without_a_word() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/1"
        with app.connection_for_write(url) as connection, pytest.raises(OperationalError, match="Timeout"):
            app.send_task("matching.tasks.settle_changes", connection=connection)


def test_a_worker_that_gives_up_ends_though_a_task_of_it_hangs(world: World, tmp_path: Path) -> None:
    """Valkey refuses to write, as on a full disk, while a child that was given a task does not run."""
    environment, log = os.environ | world.environment, tmp_path / "worker.log"
    program = [sys.executable, "-m", "celery", "-A", "tests.integration.sequence.hasty"]
    command = ["worker", "-Q", "sequence", "--concurrency", "2", "--without-gossip", "--without-mingle", "-l", "INFO"]
    with log.open("wb") as output:
        worker = psutil.Popen([*program, *command], cwd=ROOT, env=environment, stdout=output, stderr=output)
    children = []
    try:
        until(lambda: "ready" in log.read_text())
        children = worker.children()
        for child in children:
            child.suspend()
        subprocess.run([*program, "call", "matching.tasks.settle_changes"], cwd=ROOT, env=environment, check=True)
        with redis.Redis(unix_socket_path=str(world.valkey.socket), db=1) as broker:
            until(lambda: broker.hlen("unacked") == 1)
        with world.redis() as client:
            client.config_set("min-replicas-to-write", 1)
            assert worker.wait(30) == 1
            client.config_set("min-replicas-to-write", 0)
        assert "Unrecoverable error" in log.read_text()
    finally:
        for process in (worker, *children):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        worker.wait()
