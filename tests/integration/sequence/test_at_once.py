"""What was acknowledged in one process is what every other process answers next: no sleep, no second try."""

import itertools
import secrets

from tests.integration.sequence.hashes import random_hash
from tests.integration.sequence.processes import Cast, Line, question
from tests.integration.web import Web, new_key

TIMES = 200


def fresh(web: Web, code: str, key: str, profile: str) -> str:
    """Asked on a connection of its own, whichever worker takes it."""
    answer = web.check(question(code, profile=profile), key)
    assert answer.status == 200, answer.body
    return str(answer.json["result"])


def test_the_next_check_knows_an_opt_out_and_a_withdrawal(
    cast: Cast, two_workers: Web, lines: list[Line], live_key: str
) -> None:
    writers, other = itertools.cycle(cast.actors(2)), cast.actor()
    profiles = itertools.cycle(["pdq", "veto-1"])
    other.tell("hammer")
    for _ in range(TIMES):
        code, profile = random_hash(), next(profiles)
        made = next(writers).do("protect", code=code)
        assert made["in_effect"]
        assert [line.check(code, live_key, profile=profile) for line in lines] == ["protected"] * len(lines)
        assert fresh(two_workers, code, live_key, profile) == "protected"
        assert next(writers).do("withdraw", photo=made["photo"])
        assert fresh(two_workers, code, live_key, profile) == "no_match"
        assert [line.check(code, live_key, profile=profile) for line in reversed(lines)] == ["no_match"] * len(lines)
    other.go_on()
    assert other.answer() > 0


def status(line: Line, key: str) -> int:
    return line.ask("POST", "/v1/check", question(random_hash()), key).status


def test_a_revoked_key_is_refused_with_the_next_request_in_every_process(
    cast: Cast, two_workers: Web, lines: list[Line]
) -> None:
    admin, other = cast.actors(2)
    other.tell("hammer")
    for _ in range(20):
        key, kept = (new_key("Rotates") for _ in range(2))
        assert [status(line, key) for line in lines] == [200] * len(lines)
        assert admin.do("revoke", kid=key.split("_")[2])
        assert [status(line, key) for line in lines] == [401] * len(lines)
        assert [status(line, kept) for line in lines] == [200] * len(lines)
    other.go_on()
    assert other.answer() > 0


def test_a_suspended_platform_is_refused_with_the_next_request_in_every_process(
    cast: Cast, two_workers: Web, lines: list[Line]
) -> None:
    admin = cast.actor()
    for _ in range(10):
        name = f"Suspended {secrets.token_hex(4)}"
        key = new_key(name)
        assert [status(line, key) for line in lines] == [200] * len(lines)
        assert admin.do("suspend", platform=name)
        assert [status(line, key) for line in lines] == [403] * len(lines)
