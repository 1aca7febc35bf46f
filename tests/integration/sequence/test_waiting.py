"""A question that waited for a thread takes over what was found meanwhile, and nothing that was found before."""

import time

import pytest

from matching.follower import Follower
from tests.integration.sequence.hashes import random_hash
from tests.integration.sequence.processes import Cast


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
