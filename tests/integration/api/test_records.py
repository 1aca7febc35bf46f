"""What is kept of checks: enough to tell people and platforms what happened, and nothing of the image."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from matching import refs, registry
from matching.decision import Decision, Match, Outcome, Strength
from matching.index.interface import Claim
from matching.models import Check, CheckCount, Platform, Told
from matching.records import Records
from tests.integration.api.test_check import protected
from tests.integration.sequence.hashes import random_hash
from tests.integration.sequence.processes import until
from tests.integration.web import Web, new_key
from tests.pictures import encoded, picture

pytestmark = pytest.mark.usefixtures("committed")


def someone() -> tuple[Platform, str]:
    name = f"Counted {uuid4().hex}"
    key = new_key(name)
    return Platform.objects.get(name=name), key


def found(platform: Platform) -> dict[str, Any]:
    rows = CheckCount.objects.filter(platform=platform).values_list("result", "use", "count")
    counted: dict[str, Any] = {}
    for result, use, count in rows:
        counted[f"{result} {use}"] = counted.get(f"{result} {use}", 0) + count
    return counted


def test_a_match_is_a_row_and_a_miss_is_counted_within_a_second(web: Web, photo: Path) -> None:
    protected(photo)
    platform, key = someone()
    hit = web.check_image(photo.read_bytes(), key, "?uses=edit,train").json
    for _ in range(3):
        web.check({"profile": "pdq", "hashes": [{"hash": random_hash()}], "uses": ["edit", "train"]}, key)
    web.check({"profile": "pdq", "hashes": [{"hash": random_hash(), "quality": 1}], "uses": ["edit"]}, key)
    until(lambda: found(platform) == {"no_match edit": 3, "no_match train": 3, "indeterminate edit": 1})
    [row] = Check.objects.filter(platform=platform)
    assert (row.id, row.result, row.uses) == (hit["id"], "protected", {"edit": "denied", "train": "no_match"})
    [told] = Told.objects.filter(platform=platform)
    assert told.ref == hit["matches"][0]["ref"] == refs.protection_ref(platform.id, row.protections[0])
    kept = str(list(Check.objects.filter(platform=platform).values()))
    assert all(item["hash"] not in kept for item in hit["hashes"])


def test_in_test_mode_nothing_real_is_named(web: Web) -> None:
    name = f"Tried {uuid4().hex}"
    key = new_key(name, "--test")
    fixed = web.ask("GET", "/v1/algorithms").json["test_mode"]
    said = web.check({"profile": "pdq", "hashes": [{"hash": fixed["protected"]}]}, key).json
    until(lambda: Check.objects.filter(id=said["id"]).exists())
    row = Check.objects.get(id=said["id"])
    assert (row.livemode, row.protections) == (False, [])
    assert not Told.objects.filter(platform__name=name).exists()


def test_an_erased_protection_leaves_no_trace_in_what_is_kept(web: Web, photo: Path) -> None:
    photo.write_bytes(encoded(picture(77)))
    protected(photo)
    platform, key = someone()
    hit = web.check_image(photo.read_bytes(), key).json
    until(lambda: Check.objects.filter(id=hit["id"]).exists())
    [protection] = Check.objects.get(id=hit["id"]).protections
    registry.erase(protection)
    assert Check.objects.get(id=hit["id"]).protections == []
    assert not Told.objects.filter(platform=platform).exists()


def hit_of(protection: UUID) -> Decision:
    match = Match(Claim(protection, 1, 0, datetime.now(UTC).date()), Strength.STRONG, {"edit": Outcome.DENIED})
    return Decision({"edit": Outcome.DENIED}, (match,))


def test_what_comes_beyond_the_bound_is_dropped_and_counted() -> None:
    platform, _ = someone()
    notes = Records(most=3)
    for number in range(5):
        notes.note(f"chk_{uuid4().hex[:24]}", platform.id, livemode=True, decision=hit_of(uuid4()), asked=["edit"])
        notes.note("-", platform.id, livemode=True, decision=None, asked=[f"use-{number}"])
    assert notes.dropped == 4
    notes.write()
    assert Check.objects.filter(platform=platform).count() == 3
    assert sum(found(platform).values()) == 3


def test_what_was_kept_long_enough_is_deleted(web: Web) -> None:
    from matching.tasks import purge

    platform, _ = someone()
    old, young = (datetime.now(UTC) - timedelta(days=days) for days in (366, 364))
    for at in (old, young):
        Check.objects.create(
            id=f"chk_{uuid4().hex[:24]}",
            platform=platform,
            livemode=True,
            at=at,
            result="ask",
            uses={},
            protections=[],
        )
        CheckCount.objects.create(platform=platform, livemode=True, result="no_match", use="edit", minute=at, count=1)
    purge()
    assert [row.at for row in Check.objects.filter(platform=platform)] == [young]
    assert [row.minute for row in CheckCount.objects.filter(platform=platform)] == [young]
