"""The embedded Valkey: its append-only file, its socket, what is left."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import pytest
import redis

from config.local.valkey import Valkey


@contextmanager
def client(server: Valkey) -> Iterator["redis.Redis"]:
    with closing(redis.Redis.from_url(server.url, decode_responses=True)) as connection:
        yield connection


def test_what_was_written_survives_kill_9(valkey: Valkey) -> None:
    with client(valkey) as connection:
        connection.set("position", "199")
    valkey.kill()
    assert valkey.socket.exists(), "a stale socket, as a killed run leaves it"
    valkey.start()
    with client(valkey) as connection:
        assert connection.get("position") == "199"


def test_an_older_snapshot_can_be_put_in_place(
    valkey: Valkey, make_valkey: Callable[[Path], Valkey], tmp_path: Path
) -> None:
    with client(valkey) as connection:
        connection.set("position", "1")
    valkey.stop()
    shutil.copytree(valkey.data, tmp_path / "older")
    valkey.start()
    with client(valkey) as connection:
        connection.set("position", "199")
        run = connection.info("server")["run_id"]
    older = make_valkey(tmp_path / "older")
    older.start()
    with client(older) as connection:
        assert connection.get("position") == "1"
        assert connection.info("server")["run_id"] != run


def test_it_listens_on_a_private_socket_only(valkey: Valkey) -> None:
    assert valkey.socket.parent.stat().st_mode & 0o777 == 0o700
    assert len(str(valkey.socket)) < 107
    assert not psutil.Process(valkey.pid).net_connections("inet")


def test_nothing_is_left_behind(valkey: Valkey) -> None:
    process = psutil.Process(valkey.pid)
    valkey.stop()
    assert not valkey.socket.parent.exists()
    assert not process.is_running()


def test_a_paused_server_is_silent_until_it_is_resumed(valkey: Valkey) -> None:
    valkey.pause()
    impatient = redis.Redis(unix_socket_path=str(valkey.socket), socket_timeout=0.3, retry=None)
    with closing(impatient) as connection, pytest.raises(redis.TimeoutError):
        connection.ping()
    valkey.resume()
    with client(valkey) as connection:
        assert connection.ping()
