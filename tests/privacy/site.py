"""A Veto as `make run` starts it, and the people, platforms and operators who use it."""

import base64
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg

from config.local.home import ROOT
from tests.integration.accounts.browser import hidden
from tests.local.test_run import Run

ADDRESS = "198.51.100.77"  # of whoever asks, as the proxy before us says (RFC 5737)
AGENT = "Mozilla/5.0 (X11; Linux x86_64; CanaryPhone-4711) Firefox/146.0"


def until(holds: Callable[[], bool], *, within: float = 60.0) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, f"not so within {within:.0f} s"
        time.sleep(0.1)


class Site:
    def __init__(self, run: Run, home: Path, port: int) -> None:
        self.run, self.home, self.port = run, home, port
        self.url = f"http://127.0.0.1:{port}"
        self.clients = contextlib.ExitStack()
        lines = (home / "veto.env").read_text().splitlines()
        self.environment = dict(line.split("=", 1) for line in lines if not line.startswith("#"))

    @property
    def metrics_url(self) -> str:
        found = re.search(r"http://\S+/metrics", self.run.said)
        assert found, self.run.said
        return found[0]

    def client(self, **headers: str) -> httpx.Client:
        client = httpx.Client(base_url=self.url, headers=headers, follow_redirects=True, timeout=60)
        return self.clients.enter_context(client)

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.environment["DATABASE_OWNER_URL"], autocommit=True) as owner:
            done = owner.execute(statement)
            return done.fetchall() if done.description else []

    def database_answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError):
            return bool(self.execute("SELECT 1"))
        return False

    def manage(self, *words: str) -> list[dict[str, Any]]:
        """What an operator's command printed, whether or not it failed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env={"PATH": os.defpath, "VETO_HOME": str(self.home), "HOME": str(self.home)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        with (self.home / "logs" / "commands.log").open("a") as log:  # so that it is looked at like any other
            log.write(done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def named(self, *words: str) -> list[psutil.Process]:
        """The processes of the service whose arguments hold one of these words."""
        found = []
        for process in psutil.Process(self.run.process.pid).children(recursive=True):
            try:
                if any(word in " ".join(process.cmdline()) for word in words):
                    found.append(process)
            except psutil.Error:  # ended meanwhile
                continue
        return found

    def cut_off(self, head: str, body: bytes) -> None:
        """A request whose sender goes away in the midst of the body."""
        with socket.create_connection(("127.0.0.1", self.port)) as line:
            line.sendall(f"{head}\r\nHost: 127.0.0.1\r\nContent-Length: {len(body) * 2}\r\n\r\n".encode() + body)
            time.sleep(0.2)


class Browser:
    """Somebody with a browser, behind our proxy."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.client = site.client(**{"User-Agent": AGENT, "X-Forwarded-For": ADDRESS})

    def get(self, path: str, **query: str) -> httpx.Response:
        return self.client.get(path, params=query)

    def send(self, path: str, *, page: str = "", files: Any = None, **fields: Any) -> httpx.Response:
        """A form, as `page` (by default the same address) shows it; refused forms are answered as such."""
        token = hidden(self.get(page or path)).get("csrfmiddlewaretoken", "")  # type: ignore[arg-type]
        return self.client.post(path, data={"csrfmiddlewaretoken": token} | fields, files=files)

    def post(self, path: str, page: str, body: Any) -> httpx.Response:
        """What a module of ours posts from a page."""
        token = hidden(self.get(page)).get("csrfmiddlewaretoken", "")  # type: ignore[arg-type]
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(
            path, content=content, headers={"Content-Type": "application/json", "X-CSRFToken": token}
        )

    def link_in_mail(self) -> str:
        """The last address that a mail has led to."""
        mails = sorted((self.site.home / "mail").iterdir(), key=lambda file: file.stat().st_mtime_ns)
        [*_, link] = re.findall(r"http://[^/\s]+(/account/\S+)", mails[-1].read_text())
        return link

    def follow_mail(self, **fields: str) -> httpx.Response:
        link = self.link_in_mail()
        page = self.get(link)
        return self.client.post(str(page.url), data=hidden(page) | fields)  # type: ignore[arg-type]


class Platform:
    def __init__(self, site: Site, key: str) -> None:
        self.client = site.client(Authorization=f"Bearer {key}")

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.request(method, path, content=content, headers=named)


def packed(details: bytes) -> str:
    return base64.b64encode(details).decode()
