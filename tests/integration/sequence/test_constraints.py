"""Rules that must hold are constraints of the database; each is tried from both sides."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from consent.models import OptOut, Person, Photo
from matching import uses
from matching.models import (
    ApiKey,
    Change,
    Check,
    Event,
    Exclusion,
    LedgerEntry,
    Platform,
    Protection,
    Report,
    Sequence,
    StoredFingerprint,
    WebhookEndpoint,
)

pytestmark = pytest.mark.django_db


def protection(**fields: Any) -> Protection:
    return Protection.objects.create(**{"uses": ["sexualise"], "assurance": 0} | fields)


def stored(*profiles: str) -> None:
    of = protection()
    for profile in profiles:
        StoredFingerprint.objects.create(protection=of, profile=profile, key_id="k", blob=b"x")


def exclusion(**fields: Any) -> Exclusion:
    return Exclusion.objects.create(**{"minimum_assurance": 1, "reason": "r", "key_id": "k", "blob": b"x"} | fields)


def change(**fields: Any) -> Change:
    return Change.objects.create(**{"kind": Change.Kind.PROTECTION, "subject": uuid.uuid4()} | fields)


def platform(**fields: Any) -> Platform:
    return Platform.objects.create(**{"name": uuid.uuid4().hex} | fields)


def api_key(**fields: Any) -> ApiKey:
    given = {"kid": uuid.uuid4().hex[:10], "platform": platform(), "livemode": True, "digest": b"x", "scopes": []}
    return ApiKey.objects.create(**given | fields)


def ledger_entry(kind: str) -> LedgerEntry:
    return LedgerEntry.objects.create(kind=kind, subject=uuid.uuid4())


def check(**fields: Any) -> Check:
    given = {"id": uuid.uuid4().hex[:28], "platform": platform(), "livemode": True, "at": timezone.now()}
    return Check.objects.create(**given | {"uses": {}, "protections": []} | fields)


def report(**fields: Any) -> Report:
    given = {"id": uuid.uuid4().hex[:28], "platform": platform(), "livemode": True, "proven": False}
    return Report.objects.create(**given | {"check_id": "chk_1", "outcome": "blocked"} | fields)


def endpoint(**fields: Any) -> WebhookEndpoint:
    given = {"public_id": uuid.uuid4().hex[:28], "platform": platform(), "livemode": True, "url": "https://a.example"}
    return WebhookEndpoint.objects.create(**given | {"key_id": "k", "blob": b"x"} | fields)


def event(**fields: Any) -> Event:
    given = {
        "public_id": uuid.uuid4().hex[:28],
        "platform": platform(),
        "livemode": True,
        "data": {},
        "at": timezone.now(),
    }
    return Event.objects.create(**given | fields)


def person(**fields: Any) -> Person:
    return Person.objects.create(**{"password": "!"} | fields)


def photo(**fields: Any) -> Photo:
    return Photo.objects.create(**{"person": person(username=uuid.uuid4().hex), "protection": uuid.uuid4()} | fields)


def opt_outs(*withdrawn: bool) -> None:
    of = photo()
    for each in withdrawn:
        OptOut.objects.create(photo=of, uses=["sexualise"], withdrawn_at=of.created_at if each else None)


def numbers(*numbers: int | None) -> None:
    for number in numbers:
        change(number=number)


def registered(*marks: bytes | None) -> None:
    of = person(username=uuid.uuid4().hex)
    for mark in marks:
        photo(person=of, mark=mark)


def sent(*names: uuid.UUID | None) -> None:
    of = person(username=uuid.uuid4().hex)
    for name in names:
        photo(person=of, sending=name)


FAR = 2**50
ONE = uuid.uuid4()
BOTH_SIDES: list[tuple[str, Callable[[], Any], Callable[[], Any]]] = [
    ("change_number_from_1", lambda: change(number=FAR), lambda: change(number=0)),
    ("change_kind_known", lambda: change(kind="access"), lambda: change(kind="person")),
    ("matching_change_number", lambda: numbers(FAR, FAR + 1, None, None), lambda: numbers(FAR, FAR)),
    ("sequence_is_one_row", Sequence.objects.get, lambda: Sequence.objects.create(id=2)),
    (
        "protection_uses_in_vocabulary",
        lambda: protection(uses=list(uses.IDS)),
        lambda: protection(uses=["sexualise", "fly"]),
    ),
    (
        "protection_refuses_what_is_always_refused",
        lambda: protection(uses=["sexualise", "edit"]),
        lambda: protection(uses=["edit"]),
    ),
    ("protection_assurance_0_to_3", lambda: protection(assurance=3), lambda: protection(assurance=4)),
    ("protection_assurance", lambda: protection(assurance=0), lambda: protection(assurance=-1)),
    ("protection_state_known", lambda: protection(state="withdrawn"), lambda: protection(state="asleep")),
    (
        "exclusion_of_one_protection_or_commons",
        lambda: exclusion(protection=protection(), minimum_assurance=None),
        lambda: exclusion(protection=protection(), minimum_assurance=1),
    ),
    (
        "exclusion_of_one_protection_or_commons",
        lambda: exclusion(protection=None, minimum_assurance=1),
        lambda: exclusion(protection=None, minimum_assurance=None),
    ),
    ("exclusion_assurance_1_to_3", lambda: exclusion(minimum_assurance=3), lambda: exclusion(minimum_assurance=4)),
    ("exclusion_assurance_1_to_3", lambda: exclusion(minimum_assurance=1), lambda: exclusion(minimum_assurance=0)),
    ("exclusion_has_a_reason", lambda: exclusion(reason="a form"), lambda: exclusion(reason="")),
    ("change_kind_known", lambda: change(kind="exclusion"), lambda: change(kind="exclude")),
    ("fingerprint_once_per_profile", lambda: stored("veto-1", "veto-2"), lambda: stored("veto-1", "veto-1")),
    (
        "platform_minimum_assurance_0_to_3",
        lambda: platform(minimum_assurance=3),
        lambda: platform(minimum_assurance=4),
    ),
    (
        "matching_platform_name",
        lambda: [platform(name="one"), platform(name="other")],
        lambda: [platform(name="same"), platform(name="same")],
    ),
    ("platform_units_from_1", lambda: platform(units_per_minute=1), lambda: platform(units_per_minute=0)),
    ("ledger_entry_kind_known", lambda: ledger_entry("key.revoked"), lambda: ledger_entry("key.lost")),
    ("check_found_something", lambda: check(result="ask"), lambda: check(result="no_match")),
    ("report_outcome_known", lambda: report(outcome="warned"), lambda: report(outcome="stopped")),
    ("report_on_one_thing", lambda: report(check_id="", ref="prt_1"), lambda: report(ref="prt_1")),
    ("report_on_one_thing", report, lambda: report(check_id="")),
    (
        "webhook_types_known",
        lambda: endpoint(types=["key.expiring"]),
        lambda: endpoint(types=["key.expiring", "key.lost"]),
    ),
    ("webhook_types_known", lambda: endpoint(types=["protection.changed"]), lambda: endpoint(types=[])),
    ("event_type_known", lambda: event(type="key.expiring"), lambda: event(type="key.lost")),
    ("api_key_scopes_known", lambda: api_key(scopes=["check", "report"]), lambda: api_key(scopes=["check", "fly"])),
    ("matching_apikey_kid", lambda: api_key(kid="a" * 10), lambda: [api_key(kid="b" * 10), api_key(kid="b" * 10)]),
    ("person_has_a_name_to_log_in_with", lambda: person(email="a@example.org"), person),
    ("photo_declaration_known", lambda: photo(declaration="child"), lambda: photo(declaration="stranger")),
    ("photo_details_known", lambda: photo(details="kept"), lambda: photo(details="some")),
    ("photo_once_per_person", lambda: registered(b"a", b"b", None, None), lambda: registered(b"a", b"a")),
    ("photo_once_per_sending", lambda: sent(uuid.uuid4(), ONE, None, None), lambda: sent(ONE, ONE)),
    ("opt_out_one_in_force_per_photo", lambda: opt_outs(True, True, False), lambda: opt_outs(False, False)),
]


@pytest.mark.parametrize(("name", "good", "bad"), BOTH_SIDES, ids=[name for name, _, _ in BOTH_SIDES])
def test_what_is_right_is_taken_and_what_is_wrong_is_refused(
    name: str, good: Callable[[], Any], bad: Callable[[], Any]
) -> None:
    with transaction.atomic():
        good()
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        bad()


def test_every_constraint_of_ours_was_tried() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid"
            " WHERE c.contype = 'c' AND (relname LIKE 'matching_%' OR relname LIKE 'consent_%')"
            " AND conname NOT LIKE '%_check'"
        )
        checks = {name for (name,) in cursor.fetchall()}
    assert checks
    assert checks <= {name for name, _, _ in BOTH_SIDES}
