"""Both services for one home, and the environment that leads to them."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import redis

from config.local.failure import LocalError
from config.local.folders import MEMORY, PrivateFolder, base, sweep
from config.local.home import ROOT, Home
from config.local.services import Services, temporary_services

NAMES = {
    "SERVED_OVER_HTTPS",
    *("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "CELERY_BROKER_URL", "VETO_HOME", "VETO_ENV_FILE"),
    *("DJANGO_SECRET_KEY", "API_KEY_PEPPER", "REF_KEY", "FINGERPRINT_KEYS"),
    *(["INDEX_FOLDER"] if MEMORY.is_dir() else []),
}


def test_temporary_services_answer_and_leave_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []
    make = tempfile.mkdtemp

    def noted(**where: Any) -> str:
        made.append(Path(make(**where)))
        return str(made[-1])

    monkeypatch.setattr(tempfile, "mkdtemp", noted)
    with temporary_services() as environment:
        assert set(environment) == NAMES
        home = Path(environment["VETO_HOME"])
        assert home.stat().st_mode & 0o777 == 0o700
        psycopg.connect(environment["DATABASE_URL"]).close()
        with psycopg.connect(environment["DATABASE_OWNER_URL"], autocommit=True) as owner:
            owner.execute("CREATE DATABASE another")
        with closing(redis.Redis.from_url(environment["REDIS_URL"])) as connection:
            assert connection.ping()
    assert home in made
    assert not any(path.exists() for path in made)


def test_the_written_file_says_what_children_get_and_is_private(tmp_path: Path) -> None:
    with temporary_services(tmp_path / "a home") as environment:
        file = Path(environment["VETO_ENV_FILE"])
        assert file.stat().st_mode & 0o777 == 0o600
        written = dict(line.split("=", 1) for line in file.read_text().splitlines() if not line.startswith("#"))
        assert written == {name: value for name, value in environment.items() if not name.startswith("VETO_")}
    assert not (tmp_path / "a home").exists()


def test_a_temporary_home_is_never_put_over_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("")
    with pytest.raises(LocalError, match="File exists"), temporary_services(tmp_path):
        pass
    assert (tmp_path / "mine").exists()


def test_services_given_by_url_are_used_and_not_started(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.open()
    given = {"DATABASE_URL": "postgresql://db/veto", "REDIS_URL": "redis://cache/0", "REF_KEY": "ab" * 32}
    services = Services(home, given)
    services.start()
    environment = services.children_environment(given | {"PGHOST": "db"})
    home.close()
    assert services.postgres is None
    assert services.valkey is None
    assert environment["DATABASE_URL"] == environment["DATABASE_OWNER_URL"] == given["DATABASE_URL"]
    assert environment["REDIS_URL"] == given["REDIS_URL"]
    assert environment["REF_KEY"] == given["REF_KEY"]
    assert environment["PGHOST"] == "db"


@pytest.mark.parametrize("place", [None, MEMORY])
def test_what_a_killed_process_left_is_swept_and_what_lives_is_not(place: Path | None) -> None:
    script = (
        "import os; from config.local.folders import *;"
        f"print(PrivateFolder('test', {'None' if place is None else 'MEMORY'}).path, flush=True);"
        "os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    left = Path(done.stdout.strip())
    mine = PrivateFolder("test", place)
    stranger = (place or base()) / f"veto-test-{os.getpid()}"
    stranger.mkdir()
    try:
        assert left.exists()
        sweep()
        assert not left.exists()
        assert mine.path.exists()
        assert stranger.exists(), "a folder without our lock is not ours"
    finally:
        stranger.rmdir()
        mine.remove()


def test_a_removed_folder_can_be_made_again_under_its_name() -> None:
    folder = PrivateFolder("test")
    folder.remove()
    assert not folder.path.exists()
    folder.create()
    assert folder.path.stat().st_mode & 0o777 == 0o700
    folder.remove()


def run_exec(*command: str, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "config.local", "exec", "--", *command],
        cwd=ROOT,
        env=os.environ | (environment or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_exec_gives_a_command_services_of_its_own_and_passes_its_exit_code_on() -> None:
    script = "import os; print(os.environ['VETO_HOME'], os.environ['DATABASE_URL']); raise SystemExit(7)"
    with run_exec(sys.executable, "-c", script, environment={"DATABASE_URL": "postgresql://production"}) as run:
        output, _ = run.communicate(timeout=60)
    assert run.returncode == 7, output
    home, url = output.split()
    assert "production" not in url
    assert not Path(home).exists()


def test_exec_forwards_a_signal_and_clears_up() -> None:
    script = (
        "import os, signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(9));"
        "print(os.environ['VETO_HOME'], flush=True); time.sleep(60)"
    )
    with run_exec(sys.executable, "-c", script) as run:
        assert run.stdout is not None
        home = Path(run.stdout.readline().strip())
        started = time.monotonic()
        run.terminate()
        assert run.wait(30) == 9
    assert time.monotonic() - started < 15
    assert not home.exists()


def segments_of(pids: set[int]) -> list[int]:
    """System V shared memory made by these processes: the fifth column names the maker."""
    rows = [line.split() for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]]
    return [int(row[1]) for row in rows if int(row[4]) in pids]


@pytest.mark.skipif(not Path("/proc/sysvipc/shm").exists(), reason="Linux only")
@pytest.mark.parametrize("pause", [0.0, 0.1, 0.3])
def test_exec_that_is_interrupted_while_it_makes_a_database_leaves_nothing(pause: float) -> None:
    with run_exec("true") as run:
        itself, seen = psutil.Process(run.pid), set[int]()
        while not segments_of(seen):
            assert run.poll() is None
            seen |= {child.pid for child in itself.children(recursive=True)}
        time.sleep(pause)
        seen |= {child.pid for child in itself.children(recursive=True)}
        run.send_signal(signal.SIGINT)
        time.sleep(0.05)
        with contextlib.suppress(ProcessLookupError):
            run.send_signal(signal.SIGINT)  # in a hurry
        output, _ = run.communicate(timeout=60)
    assert run.returncode in (130, -signal.SIGINT)  # the second may come when all is done already
    assert output == ""
    assert segments_of(seen) == []
    assert not any(psutil.pid_exists(pid) for pid in seen)


def test_exec_names_a_command_that_is_not_there() -> None:
    with run_exec("no-such-command") as run:
        output, _ = run.communicate(timeout=60)
    assert run.returncode == 1
    assert output.strip() == "There is no command 'no-such-command'."
