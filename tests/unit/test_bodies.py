"""Request bodies between the server and Django."""

import io
from typing import Any

from config.bodies import LONGEST_KEPT, Bodies


class Endless(io.RawIOBase):
    """A client that never stops sending."""

    sent = 0

    def read(self, size: int = -1) -> bytes:
        assert size > 0
        self.sent += size
        return b"x" * size


def served(stream: Any, **environ: str) -> dict[str, Any]:
    seen: dict[str, Any] = {}

    def app(environ: dict[str, Any], _: Any) -> list[bytes]:
        seen.update(environ)
        return [b"refused"]

    Bodies(app)({"REQUEST_METHOD": "POST", "wsgi.input": stream, **environ}, lambda *_: None)
    return seen


def test_a_chunked_body_gets_its_length() -> None:
    seen = served(io.BytesIO(b"x" * 200_000), HTTP_TRANSFER_ENCODING="chunked")
    assert seen["CONTENT_LENGTH"] == "200000"
    assert seen["wsgi.input"].read() == b"x" * 200_000


def test_of_a_chunked_body_no_more_is_kept_than_tells_that_it_is_too_long() -> None:
    seen = served(Endless(), HTTP_TRANSFER_ENCODING="chunked")
    assert int(seen["CONTENT_LENGTH"]) == LONGEST_KEPT


def test_a_body_with_a_length_is_handed_on_as_it_is() -> None:
    stream = io.BytesIO(b"abc")
    assert served(stream, CONTENT_LENGTH="3")["wsgi.input"] is stream


def test_what_the_application_left_is_read_to_its_end() -> None:
    stream = io.BytesIO(b"x" * 10_000_000)
    served(stream, CONTENT_LENGTH="10000000")
    assert stream.read() == b""


def test_an_endless_body_is_given_up() -> None:
    stream = Endless()
    served(stream, CONTENT_LENGTH="1")
    assert stream.sent < 2**27
