"""Processes are started anew or ended while many ask: no answer is broken, nothing that was begun is lost.

A connection that nobody has taken yet when its process ends is reset by the kernel, so askers connect once more.
"""

import http.client
import json
import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from django.db.models import Sum

from matching.models import CheckCount
from tests.integration.sequence.hashes import random_hash
from tests.integration.sequence.processes import Line, question, until
from tests.integration.web import Web, new_key, serving
from tests.pictures import encoded, picture

ASKERS = 3
SEEN_S = 0.3  # what was sent is with the server by then, and a signal has reached its workers

pytestmark = pytest.mark.usefixtures("committed")


class HalfAsked:
    """A question of which one half has been sent."""

    def __init__(self, web: Web, path: str, body: bytes, key: str) -> None:
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        self.line = socket.create_connection(("127.0.0.1", web.port), timeout=20)
        self.line.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[: len(body) // 2])
        self._rest = body[len(body) // 2 :]

    def close(self) -> None:
        self.line.close()

    def answer(self) -> tuple[int, str]:
        self.line.sendall(self._rest)
        response = http.client.HTTPResponse(self.line, method="POST")
        response.begin()
        return response.status, json.loads(response.read())["result"]


def asked(port: int, key: str) -> str:
    for last in (False, True):
        try:
            with closing(Line(port)) as line:
                return str(line.check(random_hash(), key))
        except ConnectionError:  # before one byte of an answer: a broken one is another error
            if last:
                return "nobody there"
    raise AssertionError


@contextmanager
def asking(port: int, key: str) -> Iterator["Counter[str]"]:
    """Of many at once, what each was told; counted when the block has ended."""
    ended, told = threading.Event(), Counter[str]()

    def ask() -> list[str]:
        heard: list[str] = []
        while not ended.is_set():
            heard.append(asked(port, key))
        return heard

    with ThreadPoolExecutor(ASKERS) as pool:
        askers = [pool.submit(ask) for _ in range(ASKERS)]
        try:
            time.sleep(SEEN_S)
            yield told
            time.sleep(SEEN_S)
        finally:
            ended.set()
        for asker in askers:
            told.update(asker.result())


def kept(platform: str) -> int:
    """How many questions that found nothing are in its counters."""
    counts = CheckCount.objects.filter(platform__name=platform, result="no_match", use="edit")
    return counts.aggregate(Sum("count"))["count__sum"] or 0


def test_a_server_follows_on_another_at_its_port_with_no_question_lost_of_those_that_were_begun(tmp_path: Path) -> None:
    key, body, image = new_key("Restarted"), json.dumps(question(random_hash())).encode(), encoded(picture(9101))
    with serving(tmp_path / "old.log", kill_timeout_s=20) as old, ExitStack() as opened, asking(old.port, key) as told:
        begun = [
            opened.enter_context(closing(HalfAsked(old, path, sent, key)))
            for path, sent in (("/v1/check", body), ("/v1/check/image?uses=edit", image))
            for _ in range(4)
        ]
        time.sleep(SEEN_S)
        opened.enter_context(serving(tmp_path / "new.log", port=old.port, kill_timeout_s=20))
        until(lambda: "Started worker-1" in (tmp_path / "new.log").read_text())
        os.kill(old.pid, signal.SIGTERM)
        time.sleep(SEEN_S)
        assert [each.answer() for each in begun] == [(200, "no_match")] * len(begun)
        until(lambda: "shutdown completed" in old.log.read_text())
    assert told.keys() == {"no_match"}
    assert told["no_match"] > 10 * ASKERS
    assert kept("Restarted") == told["no_match"] + len(begun)  # both have ended, and written what they noted


@pytest.mark.long
def test_workers_that_are_started_anew_one_after_the_other_lose_no_question(tmp_path: Path) -> None:
    log = tmp_path / "restarted.log"
    with serving(log, workers=2) as restarted, asking(restarted.port, new_key("Restarted")) as told:
        os.kill(restarted.pid, signal.SIGHUP)
        until(lambda: "Stopped old worker-2" in log.read_text(), within=50)
    assert told.keys() == {"no_match"}
    assert told["no_match"] > 10 * ASKERS
