"""Logs: one JSON object a line, and nothing in it that is somebody's."""

import io
import json
import logging
import logging.config
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from django.conf import settings
from django.db import IntegrityError

from config.logs import logging_settings


@pytest.fixture
def lines() -> Iterator[Any]:
    """What is logged, as the objects of its lines."""
    out = io.StringIO()
    wanted = logging_settings("INFO")
    wanted["handlers"]["stderr"]["stream"] = out
    logging.config.dictConfig(wanted)
    yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    logging.config.dictConfig(settings.LOGGING)


def test_an_event_carries_the_id_of_its_request(lines: Any) -> None:
    with structlog.contextvars.bound_contextvars(request_id="req_1"):
        structlog.get_logger("veto").info("happened", number=3)
    [line] = lines()
    assert (line["event"], line["request_id"], line["number"]) == ("happened", "req_1", 3)


def test_an_exception_shows_where_but_not_what_it_said(lines: Any) -> None:
    def insert(secret: str) -> None:
        raise IntegrityError(f"Key (email)=({secret}) already exists.")

    try:
        try:
            insert("ana@example.org")
        except IntegrityError as error:
            raise ExceptionGroup("several, of ana@example.org", [error, ValueError("ana@example.org")]) from error
    except ExceptionGroup:
        logging.getLogger("anything").exception("it failed")
    [line] = lines()
    assert "ana" not in json.dumps(line)
    assert '"name": "insert"' in json.dumps(line["exception"])


def test_a_refused_request_has_one_line_and_a_fault_its_traceback(lines: Any) -> None:
    log = logging.getLogger("django.request")
    log.warning("Unauthorized: /v1/me", extra={"request": object(), "status_code": 401})
    assert lines() == []
    try:
        raise ValueError("hash f8f8f0ce")
    except ValueError:
        log.exception("Internal Server Error: /v1/check", extra={"request": object(), "status_code": 500})
    [line] = lines()
    assert "f8f8" not in json.dumps(line)
    assert line["exception"][0]["exc_type"] == "ValueError"
