"""A request and an answer as granian has them (RSGI) and as Django has them (WSGI, PEP 3333)."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest
from django.utils import translation
from django.utils.http import parse_header_parameters

from matching.api import problems
from matching.api.middleware import API_HEADERS
from matching.problems import Problem

Handler = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Headers(Protocol):
    def items(self) -> list[tuple[str, str]]: ...


class Scope(Protocol):
    """What granian says of a request; the path with its escapes resolved."""

    http_version: str
    client: str
    server: str
    scheme: str
    method: str
    path: str
    query_string: str
    authority: str | None
    headers: Headers


class Transport(Protocol):
    """The body of a request, whole or in pieces, and the way back."""

    def __call__(self) -> Awaitable[bytes]: ...
    def __aiter__(self) -> AsyncIterator[bytes]: ...
    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Request(WSGIRequest):
    """All is UTF-8, whatever charset is named: not every codec is one of text, and Django asks for it unguarded."""

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except (ValueError, LookupError):
            self.content_type, self.content_params = "", {}


class Application(WSGIHandler):
    request_class = Request


@lru_cache(maxsize=256)
def variable(header: str) -> str:
    """Its name in the environment; empty for one that could be taken for another there, and is left out."""
    name = header.replace("-", "_").upper()
    if "_" in header:
        return ""
    return name if name in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{name}"


def environ_of(scope: Scope) -> dict[str, Any]:
    server, _, port = scope.server.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": _as_bytes(scope.path),
        "QUERY_STRING": _as_bytes(scope.query_string),
        "SERVER_NAME": server.strip("[]"),
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for header, value in scope.headers.items():
        if name := variable(header):
            if name in environ:
                value = f"{environ[name]}{'; ' if name == 'HTTP_COOKIE' else ','}{value}"  # noqa: PLW2901
            environ[name] = value
    environ.setdefault("HTTP_HOST", scope.authority or "")  # or Django would take our own name for it
    return environ


def _as_bytes(text: str) -> str:
    """A string of WSGI, each of whose characters is a byte (PEP 3333)."""
    return text if text.isascii() else text.encode().decode("latin-1")


def answered(handler: Handler, environ: dict[str, Any]) -> Answer:
    said: list[tuple[str, list[tuple[str, str]]]] = []
    parts = handler(environ, lambda status, headers, _=None: said.append((status, headers)))
    try:
        body = b"".join(parts)
    finally:
        parts.close()  # type: ignore[attr-defined]
    [(status, headers)] = said
    return Answer(int(status[:3]), headers, body)


def refusal(problem: Problem, request_id: str, *, api: bool) -> Answer:
    """What is said where Django is not asked: to a platform the problem, to a person its title, in each language."""
    request = HttpRequest()
    request.request_id = request_id  # type: ignore[attr-defined]
    said = problems.response(problem, request)
    if not api:
        said.headers["Content-Type"] = "text/plain; charset=utf-8"
        said.content = "\n".join(in_each_language(problem)).encode()
    headers = {**API_HEADERS, **dict(said.items()), "X-Request-Id": request_id}
    return Answer(said.status_code, list(headers.items()), said.content)


def in_each_language(problem: Problem) -> Iterable[str]:
    for code, _ in settings.LANGUAGES:
        with translation.override(code):
            yield f"{problem.kind.title}."
