"""What the units start is a Veto: a photo is registered and found, the worker and beat work, all end in peace.

Each command as it stands in its unit, with the environment of its unit and of /etc/veto/veto.env and no other, on a
PostgreSQL and a Valkey of its own.
"""

import json
import os
import shlex
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.local.application import Address
from config.local.services import temporary_services
from tests.deploy.units import ROOT, unit
from tests.integration.sequence.processes import until
from tests.pictures import encoded, picture

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]
PYTHON = "/opt/veto/current/.venv/bin/python"
SAID_BY_US = """ALLOWED_HOSTS=veto.example,localhost
WEB_WORKERS=1
TRUSTED_PROXY_COUNT=1
EMAIL_URL=smtps://veto:word@mail.example:465
EMAIL_FROM=noreply@veto.example
"""
AS_A_PROXY = {"Host": "veto.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}


class Host:
    """A machine that was set up as docs/deployment.md says; its folders lie below one of the test's own."""

    def __init__(self, folder: Path, services: dict[str, str], index: str) -> None:
        self.folder = folder
        self.settings, self.owner = folder / "veto.env", folder / "owner.env"
        made = self._run([sys.executable, "-m", "config.local", "secrets"], {})
        self.settings.write_text(
            f"DATABASE_URL={services['DATABASE_URL']}\nREDIS_URL={services['REDIS_URL']}\n{SAID_BY_US}{made}"
            f"INDEX_FOLDER={index}\n"  # for other tests' sake; a host has /dev/shm to itself
        )
        self.owner.write_text(f"DATABASE_OWNER_URL={services['DATABASE_OWNER_URL']}\n")
        for name in ("home", "metrics"):
            (folder / name).mkdir()
        self.started: dict[str, subprocess.Popen[bytes]] = {}

    def environment(self, name: str, **others: str) -> dict[str, str]:
        """Of the unit, with the paths of this host."""
        there = {"VETO_HOME": "home", "VETO_ENV_FILE": "veto.env", "PROMETHEUS_MULTIPROC_DIR": "metrics"}
        said = unit(name).environment
        made = {"PATH": os.defpath} | said | {key: str(self.folder / there[key]) for key in said if key in there}
        if "EnvironmentFile" in unit(name).settings:
            made |= dict(line.split("=", 1) for line in self.owner.read_text().splitlines())
        return made | others

    def start(self, name: str, **others: str) -> None:
        log = (self.folder / f"{name}.log").open("wb")
        with log:
            self.started[name] = subprocess.Popen(
                self.command(name), cwd=ROOT, env=self.environment(name, **others), stdout=log, stderr=log
            )

    def finish(self, name: str) -> None:
        for setting in ("ExecStartPre", "ExecStart"):
            self._run(self.command(name, setting), self.environment(name))

    def manage(self, *arguments: str) -> str:
        return self._run([sys.executable, "manage.py", *arguments], self.environment("veto-worker"))

    def command(self, name: str, setting: str = "ExecStart") -> list[str]:
        return shlex.split(unit(name).settings[setting].replace(PYTHON, sys.executable))

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def _run(self, command: list[str], environment: dict[str, str]) -> str:
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def end(self) -> dict[str, int]:
        """How each ended after SIGTERM."""
        for process in self.started.values():
            process.terminate()
        return {name: process.wait(70) for name, process in self.started.items()}


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with temporary_services() as services, tempfile.TemporaryDirectory(dir="/dev/shm") as index:
        host = Host(tmp_path, services, index)
        yield host
        host.end()


def asked(port: int, path: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, AS_A_PROXY | headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def test_what_the_units_start_finds_a_photo_that_was_registered_and_ends_in_peace(host: Host, tmp_path: Path) -> None:
    one, other, metrics = (Address.free().port for _ in range(3))
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(encoded(picture(20_261_125)))

    host.finish("veto-migrate")
    for port in (one, other):
        host.start(f"veto-web@{port}")
    host.start("veto-worker")
    host.start("veto-beat")
    host.start("veto-metrics", METRICS_PORT=str(metrics))
    for port in (one, other):
        until(lambda port=port: asked(port, "/readyz")[0] == 200, within=120)  # type: ignore[misc]

    assert json.loads(host.manage("protect_photo", str(photo)))["state"] == "protected"
    key = json.loads(host.manage("issue_key", "--platform", "Painter", "--json"))["key"]
    for port in (one, other):
        sent = {"Authorization": f"Bearer {key}", "Content-Type": "image/jpeg"}
        status, text = asked(port, "/v1/check/image", photo.read_bytes(), **sent)
        assert status == 200, text
        assert json.loads(text)["result"] == "protected"
        assert asked(port, "/")[0] == 200
        assert asked(port, "/nowhere")[0] == 404

    def settled() -> bool:
        return 'timestamp_seconds{task="matching.tasks.settle_changes"}' in asked(metrics, "/metrics")[1]

    until(settled)
    assert "veto_check_seconds_count" in asked(metrics, "/metrics")[1]

    ended = host.end()
    assert ended == dict.fromkeys(ended, 0) | {"veto-metrics": -15}, {name: host.log(name)[-2000:] for name in ended}
