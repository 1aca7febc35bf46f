"""What is parsed of a head and an address, whatever stands there: it is understood or refused, and no error of ours."""

import encodings.aliases
import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from django.conf import settings
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.integration.hostile.test_requests import raw
from tests.integration.web import Web

CHARSETS = sorted({*encodings.aliases.aliases.values(), "undefined", "idna", "unicode_escape", "no such"})
VISIBLE = st.binary(max_size=60).map(lambda value: bytes(byte for byte in value if byte >= 32 and byte != 127))


def like(*words: str) -> st.SearchStrategy[bytes]:
    """What is nearly as it should be, and what is not at all."""
    piece = st.sampled_from([word.encode("latin-1") for word in words]) | VISIBLE
    return VISIBLE | st.lists(piece, max_size=6).map(b"".join)


HEADS: dict[str, st.SearchStrategy[bytes]] = {
    "Authorization": like("Bearer ", "bearer ", "veto_live_", "Basic ", "0" * 59, "é"),
    "Idempotency-Key": like("a" * 255, '"', "\\", "é"),
    "Prefer": like("proof", ",", "; ", "wait=", "PROOF"),
    "Accept-Language": like("fr", "en;q=", "*", ",", "0.5", "1e999", "-", "x" * 600),
    "Content-Type": like("text/html", "; charset=", ";boundary=", "multipart/form-data", '"', *CHARSETS),
    "X-Forwarded-For": like("1.2.3.4", ",", "::1", "%eth0", "unknown", "::ffff:1.2.3.4", "[", "]:80"),
    "Cookie": like("session=", "language=", "fr", "; ", f"{settings.CSRF_COOKIE_NAME}=", "messages=", '"', "a" * 32),
    "X-CSRFToken": like("a" * 32, "é"),
    "Origin": like("http://", "https://localhost", "null", ":", "[", "]", "x:99999"),
    "Referer": like("http://", "https://localhost", "/", "[", "]"),
    "Host": like("localhost", ":80", "[::1]", "..", "@"),
    "If-None-Match": like('"', "W/", ",", "*"),
    "If-Modified-Since": like("Wed, 21 Oct 2026 07:28:00 GMT", "99999"),
    "Range": like("bytes=", "0-", "-", ","),
    "User-Agent": like("Mozilla/5.0 (", ")", "Firefox/"),
    "Sec-Fetch-Site": like("same-origin", "cross-site"),
    "HX-Request": like("true"),
    "Accept": like("application/json", "text/html", ";q=", ",", "*/*"),
}
QUERIES = like(
    "uses=", "effort=", "after=", "limit=", "page=", "next=", "state=", "&", "=", "%", "%00", "%ff", "+", "-1"
)
PAGES = [
    "/",
    "/account/login",
    "/account/start",
    "/photos",
    "/help",
    "/hashing.json",
    "/static/x/y.css",
    "/no/such/%00",
]
OPERATIONS = [("GET", "/v1/me"), ("GET", "/v1/events"), ("GET", "/v1/webhook-endpoints"), ("GET", "/v1/uses")]
OPERATIONS += [
    ("POST", "/v1/check"),
    ("POST", "/v1/check/image"),
    ("POST", "/v1/reports"),
    ("DELETE", "/v1/webhook-endpoints/x"),
]


def asked(
    web: Web, method: str, path: str, query: bytes, heads: dict[str, bytes], body: bytes = b""
) -> tuple[int, bytes]:
    address = path.encode() + (b"?" + query.replace(b" ", b"+").replace(b"#", b"%23") if query else b"")
    said = {"Host": b"localhost"} | heads | {"Connection": b"close", "Content-Length": str(len(body)).encode()}
    lines = [name.encode() + b": " + value for name, value in said.items()]
    status, received = raw(
        web, b"\r\n".join([method.encode() + b" " + address + b" HTTP/1.1", *lines, b"", b""]) + body
    )
    assert received.count(b"HTTP/1.") <= 1
    return status, received


MANY = examples(max_examples=250, deadline=None)
SOME_HEADS = st.dictionaries(st.sampled_from(sorted(HEADS)), st.none(), max_size=4).flatmap(
    lambda names: st.fixed_dictionaries({name: HEADS[name] for name in names})
)


@MANY
@example(page="/account/login", method="GET", query="Ā".encode(), heads={})
@given(page=st.sampled_from(PAGES), method=st.sampled_from(["GET", "POST", "HEAD"]), query=QUERIES, heads=SOME_HEADS)
def test_a_page_understands_a_head_or_refuses_it(web: Web, page: str, method: str, query: bytes, heads: Any) -> None:
    status, received = asked(web, method, page, query, heads, b"login=a&password=b" * (method == "POST"))
    assert status == 0 or 200 <= status < 500, received[:500]


@MANY
@example(operation=("POST", "/v1/check/image"), query="Ā".encode(), heads={})
@given(operation=st.sampled_from(OPERATIONS), query=QUERIES, heads=SOME_HEADS)
def test_an_operation_understands_a_head_or_names_the_problem(
    web: Web, key: str, operation: tuple[str, str], query: bytes, heads: Any
) -> None:
    heads = {"Authorization": f"Bearer {key}".encode()} | heads
    status, received = asked(web, *operation, query, heads, b"{}" * (operation[0] == "POST"))
    assert status == 0 or 200 <= status < 500, received[:500]
    if status >= 400 and b"x-request-id" in received.lower():
        assert b"application/problem+json" in received


PART = b'--x\r\nContent-Disposition: form-data; name="login"\r\n\r\n\xe9\r\n--x--\r\n'
FORMS = {"application/x-www-form-urlencoded": b"login=%e9", "multipart/form-data; boundary=x": PART, "text/plain": b""}


@pytest.mark.parametrize("kind", FORMS)
def test_no_charset_is_an_error_of_ours(web: Web, kind: str) -> None:
    """Python has codecs that turn bytes into bytes, and some that decode nothing."""
    token = {"Cookie": f"{settings.CSRF_COOKIE_NAME}={'a' * 32}".encode(), "X-CSRFToken": b"a" * 32}
    found = {}
    named = [f"charset*={charset}''%e9" for charset in ("undefined", "hex", "no such")]  # as RFC 2231 has it
    for charset in [*named, *(f"charset={charset}" for charset in CHARSETS)]:
        heads = token | {"Content-Type": f"{kind}; {charset}".encode()}
        found[charset], _ = asked(web, "POST", "/account/login", b"next=/%e9", heads, FORMS[kind])
    assert set(found.values()) == {200}, found


JSON = st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)
HEADERS_OF_PROOFS = JSON | st.fixed_dictionaries(
    {"alg": st.sampled_from(["Ed25519", "none", "HS256"]) | JSON},
    optional={"kid": JSON | st.uuids().map(str), "typ": JSON, "crit": JSON, "b64": JSON, "jwk": JSON},
)


def piece(said: Any) -> str:
    return urlsafe_b64encode(said if isinstance(said, bytes) else json.dumps(said).encode()).decode().rstrip("=")


PROOFS = st.builds(lambda *said: ".".join(map(piece, said)), HEADERS_OF_PROOFS | st.binary(), JSON, st.binary())


@MANY
@given(proof=PROOFS | st.text() | st.just(piece(b"[" * 3000) + "..") | st.just(piece(b'{"kid":' * 500) + ".."))
def test_what_is_no_proof_of_ours_is_told_so(web: Web, key: str, proof: str) -> None:
    answer = web.ask("POST", "/v1/reports", {"proof": proof, "outcome": "blocked"}, key)
    assert (answer.status, answer.json["code"]) in {(422, "invalid-proof"), (422, "invalid-request")}, answer.body
