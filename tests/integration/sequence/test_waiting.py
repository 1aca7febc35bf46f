"""A question that waited for a thread takes over what was found meanwhile, and nothing that was found before."""

import json
import time

import pytest

from matching.follower import Follower
from tests.integration.sequence.hashes import random_hash
from tests.integration.sequence.processes import Cast, Line, owner_of, question
from tests.integration.web import Web


@pytest.fixture
def follower(committed: None) -> Follower:
    reader = Follower()
    reader.load()
    return reader


def protect(cast: Cast) -> None:
    assert cast.actor().do("protect", code=random_hash())["in_effect"]


def held(follower: Follower) -> int:
    assert follower.position is not None
    return follower.position.number


def test_a_look_that_began_while_it_waited_is_as_good_as_its_own(follower: Follower, cast: Cast) -> None:
    came = time.monotonic()
    assert follower.current()
    before = held(follower)
    protect(cast)
    assert follower.current(received_at=came)
    assert held(follower) == before  # acknowledged after it came: nothing had to be looked up


def test_a_look_that_began_before_it_came_is_not(follower: Follower, cast: Cast) -> None:
    assert follower.current()
    before = held(follower)
    protect(cast)
    assert follower.current(received_at=time.monotonic())
    assert held(follower) > before


def test_a_look_by_an_index_that_was_replaced_is_not(follower: Follower, cast: Cast) -> None:
    came = time.monotonic()
    assert follower.current()
    follower.load()
    before = held(follower)
    protect(cast)
    assert follower.current(received_at=came)
    assert held(follower) > before


def test_nothing_is_current_once_what_was_held_was_given_up(follower: Follower) -> None:
    came = time.monotonic()
    assert follower.current()
    follower.position = None
    assert not follower.current(received_at=came)


def test_what_is_acknowledged_while_a_question_is_still_being_sent_is_in_its_answer(
    two_workers: Web, lines: list[Line], live_key: str, cast: Cast
) -> None:
    slow, code = lines[0], random_hash()
    body = json.dumps(question(code)).encode()
    slow.connection.putrequest("POST", "/v1/check")
    slow.connection.putheader("Authorization", f"Bearer {live_key}")
    slow.connection.putheader("Content-Length", str(len(body)))
    slow.connection.endheaders(body[:9])
    looks_meanwhile(two_workers, owner_of(slow, two_workers), live_key)
    assert cast.actor().do("protect", code=code)["in_effect"]
    slow.connection.send(body[9:])
    response = slow.connection.getresponse()
    assert json.loads(response.read())["result"] == "protected"


def looks_meanwhile(web: Web, process: int, key: str) -> None:
    """Another question to the same process."""
    others = []
    try:
        while not others or owner_of(others[-1], web) != process:
            assert len(others) < 200
            others.append(Line(web.port))
            assert others[-1].ask("GET", "/v1/me", key=key).status == 200
    finally:
        for line in others:
            line.close()
