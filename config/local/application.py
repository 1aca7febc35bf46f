"""Veto's own processes: web, worker and beat, and the management commands that a start needs."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.local.child import Child, last_lines, spawn_command
from config.local.failure import LocalError
from config.local.folders import MEMORY, PrivateFolder
from config.local.home import ROOT, Home

COMMAND_SECONDS = 300


@dataclass(frozen=True)
class Address:
    host: str
    port: int

    @classmethod
    def chosen(cls, environment: Mapping[str, str], *, prefix: str = "", default: str = "8000") -> "Address":
        """By PORT and HOST, or those with this prefix."""
        given = environment.get(f"{prefix}PORT") or default
        if not (given.isascii() and given.isdigit() and 0 < int(given) < 65536):
            raise LocalError(f"{prefix}PORT is {given!r}; it must be a number from 1 to 65535.")
        return cls(environment.get(f"{prefix}HOST") or "127.0.0.1", int(given))

    @classmethod
    def free(cls) -> "Address":
        with socket.create_server(("127.0.0.1", 0)) as server:
            return cls("127.0.0.1", server.getsockname()[1])

    @property
    def reachable(self) -> str:
        """The host to ask from this machine."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 (compared, not bound)

    @property
    def url(self) -> str:
        return f"http://{f'[{self.reachable}]' if ':' in self.reachable else self.reachable}:{self.port}"

    def insist_free(self, variable: str = "PORT") -> None:
        """Granian shares a port that is in use rather than complain."""
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            family, kind, protocol, _, where = found[0]
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(where)
                probe.listen(1)
        except socket.gaierror as error:
            raise LocalError(f"HOST is {self.host!r}, which is no address of this machine.") from error
        except PermissionError as error:
            raise LocalError(f"Port {self.port} needs root. Try `{variable}={self.port + 8000} make run`.") from error
        except OSError as error:
            other = self.port + 1 if self.port < 65535 else 8000
            raise LocalError(
                f"Port {self.port} on {self.host} is taken ({error.strerror}). Try `{variable}={other} make run`."
            ) from error


def web_server(
    address: Address, *, workers: str, target: str = "config.rsgi:application", kill_timeout_s: int = 10
) -> list[str]:
    """The arguments of Python. HTTP/1 alone: a connection that says nothing is then closed after half a minute."""
    return [
        *("granian", "--interface", "rsgi", "--host", address.host, "--port", str(address.port)),
        *("--workers", workers, "--respawn-failed-workers", "--workers-kill-timeout", str(kill_timeout_s)),
        *("--http", "1", "--no-ws", target),
    ]


def programs(address: Address, *, workers: str, folder: Path, kill_timeout_s: int = 10) -> dict[str, list[str]]:
    """The arguments of Python for each process, here and under any supervisor (`manage.py serve`).

    In `folder` beat notes what it has run.
    """
    return {
        "web": web_server(address, workers=workers, kill_timeout_s=kill_timeout_s),
        "worker": [
            *("celery", "-A", "config.celery", "worker", "--loglevel", "INFO", "-Q", "sequence,celery"),
            *("--concurrency", "2", "--without-gossip", "--without-mingle"),
        ],
        "beat": [
            *("celery", "-A", "config.celery", "beat", "--loglevel", "INFO"),
            *("--schedule", str(folder / "celerybeat-schedule"), "--pidfile", ""),
        ],
    }


def application(
    home: Home, environment: Mapping[str, str], address: Address, counting: Mapping[str, str] | None = None
) -> list[Child]:
    """`counting` is for web processes alone: what others count would be a file each, for nothing."""
    workers = environment.get("WEB_WORKERS") or "2"
    if not (workers.isascii() and workers.isdigit() and int(workers) > 0):
        raise LocalError(f"WEB_WORKERS is {workers!r}; it must be a number from 1 up.")
    commands = programs(address, workers=workers, folder=home.path)
    of_its_own = {"web": counting or {}}
    return [
        part(home, name, command, {**environment, **of_its_own.get(name, {})}) for name, command in commands.items()
    ]


def exporter(home: Home, environment: Mapping[str, str], address: Address) -> Child:
    """What Prometheus asks."""
    where = {"METRICS_HOST": address.host, "METRICS_PORT": str(address.port)}
    return part(home, "metrics", ["manage", "metrics"], {**environment, **where})


def counted_in_memory() -> dict[str, str]:
    """Where web processes count, until this process ends: on a disk that is full, counting would kill them (SIGBUS)."""
    folder = PrivateFolder("metrics", MEMORY if MEMORY.is_dir() else None)
    return {"PROMETHEUS_MULTIPROC_DIR": str(folder.path)}


def part(home: Home, name: str, command: list[str], environment: Mapping[str, str]) -> Child:
    return Child(
        name,
        [sys.executable, "-m", *command],
        folder=ROOT,
        environment={**environment, "TMPDIR": str(home.temporary)},
        log=home.log(name),
    )


def manage(home: Home, environment: Mapping[str, str], *arguments: str, may_fail: bool = False) -> str:
    """What `manage.py` printed; LocalError with the end of its log if it failed."""
    log = home.log("manage")
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as errors:
        done = subprocess.run(
            spawn_command([sys.executable, str(ROOT / "manage.py"), *arguments]),
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    if done.returncode != 0 and not may_fail:
        shown = done.stdout.decode(errors="replace").strip()
        raise LocalError(
            f"`manage.py {' '.join(arguments[:1])}` failed with code {done.returncode}. The end of {log}:\n"
            f"{last_lines(log, 8)}" + (f"\n  {shown}" if shown else "")
        )
    return done.stdout.decode()


def only_json(text: str) -> dict[str, Any]:
    """The one JSON object a command printed."""
    for line in text.splitlines():
        if line.startswith("{"):
            found: dict[str, Any] = json.loads(line)
            return found
    raise LocalError(f"A management command printed no JSON object but {text[:200]!r}.")


def protect(home: Home, environment: Mapping[str, str], photo: Path) -> dict[str, Any]:
    """What `protect_photo` says of it; LocalError in the words of the problem that a bad file gives."""
    answer = only_json(manage(home, environment, "protect_photo", str(photo), may_fail=True))
    if "ref" not in answer:
        raise LocalError(f"{photo} cannot be protected: {answer.get('detail') or answer.get('title') or answer}")
    return answer


def issue_key(home: Home, environment: Mapping[str, str], platform: str, *options: str) -> str:
    return str(only_json(manage(home, environment, "issue_key", "--platform", platform, *options))["key"])
