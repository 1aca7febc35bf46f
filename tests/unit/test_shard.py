"""What a shard answers when its follower goes on, or starts over, while it is asked."""

import uuid
from dataclasses import replace
from typing import Any

import pytest

from matching.cluster import shard as shards
from matching.cluster.shard import Shard
from matching.published import Position

HELD = Position(3, 10, "1/now")


@pytest.fixture(autouse=True)
def nothing_to_settle(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL is not asked here, and may not be."""
    monkeypatch.setattr(shards, "settle_connections", lambda: None)


class Going:
    """A follower that holds what is wanted and stands at `then` once it was looked into."""

    details = ()

    def __init__(self, then: Position | None) -> None:
        self.position: Position | None = HELD
        self.then = then

    def holds(self, _: uuid.UUID, wanted: Position) -> bool:
        return wanted <= HELD

    @property
    def index(self) -> Any:
        self.position = self.then
        return ()


def asked(then: Position | None, wanted: Position = HELD) -> Any:
    shard: Any = Shard.__new__(Shard)
    shard._follower = Going(then)
    return shard.size(uuid.uuid4(), wanted)


@pytest.mark.parametrize("then", [HELD, replace(HELD, number=12)])
def test_changes_that_come_while_it_is_asked_do_no_harm(then: Position) -> None:
    assert asked(then) == (0, 0)


@pytest.mark.parametrize("then", [None, Position(4, 10, "1/now"), Position(4, 9)])
def test_an_answer_of_an_epoch_that_has_begun_meanwhile_is_none(then: Position | None) -> None:
    assert asked(then) is None


def test_without_what_is_wanted_there_is_no_answer() -> None:
    assert asked(HELD, wanted=replace(HELD, number=11)) is None
