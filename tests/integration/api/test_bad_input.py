"""Bad input gets a clear error that names the bad value and the good ones, and loses nothing."""

import io
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest
from django.utils import translation
from django.utils.html import escape
from PIL import Image

from matching.problems import KINDS
from tests.integration.sequence.processes import until
from tests.integration.web import Web, new_key
from tests.pictures import encoded, picture

GOOD = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"


def png(width: int, height: int) -> bytes:
    """A PNG that claims this size and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/></svg>'
IMAGES: dict[str, tuple[bytes, int, str]] = {
    "an empty file": (b"", 422, "image-undecodable"),
    "text": (b"This is no photo.\n" * 50, 415, "unsupported-image"),
    "an SVG": (SVG, 415, "unsupported-image"),
    "a truncated JPEG": (encoded(picture(1))[:3000], 422, "image-undecodable"),
    "a bomb of 30000 by 30000": (png(30000, 30000), 422, "image-too-many-pixels"),
    "a picture of 0 by 0": (png(0, 0), 422, "image-undecodable"),
    "a byte more than 20 MB": (encoded(picture(1)).ljust(20_000_001, b"\0"), 413, "too-large"),
    "50 MB": (b"\xff\xd8\xff\xe0" + bytes(50 * 1024 * 1024), 413, "too-large"),
}


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_that_cannot_be_read_is_a_clear_error(web: Web, key: str, name: str) -> None:
    image, status, code = IMAGES[name]
    answer = web.check_image(image, key)
    assert (answer.status, answer.json["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["type"] == f"/problems/{code}"
    assert answer.json["request_id"] == answer.headers["x-request-id"]
    assert answer.json["detail"]


@pytest.mark.parametrize(
    "image", [Image.new("RGB", (640, 480), "white"), Image.new("RGB", (1, 1), "red")], ids=["blank white", "1 by 1"]
)
def test_an_image_without_detail_is_indeterminate(web: Web, key: str, image: Image.Image) -> None:
    answer = web.check_image(encoded(image, "PNG"), key)
    assert answer.status == 200
    assert answer.json["result"] == "indeterminate"
    assert (answer.json["reason"], answer.json["action"]) == ("low_quality", "proceed")
    assert answer.json["hashes"] == []


def test_an_animated_gif_is_read(web: Web, key: str) -> None:
    file = io.BytesIO()
    frames = [picture(seed) for seed in range(70, 75)]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    answer = web.check_image(file.getvalue(), key)
    assert answer.json["result"] == "no_match"
    assert {item["frame"] for item in answer.json["hashes"]} > {0}


def decoder_children(web: Web) -> list[psutil.Process]:
    below = [process for process in psutil.Process(web.pid).children(recursive=True) if process.is_running()]
    servers = {process.pid for process in below if "matching.hashing.decoder_process" in process.cmdline()}
    return [process for process in below if process.ppid() in servers]


def test_a_decoder_killed_in_mid_photo_harms_that_request_only(web: Web, key: str) -> None:
    large = encoded(picture(90).resize((9000, 9000)), "PNG", compress_level=1)
    with ThreadPoolExecutor(1) as pool:
        hit = pool.submit(web.check_image, large, key)
        until(lambda: bool(decoder_children(web)))
        [child] = decoder_children(web)
        assert web.check_image(encoded(picture(91)), key).status == 200  # side by side
        child.kill()
        answer = hit.result()
    assert (answer.status, answer.json["code"]) == (503, "overloaded")
    assert (answer.json["fallback"], answer.headers["retry-after"]) == ({"action": "deny"}, "1")
    assert web.check_image(encoded(picture(92)), key).json["result"] == "no_match"


HASHES: dict[str, tuple[Any, str, str]] = {
    "no hashes": ({"profile": "veto-1"}, "invalid-request", "1 to 256 hashes"),
    "a wrong field name": ({"profile": "veto-1", "hash": [{"hash": GOOD}]}, "invalid-request", "hash; the fields are"),
    "a wrong field name of a hash": (
        {"profile": "veto-1", "hashes": [{"hash": GOOD, "qualty": 9}]},
        "invalid-request",
        "unknown field qualty",
    ),
    "an unknown use": (
        {"profile": "veto-1", "hashes": [{"hash": GOOD}], "uses": ["edit", "upscale"]},
        "unknown-use",
        "'upscale'; the uses are sexualise, likeness, animate, edit, train, identify",
    ),
    "an unknown profile": ({"profile": "phash", "hashes": [{"hash": GOOD}]}, "unsupported-profile", "veto-1 or pdq"),
    "a hash of 63 digits": ({"profile": "pdq", "hashes": [{"hash": GOOD[:-1]}]}, "invalid-hash", "63"),
    "a hash with a letter": ({"profile": "pdq", "hashes": [{"hash": "g" + GOOD[1:]}]}, "invalid-hash", "hexadecimal"),
    "a hash of zeros": ({"profile": "pdq", "hashes": [{"hash": "0" * 64}]}, "invalid-hash", "has 0"),
    "a dhash of zeros": (
        {"profile": "veto-1", "hashes": [{"hash": "0" * 64, "algorithm": "dhash"}]},
        "invalid-hash",
        "blank",
    ),
    "257 hashes": ({"profile": "pdq", "hashes": [{"hash": GOOD}] * 257}, "invalid-request", "256"),
    "an unknown algorithm": (
        {"profile": "pdq", "hashes": [{"hash": GOOD, "algorithm": "md5"}]},
        "invalid-request",
        "'pdq' or 'dhash'",
    ),
    "packed hashes that do not fit": (
        {"profile": "veto-1", "packed": "AAAA", "views": ["full"]},
        "invalid-hash",
        "32 or 64 bytes for each of the 1 views",
    ),
    "a list": ([1, 2], "invalid-request", "object"),
}


@pytest.mark.parametrize("name", HASHES)
def test_a_body_that_is_not_valid_is_a_clear_error(web: Web, key: str, name: str) -> None:
    body, code, says = HASHES[name]
    answer = web.check(body, key)
    assert (answer.status, answer.json["code"]) == (422, code)
    assert says in answer.json["detail"]
    assert all(entry["pointer"].startswith("/") for entry in answer.json["errors"]), answer.json
    assert GOOD not in answer.body.decode()


def test_a_body_that_is_not_json_is_a_clear_error(web: Web, key: str) -> None:
    answer = web.ask("POST", "/v1/check", b'{"profile": "veto-1",', key)
    assert (answer.status, answer.json["code"]) == (400, "malformed-json")


def test_a_body_that_is_missing_is_a_clear_error(web: Web, key: str) -> None:
    answer = web.ask("POST", "/v1/check", None, key)
    assert (answer.status, answer.json["code"]) == (422, "invalid-request")


def test_a_json_body_of_more_than_a_mebibyte_is_refused(web: Web, key: str) -> None:
    answer = web.check({"profile": "pdq", "hashes": [{"hash": GOOD, "view": "x" * 2**21}]}, key)
    assert (answer.status, answer.json["code"]) == (413, "too-large")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("?uses=edit,fly", "?uses: unknown use 'fly'"),
        ("?effort=most", "?effort: Input should be 'normal' or 'high'"),
        ("?use=edit", "unknown field use"),
        ("?uses=edit&uses=train", "uses stands there more than once"),
    ],
)
def test_a_parameter_that_is_not_valid_is_a_clear_error(web: Web, key: str, query: str, says: str) -> None:
    answer = web.check_image(encoded(picture(2)), key, query)
    assert answer.status == 422
    assert says in answer.json["detail"]


def test_an_address_that_is_none_is_a_problem(web: Web, key: str) -> None:
    answer = web.ask("GET", "/v1/chekc", None, key)
    assert (answer.status, answer.json["code"]) == (404, "not-found")


def test_a_method_that_is_not_allowed_is_a_problem(web: Web, key: str) -> None:
    answer = web.ask("GET", "/v1/check", None, key)
    assert (answer.status, answer.json["code"], answer.headers["allow"]) == (405, "method-not-allowed", "POST")


def test_an_unknown_host_is_a_problem(web: Web, key: str) -> None:
    answer = web.ask("GET", "/v1/me", None, key, Host="veto.example")
    assert (answer.status, answer.json["code"]) == (400, "malformed-request")


def test_the_type_of_a_problem_opens_a_page_that_says_what_to_do(web: Web, key: str) -> None:
    problem = web.ask("GET", "/v1/chekc", None, key).json
    page = web.ask("GET", problem["type"], Accept_Language="fr")
    assert page.status == 200
    assert '<html lang="fr"' in page.body.decode()
    assert "Vérifiez l’adresse" in page.body.decode()
    assert web.ask("GET", "/problems/none").status == 404


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_problem_has_a_page_that_says_what_to_do(web: Web, language: str) -> None:
    pages = {code: web.ask("GET", f"/problems/{code}", Accept_Language=language) for code in KINDS}
    assert {page.status for page in pages.values()} == {200}
    with translation.override(language):
        for code, page in pages.items():
            assert escape(str(KINDS[code].remedy)) in page.body.decode()


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("?afte=1", "unknown field afte; the fields are after, limit"),
        ("?limit=1&limit=2", "limit stands there more than"),
    ],
)
def test_a_misspelt_or_repeated_parameter_of_a_list_is_told(web: Web, query: str, detail: str) -> None:
    key = new_key("Lister", "--scopes", "webhooks")
    for path in ("/v1/events", "/v1/webhook-endpoints"):
        answer = web.ask("GET", path + query, None, key)
        assert (answer.status, answer.json["code"]) == (422, "invalid-request")
        assert detail in answer.json["detail"]
