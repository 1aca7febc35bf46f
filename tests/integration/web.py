"""A real web server of the tests' own, and the few words it takes to ask it."""

import contextlib
import http.client
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management import call_command

from config.local.application import Address, web_server

ROOT = Path(__file__).resolve().parents[2]
READY_S = 150  # the first time in a checkout it compiles its kernels, beside others that do


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Web:
    port: int
    pid: int
    log: Path

    def ask(self, method: str, path: str, body: Any = None, key: str = "", **headers: str) -> Answer:
        """One request on a connection of its own. A body that is no bytes goes as JSON."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key:
            sent["Authorization"] = f"Bearer {key}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return Answer(
                response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
            )
        finally:
            connection.close()

    def check(self, body: dict[str, Any], key: str) -> Answer:
        return self.ask("POST", "/v1/check", body, key)

    def check_image(self, image: bytes, key: str, query: str = "") -> Answer:
        return self.ask("POST", f"/v1/check/image{query}", image, key)


@contextlib.contextmanager
def serving(
    log: Path,
    *,
    workers: int = 1,
    application: str = "config.rsgi:application",
    through: Sequence[str] = (),
    port: int | None = None,
    kill_timeout_s: int = 1,
    **environment: str,
) -> Iterator[Web]:
    """granian with the project's application, ready to answer; at a free port, or beside another server at its port.

    `through` is a command that runs another.
    """
    port = port or Address.free().port
    web_command = web_server(
        Address("127.0.0.1", port), workers=str(workers), target=application, kill_timeout_s=kill_timeout_s
    )
    command = [*through, sys.executable, "-m", *web_command]
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stdout=file, stderr=file)
    try:
        web = Web(port, process.pid, log)
        await_ready(web, process)
        yield web
    finally:
        process.terminate()
        process.wait(30)


def await_ready(web: Web, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            if web.ask("GET", "/readyz").status == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"the web server did not become ready:\n{web.log.read_text()[-4000:]}")


def command(name: str, *arguments: str) -> list[dict[str, Any]]:
    """The JSON objects that a management command prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        call_command(name, *arguments, stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def new_key(platform: str, *options: str) -> str:
    [issued] = command("issue_key", "--platform", platform, *options)
    return str(issued["key"])
