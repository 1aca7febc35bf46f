"""Followers that hold a share each: together they hold everything, and each knows whether it has come far enough."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import transaction

from matching import registry, sequence
from matching.follower import Follower
from matching.index.shared import in_memory
from matching.published import Position
from matching.share import Share
from tests.integration.sequence.hashes import fingerprint, random_details, random_hash

pytestmark = pytest.mark.usefixtures("committed")


def register(code: str) -> UUID:
    with transaction.atomic():
        made = registry.protect([fingerprint(code)], refuse=["edit"], assurance=0, details=random_details())
    sequence.settle()
    return made


def loaded(*shares: Share) -> list[Follower]:
    followers = [Follower(share) for share in shares]
    for each in followers:
        each.load()
    return followers


def found(follower: Follower, code: str) -> set[UUID]:
    return {hit.claim.protection for hit in follower.index.search([fingerprint(code)])}


def test_a_photo_is_in_one_share_alone_before_and_after_it_changes() -> None:
    early = {code: register(code) for code in (random_hash() for _ in range(8))}
    whole, *parts = loaded(Share(0, 1), Share(0, 2), Share(1, 2))
    late = {code: register(code) for code in (random_hash() for _ in range(8))}
    for each in (whole, *parts):
        assert each.current()
    for code, protection in (early | late).items():
        assert found(whole, code) == {protection}
        assert sorted(map(len, (found(part, code) for part in parts))) == [0, 1]
    assert sum(len(part.index) for part in parts) == len(whole.index)
    assert sum(len(part.details) for part in parts) == len(whole.details)
    for protection in (early | late).values():
        with transaction.atomic():
            registry.withdraw(protection)
    sequence.settle()
    for each in (whole, *parts):
        assert each.current()
        assert not any(found(each, code) for code in early | late)


def test_a_share_leaves_nothing_in_memory_that_its_process_does_not_hold() -> None:
    code = random_hash()
    protection = register(code)
    parts = loaded(Share(0, 2), Share(1, 2))
    assert {protection} in [found(part, code) for part in parts]
    for part in parts:
        part.tend()
    assert in_memory(settings.INDEX_FOLDER)
    assert not [path for path in settings.INDEX_FOLDER.iterdir() if "-of-2" in path.name and path.suffix != ".lock"]


def test_a_follower_applies_what_it_is_asked_to_hold_and_holds_no_other_history() -> None:
    [follower] = loaded(Share(0, 2))
    lineage, before = sequence.in_database()
    register(random_hash())
    _, now = sequence.in_database()
    assert follower.position == before
    assert follower.holds(lineage, now)
    assert follower.position == now
    assert follower.holds(lineage, before)  # it is further than that, and the sequence is the same
    assert not follower.holds(uuid4(), now)
    assert not follower.holds(lineage, Position(now.epoch, now.number + 1, "1/never"))
    assert not follower.holds(lineage, replace(now, epoch=now.epoch - 1))
    assert not follower.holds(lineage, replace(now, head="1/of a lost history"))
