"""Clients that are slow, by intent or not, are harmless: whoever asks meanwhile is answered."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest

from tests.integration.sequence.hashes import random_hash
from tests.integration.sequence.processes import question
from tests.integration.web import Web, serving
from tests.pictures import encoded, picture

EACH = 50
HEAD = "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
SLOW = {
    "headers": HEAD.format(path="/v1/check", key="veto"),
    "the body of a question": HEAD + "Content-Length: 200\r\n\r\n" + '{"profile": ',
    "the body of an image": HEAD + "Content-Length: 1000000\r\n\r\n" + 300_000 * "x",
    "a body without a length": HEAD + "Transfer-Encoding: chunked\r\n\r\n" + '8\r\n{"profil\r\n',
    "a form": "POST /what-is-found HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 90000\r\n\r\na=b&",
    "reading answers": 20 * "GET /v1/algorithms HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
}


@pytest.fixture(scope="module")
def impatient(key: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    log = tmp_path_factory.mktemp("impatient") / "web.log"
    with serving(log, application="tests.integration.api.impatient:application") as server:
        yield server


@contextmanager
def slow(web: Web, kind: str, key: str) -> Iterator[list[socket.socket]]:
    path = "/v1/check/image" if "image" in kind else "/v1/check"
    sent = SLOW[kind].replace("{path}", path).replace("{key}", key).encode()
    with ExitStack() as opened:
        lines = [opened.enter_context(line_to(web)) for _ in range(EACH)]
        for line in lines:
            line.sendall(sent)
        yield lines


def line_to(web: Web) -> socket.socket:
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.settimeout(30)
    line.connect(("127.0.0.1", web.port))
    return line


@pytest.mark.parametrize("kind", SLOW)
def test_fifty_slow_clients_keep_no_question_waiting(impatient: Web, key: str, kind: str) -> None:
    with slow(impatient, kind, key):
        for _ in range(20):
            answer = impatient.check(question(random_hash()), key)
            assert (answer.status, answer.json["result"]) == (200, "no_match")
        assert impatient.check_image(encoded(picture(7001)), key).status == 200


@pytest.mark.parametrize("kind", [kind for kind in SLOW if "body" in kind])
def test_a_body_that_does_not_come_is_given_up_and_its_sender_told(impatient: Web, key: str, kind: str) -> None:
    with slow(impatient, kind, key) as lines:
        for line in lines:
            answer = http.client.HTTPResponse(line)
            answer.begin()
            assert answer.status == 408
            assert b'"code":"too-slow"' in answer.read()
            assert line.recv(1) == b""


@pytest.mark.parametrize("size", [70, 150], ids="{} MiB".format)
def test_however_large_a_body_is_its_sender_sees_why_it_is_refused(web: Web, key: str, size: int) -> None:
    answer = web.check_image(bytes(size * 1024 * 1024), key)
    assert (answer.status, answer.json["code"]) == (413, "too-large")


def test_a_form_too_large_for_any_page_is_refused(web: Web) -> None:
    answer = web.ask("POST", "/photos/add", bytes(125 * 1024 * 1024))
    assert answer.status == 413
    assert "too large" in answer.body.decode()


def test_who_stops_sending_in_the_midst_leaves_nothing_behind(web: Web, key: str) -> None:
    for _ in range(40):  # more than would fit into the room together
        with closing(line_to(web)) as line:
            line.sendall((HEAD + "Content-Length: 19000000\r\n\r\n").format(path="/v1/check/image", key=key).encode())
            line.sendall(bytes(10_000_000))
    assert web.check_image(encoded(picture(7002)).ljust(19_000_000, b"\0"), key).status == 200
