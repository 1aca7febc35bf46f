"""What is kept of checks: enough to tell people and platforms what happened, and nothing of the image."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction

from matching import refs, registry
from matching.decision import Decision, Match, Outcome, Strength
from matching.index.interface import Claim
from matching.models import Check, CheckCount, Event, Platform, Protection, Told
from matching.records import Records
from matching.uses import to_mask
from tests.integration.api.test_check import protected
from tests.integration.sequence.hashes import fingerprint, random_hash
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
    """As the index says it that holds all changes so far."""
    refused = Protection.objects.filter(id=protection).values_list("uses", flat=True).first() or []
    claim = Claim(protection, to_mask(refused), 0, datetime.now(UTC).date())
    match = Match(claim, Strength.STRONG, {"edit": Outcome.DENIED})
    return Decision({"edit": Outcome.DENIED}, (match,))


@pytest.mark.parametrize(
    ("change", "event", "kept"),
    [
        (registry.erase, "protection.removed", 0),
        (registry.withdraw, "protection.removed", 1),
        (lambda protection: registry.revise(protection, refuse=["edit", "train"]), "protection.changed", 1),
    ],
    ids=["erased", "withdrawn", "revised"],
)
def test_a_platform_hears_of_what_changed_before_it_was_written_that_it_was_told(
    photo: Path, change: Callable[[UUID], None], event: str, kept: int
) -> None:
    """A check is written half a second after its answer: an erasure in between leaves nothing of it either."""
    platform, _ = someone()
    protection = registered_protection()
    notes = Records()
    notes.note(f"chk_{uuid4().hex[:24]}", platform.id, livemode=True, decision=hit_of(protection), asked=["edit"])
    with transaction.atomic():
        change(protection)
        with ThreadPoolExecutor(1) as another:
            assert not another.submit(written, notes).result()  # it is just being changed: the note waits
    notes.write()
    assert Told.objects.filter(protection=protection).count() == kept
    assert len(Check.objects.get(platform=platform).protections) == kept
    told = Event.objects.filter(platform=platform).values_list("type", "data")
    assert list(told) == [(event, {"ref": refs.protection_ref(platform.id, protection)})]


@pytest.mark.parametrize("known", [True, False], ids=["told before", "told first"])
def test_of_one_change_a_platform_hears_once_whatever_it_asked_of_whom_just_before(known: bool) -> None:
    platform, _ = someone()
    protection = registered_protection()
    processes = [Records(), Records()]

    def asked() -> None:
        for notes in processes:
            id_ = f"chk_{uuid4().hex[:24]}"
            notes.note(id_, platform.id, livemode=True, decision=hit_of(protection), asked=["edit"])

    def write() -> None:
        for notes in processes:
            notes.write()

    if known:
        asked()
        write()
    for change in (lambda: registry.revise(protection, refuse=["train"]), lambda: registry.withdraw(protection)):
        asked()
        with transaction.atomic():
            change()
        write()
    told = Event.objects.filter(platform=platform).order_by("id").values_list("type", flat=True)
    assert list(told) == ["protection.changed", "protection.removed"]


def test_a_platform_that_was_told_what_held_before_a_change_hears_of_it_though_it_asked_after() -> None:
    """Between the commit of a change and its effect an answer is still the old one."""
    platform, _ = someone()
    protection = registered_protection()
    before = hit_of(protection)
    with transaction.atomic():
        registry.revise(protection, refuse=["train"])
    notes = Records()
    notes.note(f"chk_{uuid4().hex[:24]}", platform.id, livemode=True, decision=before, asked=["edit"])
    notes.write()
    notes.note(f"chk_{uuid4().hex[:24]}", platform.id, livemode=True, decision=hit_of(protection), asked=["edit"])
    notes.write()
    assert [event.type for event in Event.objects.filter(platform=platform)] == ["protection.changed"]


def written(notes: Records) -> bool:
    """In a thread that ends."""
    try:
        return notes.written()
    finally:
        connection.close()


def registered_protection() -> UUID:
    with transaction.atomic():
        return registry.protect([fingerprint(random_hash())], refuse=["edit"], assurance=0)


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
