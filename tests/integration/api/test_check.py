"""The question itself: what is protected, for which uses, told to whom."""

import base64
import http.client
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

from matching import uses
from tests.integration.sequence.hashes import random_hash
from tests.integration.web import Web, command, new_key
from tests.pictures import encoded

pytestmark = pytest.mark.usefixtures("committed")


def protected(photo: Path, *options: str) -> str:
    [said] = command("protect_photo", str(photo), *options)
    assert said["state"] == "protected", said
    return str(said["ref"])


COPIES = {
    "itself": lambda image: image,
    "smaller": lambda image: image.resize((240, 180)),
    "mirrored": ImageOps.mirror,
    "turned": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "cropped to 80 %": lambda image: image.crop((48, 36, 432, 324)),
    "framed": lambda image: ImageOps.expand(image, 40, "white"),
}


@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_of_a_protected_photo_is_protected(web: Web, key: str, photo: Path, copy: str) -> None:
    altered = encoded(COPIES[copy](Image.open(photo)), quality=60)
    assert web.check_image(altered, key).json["result"] == "no_match"
    protected(photo)
    answer = web.check_image(altered, key)
    assert answer.json["result"] == "protected"
    assert answer.json["uses"] == {
        "sexualise": "denied",
        "likeness": "denied",
        "animate": "denied",
        "edit": "denied",
        "train": "no_match",
        "identify": "no_match",
    }
    assert answer.json["cache"] == {"ttl_s": 3600}
    assert answer.headers["cache-control"] == "no-store"


def test_the_hashes_of_an_answer_ask_the_same_without_the_image(web: Web, key: str, photo: Path) -> None:
    protected(photo)
    hashes = web.check_image(photo.read_bytes(), key).json["hashes"]
    named = [{name: item[name] for name in ("view", "orientation", "algorithm", "hash", "quality")} for item in hashes]
    assert web.check({"profile": "veto-1", "hashes": named}, key).json["result"] == "protected"
    packed = base64.b64encode(b"".join(bytes.fromhex(item["hash"]) for item in hashes)).decode()
    views = ["dhash" if item["algorithm"] == "dhash" else item["view"] for item in hashes]
    answer = web.check({"profile": "veto-1", "packed": packed, "views": views}, key)
    assert answer.json["result"] == "protected"
    plain = [{"hash": hashes[0]["hash"]}]
    assert web.check({"profile": "pdq", "hashes": plain, "uses": ["train"]}, key).json["result"] == "no_match"
    assert web.check({"profile": "pdq", "hashes": plain, "uses": ["likeness"]}, key).json["result"] == "protected"


def test_only_the_uses_asked_for_are_answered(web: Web, key: str, photo: Path) -> None:
    protected(photo, "--uses", "train")
    assert web.check_image(photo.read_bytes(), key, "?uses=edit").json["result"] == "no_match"
    answer = web.check_image(photo.read_bytes(), key, "?uses=train,sexualise").json
    assert answer["uses"] == {"sexualise": "denied", "train": "denied"}


def test_the_most_restrictive_of_several_claims_wins(web: Web, key: str, photo: Path) -> None:
    protected(photo, "--uses", "train")
    protected(photo, "--uses", "identify")
    answer = web.check_image(photo.read_bytes(), key, "?uses=train,identify").json
    assert answer["uses"] == {"train": "denied", "identify": "denied"}
    assert len(answer["matches"]) == 2


def test_a_withdrawn_photo_is_found_no_more(web: Web, key: str, photo: Path) -> None:
    ref = protected(photo)
    assert command("withdraw_photo", ref) == [{"ref": ref, "state": "withdrawn"}]
    assert web.check_image(photo.read_bytes(), key).json["result"] == "no_match"
    assert command("withdraw_photo", ref) == [{"ref": ref, "state": "withdrawn"}]


def test_platforms_cannot_link_what_they_see(web: Web, key: str, photo: Path) -> None:
    ref = protected(photo)
    [mine] = web.check_image(photo.read_bytes(), key).json["matches"]
    [again] = web.check_image(photo.read_bytes(), new_key("Painter")).json["matches"]
    [other] = web.check_image(photo.read_bytes(), new_key("Sculptor")).json["matches"]
    assert mine["ref"] == again["ref"] != other["ref"]
    assert ref.removeprefix("pho_") not in mine["ref"]


def test_a_platform_may_ask_for_assurance_but_not_for_what_is_always_refused(web: Web, photo: Path) -> None:
    from matching.models import Platform

    Platform.objects.create(name=f"Careful {photo}"[:100], minimum_assurance=2)
    careful = new_key(f"Careful {photo}"[:100])
    protected(photo, "--assurance", "1")
    answer = web.check_image(photo.read_bytes(), careful).json
    assert (answer["uses"]["edit"], answer["uses"]["sexualise"]) == ("ask", "denied")
    assert web.check_image(photo.read_bytes(), careful, "?uses=edit").json["result"] == "ask"
    protected(photo, "--assurance", "2")
    assert web.check_image(photo.read_bytes(), careful, "?uses=edit").json["result"] == "protected"


def test_more_effort_also_asks_rotations(web: Web, key: str, photo: Path) -> None:
    protected(photo)
    image = Image.open(photo)
    turned = encoded(image.rotate(5, Image.Resampling.BICUBIC))
    answer = web.check_image(turned, key, "?effort=high&uses=edit").json
    assert (answer["result"], answer["asked"]) == ("protected", ["frame", "rotations"])


def test_details_are_asked_where_the_hashes_leave_a_use_open(web: Web, key: str, photo: Path) -> None:
    protected(photo)  # against editing, not against training
    image = photo.read_bytes()
    assert web.check_image(image, key, "?uses=edit").json["asked"] == ["frame"]
    assert web.check_image(image, key, "?uses=edit,train").json["asked"] == ["frame", "details"]


def test_a_body_in_chunks_is_read(web: Web, key: str, photo: Path) -> None:
    protected(photo)
    image = photo.read_bytes()
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=60)
    pieces = (image[start : start + 1000] for start in range(0, len(image), 1000))
    headers = {"Authorization": f"Bearer {key}", "Transfer-Encoding": "chunked"}
    connection.request("POST", "/v1/check/image", pieces, headers, encode_chunked=True)
    assert b'"protected"' in connection.getresponse().read()
    connection.close()


def test_a_refused_photo_still_gets_its_answer_read(web: Web) -> None:
    answer = web.check_image(bytes(30 * 1024 * 1024), "no key")
    assert (answer.status, answer.json["code"]) == (401, "invalid-key")


def test_test_mode_answers_every_outcome(web: Web, key: str, test_key: str, photo: Path) -> None:
    fixed = web.ask("GET", "/v1/algorithms").json["test_mode"]
    assert set(fixed) == {"protected", "ask", "no_match", "indeterminate", "503", "429"}
    for outcome, digits in fixed.items():
        body: dict[str, Any] = {"profile": "pdq", "hashes": [{"hash": digits}]}
        answer = web.check(body, test_key)
        if outcome in {"503", "429"}:
            assert answer.status == int(outcome)
            assert answer.headers["retry-after"]
        else:
            assert (answer.json["result"], answer.json["livemode"]) == (outcome, False)
        assert web.check(body, key).json["result"] == "no_match"
    protected(photo)
    assert web.check_image(photo.read_bytes(), test_key).json["result"] == "no_match"


@pytest.mark.parametrize("prefer", ["", "proof"])
def test_a_hit_is_as_long_as_a_miss(web: Web, key: str, photo: Path, prefer: str) -> None:
    protected(photo)
    protected(photo, "--uses", "train")
    hashes = web.check_image(photo.read_bytes(), key).json["hashes"]
    bodies: list[dict[str, Any]] = [
        {"profile": "pdq", "hashes": [{"hash": hashes[0]["hash"]}]},
        {"profile": "pdq", "hashes": [{"hash": random_hash()}]},
        {"profile": "pdq", "hashes": [{"hash": random_hash(), "quality": 1}]},
    ]
    hit, miss, nothing = (web.ask("POST", "/v1/check", body, key, Prefer=prefer) for body in bodies)
    assert [each.json["result"] for each in (hit, miss, nothing)] == ["protected", "no_match", "indeterminate"]
    assert len(hit.json["matches"]) == 2
    assert len(hit.body) == len(miss.body) == len(nothing.body)
    assert hit.json.keys() == miss.json.keys()
    batch = web.ask("POST", "/v1/check/batch", {"items": bodies}, key).json["items"]
    assert len({len(json.dumps(each, separators=(",", ":"))) for each in batch}) == 1


def test_the_test_vectors_are_what_is_made_of_their_image(web: Web, key: str) -> None:
    served = web.ask("GET", "/v1/algorithms").json["test_vectors"]
    asked = web.check_image(base64.b64decode(served["image"]), key).json
    names = ("view", "orientation", "algorithm", "hash", "quality", "texture")
    made = [{name: item[name] for name in names} for item in asked["hashes"]]
    assert made == served["profiles"][asked["profile"]]["asked"]
    assert web.check({"profile": asked["profile"], "hashes": made}, key).status == 200


def test_the_vocabulary_is_complete_in_each_language(web: Web) -> None:
    answer = web.ask("GET", "/v1/uses").json
    assert [use["id"] for use in answer["uses"]] == list(uses.IDS)
    for use in answer["uses"]:
        assert use["label"]["en"] != use["label"]["fr"]
        assert use["means"]["en"] != use["means"]["fr"]


def test_me_says_whose_key_it_is(web: Web, key: str, test_key: str) -> None:
    mine = web.ask("GET", "/v1/me", None, key).json
    assert (mine["platform"], mine["scopes"], mine["livemode"]) == ("Painter", ["check", "report"], True)
    assert mine["limits"] == {
        "hashes_per_check": 256,
        "checks_per_batch": 500,
        "batch_bytes": 16 * 2**20,
        "image_bytes": 20_000_000,
        "image_pixels": 100_000_000,
        "units_per_minute": 600_000,
    }
    assert mine["costs"]["image"] == 100
    assert web.ask("GET", "/v1/me", None, test_key).json["livemode"] is False


def test_status_tells_of_every_change(web: Web, photo: Path) -> None:
    before = web.ask("GET", "/v1/status").json
    protected(photo)
    after = web.ask("GET", "/v1/status").json
    assert after["status"] == "current"
    assert after["index"]["generation"] > before["index"]["generation"]
    assert after["hashes"] > before["hashes"]
    for path in ("/healthz", "/readyz"):
        answer = web.ask("GET", path)
        assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
