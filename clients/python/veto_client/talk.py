"""The talk with the registry, without any input or output: generators that say what to send and how long to wait.

So the client that blocks and the one that does not are the same, but for who carries the messages.
"""

import json
import random
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import httpx

from veto_client.errors import RequestError, UnavailableError

T = TypeVar("T")

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 5.0  # a registry that wants more time than this is unavailable
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Send:
    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wait:
    seconds: float


Reply = httpx.Response | httpx.RequestError | None
Talk = Generator[Send | Wait, Reply, T]


def posted(path: str, fields: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Send:
    body = json.dumps(fields, separators=(",", ":")).encode()
    return Send("POST", path, body, {"Content-Type": "application/json", **(headers or {})})


def exchange(message: Send, retries: int) -> Talk[dict[str, Any]]:
    """The registry's JSON object. Raises RequestError, and UnavailableError when it cannot answer after all retries."""
    why = ""
    for attempt in range(retries + 1):
        reply = yield message
        if isinstance(reply, httpx.Response) and reply.status_code not in _PASSING:
            return _said(reply)
        why = _why(reply)
        pause = _pause(reply, attempt)
        if attempt == retries or pause > LONGEST_PAUSE_S:
            break
        yield Wait(pause)
    raise UnavailableError(why)


def _said(response: httpx.Response) -> dict[str, Any]:
    try:
        said: Any = response.json()
    except (ValueError, RecursionError):
        raise UnavailableError(f"HTTP {response.status_code} without JSON: is this the registry?") from None
    if response.is_success and isinstance(said, dict):
        return said
    try:
        pointers = "".join(f" ({error['pointer']}: {error['detail']})" for error in said.get("errors", ()))
        refusal = RequestError(response.status_code, str(said["code"]), f"{said.get('detail', '')}{pointers}")
    except (LookupError, TypeError, AttributeError):
        raise UnavailableError(
            f"HTTP {response.status_code} without a problem document: is this the registry?"
        ) from None
    raise refusal


def _why(reply: Reply) -> str:
    return f"HTTP {reply.status_code}" if isinstance(reply, httpx.Response) else type(reply).__name__


def _pause(reply: Reply, attempt: int) -> float:
    """What the registry says, else doubling; with jitter, so that clients do not come as one."""
    try:
        said = float(reply.headers["Retry-After"]) if isinstance(reply, httpx.Response) else 0.0
    except (KeyError, ValueError):
        said = 0.0
    said = said if said > 0 else 0.0  # "nan" and "-1" are numbers too
    return said + random.uniform(0, FIRST_PAUSE_S * 2**attempt)  # noqa: S311 (no secret)
