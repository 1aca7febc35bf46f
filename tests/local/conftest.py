"""Servers of these tests' own; none uses the session's database."""

import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.local.postgres import Passwords, Postgres
from config.local.valkey import Valkey

PASSWORDS = Passwords()


@pytest.fixture(scope="session")
def fresh_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory as a first start leaves it."""
    data = tmp_path_factory.mktemp("fresh") / "postgres"
    server = Postgres(data, passwords=PASSWORDS)
    server.start()
    server.stop()
    return data


@pytest.fixture
def make_postgres(fresh_data: Path) -> Iterator[Callable[[Path], Postgres]]:
    made: list[Postgres] = []

    def make(data: Path) -> Postgres:
        if not data.exists():
            shutil.copytree(fresh_data, data)
        made.append(Postgres(data, passwords=PASSWORDS))
        return made[-1]

    yield make
    for server in made:
        server.stop()


@pytest.fixture
def postgres(make_postgres: Callable[[Path], Postgres], tmp_path: Path) -> Postgres:
    server = make_postgres(tmp_path / "with a space" / "postgres")
    server.start()
    return server


@pytest.fixture
def make_valkey() -> Iterator[Callable[[Path], Valkey]]:
    made: list[Valkey] = []

    def make(data: Path) -> Valkey:
        made.append(Valkey(data))
        return made[-1]

    yield make
    for server in made:
        server.stop()


@pytest.fixture
def valkey(make_valkey: Callable[[Path], Valkey], tmp_path: Path) -> Valkey:
    server = make_valkey(tmp_path / "with a space" / "valkey")
    server.start()
    return server


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def place() -> Iterator[str]:
    """A temporary directory with a path short enough for sockets."""
    with tempfile.TemporaryDirectory() as place:
        yield place
