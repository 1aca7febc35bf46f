"""The published position: what Valkey does, loses or remembers of old never makes a reader pass over an opt-out."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError

from matching import published
from matching.published import Position
from tests.integration.sequence.hashes import random_hash
from tests.integration.sequence.processes import Cast, World

Harm = Callable[[World], None]


def restarted(world: World) -> None:
    world.valkey.kill()
    world.valkey.start()


def configured(**settings: str) -> Harm:
    def harm(world: World) -> None:
        with world.redis() as client:
            for name, value in settings.items():
                client.config_set(name, value)

    return harm


def entry_key(world: World) -> str:
    with world.redis() as client:
        [key] = client.keys("veto:*:published")
        return key.decode()


def garbled(world: World) -> None:
    key = entry_key(world)
    with world.redis() as client:
        client.hset(key, mapping={"epoch": "one", "number": "1.5e"})


def half_lost(world: World) -> None:
    key = entry_key(world)
    with world.redis() as client:
        client.hdel(key, "mark", "head")


def of_another_type(world: World) -> None:
    key = entry_key(world)
    with world.redis() as client:
        client.delete(key)
        client.set(key, "7")


def without_scripts(world: World) -> None:
    with world.redis() as client:
        client.script_flush()


def cut_off(world: World) -> None:
    with world.redis() as client:
        client.client_kill_filter(_type="normal", skipme=True)


def a_replica(world: World) -> None:
    with world.redis() as client:
        client.replicaof("127.0.0.1", "1")


HARMS: list[Harm] = [World.flush, restarted, garbled, half_lost, of_another_type, without_scripts, cut_off, a_replica]


@pytest.fixture
def mended(world: World) -> None:
    """Valkey running, empty and as it was configured."""
    world.valkey.kill()
    for file in world.valkey.data.rglob("*"):
        if file.is_file():
            file.unlink()
    world.valkey.start()


@pytest.mark.usefixtures("mended")
@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_whatever_befalls_valkey_readers_know_what_was_acknowledged(world: World, stage: Cast, harm: Harm) -> None:
    writer, reader, idle = stage.actors(3)
    before, known, missed = random_hash(), random_hash(), random_hash()
    old = writer.do("protect", code=before)
    reader.do("load")
    idle.do("load")
    assert reader.do("ask", code=before) == "protected"
    assert writer.do("protect", code=known)["in_effect"]
    harm(world)
    # PostgreSQL answers, so both readers can and do say all there is, the one that lags behind too.
    for each in (reader, idle):
        assert each.do("ask", code=known) == "protected"
        assert each.do("ask", code=missed) == "no_match"
    told = writer.do("protect", code=missed)["in_effect"]
    assert told == (harm not in {of_another_type, a_replica})  # those cannot take it: "saved, taking effect"
    assert writer.do("withdraw", photo=old["photo"]) == told
    for each in (reader, idle):
        assert each.do("ask", code=missed) == "protected"
        assert each.do("ask", code=before) == "no_match"


@pytest.mark.usefixtures("mended")
def test_a_full_valkey_takes_no_number_and_so_nothing_is_called_done(world: World, stage: Cast) -> None:
    writer, reader = stage.actors(2)
    first, second = random_hash(), random_hash()
    reader.do("load")
    assert writer.do("protect", code=first)["in_effect"]
    assert reader.do("ask", code=first) == "protected"
    configured(maxmemory="1")(world)
    try:
        assert not writer.do("protect", code=second)["in_effect"]
        assert reader.do("ask", code=first) == "protected"
        assert reader.do("current")
    finally:
        configured(maxmemory="0")(world)
    assert writer.do("settled")
    assert reader.do("ask", code=second) == "protected"


@pytest.mark.usefixtures("mended")
def test_an_entry_made_anew_with_an_old_number_is_not_believed(world: World, stage: Cast) -> None:
    """A publisher that was held up since long ago is the first to come after the entry was lost."""
    late, writer, reader = stage.actors(3)
    late.do("wait_before_publishing")
    late.tell("protect", code=random_hash())
    late.waits()
    codes = [random_hash() for _ in range(3)]
    reader.do("load")
    assert writer.do("protect", code=codes[0])["in_effect"]
    assert reader.do("ask", code=codes[0]) == "protected"
    assert writer.do("protect", code=codes[1])["in_effect"]
    newest = writer.do("protect", code=codes[2])["number"]
    world.flush()
    late.go_on()
    assert late.answer()["in_effect"]
    assert int(world.entry()[b"number"]) < newest
    assert reader.do("ask", code=codes[1]) == "protected"
    assert reader.do("ask", code=codes[2]) == "protected"
    another = random_hash()
    assert writer.do("protect", code=another)["in_effect"]
    assert reader.do("ask", code=another) == "protected"


@pytest.mark.usefixtures("mended")
def test_a_publisher_that_comes_late_never_lowers_the_number(world: World, stage: Cast) -> None:
    late, writer, reader = stage.actors(3)
    late.do("wait_before_publishing")
    late.tell("protect", code=random_hash())
    late.waits()
    reader.do("load")
    known, missed = random_hash(), random_hash()
    assert writer.do("protect", code=known)["in_effect"]
    assert reader.do("ask", code=known) == "protected"
    newest = writer.do("protect", code=missed)["number"]
    late.go_on()
    assert late.answer()["in_effect"]
    assert int(world.entry()[b"number"]) == newest
    assert reader.do("ask", code=missed) == "protected"


@pytest.mark.usefixtures("mended")
def test_a_reader_that_could_not_catch_up_is_not_content_with_an_old_number_later(world: World, stage: Cast) -> None:
    """What PostgreSQL said once stays the least that must be held, though the entry says less."""
    late, writer, reader = stage.actors(3)
    late.do("wait_before_publishing")
    late.tell("protect", code=random_hash())
    late.waits()
    reader.do("load")
    known, missed = random_hash(), random_hash()
    assert writer.do("protect", code=known)["in_effect"]
    assert reader.do("ask", code=known) == "protected"
    assert writer.do("protect", code=missed)["in_effect"]
    world.flush()
    late.go_on()
    assert late.answer()["in_effect"]
    reader.do("fail_to_apply", times=2)
    assert reader.do("ask", code=missed) == "index-behind"  # the entry's incarnation is checked now
    assert reader.do("ask", code=missed) == "index-behind"
    assert reader.do("ask", code=missed) == "protected"


@pytest.mark.usefixtures("mended")
def test_threads_that_ask_while_another_catches_up_wait_for_it(world: World, stage: Cast) -> None:
    late, writer, reader = stage.actors(3)
    late.do("wait_before_publishing")
    late.tell("protect", code=random_hash())
    late.waits()
    reader.do("load")
    code = random_hash()
    assert writer.do("protect", code=code)["in_effect"]
    world.flush()
    late.go_on()
    assert late.answer()["in_effect"]
    assert set(reader.do("ask_while_catching_up", code=code, threads=4)) == {"protected"}


@pytest.mark.usefixtures("mended")
def test_an_old_snapshot_put_back_is_not_believed(world: World, stage: Cast) -> None:
    writer, reader, idle = stage.actors(3)
    writer.do("settle")
    old, run_id = world.backup(world.valkey), world.run_id()
    codes = [random_hash() for _ in range(4)]
    reader.do("load")
    idle.do("load")
    assert writer.do("protect", code=codes[0])["in_effect"]
    assert reader.do("ask", code=codes[0]) == "protected"  # it believes this Valkey now
    for code in codes[1:3]:
        assert writer.do("protect", code=code)["in_effect"]
    before = int(world.entry()[b"number"])
    world.restore(world.valkey, old)
    assert int(world.entry()[b"number"]) == before - 3  # it has gone back indeed,
    assert world.run_id() != run_id  # and is another incarnation
    for each in (reader, idle):
        assert [each.do("ask", code=code) for code in codes] == ["protected"] * 3 + ["no_match"]
    assert writer.do("protect", code=codes[3])["in_effect"]
    assert [each.do("ask", code=codes[3]) for each in (reader, idle)] == ["protected"] * 2


@pytest.mark.usefixtures("mended")
def test_flushes_at_any_moment_lose_no_acknowledged_opt_out(world: World, stage: Cast) -> None:
    writer, others, reader = stage.actor(), stage.actors(2), stage.actor()
    reader.do("load")
    for other in others:
        other.tell("hammer")
    for turn in range(40):
        code = random_hash()
        if turn % 3 == 0:
            world.flush()
        assert writer.do("protect", code=code)["in_effect"]
        if turn % 3 == 1:
            world.flush()
        assert reader.do("ask", code=code) == "protected"
    for other in others:
        other.go_on()
        assert other.answer() > 0


@pytest.mark.usefixtures("mended")
def test_a_stopped_or_silent_valkey_delays_the_acknowledgement_and_no_answer(world: World, stage: Cast) -> None:
    writer, reader = stage.actors(2)
    stopped, silent, after = random_hash(), random_hash(), random_hash()
    reader.do("load")
    assert reader.do("current")
    world.valkey.kill()
    assert not writer.do("protect", code=stopped)["in_effect"]
    assert reader.do("ask", code=stopped) == "protected"  # numbered, and read in PostgreSQL
    world.valkey.start()
    assert writer.do("settled")
    assert reader.do("ask", code=stopped) == "protected"
    world.valkey.pause()
    try:
        assert not writer.do("protect", code=silent)["in_effect"]
        started = time.monotonic()
        assert reader.do("ask", code=silent) == "protected"
        assert time.monotonic() - started < 2
    finally:
        world.valkey.resume()
    assert writer.do("protect", code=after)["in_effect"]
    assert [reader.do("ask", code=code) for code in (stopped, silent, after)] == ["protected"] * 3


def test_a_silent_valkey_costs_one_wait_and_not_one_for_each_question(settings: Any) -> None:
    there = Position(1, 7, "0" * 16)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.REDIS_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        latest = published.Latest(uuid4(), lambda: there)
        forget_the_client()
        try:
            assert [latest.position() for _ in range(20)] == [there] * 20
        finally:
            forget_the_client()
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()


def test_with_postgresql_away_a_valkey_that_was_silent_is_asked_again(settings: Any) -> None:
    there, url = Position(1, 7, "0" * 16), settings.REDIS_URL
    database = [there, there, OperationalError()]

    def from_database() -> Position:
        if isinstance(said := database.pop(0), Position):
            return said
        raise said

    lineage = uuid4()
    published.publish(lineage, there)
    latest = published.Latest(lineage, from_database)
    assert latest.position() == there
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.REDIS_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        forget_the_client()
        assert latest.position() == there
        settings.REDIS_URL = url
        forget_the_client()
        assert latest.position() == there
        silent.accept()[0].close()
    assert not database


def forget_the_client() -> None:
    published.script.cache_clear()
    published.client.cache_clear()


@contextlib.contextmanager
def a_server_that_says(words: bytes, folder: Path) -> Iterator[str]:
    """Whatever it is asked; its URL. Without words it hangs up."""
    path = folder / "redis.sock"
    held: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while connection.recv(65536):
                if not words:
                    connection.shutdown(socket.SHUT_RDWR)
                connection.sendall(words)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                held.append(server.accept()[0])
                threading.Thread(target=serve, args=[held[-1]], daemon=True).start()

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        acceptor = threading.Thread(target=accept, daemon=True)
        acceptor.start()
        try:
            yield f"unix://{path}?db=0"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            acceptor.join()
            for connection in held:
                connection.close()


STRANGE = {
    "loading": b"-LOADING Redis is loading the dataset in memory\r\n",
    "full": b"-OOM command not allowed when used memory > 'maxmemory'.\r\n",
    "read-only": b"-READONLY You can't write against a read only replica.\r\n",
    "forgetful": b"-NOSCRIPT No matching script.\r\n",
    "denied": b"-NOPERM this user has no permissions\r\n",
    "busy": b"-BUSY Redis is busy running a script.\r\n",
    "babbling": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "hanging up": b"",
}


@pytest.mark.parametrize("words", STRANGE.values(), ids=STRANGE)
def test_whatever_a_strange_redis_says_postgresql_is_asked(
    world: World, stage: Cast, tmp_path: Path, words: bytes
) -> None:
    with a_server_that_says(words, tmp_path) as url:
        strange = stage.actor(REDIS_URL=url)
        code = random_hash()
        strange.do("load")
        assert not strange.do("protect", code=code)["in_effect"]
        assert strange.do("ask", code=code) == "protected"
        assert strange.do("ask", code=random_hash()) == "no_match"


@pytest.mark.parametrize("words", [b"+OK\r\n", b":1\r\n", b"*0\r\n"])
def test_what_is_no_redis_at_all_breaks_no_promise(world: World, stage: Cast, tmp_path: Path, words: bytes) -> None:
    """The client library stumbles over it with an error of any kind."""
    with a_server_that_says(words, tmp_path) as url:
        strange = stage.actor(REDIS_URL=url)
        code = random_hash()
        strange.do("load")
        assert not strange.do("protect", code=code)["in_effect"]
        assert strange.do("ask", code=code) in {"protected", "index-behind"}
        assert not strange.do("settled")


@pytest.mark.usefixtures("mended")
def test_a_key_read_just_before_it_is_revoked_is_not_remembered_as_good(world: World, stage: Cast) -> None:
    writer, reader = stage.actors(2)
    kid = writer.do("issue", platform="Prompt")
    reader.do("load")
    reader.tell("look_up_held_up", kid=kid)
    reader.waits()
    assert writer.do("revoke", kid=kid)
    reader.go_on()
    assert reader.answer() == {"revoked": False, "confirmed": True}  # asked before the revocation
    assert reader.do("look_up", kid=kid) == {"revoked": True, "confirmed": True}
