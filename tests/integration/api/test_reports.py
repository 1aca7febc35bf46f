"""Reports: what a platform says it did, told once however often it is sent."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction

from matching.api.idempotency import take_turn
from matching.models import Idempotent, Platform, Report
from tests.integration.sequence.hashes import random_hash
from tests.integration.web import Answer, Web, new_key

pytestmark = pytest.mark.usefixtures("committed")

SCOPES = ("--scopes", "check,report")


@pytest.fixture(scope="module")
def teller(web: Web, django_db_blocker: Any) -> str:
    with django_db_blocker.unblock():
        return new_key("Teller", *SCOPES)


def tell(web: Web, key: str, body: Any, idempotency: str = "") -> Answer:
    headers = {"Idempotency-Key": idempotency} if idempotency else {}
    return web.ask("POST", "/v1/reports", body, key, **headers)


def check_id() -> str:
    return f"chk_{uuid4().hex[:24]}"


def count(check: str) -> int:
    return Report.objects.filter(check_id=check).count()


@pytest.mark.parametrize("outcome", ["blocked", "warned", "exempt", "not_applied", "false_match"])
def test_each_outcome_can_be_reported(web: Web, teller: str, outcome: str) -> None:
    check = check_id()
    answer = tell(web, teller, {"check": check, "outcome": outcome, "use": "edit"})
    assert answer.status == 201
    assert answer.json == {
        "id": answer.json["id"], "check": check, "outcome": outcome, "use": "edit", "livemode": True,
    }  # fmt: skip
    row = Report.objects.get(check_id=check)
    assert (row.id, row.platform.name, row.proven) == (answer.json["id"], "Teller", False)


def test_the_same_sent_again_counts_once(web: Web, teller: str) -> None:
    check, key = check_id(), uuid4().hex
    with ThreadPoolExecutor(4) as pool:
        body = {"check": check, "outcome": "blocked"}
        answers = list(pool.map(lambda _: tell(web, teller, body, key), range(12)))
    ids = {answer.json["id"] for answer in answers if answer.status == 201}
    assert len(ids) == 1
    assert {answer.status for answer in answers} <= {201, 409}
    assert all(answer.json["code"] == "idempotency-in-flight" for answer in answers if answer.status == 409)
    assert count(check) == 1
    assert tell(web, teller, body, uuid4().hex).json["id"] not in ids


def test_a_key_that_is_at_work_elsewhere_is_told_to_wait(web: Web, teller: str) -> None:
    key, platform = uuid4().hex, Platform.objects.get(name="Teller")
    with transaction.atomic():
        take_turn({"platform_id": platform.id, "livemode": True, "key": key})
        assert tell(web, teller, {"check": check_id(), "outcome": "blocked"}, key).status == 409
    assert tell(web, teller, {"check": check_id(), "outcome": "blocked"}, key).status == 201


def test_a_key_sent_with_something_else_is_refused(web: Web, teller: str) -> None:
    key, check = uuid4().hex, check_id()
    assert tell(web, teller, {"check": check, "outcome": "blocked"}, key).status == 201
    refused = tell(web, teller, {"check": check, "outcome": "warned"}, key)
    assert (refused.status, refused.json["code"]) == (422, "idempotency-mismatch")
    assert tell(web, new_key("Other teller", *SCOPES), {"check": check, "outcome": "warned"}, key).status == 201
    assert tell(web, new_key("Teller", "--test", *SCOPES), {"check": check, "outcome": "warned"}, key).status == 201


def test_a_key_of_a_refused_request_may_be_used_again_and_any_key_after_a_day(web: Web, teller: str) -> None:
    key, check = uuid4().hex, check_id()
    assert tell(web, teller, {"check": check, "outcome": "blocked", "proof": "x"}, key).status == 422
    assert tell(web, teller, {"check": check, "outcome": "blocked"}, key).status == 201
    with connection.cursor() as cursor:
        cursor.execute("UPDATE matching_idempotent SET at = at - interval '25 hours' WHERE key = %s", [key])
    assert tell(web, teller, {"check": check, "outcome": "warned"}, key).status == 201
    assert count(check) == 2
    assert check.encode() not in bytes(Idempotent.objects.get(key=key).blob)


def test_a_check_that_was_not_kept_is_reported_by_its_proof_and_only_by_who_made_it(web: Web, teller: str) -> None:
    asked = {"profile": "pdq", "hashes": [{"hash": random_hash()}]}
    check = web.ask("POST", "/v1/check", asked, teller, Prefer="proof").json
    told = tell(web, teller, {"proof": check["proof"], "outcome": "not_applied"})
    assert (told.status, told.json["check"]) == (201, check["id"])
    assert Report.objects.get(id=told.json["id"]).proven
    for key in (new_key("Other teller", *SCOPES), new_key("Teller", "--test", *SCOPES)):
        refused = tell(web, key, {"proof": check["proof"], "outcome": "blocked"})
        assert (refused.status, refused.json["code"]) == (422, "invalid-proof")
    other = web.ask("POST", "/v1/check", asked, teller, Prefer="proof").json["proof"]
    forged = other.rpartition(".")[0] + "." + check["proof"].rpartition(".")[2]
    assert tell(web, teller, {"proof": forged, "outcome": "blocked"}).json["code"] == "invalid-proof"
    assert count(check["id"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"outcome": "blocked"},
        {"check": "chk_1", "outcome": "blocked"},
        {"check": "chk_" + "a" * 24, "ref": "prt_" + "a" * 26, "outcome": "blocked"},
        {"check": "chk_" + "a" * 24, "outcome": "hidden"},
        {"check": "chk_" + "a" * 24, "outcome": "blocked", "use": "upscale"},
        {"proof": "a.b.c", "outcome": "blocked"},
        {"proof": "é", "outcome": "blocked"},
        {"proof": "\x00", "outcome": "blocked"},
    ],
)
def test_a_report_that_is_none_is_a_clear_error(web: Web, teller: str, body: Any) -> None:
    assert tell(web, teller, body).status == 422


def test_a_key_without_the_scope_reports_nothing(web: Web) -> None:
    asker = new_key("Asker", "--scopes", "check")
    assert tell(web, asker, {"check": check_id(), "outcome": "blocked"}).json["code"] == "missing-scope"
