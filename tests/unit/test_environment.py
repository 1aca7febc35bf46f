"""What an operator can set."""

import pytest
from pydantic import ValidationError

from config.environment import Environment, beside

GOOD = {
    "database_url": "postgresql://veto_app@/veto?host=/run/a",
    "redis_url": "redis://:secret@cache:6379/0",
    "django_secret_key": "k" * 40,
    "api_key_pepper": "00" * 32,
    "ref_key": "00" * 32,
    "fingerprint_keys": "k1:" + "A" * 43 + "=",
}


@pytest.fixture(autouse=True)
def nothing_else_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Environment.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def environment(**changed: str) -> Environment:
    return Environment(_env_file=None, **(GOOD | changed))  # type: ignore[arg-type,call-arg]


def test_what_is_left_out_follows_from_what_is_given() -> None:
    made = environment()
    assert made.database_owner_url == made.database_url
    assert made.celery_broker_url == "redis://:secret@cache:6379/1"
    assert made.fingerprint_keys == {"k1": bytes(32)}


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("unix:///run/a b/valkey.sock?db=0", "redis+socket:///run/a b/valkey.sock?virtual_host=1"),
        ("redis://cache", "redis://cache/1"),
        ("rediss://cache:6380/0", "rediss://cache:6380/1"),
    ],
)
def test_the_queue_is_beside_the_cache(url: str, broker: str) -> None:
    assert beside(url) == broker


@pytest.mark.parametrize(
    ("name", "bad", "says"),
    [
        ("ref_key", "abc", "64 hexadecimal digits"),
        ("api_key_pepper", "g" * 64, "64 hexadecimal digits"),
        ("api_key_pepper", "00" * 32 + ",", "64 hexadecimal digits"),
        ("django_secret_key", "k" * 40 + ",short", "at least 32"),
        ("django_secret_key", "short", "at least 32"),
        ("trusted_proxy_count", "-1", "greater than or equal to 0"),
        ("fingerprint_keys", "k1:AAAA", "base64 of 32 bytes"),
        ("fingerprint_keys", "", "base64 of 32 bytes"),
        ("fingerprint_keys", "k1:" + "A" * 43 + "=,k1:" + "B" * 43 + "=", "twice"),
    ],
)
def test_a_bad_value_is_named_with_what_is_accepted(name: str, bad: str, says: str) -> None:
    with pytest.raises(ValidationError) as error:
        environment(**{name: bad})
    assert name in str(error.value)
    assert says in str(error.value)


def test_a_secret_is_not_repeated_in_an_error() -> None:
    with pytest.raises(ValidationError) as error:
        environment(ref_key="deadbeef" * 7)
    assert "deadbeef" not in str(error.value)
