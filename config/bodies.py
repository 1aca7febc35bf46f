"""Request bodies between the server and Django: chunked ones get a length, refused ones are read to their end.

granian hands over both as an unbounded stream. Django takes a body without `Content-Length` for empty, and a client
that is still sending its photo when it is refused sees a broken connection where it should see why.
"""

import io
from collections.abc import Callable, Iterable
from typing import Any

LONGEST_KEPT = 20 * 1024 * 1024 + 1  # one byte more than any endpoint accepts, so that a longer one is told from it
LONGEST_DRAINED = 64 * 1024 * 1024
PIECE = 64 * 1024

type_of_app = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Bodies:
    """WSGI middleware."""

    def __init__(self, app: type_of_app) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        stream = environ["wsgi.input"]
        if not environ.get("CONTENT_LENGTH") and environ.get("HTTP_TRANSFER_ENCODING"):
            body = read_up_to(stream, LONGEST_KEPT)
            environ["CONTENT_LENGTH"] = str(len(body))
            environ["wsgi.input"] = io.BytesIO(body)
        response = self.app(environ, start_response)
        if environ["REQUEST_METHOD"] in {"POST", "PUT", "PATCH", "DELETE"}:
            drain(stream)
        return response


def read_up_to(stream: Any, limit: int) -> bytes:
    kept = bytearray()
    while len(kept) < limit and (piece := stream.read(min(PIECE, limit - len(kept)))):
        kept += piece
    return bytes(kept)


def drain(stream: Any) -> None:
    left = LONGEST_DRAINED
    while left > 0 and (piece := stream.read(PIECE)):
        left -= len(piece)
