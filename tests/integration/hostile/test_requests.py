"""Requests that mean harm, sent to a real server: each is refused in the documented shape, and the next is served."""

import json
import socket
import struct
import zlib
from contextlib import suppress
from typing import Any

import psutil
import pytest
from django.conf import settings
from PIL import Image

from tests.integration.web import Web
from tests.pictures import encoded, picture

GOOD = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"
MOST_GROWTH = 300_000_000  # bytes of the web processes over all of these; the bombs would need gigabytes


@pytest.fixture(scope="module", autouse=True)
def memory_stays(web: Web) -> Any:
    before = resident(web)
    yield
    assert resident(web) - before < MOST_GROWTH


def resident(web: Web) -> int:
    root = psutil.Process(web.pid)
    total = 0
    for process in [root, *root.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, data: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


def gif_whose_frames_outgrow_it() -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6)
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0) + b"\x02\x02\x4c\x01\x00"
    return head + frame * 200 + b";"


def webp_of(width: int, height: int) -> bytes:
    body = b"VP8X" + struct.pack("<I", 10) + bytes(4) + (width - 1).to_bytes(3, "little")
    body += (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def jpeg_of(width: int, height: int) -> bytes:
    """A small JPEG whose header lies."""
    small = bytearray(encoded(picture(1).resize((64, 64))))
    at = small.index(b"\xff\xc0")
    small[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(small)


def avif_of(side: int) -> bytes:
    small = bytearray(encoded(Image.new("RGB", (64, 64), "red"), "AVIF"))
    at = small.index(b"ispe") + 8
    small[at : at + 8] = struct.pack(">II", side, side)
    return bytes(small)


PHOTO = encoded(picture(2))
IMAGES: dict[str, tuple[bytes, set[int]]] = {
    "PNG, 30000 squared": (png(30_000, 30_000, chunk(b"IDAT", zlib.compress(bytes(10_000_000)))), {422}),
    "PNG, text that inflates to 200 MB": (
        png(64, 64, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(200_000_000))) + chunk(b"IDAT", zlib.compress(b""))),
        {422},
    ),
    "WebP, 16384 squared": (webp_of(16_384, 16_384), {422}),
    "GIF, frames that outgrow it": (gif_whose_frames_outgrow_it(), {422}),
    "JPEG, 65000 squared": (jpeg_of(65_000, 65_000), {422}),
    "AVIF, 60000 squared": (avif_of(60_000), {422}),
    "TIFF": (encoded(picture(3), "TIFF"), {415}),
    "ICO": (b"\0\0\1\0" + bytes(100), {415}),
    "HEIC": (struct.pack(">I", 24) + b"ftypheic" + bytes(12), {415}),
    "EPS": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", {415}),
    "PDF before a JPEG": (b"%PDF-1.4\n" + PHOTO, {415}),
}


@pytest.mark.parametrize("name", IMAGES)
def test_a_bomb_or_a_format_that_is_not_accepted_is_refused(web: Web, key: str, name: str) -> None:
    image, statuses = IMAGES[name]
    refused(web.check_image(image, key), statuses)
    assert web.ask("GET", "/healthz").status == 200


@pytest.mark.parametrize("tail", [b"PK\x05\x06" + bytes(18), b"<script>alert(1)</script>", b"%PDF-1.4"])
def test_of_a_polyglot_only_the_image_is_read(web: Web, key: str, tail: bytes) -> None:
    assert web.check_image(PHOTO + tail, key).json["result"] == web.check_image(PHOTO, key).json["result"]


def body(**changes: Any) -> bytes:
    return json.dumps({"profile": "pdq", "hashes": [{"hash": GOOD}]} | changes).encode()


BODIES: dict[str, bytes] = {
    "nested 100,000 deep": b'{"profile": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "objects nested 50,000 deep": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "a lone surrogate": b'{"profile": "\\ud800", "hashes": [{"hash": "' + GOOD.encode() + b'"}]}',
    "NUL in a profile": body(profile="pdq\0"),
    "NUL in a use": body(uses=["edit\0"]),
    "overlong UTF-8": b'{"profile": "\xc0\xaf", "hashes": []}',
    "half a character": b'{"profile": "\xe2\x82", "hashes": []}',
    "UTF-16": body().decode().encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + body(),
    "a number beyond any": b'{"profile": "pdq", "hashes": [{"hash": "' + GOOD.encode() + b'", "quality": 1e999}]}',
    "an integer of 5,000 digits": body()[:-1] + b', "uses": [' + b"9" * 5000 + b"]}",
    "not a number": body()[:-1] + b', "uses": [NaN]}',
    "10,000 fields": json.dumps({f"field{n}": n for n in range(10_000)}).encode(),
    "nothing but spaces": b" " * 100_000,
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("path", ["/v1/check", "/v1/check/batch", "/v1/reports"])
def test_json_that_means_harm_is_refused(web: Web, key: str, path: str, name: str) -> None:
    refused(web.ask("POST", path, BODIES[name], key, Content_Type="application/json"), {400, 422})


def refused(answer: Any, statuses: set[int]) -> None:
    assert answer.status in statuses, (answer.status, answer.body[:300])
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["status"] == answer.status
    assert GOOD not in answer.body.decode()


def raw(web: Web, request: bytes, *, most: int = 1_000_000) -> tuple[int, bytes]:
    """The status and all that comes until the server closes or is silent for two seconds; 0 when it only closed."""
    received = bytearray()
    with socket.create_connection(("127.0.0.1", web.port), timeout=2) as connection:
        with suppress(OSError):  # it may refuse before it has read everything
            connection.sendall(request)
        with suppress(OSError):
            while len(received) < most and (piece := connection.recv(65536)):
                received += piece
    status = int(received[9:12]) if received.startswith(b"HTTP/1.") else 0
    return status, bytes(received)


def head(path: str, key: str, *lines: str, method: str = "POST") -> bytes:
    said = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {key}", "Connection: close", *lines]
    return "\r\n".join([*said, "", ""]).encode("latin-1")


HEADS: dict[str, tuple[list[str], bytes]] = {
    "a header of a megabyte": (["X-Large: " + "a" * 1_000_000, "Content-Length: 0"], b""),
    "5,000 headers": ([f"X-{n}: 1" for n in range(5000)], b""),
    "two lengths": (["Content-Length: 5", "Content-Length: 6"], b"hello!"),
    "a length and chunks": (
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        b"0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    ),
    "chunks spelt otherwise": (["Transfer-Encoding: xchunked"], b"0\r\n\r\n"),
    "a negative length": (["Content-Length: -1"], b""),
    "a length with a sign": (["Content-Length: +5"], b"hello"),
    "a length beyond any": (["Content-Length: 99999999999999999999999"], b""),
    "a chunk of no size": (["Transfer-Encoding: chunked"], b"zz\r\nhello\r\n0\r\n\r\n"),
    "a chunk beyond any": (["Transfer-Encoding: chunked"], b"fffffffffffffffff\r\nhello"),
    "NUL in a header": (["X-A: a\0b", "Content-Length: 0"], b""),
    "a folded header": (["X-A: a", " b: c", "Content-Length: 0"], b""),
    "a space before the colon": (["Content-Length : 0"], b""),
}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_that_means_harm_is_refused_and_answered_once(web: Web, key: str, name: str) -> None:
    lines, rest = HEADS[name]
    status, received = raw(web, head("/v1/check", key, *lines) + rest)
    assert status == 0 or 400 <= status < 500, received[:300]
    assert received.count(b"HTTP/1.") <= 1  # nothing was smuggled
    assert web.ask("GET", "/healthz").status == 200


def test_chunks_without_an_end_are_given_up(web: Web, key: str) -> None:
    piece = b"10000\r\n" + bytes(65536) + b"\r\n"
    status, received = raw(web, head("/v1/check/image", key, "Transfer-Encoding: chunked") + piece * 1200)
    assert status in {0, 413}, received[:300]
    assert web.check_image(PHOTO, key).status == 200


def test_a_body_shorter_than_it_says_is_no_image_and_no_error_of_ours(web: Web, key: str) -> None:
    with socket.create_connection(("127.0.0.1", web.port), timeout=10) as connection:
        connection.sendall(head("/v1/check/image", key, "Content-Length: 5000") + PHOTO[:100])
        connection.shutdown(socket.SHUT_WR)
        with suppress(OSError):
            received = connection.recv(65536)
            assert not received or 400 <= int(received[9:12]) < 500, received[:300]
    assert web.check_image(PHOTO, key).status == 200


FORMS: dict[str, tuple[str, bytes]] = {
    "10,000 fields": ("application/x-www-form-urlencoded", b"&".join(b"f%d=1" % n for n in range(10_000))),
    "NUL and bad percent signs": ("application/x-www-form-urlencoded", b"login=%00%ff%zz&password=%ed%a0%80"),
    "no boundary": ("multipart/form-data", b"--x\r\n"),
    "a part without an end": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n',
    ),
    "a name twice": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="login"; name="csrf"\r\n\r\na\r\n' * 50 + b"--x--\r\n",
    ),
    "10,000 parts": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 10_000 + b"--x--\r\n",
    ),
}

REFUSED_FORMS = {"10,000 fields", "10,000 parts", "no boundary"}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("path", ["/account/login", "/photos/add", "/v1/check", "/v1/check/image"])
def test_a_form_that_means_harm_is_no_error_of_ours(web: Web, key: str, path: str, name: str) -> None:
    kind, sent = FORMS[name]
    token = "a" * 32  # known to be the cookie's: so far a page lets anybody come
    answer = web.ask(
        "POST", path, sent, key, Content_Type=kind, Cookie=f"{settings.CSRF_COOKIE_NAME}={token}", X_CSRFToken=token
    )
    if path.startswith("/v1/"):
        refused(answer, {400, 415, 422})
    else:  # a form is shown again with what is wrong in it, or a stranger sent to log in
        assert answer.status == 400 if name in REFUSED_FORMS else answer.status in {200, 302}


@pytest.mark.parametrize(
    "query", ["?uses=%00", "?uses=%ed%a0%80", "?uses=%c0%af", "?" + "a=1&" * 10_000, "?effort=" + "x" * 60_000]
)
def test_an_address_that_means_harm_is_refused(web: Web, key: str, query: str) -> None:
    status, received = raw(web, head("/v1/check/image" + query, key, f"Content-Length: {len(PHOTO)}") + PHOTO)
    assert 400 <= status < 500, received[:300]


@pytest.mark.parametrize("given", ["\x80\xff", "a" * 300, "\u00e9" * 255])
def test_an_idempotency_key_that_means_harm_is_no_error_of_ours(web: Web, key: str, given: str) -> None:
    answer = web.ask("POST", "/v1/reports", {"check": "none", "action": "x"}, key, Idempotency_Key=given)
    refused(answer, {400, 404, 422})


def test_the_decoder_of_this_server_is_confined_and_it_says_so(web: Web, key: str) -> None:
    assert web.check_image(PHOTO, key).status == 200
    said = web.ask("GET", "/v1/status").json["decoder"]
    assert set(said) == {"confined", "missing", "required"}
    assert said["confined"] is ("calls" not in said["missing"])
