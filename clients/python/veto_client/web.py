"""Middleware that refuses the upload of a protected photo, for WSGI and ASGI services (`veto-client[web]`).

It reads the bodies of POST, PUT and PATCH: a body that is an image, and every file of a form. A file that claims to be
an image and cannot be read is refused as well, since what edits it may read more than we do.
"""

import asyncio
import io
import json
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

from multipart import MultipartError, MultipartParser, parse_options_header

from veto_client.client import Veto
from veto_client.errors import UnreadableImageError

METHODS: Final = {"POST", "PUT", "PATCH"}
MOST_BYTES: Final = 64 << 20  # of a body
TITLES: Final = {
    403: ("protected-photo", "This photo is protected", "403 Forbidden"),
    413: ("too-large", "The upload is too large", "413 Content Too Large"),
    422: ("image-undecodable", "The image cannot be read", "422 Unprocessable Content"),
}

Environ = dict[str, Any]
Message = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A problem document (RFC 9457)."""

    status: int
    detail: str
    facts: dict[str, Any]

    @property
    def body(self) -> bytes:
        code, title, _ = TITLES[self.status]
        said = {"type": "about:blank", "title": title, "status": self.status, "code": code, "detail": self.detail}
        return json.dumps(said | self.facts).encode()

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [("Content-Type", "application/problem+json"), ("Content-Length", str(len(self.body)))]


class _Guard:
    def __init__(self, app: Any, veto: Veto, *, uses: Collection[str] = ("edit",), ask: bool = True) -> None:
        """`uses` are those that the service makes of what is sent; `ask=False` lets pass what must be asked for."""
        self._app = app
        self._veto = veto
        self._uses = uses
        self._ask = ask

    def _refusal(self, content_type: str, body: bytes) -> Refusal | None:
        if len(body) > MOST_BYTES:
            return Refusal(413, f"At most {MOST_BYTES >> 20} MB are looked at.", {})
        try:
            for said_to_be_one, data in images_in(content_type, body):
                if (refusal := self._refusal_of(data, said_to_be_one=said_to_be_one)) is not None:
                    return refusal
        except MultipartError:
            return Refusal(422, "The form cannot be read.", {})
        return None

    def _refusal_of(self, data: bytes, *, said_to_be_one: bool) -> Refusal | None:
        try:
            answer = self._veto.check(data, self._uses)
        except UnreadableImageError as error:
            return Refusal(422, str(error), {}) if said_to_be_one else None
        stopped = answer.stops(ask=self._ask)
        if not stopped:
            return None
        detail = f"The person who registered this photo refuses: {', '.join(stopped)}."
        if answer.result == "unavailable":
            detail = "Whether this photo is protected is not known just now; try again shortly."
        return Refusal(403, detail, {"result": answer.result, "uses": dict(answer.uses), "check": answer.id})


def images_in(content_type: str, body: bytes) -> Iterator[tuple[bool, bytes]]:
    """Whatever may be an image: whether it is said to be one, and its bytes. Raises MultipartError."""
    kind, options = parse_options_header(content_type)
    if kind.startswith("image/") or kind in ("", "application/octet-stream"):
        if body:
            yield kind.startswith("image/"), body
    elif kind == "multipart/form-data":
        limits = {"memory_limit": MOST_BYTES * 2, "spool_limit": MOST_BYTES, "part_limit": 1024}  # never on a disk
        for part in MultipartParser(io.BytesIO(body), options.get("boundary", ""), **limits):
            if part.filename is not None and (data := part.raw):
                yield part.content_type.startswith("image/"), data


class GuardWSGI(_Guard):
    """`application = GuardWSGI(application, Veto())`"""

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] in METHODS:
            body = _body_of(environ)
            if (refusal := self._refusal(environ.get("CONTENT_TYPE", ""), body)) is not None:
                start_response(TITLES[refusal.status][2], refusal.headers)
                return [refusal.body]
            environ = environ | {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        return self._app(environ, start_response)  # type: ignore[no-any-return]


def _body_of(environ: Environ) -> bytes:
    """As much of it as may be, and a byte more where there is more."""
    length = environ.get("CONTENT_LENGTH") or str(MOST_BYTES + 1 if environ.get("wsgi.input_terminated") else 0)
    known = length.isascii() and length.isdigit()  # else nobody knows where it ends, and nothing is handed on
    body: bytes = environ["wsgi.input"].read(min(int(length[:20]), MOST_BYTES + 1) if known else 0)
    return body


class GuardASGI(_Guard):
    """`application = GuardASGI(application, Veto())`. Asked in a thread, so that the loop goes on."""

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        if scope["type"] != "http" or scope["method"] not in METHODS:
            await self._app(scope, receive, send)
            return
        body = await _received(receive)
        said = {value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"content-type"}
        if len(said) > 1:  # which of them the application believes is not known here
            refusal: Refusal | None = Refusal(422, "The request says more than once what it holds.", {})
        else:
            refusal = await asyncio.to_thread(self._refusal, "".join(said), body)
        if refusal is not None:
            headers = [(name.lower().encode(), value.encode()) for name, value in refusal.headers]
            await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
            await send({"type": "http.response.body", "body": refusal.body})
            return
        whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Message:
            return whole.pop() if whole else await receive()

        await self._app(scope, again, send)


async def _received(receive: Callable[[], Awaitable[Message]]) -> bytes:
    """As much of it as may be, and some more where there is more."""
    body = bytearray()
    more = True
    while more and len(body) <= MOST_BYTES:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)
