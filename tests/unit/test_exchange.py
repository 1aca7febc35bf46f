"""Requests as Django has them, made of what granian says of them."""

from types import SimpleNamespace
from typing import Any

import pytest

from config.exchange import answered, environ_of, refusal
from matching.problems import Problem


def environ(*headers: tuple[str, str], **scope: Any) -> dict[str, Any]:
    given = {
        "http_version": "1.1",
        "client": "192.0.2.7:4711",
        "server": "127.0.0.1:8000",
        "scheme": "http",
        "method": "GET",
        "path": "/",
        "query_string": "",
        "authority": None,
        "headers": SimpleNamespace(items=lambda: list(headers)),
    }
    return environ_of(SimpleNamespace(**given | scope))


def test_headers_that_come_twice_are_joined() -> None:
    made = environ(("x-forwarded-for", "a"), ("x-forwarded-for", "b"), ("cookie", "a=1"), ("cookie", "b=2"))
    assert made["HTTP_X_FORWARDED_FOR"] == "a,b"
    assert made["HTTP_COOKIE"] == "a=1; b=2"


def test_a_header_cannot_be_forged_by_another_that_is_written_alike() -> None:
    made = environ(("x_forwarded_for", "forged"), ("content_length", "7"), ("x-forwarded-for", "true"))
    assert made["HTTP_X_FORWARDED_FOR"] == "true"
    assert "CONTENT_LENGTH" not in made


def test_a_header_never_stands_for_what_the_server_says() -> None:
    made = environ(("remote-addr", "forged"), ("wsgi.input", "forged"), ("content-type", "text/plain"))
    assert (made["REMOTE_ADDR"], made["CONTENT_TYPE"]) == ("192.0.2.7", "text/plain")
    assert "wsgi.input" not in made


@pytest.mark.parametrize(("client", "address"), [("[::1]:80", "::1"), ("192.0.2.7:80", "192.0.2.7")])
def test_the_address_of_a_client_has_no_port(client: str, address: str) -> None:
    assert environ(client=client)["REMOTE_ADDR"] == address


def test_a_request_that_names_no_host_is_not_taken_for_ours() -> None:
    assert environ()["HTTP_HOST"] == ""
    assert environ(("host", "veto.example"))["HTTP_HOST"] == "veto.example"


def test_path_and_query_are_written_as_django_reads_them() -> None:
    made = environ(path="/ō", query_string="q=Ā")
    assert made["PATH_INFO"].encode("latin-1").decode() == "/ō"
    assert made["QUERY_STRING"].encode("latin-1").decode() == "q=Ā"


def test_an_answer_is_whole_and_closed() -> None:
    class Parts(list[bytes]):
        closed = False

        def close(self) -> None:
            self.closed = True

    parts = Parts([b"a", b"b"])

    def handler(environ: dict[str, Any], start_response: Any) -> Parts:
        start_response("201 Created", [("X", "1")])
        return parts

    answer = answered(handler, {})
    assert (answer.status, answer.headers, answer.body, parts.closed) == (201, [("X", "1")], b"ab", True)


def test_a_refusal_is_a_problem_for_platforms_and_words_for_people() -> None:
    problem = Problem("overloaded", "Too much.", retry_after_s=5)
    platform, person = (refusal(problem, "req_1", api=api) for api in (True, False))
    assert dict(platform.headers)["Content-Type"] == "application/problem+json"
    assert b'"request_id":"req_1"' in platform.body
    for answer in (platform, person):
        assert (answer.status, dict(answer.headers)["Retry-After"]) == (503, "5")
        assert dict(answer.headers)["Cache-Control"] == "no-store"
        assert dict(answer.headers)["X-Request-Id"] == "req_1"
    assert len(person.body.decode().splitlines()) == 2
