"""Whatever is done to platforms and keys, in whatever order: none ever sees, or does, what is another's."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from matching import events, keys, platforms
from matching.models import Platform
from matching.platforms import OPERATOR
from tests.integration.sequence.hashes import fingerprint, random_hash
from tests.integration.web import Answer, Web

pytestmark = pytest.mark.usefixtures("committed")

PICK = st.integers(0, 10_000)


@dataclass
class Its:
    """What a platform must see: all that is its own."""

    row: Platform
    keys: dict[str, str] = field(default_factory=dict)  # kid → key, of those in force
    kids: set[str] = field(default_factory=set)  # of all it ever had
    endpoints: set[str] = field(default_factory=set)
    made: int = 0  # endpoints, with those deleted since
    events: list[str] = field(default_factory=list)
    reports: dict[str, str] = field(default_factory=dict)  # Idempotency-Key → id
    suspended: bool = False


class Operations(RuleBasedStateMachine):
    web: Web
    protected: tuple[UUID, str]

    def __init__(self) -> None:
        super().__init__()
        self.all: list[Its] = []
        self.over: list[str] = []  # keys that are revoked

    def ask(self, key: str, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        return self.web.ask(method, f"/v1/{path}", body, key, **headers)

    def picked(self, number: int) -> Its:
        return self.all[number % len(self.all)]

    def opened(self, number: int) -> tuple[Its, str] | None:
        """A platform and a key of its own with which it gets in."""
        its = self.picked(number)
        if its.suspended or not its.keys:
            return None
        return its, list(its.keys.values())[number % len(its.keys)]

    @rule()
    def create(self) -> None:
        if len(self.all) < 6:
            self.all.append(Its(platforms.create(by=OPERATOR, name=f"Island {uuid4().hex}")))
            self.issue(len(self.all) - 1)

    @precondition(lambda self: self.all)
    @rule(number=PICK)
    def issue(self, number: int) -> None:
        its = self.picked(number)
        scopes = ("check", "report", "webhooks")
        api_key, credential = keys.issue(by=OPERATOR, platform=its.row, livemode=True, scopes=scopes)
        its.keys[api_key.kid] = str(credential)
        its.kids.add(api_key.kid)

    @precondition(lambda self: any(its.keys for its in self.all))
    @rule(number=PICK)
    def revoke(self, number: int) -> None:
        its = [its for its in self.all if its.keys][number % sum(bool(its.keys) for its in self.all)]
        kid = list(its.keys)[number % len(its.keys)]
        assert keys.revoke(by=OPERATOR, kid=kid)
        self.over.append(its.keys.pop(kid))

    @precondition(lambda self: any(its.keys for its in self.all))
    @rule(number=PICK)
    def rotate(self, number: int) -> None:
        its = [its for its in self.all if its.keys][number % sum(bool(its.keys) for its in self.all)]
        kid = list(its.keys)[number % len(its.keys)]
        try:
            api_key, credential, _ = keys.rotate(by=OPERATOR, kid=kid, overlap=timedelta(days=1))
        except ValueError:
            return
        its.keys[api_key.kid] = str(credential)
        its.kids.add(api_key.kid)

    def listed(self, key: str, its: Its) -> list[str]:
        said = self.ask(key, "GET", "events?limit=100").json["data"]
        assert {each["data"]["kid"] for each in said} <= its.kids | {its.row.name}
        return [each["id"] for each in said]

    @precondition(lambda self: self.all)
    @rule(number=PICK)
    def suspend_or_resume(self, number: int) -> None:
        its = self.picked(number)
        assert (platforms.resume if its.suspended else platforms.suspend)(by=OPERATOR, name=its.row.name)
        its.suspended = not its.suspended

    @precondition(lambda self: self.all)
    @rule(number=PICK)
    def is_let_in_or_not(self, number: int) -> None:
        its = self.picked(number)
        for key in its.keys.values():
            answer = self.ask(key, "GET", "me")
            assert answer.status == (403 if its.suspended else 200)
            assert its.suspended or answer.json["platform"] == its.row.name
        for key in self.over[-3:]:
            assert self.ask(key, "GET", "me").status == 401

    @precondition(lambda self: self.all)
    @rule(number=PICK, other=PICK)
    def endpoints(self, number: int, other: int) -> None:
        if not (found := self.opened(number)):
            return
        its, key = found
        if len(its.endpoints) < 3:
            once = f"endpoint {its.made}"  # the keys of another platform are the same, and nothing to this one
            made = self.ask(key, "POST", "webhook-endpoints", {"url": "https://localhost:1/"}, Idempotency_Key=once)
            its.endpoints.add(made.json["id"])
            its.made += 1
        for endpoint in list(self.picked(other).endpoints)[:1]:
            mine = endpoint in its.endpoints
            assert self.ask(key, "DELETE", f"webhook-endpoints/{endpoint}").status == (204 if mine else 404)
            its.endpoints.discard(endpoint)
        listed = self.ask(key, "GET", "webhook-endpoints").json["data"]
        assert {each["id"] for each in listed} == its.endpoints

    @precondition(lambda self: self.all)
    @rule(number=PICK)
    def hears(self, number: int) -> None:
        its = self.picked(number)
        events.write([(its.row.id, True, "key.expiring", {"kid": its.row.name})])
        for each in self.all:
            if not each.suspended and each.keys:
                key = next(iter(each.keys.values()))
                before = set(each.events)
                each.events = self.listed(key, each)
                assert before <= set(each.events)
        everything = [event for each in self.all for event in each.events]
        assert len(everything) == len(set(everything))

    @precondition(lambda self: self.all)
    @rule(number=PICK)
    def reports(self, number: int) -> None:
        if not (found := self.opened(number)):
            return
        its, key = found
        body = {"check": "chk_" + "a" * 24, "outcome": "blocked"}
        said = self.ask(key, "POST", "reports", body, Idempotency_Key="report").json["id"]
        assert its.reports.setdefault("report", said) == said
        assert sum(said in other.reports.values() for other in self.all) == 1

    @precondition(lambda self: self.all)
    @rule()
    def checks(self) -> None:
        refs = []
        for its in self.all:
            if not its.suspended and its.keys:
                asked = {"profile": "pdq", "hashes": [{"hash": self.protected[1]}]}
                [match] = self.ask(next(iter(its.keys.values())), "POST", "check", asked).json["matches"]
                refs.append(match["ref"])
        assert len(refs) == len(set(refs))


def hold(web: Web, *, examples: int, steps: int) -> None:
    from matching import registry, sequence

    code = random_hash()
    Operations.web = web
    Operations.protected = registry.protect([fingerprint(code)], refuse=["edit"], assurance=1), code
    assert sequence.settled()
    how = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Operations, settings=how)


def test_no_platform_sees_what_is_another_s(web: Web) -> None:
    hold(web, examples=3, steps=25)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_no_platform_sees_what_is_another_s_in_ten_thousand_operations(web: Web) -> None:
    hold(web, examples=100, steps=100)
