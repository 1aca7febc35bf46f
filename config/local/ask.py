"""Questions to a running Veto over HTTP, as a platform asks them."""

import contextlib
import http.client
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from config.local.application import Address
from config.local.failure import LocalError

READY_SECONDS = 90.0


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict[str, Any]
    milliseconds: float

    @property
    def result(self) -> str:
        """`protected`, `no_match`, … or what the problem is called."""
        return str(self.body.get("result") or self.body.get("code") or f"HTTP {self.status}")


def check_image(address: Address, key: str, image: bytes, media_type: str) -> Answer:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": media_type}
    return _request(address, "POST", "/v1/check/image", image, headers)


def await_ready(
    address: Address, meanwhile: Callable[[], None], on_restored: Callable[[], None] = lambda: None
) -> None:
    """However long it takes until a database that was put back is opened; `on_restored` is told once of such a one."""
    deadline = time.monotonic() + READY_SECONDS
    last = "no answer"
    while time.monotonic() < deadline:
        meanwhile()
        with contextlib.suppress(OSError, http.client.HTTPException):
            answer = _request(address, "GET", "/readyz", None, {})
            if answer.status == http.HTTPStatus.OK:
                return
            last = f"{answer.status} {answer.body}"
            if answer.body.get("status") == "restored":
                on_restored()
                on_restored = lambda: None  # noqa: E731
                deadline = time.monotonic() + READY_SECONDS
        time.sleep(0.1)
    raise LocalError(f"{address.url}/readyz was not ready after {READY_SECONDS:.0f} s: {last}")


def _request(address: Address, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
    connection = http.client.HTTPConnection(address.reachable, address.port, timeout=30)
    started = time.perf_counter()
    with contextlib.closing(connection):
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        text = response.read()
    milliseconds = (time.perf_counter() - started) * 1000
    try:
        parsed = json.loads(text)
    except ValueError:
        parsed = None
    return Answer(response.status, parsed if isinstance(parsed, dict) else {}, milliseconds)
