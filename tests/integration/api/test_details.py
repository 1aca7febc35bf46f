"""What is left of a photo, asked over HTTP: found, told without saying how, and refused when it makes no sense."""

import base64
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.db import transaction
from PIL import Image, ImageDraw, ImageOps

from matching import exclusions, registry, sequence
from matching.hashing.details import MOST_BYTES, MOST_KEYPOINTS, MOST_PARTS, Details, Part
from matching.hashing.hashes import query_of
from matching.hashing.keypoints import stored_details
from matching.hashing.pictures import pictures
from matching.models import Platform
from tests.integration.api.test_privacy import Watch, folders
from tests.integration.registered import protected
from tests.integration.web import Answer, Web, new_key
from tests.pictures import encoded, textured

pytestmark = pytest.mark.usefixtures("committed")

SAID = {"id", "result", "uses", "matches", "asked", "cache", "index", "livemode", "pad"}
SAID_OF_AN_IMAGE = SAID | {"profile", "hashes"}
SAID_OF_A_MATCH = {"ref", "strength", "uses", "assurance", "since"}


@pytest.fixture
def image() -> Image.Image:
    return textured(uuid4().int % 2**60)


def off_centre(image: Image.Image) -> Image.Image:
    return image.crop((190, 120, 480, 330))


def in_a_chat(image: Image.Image) -> Image.Image:
    screen = Image.new("RGB", (540, 960), (236, 229, 221))
    draw = ImageDraw.Draw(screen)
    draw.rectangle((0, 0, 540, 80), (7, 94, 84))
    for y in (100, 150, 700, 760, 820):
        draw.rounded_rectangle((20, y, 330 + y % 90, y + 40), 12, "white")
        draw.text((36, y + 12), "do you remember this one? it was lovely", "black")
    screen.paste(off_centre(image), (30, 240))
    return screen


def painted_over(image: Image.Image) -> Image.Image:
    painted = image.copy()
    painted.paste(textured(7, (320, 240)), (80, 60))  # 44 % of it
    return painted


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "cropped off centre": off_centre,
    "cropped and mirrored": lambda image: ImageOps.mirror(off_centre(image)),
    "turned by 8° and cropped": lambda image: off_centre(image.rotate(8, Image.Resampling.BICUBIC)),
    "in a chat": in_a_chat,
    "nearly half painted over": painted_over,
}


def hash_mode(answer: Answer, *, details: str | None = None) -> dict[str, Any]:
    names = ("view", "orientation", "algorithm", "hash", "quality", "texture")
    hashes = [{name: item[name] for name in names} for item in answer.json["hashes"]]
    return {"profile": answer.json["profile"], "hashes": hashes} | ({"details": details} if details else {})


@pytest.mark.parametrize("copy", COPIES)
def test_what_is_left_of_a_photo_is_found(web: Web, key: str, image: Image.Image, copy: str) -> None:
    altered = encoded(COPIES[copy](image), quality=80)
    assert web.check_image(altered, key, "?uses=edit").json["result"] == "no_match"
    made = protected(image, details=False)
    assert web.check_image(altered, key, "?uses=edit").json["result"] == "no_match"  # out of the hashes' reach
    with transaction.atomic():
        kept = stored_details(pictures(encoded(image)))
        assert kept
        registry.keep_details(made, kept.to_bytes(coarse=True))
    assert sequence.settled()
    answer = web.check_image(altered, key, "?uses=edit,train").json
    assert (answer["result"], answer["asked"]) == ("protected", ["frame", "details"])
    assert answer["uses"] == {"edit": "denied", "train": "no_match"}
    assert [match["strength"] for match in answer["matches"]] == ["match"]
    assert answer["cache"] == {"ttl_s": 3600}
    with transaction.atomic():
        registry.drop_details(made)
    assert sequence.settled()
    assert web.check_image(altered, key, "?uses=edit").json["result"] == "no_match"
    assert web.check_image(encoded(image), key, "?uses=edit").json["result"] == "protected"


def test_details_are_not_asked_where_the_hashes_have_said_all(web: Web, key: str, image: Image.Image) -> None:
    protected(image)
    answer = web.check_image(encoded(image), key, "?uses=edit").json
    assert (answer["result"], answer["asked"]) == ("protected", ["frame"])
    assert answer["matches"][0]["strength"] == "strong"
    answer = web.check_image(encoded(image), key, "?uses=edit,train").json
    assert answer["asked"] == ["frame", "details"]
    assert [match["strength"] for match in answer["matches"]] == ["strong"]  # of one claim the nearest
    assert "details" not in answer


def test_the_details_of_an_answer_find_the_same_without_the_image(web: Web, key: str, image: Image.Image) -> None:
    protected(image)
    altered = encoded(off_centre(image))
    asked = web.check_image(altered, key, "?uses=edit&details=true")
    details = asked.json["details"]
    Details.from_bytes(base64.b64decode(details, validate=True), coarse=False)
    without = web.check(hash_mode(asked), key)
    assert (without.json["result"], without.json["asked"]) == ("no_match", ["frame"])
    with_them = web.check(hash_mode(asked, details=details), key)
    assert (with_them.json["result"], with_them.json["asked"]) == ("protected", ["frame", "details"])
    assert with_them.json["matches"] == web.check_image(altered, key).json["matches"]
    # They are answered even where they were not asked.
    full = web.check_image(encoded(image), key, "?uses=edit&details=true").json
    assert (full["asked"], bool(full["details"])) == (["frame"], True)


def test_an_answer_never_says_how_much_or_where(web: Web, key: str, image: Image.Image) -> None:
    protected(image)
    asked = web.check_image(encoded(off_centre(image)), key, "?details=true")
    assert asked.json.keys() == SAID_OF_AN_IMAGE | {"details"}
    assert web.check_image(encoded(off_centre(image)), key).json.keys() == SAID_OF_AN_IMAGE
    answer = web.check(hash_mode(asked, details=asked.json["details"]), key).json
    assert answer.keys() == SAID
    for each in (asked.json, answer):
        assert [match.keys() for match in each["matches"]] == [SAID_OF_A_MATCH]


def test_a_platform_that_asks_for_assurance_has_it_of_details_too(web: Web, image: Image.Image) -> None:
    name = f"Careful {uuid4()}"
    Platform.objects.create(name=name, minimum_assurance=2)
    careful = new_key(name)
    altered = encoded(off_centre(image))
    protected(image, assurance=1)
    answer = web.check_image(altered, careful, "?uses=edit").json
    assert (answer["result"], [match["strength"] for match in answer["matches"]]) == ("ask", ["match"])
    protected(image, assurance=2)
    assert web.check_image(altered, careful, "?uses=edit").json["result"] == "protected"


def test_an_image_that_was_found_by_mistake_can_be_excluded(web: Web, key: str, image: Image.Image) -> None:
    """Another photo of the same wall, say: it is told of no more, and the photo itself still is."""
    made = protected(image)
    mistaken = encoded(painted_over(image))
    asked = web.check_image(mistaken, key, "?uses=edit&details=true")
    assert asked.json["result"] == "protected"
    with transaction.atomic():
        queries = [query_of(pictures(mistaken), "high")]
        exclusions.exclude(queries, reason="another photo", protection=made)
    assert sequence.settled()
    assert web.check_image(mistaken, key, "?uses=edit").json["result"] == "no_match"
    assert web.check(hash_mode(asked, details=asked.json["details"]), key).json["result"] == "no_match"
    assert web.check_image(encoded(off_centre(image)), key, "?uses=edit").json["result"] == "protected"


GOOD = {"profile": "pdq", "hashes": [{"hash": "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"}]}


def packed(parts: int, keypoints: int) -> bytes:
    random = np.random.default_rng(3)
    places = random.uniform((5, 5, 2, 0), (379, 379, 4, 360), (keypoints, 4)).astype(np.float32)
    part = Part("whole", 384, 384, random.integers(0, 2**64, (keypoints, 2), np.uint64), places)
    return Details((part,) * parts).to_bytes(coarse=False)


SOME = packed(1, 50)
MALFORMED = {
    "no base64": "ß" + base64.b64encode(SOME).decode()[1:],
    "base64 with spaces": " ".join(base64.b64encode(SOME).decode()),
    "nothing": "",
    "cut short": base64.b64encode(SOME[:-7]).decode(),
    "too long": base64.b64encode(SOME + SOME).decode(),
    "of the stored form": base64.b64encode(Details.from_bytes(SOME, coarse=False).to_bytes(coarse=True)).decode(),
    "a strange header": base64.b64encode(SOME[20:]).decode(),
    "more than may be": base64.b64encode(SOME * 200).decode(),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_details_that_make_no_sense_are_named_and_not_quoted(web: Web, key: str, name: str) -> None:
    text = MALFORMED[name]
    answer = web.check(GOOD | {"details": text}, key)
    assert answer.status == 422
    assert [error["pointer"] for error in answer.json["errors"]] == ["/details"]
    for start in range(0, min(len(text), 4000) - 6, 3):
        assert text[start : start + 6].encode() not in answer.body
    said = {number for number in answer.json["detail"].replace(",", " ").split() if number.isdigit()}
    assert said <= {"1", "2", str(MOST_PARTS), str(MOST_KEYPOINTS), str(-(-MOST_BYTES // 3) * 4), "1110"}, said


def test_the_largest_details_are_taken(web: Web, key: str) -> None:
    largest = packed(MOST_PARTS, MOST_KEYPOINTS)
    hashes = [GOOD["hashes"][0] | {"texture": GOOD["hashes"][0]["hash"]}] * 256  # type: ignore[index]
    body = {"profile": "pdq", "hashes": hashes, "details": base64.b64encode(largest).decode()}
    answer = web.check(body, key)
    assert (answer.status, answer.json["result"]) == (200, "no_match")
    assert answer.json["asked"] == ["frame", "details"]


def test_an_image_without_keypoints_is_answered(web: Web, key: str) -> None:
    gradient = np.tile(np.linspace(0, 255, 300), (200, 1)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(gradient).save(file, "PNG")
    for query in ("", "?details=true"):
        assert web.check_image(file.getvalue(), key, query).status == 200


def test_details_leave_no_trace(web: Web, key: str, image: Image.Image) -> None:
    """Neither those that are kept nor those that are asked: not in the databases, the logs, or any file."""
    altered = encoded(off_centre(image))
    kept = stored_details(pictures(encoded(image)))
    assert kept
    packed_kept = kept.to_bytes(coarse=True)
    asked = web.check_image(altered, key, "?details=true")
    given = base64.b64decode(asked.json["details"])
    codes = [packed_kept[start : start + 16] for start in range(10, len(packed_kept), 18 * 9)]
    codes += [given[start : start + 16] for start in range(10, len(given), 22 * 40)]
    places = [*folders(web), *([Path(os.environ["VETO_HOME"])] if "VETO_HOME" in os.environ else [])]
    watch = Watch(places, [*codes, *(code.hex().encode() for code in codes), asked.json["details"][40:80].encode()])
    protected(image)
    body = hash_mode(asked, details=asked.json["details"])
    assert web.check(body, key).json["result"] == "protected"
    assert web.check(body | {"details": asked.json["details"][:-8]}, key).status == 422
    assert web.check_image(altered, key, "?details=true").json["result"] == "protected"
    watch.look()
    assert watch.found == []
