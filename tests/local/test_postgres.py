"""The embedded PostgreSQL: what survives, what does not block, what is left."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg
import pytest

from config.local import account as accounts
from config.local.failure import LocalError
from config.local.postgres import Postgres, read_pid_file

MakePostgres = Callable[[Path], Postgres]
MARK = "ffee00112233445566778899aabbccddeeff00112233445566778899aabbccdd"


def execute(url: str, *statements: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        for statement in statements:
            cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def segments() -> set[int]:
    return {int(line.split()[1]) for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]}


def test_a_stopped_server_finds_its_data_again_under_the_same_url(postgres: Postgres) -> None:
    url = postgres.owner_url
    execute(url, "CREATE TABLE kept (word text)", "INSERT INTO kept VALUES ('here')")
    postgres.stop()
    postgres.start()
    assert postgres.owner_url == url
    assert execute(url, "SELECT word FROM kept") == [("here",)]


def test_what_was_committed_survives_kill_9(postgres: Postgres) -> None:
    execute(postgres.owner_url, "CREATE TABLE kept (word text)", "INSERT INTO kept VALUES ('here')")
    family = psutil.Process(postgres.pid).children(recursive=True)
    postgres.kill()
    assert not postgres.running
    assert not [process for process in family if process.is_running() and process.status() != "zombie"]
    assert (postgres.data / "postmaster.pid").exists()
    postgres.start()
    assert execute(postgres.owner_url, "SELECT word FROM kept") == [("here",)]


def test_a_stale_pid_file_that_names_a_living_stranger_blocks_nothing_and_harms_no_one(postgres: Postgres) -> None:
    postgres.kill()
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        noted = (postgres.data / "postmaster.pid").read_text().splitlines()
        (postgres.data / "postmaster.pid").write_text("\n".join([str(stranger.pid), *noted[1:]]) + "\n")
        postgres.start()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_damaged_pid_file_does_not_block(postgres: Postgres) -> None:
    postgres.stop()
    (postgres.data / "postmaster.pid").write_text("nonsense")
    postgres.start()
    assert execute(postgres.url, "SELECT 1") == [(1,)]


def test_a_server_of_a_killed_run_is_ended_before_the_next_one_takes_its_data(
    postgres: Postgres, make_postgres: MakePostgres
) -> None:
    successor = make_postgres(postgres.data)
    successor.start()
    assert not postgres.running
    assert execute(successor.url, "SELECT 1") == [(1,)]


def test_an_interrupted_first_start_is_done_again(tmp_path: Path) -> None:
    half = tmp_path / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    server = Postgres(tmp_path / "postgres")
    try:
        server.start()
        assert execute(server.url, "SELECT current_user") == [("veto_app",)]
    finally:
        server.stop()
    assert not half.exists()


def test_a_path_longer_than_a_socket_s_may_be_is_no_matter(make_postgres: MakePostgres, tmp_path: Path) -> None:
    server = make_postgres(tmp_path / ("long " * 20) / ("longer " * 20) / "postgres")
    server.start()
    assert execute(server.url, "SELECT 1") == [(1,)]


def test_the_app_may_not_make_tables_and_the_superuser_may_not_log_in(postgres: Postgres) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        execute(postgres.url, "CREATE TABLE public.mine (word text)")
    with pytest.raises(psycopg.OperationalError, match=r"no pg_hba\.conf entry"):
        execute(postgres.url.replace("veto_app", "postgres"), "SELECT 1")


def test_a_wrong_password_is_refused(postgres: Postgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        execute(postgres.url.replace("veto_app:", "veto_app:x"), "SELECT 1")


def test_durability_is_on_and_nothing_listens_on_the_network(postgres: Postgres) -> None:
    names = ("fsync", "synchronous_commit", "full_page_writes", "listen_addresses")
    found = [execute(postgres.url, f"SHOW {name}")[0][0] for name in names]
    assert found == ["on", "on", "on", ""]


def test_a_value_in_a_failing_statement_reaches_no_log(postgres: Postgres) -> None:
    execute(postgres.owner_url, "CREATE TABLE hashes (code text UNIQUE)", f"INSERT INTO hashes VALUES ('{MARK}')")
    for bad in (f"INSERT INTO hashes VALUES ('{MARK}')", f"SELECT '{MARK}'::int", f"SELECT '{MARK}' FROM nowhere"):
        with pytest.raises(psycopg.Error):
            execute(postgres.owner_url, bad)
    postgres.stop()
    assert MARK not in postgres.log.read_text()


@pytest.mark.skipif(not Path("/proc/sysvipc/shm").exists(), reason="Linux only")
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_nothing_is_left_behind(make_postgres: MakePostgres, tmp_path: Path, end: str) -> None:
    memory = set(Path("/dev/shm").glob("PostgreSQL*"))
    server = make_postgres(tmp_path / "postgres")
    server.start()
    sockets = Path(server.url.partition("host=")[2])
    assert sockets.stat().st_mode & 0o777 == 0o700
    family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
    noted = read_pid_file(server.data)
    assert noted is not None
    assert noted.shared_memory in segments()
    getattr(server, end)()
    server.stop()
    assert not sockets.exists()
    assert not [process for process in family if process.is_running() and process.status() != "zombie"]
    assert noted.shared_memory not in segments()
    assert not set(Path("/dev/shm").glob("PostgreSQL*")) - memory


def test_a_paused_server_is_silent_until_it_is_resumed(postgres: Postgres) -> None:
    postgres.pause()
    with pytest.raises(psycopg.errors.ConnectionTimeout):
        psycopg.connect(postgres.url, connect_timeout=2)
    postgres.resume()
    assert execute(postgres.url, "SELECT 1") == [(1,)]


def test_a_server_that_cannot_start_says_why(make_postgres: MakePostgres, tmp_path: Path) -> None:
    server = make_postgres(tmp_path / "postgres")
    (server.data / "global" / "pg_control").unlink()
    started = time.monotonic()
    with pytest.raises(LocalError, match=r"pg_control|control file"):
        server.start()
    assert time.monotonic() - started < 20


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become `nobody`")
def test_root_without_user_namespaces_runs_it_as_nobody_below_a_closed_folder(
    make_postgres: MakePostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    can_start = accounts._can_start
    monkeypatch.setattr(
        accounts, "_can_start", lambda who, what: not who.word.startswith("as ") and can_start(who, what)
    )
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = make_postgres(closed / "postgres")
    server.start()
    assert psutil.Process(server.pid).username() == "nobody"
    execute(server.owner_url, "CREATE TABLE kept (word text)", "INSERT INTO kept VALUES ('here')")
    server.stop()
    monkeypatch.undo()
    successor = make_postgres(closed / "postgres")
    successor.start()
    assert psutil.Process(successor.pid).uids().effective == os.geteuid()
    assert execute(successor.owner_url, "SELECT word FROM kept") == [("here",)]
