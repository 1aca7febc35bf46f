"""Many questions at once: each answered as it would be alone, in the order they came."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.api.test_check import protected
from tests.integration.sequence.hashes import random_hash
from tests.integration.web import Web

pytestmark = pytest.mark.usefixtures("committed")


def plain(code: str, **more: Any) -> dict[str, Any]:
    return {"profile": "pdq", "hashes": [{"hash": code}], **more}


def asked_as(web: Web, key: str, photo: Path) -> dict[str, Any]:
    said = web.check_image(photo.read_bytes(), key).json
    names = ("view", "orientation", "algorithm", "hash", "quality", "texture")
    return {"profile": "veto-1", "hashes": [{name: item[name] for name in names} for item in said["hashes"]]}


def test_each_item_is_answered_as_it_is_alone_and_in_its_place(web: Web, key: str, photo: Path) -> None:
    protected(photo)
    mine = asked_as(web, key, photo)
    items = [plain(random_hash()) for _ in range(100)]
    items[3], items[4], items[97] = mine, mine | {"uses": ["train"]}, mine | {"uses": ["edit"]}
    items[50] = plain("0" * 64)
    items[51] = plain(random_hash()) | {"hash": "f8"}
    items[52] = {"profile": "pdq", "hashes": [{"hash": random_hash(), "quality": 3}]}
    batch = web.ask("POST", "/v1/check/batch", {"items": items}, key)
    assert batch.status == 200
    for item, said in zip(items, batch.json["items"], strict=True):
        alone = web.check(item, key)
        [(kind, given)] = said.items()
        assert kind == ("answer" if alone.status == 200 else "problem")
        varying = ("id", "index", "request_id", "pad")
        assert {k: v for k, v in given.items() if k not in varying} == {
            k: v for k, v in alone.json.items() if k not in varying
        }
    results = [said.get("answer", {}).get("result") for said in batch.json["items"]]
    assert [results[at] for at in (3, 4, 50, 52, 97, 99)] == [
        "protected", "no_match", None, "indeterminate", "protected", "no_match",
    ]  # fmt: skip
    assert batch.json["items"][50]["problem"]["code"] == "invalid-hash"


def test_a_batch_in_test_mode_gives_every_outcome(web: Web, test_key: str) -> None:
    fixed = web.ask("GET", "/v1/algorithms").json["test_mode"]
    batch = web.ask("POST", "/v1/check/batch", {"items": [plain(code) for code in fixed.values()]}, test_key).json
    for outcome, said in zip(fixed, batch["items"], strict=True):
        if outcome.isdigit():
            assert said["problem"]["status"] == int(outcome)
        else:
            assert said["answer"]["result"] == outcome


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"items": [', 400, "malformed-json"),
        (b"", 400, "malformed-json"),
        ([], 422, "invalid-request"),
        ({"items": []}, 422, "invalid-request"),
        ({"items": [plain("0" * 64)] * 501}, 422, "invalid-request"),
        ({"items": [plain("0" * 64)], "uses": ["edit"]}, 422, "invalid-request"),
        (b'{"items": ["' + b"x" * 16 * 1024 * 1024, 413, "too-large"),
    ],
    ids=["cut short", "nothing", "a list", "none", "501", "an unknown field", "more than 16 MB"],
)
def test_a_batch_that_is_none_is_a_clear_error(web: Web, key: str, body: Any, status: int, code: str) -> None:
    answer = web.ask("POST", "/v1/check/batch", body, key)
    assert (answer.status, answer.json["code"]) == (status, code)


def test_a_batch_of_a_few_megabytes_is_answered(web: Web, key: str) -> None:
    hashes = [{"hash": random_hash()} for _ in range(40)]
    batch = web.ask("POST", "/v1/check/batch", {"items": [{"profile": "veto-1", "hashes": hashes}] * 500}, key)
    assert [each["answer"]["result"] for each in batch.json["items"]] == ["no_match"] * 500
