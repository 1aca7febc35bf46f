"""PostgreSQL, Valkey or both away: what is known to be refused stays refused, and what cannot be known is said to be
unknown. When they are back, the same processes answer again.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import psycopg
import pytest

from tests.integration.sequence.conftest import WORKERS
from tests.integration.sequence.hashes import random_hash
from tests.integration.sequence.processes import Actor, Cast, Line, World, line_to_each_worker, question, until
from tests.integration.web import ROOT, Web, serving

EDIT_AND_TRAIN = ("edit", "train")  # what `protect` here refuses is the first only


@pytest.fixture(scope="module")
def web(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    log = tmp_path_factory.mktemp("web") / "web.log"
    with serving(log, workers=WORKERS, **world.environment) as web:
        yield web


@pytest.fixture
def lines(web: Web) -> Iterator[list[Line]]:
    with line_to_each_worker(web, WORKERS) as lines:
        yield lines


def issue(world: World) -> str:
    command = [sys.executable, "manage.py", "issue_key", "--platform", "Prompt"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | world.environment, check=True, capture_output=True)
    return str(json.loads(done.stdout)["key"])


@pytest.fixture(scope="module")
def keys(world: World) -> tuple[str, str]:
    """One that is used before the cut, and one that never was."""
    return issue(world), issue(world)


@pytest.fixture
def key(keys: tuple[str, str], lines: list[Line]) -> str:
    assert [line.ask("GET", "/v1/me", key=keys[0]).status for line in lines] == [200] * WORKERS
    return keys[0]


@pytest.fixture
def writer(world: World, stage: Cast, lines: list[Line]) -> Iterator[Actor]:
    """Whatever a test has stopped runs again after it, and the workers are found to recover by themselves."""
    yield stage.actor()
    world.start()
    for line in lines:
        until(lambda line=line: line.ask("GET", "/readyz").status == 200)


@pytest.fixture
def known(writer: Actor, lines: list[Line], key: str) -> str:
    """Protected, and known to every worker."""
    code = random_hash()
    assert writer.do("protect", code=code)["in_effect"]
    assert answers(lines, code, key) == ["protected"] * WORKERS
    return code


def answers(lines: list[Line], code: str, key: str) -> list[str]:
    return [line.check(code, key) for line in lines]


def everywhere(answer: Any) -> list[Any]:
    return [answer] * WORKERS


def recovers(writer: Actor, lines: list[Line], key: str) -> None:
    """With no restart: an opt-out is again acknowledged, and known everywhere at once."""
    until(lambda: bool(writer.do("settled")))
    code = random_hash()
    assert writer.do("protect", code=code)["in_effect"]
    assert answers(lines, code, key) == everywhere("protected")
    assert answers(lines, random_hash(), key) == everywhere("no_match")


def test_with_postgresql_away_and_valkey_unchanged_both_are_answered(
    world: World, keys: tuple[str, str], key: str, known: str, writer: Actor, lines: list[Line]
) -> None:
    world.postgres.kill()
    for _ in range(3):
        assert answers(lines, known, key) == everywhere("protected")
        assert answers(lines, random_hash(), key) == everywhere("no_match")
    assert answers(lines, known, keys[1]) == everywhere("index-behind")  # nothing can be known of this key
    world.postgres.start()
    recovers(writer, lines, key)
    assert answers(lines, known, issue(world)) == everywhere("protected")


@pytest.mark.parametrize("harm", ["stopped", "killed", "emptied", "restarted", "silent"])
def test_with_postgresql_away_and_valkey_not_to_be_believed_only_refusals_are_answered(
    world: World, keys: tuple[str, str], key: str, known: str, writer: Actor, lines: list[Line], harm: str
) -> None:
    world.postgres.kill()
    if harm == "stopped":
        world.valkey.stop()
    elif harm == "killed":
        world.valkey.kill()
    elif harm == "emptied":
        world.flush()
    elif harm == "restarted":
        world.valkey.kill()
        world.valkey.start()
    else:
        world.valkey.pause()
    try:
        assert answers(lines, known, key) == everywhere("protected")
        assert answers(lines, random_hash(), key) == everywhere("index-behind")
        assert answers(lines, known, keys[1]) == everywhere("index-behind")
        assert_only_refusals(lines[0], known, key)
        problem = lines[0].ask("POST", "/v1/check", question_of(random_hash()), key)
        assert (problem.status, problem.json["fallback"]) == (503, {"action": "deny"})
        assert lines[0].ask("GET", "/readyz").status == 503
        assert lines[0].ask("GET", "/healthz").status == 200
    finally:
        if harm == "silent":
            world.valkey.resume()
    world.valkey.start()
    assert answers(lines, random_hash(), key)[0] in {"index-behind", "no_match"}  # the latter where it was silent only
    world.postgres.start()
    recovers(writer, lines, key)


def question_of(code: str) -> dict[str, object]:
    from tests.integration.sequence.processes import question

    return question(code, EDIT_AND_TRAIN)


def assert_only_refusals(line: Line, code: str, key: str) -> None:
    """A use that was not refused when the process last knew may be by now: nothing is said of it."""
    answer = line.ask("POST", "/v1/check", question_of(code), key)
    assert answer.json["uses"] == {"edit": "denied"}
    assert [match["uses"] for match in answer.json["matches"]] == [{"edit": "denied"}]
    assert line.check(code, key, ("train",)) == "index-behind"


def test_checks_answered_while_postgresql_is_away_are_kept_when_it_is_back(
    world: World, key: str, known: str, writer: Actor, lines: list[Line]
) -> None:
    world.postgres.kill()
    asked = [line.ask("POST", "/v1/check", question(code), key) for line in lines for code in (known, random_hash())]
    assert [answer.json["result"] for answer in asked] == ["protected", "no_match"] * WORKERS
    world.start()
    ids = [answer.json["id"] for answer in asked if answer.json["result"] == "protected"]

    def kept() -> bool:
        with psycopg.connect(world.postgres.url) as connection:
            found = connection.execute("SELECT count(*) FROM matching_check WHERE id = ANY(%s)", [ids]).fetchone()
            missed = connection.execute("SELECT sum(count) FROM matching_checkcount").fetchone()
        return found == (WORKERS,) and bool(missed and missed[0] and missed[0] >= WORKERS)

    until(kept)
    assert [line.ask("GET", "/v1/status").json["checks_dropped"] for line in lines] == everywhere(0)


def test_questions_that_need_a_postgresql_that_hangs_hold_up_no_others(
    world: World, key: str, known: str, writer: Actor, web: Web, lines: list[Line]
) -> None:
    unknown = issue(world)

    def ask() -> str:
        with closing(Line(web.port)) as line:
            return line.check(known, unknown)

    world.postgres.pause()
    with ThreadPoolExecutor() as others:
        try:
            hanging = [others.submit(ask) for _ in range(2)]
            time.sleep(0.5)
            for _ in range(3):
                assert answers(lines, known, key) == everywhere("protected")
                assert answers(lines, random_hash(), key) == everywhere("no_match")
            assert not any(each.done() for each in hanging)
        finally:
            world.postgres.resume()
        assert [each.result() for each in hanging] == ["protected"] * 2


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_with_valkey_away_postgresql_is_asked(
    world: World, key: str, known: str, writer: Actor, lines: list[Line], how: str
) -> None:
    getattr(world.valkey, how)()
    saved = random_hash()
    assert not writer.do("protect", code=saved)["in_effect"]
    assert answers(lines, known, key) == everywhere("protected")
    assert answers(lines, saved, key) == everywhere("protected")
    assert answers(lines, random_hash(), key) == everywhere("no_match")
    assert not writer.do("revoke", kid=issue(world).split("_")[2])
    world.valkey.start()
    recovers(writer, lines, key)


def test_a_key_revoked_while_valkey_is_away_is_refused(world: World, writer: Actor, lines: list[Line]) -> None:
    key = issue(world)
    assert answers(lines, random_hash(), key) == everywhere("no_match")
    world.valkey.kill()
    writer.do("revoke", kid=key.split("_")[2])
    assert answers(lines, random_hash(), key) == everywhere("invalid-key")
    world.valkey.start()
    world.postgres.kill()
    assert not {"protected", "no_match"} & set(answers(lines, random_hash(), key))
    world.postgres.start()


def test_an_opt_out_saved_while_readers_were_cut_off_is_known_when_they_are_back(
    world: World, key: str, known: str, writer: Actor, lines: list[Line]
) -> None:
    """PostgreSQL restarted under open connections, Valkey emptied: every connection of every thread is stale."""
    for _ in range(3):
        world.postgres.kill()
        world.valkey.kill()
        assert answers(lines, known, key) == everywhere("protected")
        world.valkey.start()
        world.flush()
        world.postgres.start()
        until(lambda: bool(writer.do("settled")))
        code = random_hash()
        assert writer.do("protect", code=code)["in_effect"]
        for line in [*lines, *lines]:
            assert line.check(code, key) == "protected"
            assert line.check(random_hash(), key) == "no_match"
