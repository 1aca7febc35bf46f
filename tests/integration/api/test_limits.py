"""How much may be asked: counted for a platform, said in every answer, and never in the way when Redis is away."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from matching import limits, published
from tests.integration.sequence.hashes import random_hash
from tests.integration.web import Answer, Web, new_key, serving
from tests.pictures import encoded, picture

pytestmark = pytest.mark.usefixtures("committed")


def frugal(units: int) -> str:
    """The key of a platform that may ask for so many units a minute."""
    from matching.models import Platform

    platform = Platform.objects.create(name=f"Frugal {uuid4().hex}", units_per_minute=units)
    return new_key(platform.name)


def ask(web: Web, key: str, hashes: int) -> Answer:
    return web.check({"profile": "pdq", "hashes": [{"hash": random_hash()} for _ in range(hashes)]}, key)


def remaining(answer: Answer) -> int:
    found = re.fullmatch(r'"units";r=(\d+);t=\d+', answer.headers["ratelimit"])
    assert found
    return int(found[1])


def test_each_hash_costs_a_unit_and_every_answer_says_what_is_left(web: Web) -> None:
    key = frugal(1000)
    answer = ask(web, key, 40)
    assert answer.headers["ratelimit-policy"] == '"units";q=1000;w=60;qu="units"'
    assert 960 <= remaining(answer) < 970  # some have come back meanwhile
    assert 860 <= remaining(web.check_image(encoded(picture(31)), key)) < 900
    batch = {"items": [{"profile": "pdq", "hashes": [{"hash": random_hash()}] * 30}] * 10}
    assert 560 <= remaining(web.ask("POST", "/v1/check/batch", batch, key)) < 640
    assert web.ask("GET", "/v1/me", None, key).json["limits"]["units_per_minute"] == 1000


def test_beyond_the_limit_the_answer_is_429_and_says_how_long_to_wait(web: Web) -> None:
    key = frugal(60)
    assert ask(web, key, 50).status == 200
    refused = ask(web, key, 50)
    assert (refused.status, refused.json["code"]) == (429, "quota-exceeded")
    assert 30 <= int(refused.headers["retry-after"]) <= 40
    assert remaining(refused) <= 11
    assert ask(web, key, 5).status == 200  # what was refused has cost nothing
    assert ask(web, new_key("Painter"), 5).status == 200  # and is nobody else's


def test_what_costs_more_than_the_limit_takes_all_of_it_and_is_not_refused_for_ever(web: Web) -> None:
    key = frugal(60)
    assert web.check_image(encoded(picture(32)), key).status == 200
    assert web.check_image(encoded(picture(32)), key).status == 429


def test_asked_at_once_no_more_than_the_limit_passes() -> None:
    bucket = f"veto:quota:{uuid4().hex}"
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: limits.buckets().take(bucket, 10, 600).passed, range(200)))
    assert 60 <= sum(taken) <= 63
    assert 0 < int(published.client().pttl(bucket)) <= 60_001


@pytest.fixture(scope="module")
def without_redis(web: Web) -> Iterator[Web]:
    with serving(web.log.with_name("alone.log"), REDIS_URL="redis://127.0.0.1:1/0", WEB_WORKERS="2") as alone:
        yield alone


def test_without_redis_a_process_counts_for_itself_its_share(web: Web, without_redis: Web) -> None:
    key = frugal(200)
    first = ask(without_redis, key, 60)
    assert (first.status, first.headers["ratelimit-policy"]) == (200, '"units";q=100;w=60;qu="units"')
    assert ask(without_redis, key, 60).status == 429
    assert ask(web, key, 60).status == 200


def test_nobody_is_refused_because_redis_is_away(without_redis: Web, key: str) -> None:
    assert {ask(without_redis, key, 1).status for _ in range(20)} == {200}


def test_what_is_taken_in_advance_is_given_out_and_no_more_passes_than_the_limit_and_a_portion() -> None:
    bucket, limit = f"veto:quota:{uuid4().hex}", 60_000
    processes = [limits.Buckets(), limits.Buckets()]
    passed = [process.take(bucket, 30, limit) for _ in range(1_300) for process in processes]
    taken = 30 * sum(quota.passed for quota in passed)
    assert limit - 60 <= taken <= limit + 2 * limit // limits.PORTIONS + limit // 10  # some come back meanwhile
    left = [quota.remaining for quota in passed[:50]]
    assert all(limit - 5_000 < each < limit for each in left)
