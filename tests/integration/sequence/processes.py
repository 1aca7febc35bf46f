"""Processes of a test's own: actors that it tells what to do, services that it may kill, workers that it can tell
apart. Each is ended by the one that started it.
"""

import contextlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import psycopg
import redis

from config.local.services import Postgres, Valkey
from tests.integration.web import ROOT, Answer, Web

PATIENCE_S = 30.0
FAULTS = ("die_", "wait_", "fail_", "open_", "start_")  # commands after which an actor is no longer as it was


def until(holds: Callable[[], bool], *, within: float = PATIENCE_S) -> None:
    """Only for what is promised eventually: a start, a recovery, the beat."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, f"not so within {within:.0f} s"
        time.sleep(0.02)


class Actor:
    """A process that does what it is told; see actor.py."""

    def __init__(self, **environment: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.sequence.actor"],
            cwd=ROOT,
            env=os.environ | {"LOG_LEVEL": "ERROR"} | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._ready = False
        self.as_new = True  # nothing in it was replaced: another test may have it

    def _hear(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, f"the process has ended, code {self._process.wait()}"
        return json.loads(line)

    def tell(self, do: str, **arguments: Any) -> None:
        if not self._ready:
            assert self._hear() == "ready"
            self._ready = True
        if do.startswith(FAULTS):
            self.as_new = False
        self.go_on({"do": do} | arguments)

    def go_on(self, told: Any = "go on") -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        heard = self._hear()
        assert "answer" in heard, heard
        return heard["answer"]

    def waits(self) -> None:
        assert self._hear() == "waiting"

    def do(self, do: str, **arguments: Any) -> Any:
        self.tell(do, **arguments)
        return self.answer()

    def fails(self, do: str, **arguments: Any) -> str:
        self.tell(do, **arguments)
        return str(self._hear()["error"])

    def dies(self, do: str, **arguments: Any) -> None:
        """It ends by SIGKILL in the midst of this."""
        self.tell(do, **arguments)
        assert self._process.wait(PATIENCE_S) == -9

    def end(self) -> None:
        self.as_new = False
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        self._process.kill()
        self._process.wait()


class Cast:
    """The actors of one test, in one environment. Those that stayed as they were play in the next test too."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)
        self._actors: list[Actor] = []
        self._waiting: list[Actor] = []

    def actor(self, **environment: str) -> Actor:
        if not environment and self._waiting:
            actor = self._waiting.pop()
        else:
            actor = Actor(**self.environment | environment)
            actor.as_new = not environment
        self._actors.append(actor)
        return actor

    def actors(self, count: int) -> list[Actor]:
        return [self.actor() for _ in range(count)]

    def next_test(self) -> None:
        for actor in self._actors:
            if actor.as_new:
                self._waiting.append(actor)
            else:
                actor.end()
        self._actors = []

    def end(self) -> None:
        for actor in [*self._actors, *self._waiting]:
            actor.end()


class World:
    """A PostgreSQL and a Valkey of a test's own, which it may stop, kill, pause, and put back to an older state."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.postgres = Postgres(folder / "postgres")
        self.valkey = Valkey(folder / "valkey")
        self._copies = 0

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.postgres.url,
            "DATABASE_OWNER_URL": self.postgres.owner_url,
            "REDIS_URL": self.valkey.url,
            "CELERY_BROKER_URL": self.valkey.broker_url,
            "LEDGER_FOLDER": str(self.folder / "ledger"),
        }

    def start(self) -> None:
        self.postgres.start()
        self.valkey.start()

    def migrate(self) -> None:
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(command, cwd=ROOT, env=os.environ | self.environment, check=True)

    def stop(self) -> None:
        self.valkey.stop()
        self.postgres.stop()

    @contextlib.contextmanager
    def redis(self) -> Iterator["redis.Redis"]:
        client = redis.Redis.from_url(self.valkey.url)
        try:
            yield client
        finally:
            client.close()

    def execute(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """As the owner, behind the service's back."""
        with psycopg.connect(self.postgres.owner_url, autocommit=True) as owner:
            done = owner.execute(statement, values or None)
            return done.fetchall() if done.description else []

    def flush(self) -> None:
        with self.redis() as client:
            client.flushall()

    def run_id(self) -> str:
        with self.redis() as client:
            return str(client.info("server")["run_id"])

    def entry(self) -> dict[bytes, bytes]:
        with self.redis() as client:
            [key] = client.keys("veto:*:published")
            return dict(client.hgetall(key))

    def backup(self, service: Postgres | Valkey) -> Path:
        """A copy of what a service holds, taken while it stands still."""
        self._copies += 1
        copy = self.folder / f"copy-{self._copies}"
        service.stop()
        shutil.copytree(service.data, copy)
        service.start()
        return copy

    def restore(self, service: Postgres | Valkey, copy: Path) -> None:
        service.stop()
        shutil.rmtree(service.data)
        shutil.copytree(copy, service.data)
        for path in (service.data, *service.data.rglob("*")):
            original = copy / path.relative_to(service.data)
            os.chown(path, original.stat().st_uid, original.stat().st_gid)
        service.start()


class Line:
    """A connection that stays with one worker process of a web server."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.connection.connect()

    @property
    def local_port(self) -> int:
        return int(self.connection.sock.getsockname()[1])

    def ask(self, method: str, path: str, body: Any = None, key: str = "") -> Answer:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = self.connection.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read())

    def check(self, code: str, key: str, uses: tuple[str, ...] = ("edit",), profile: str = "pdq") -> Any:
        """The result, or the code of the problem."""
        answer = self.ask("POST", "/v1/check", question(code, uses, profile), key)
        return answer.json["result"] if answer.status == 200 else answer.json["code"]

    def close(self) -> None:
        self.connection.close()


def question(code: str, uses: tuple[str, ...] = ("edit",), profile: str = "pdq") -> dict[str, Any]:
    return {
        "profile": profile,
        "hashes": [{"view": "full", "algorithm": "pdq", "hash": code, "quality": 100}],
        "uses": list(uses),
    }


@contextlib.contextmanager
def line_to_each_worker(web: Web, count: int) -> Iterator[list[Line]]:
    """One connection to each of the server's worker processes, each ready."""
    lines: dict[int, Line] = {}
    spare: list[Line] = []
    try:
        while len(lines) < count:
            line = Line(web.port)
            line.ask("GET", "/healthz")
            owner = owner_of(line, web)
            spare.append(line) if owner in lines else lines.setdefault(owner, line)
            assert len(spare) < 200, f"of {count} workers only {len(lines)} take connections"
        for line in lines.values():
            until(lambda line=line: line.ask("GET", "/readyz").status == 200)
        yield list(lines.values())
    finally:
        for line in [*lines.values(), *spare]:
            line.close()


def owner_of(line: Line, web: Web) -> int:
    """The process that holds the other end."""
    for process in psutil.Process(web.pid).children(recursive=True):
        for found in process.net_connections("tcp"):
            if found.raddr and found.raddr.port == line.local_port:
                return int(process.pid)
    raise AssertionError("no process of the server holds the connection")
