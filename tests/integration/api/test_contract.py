"""Answers are what docs/openapi.json says: that file is what a platform's engineer builds on."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.integration.web import ROOT, Answer, Web
from tests.pictures import encoded, picture

CONTRACT = json.loads((ROOT / "docs" / "openapi.json").read_text())
GOOD = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"


def insist(answer: Answer, method: str, path: str) -> None:
    """The status, the type and the shape of the answer are those of the contract."""
    responses = CONTRACT["paths"][path][method]["responses"]
    promised = responses.get(str(answer.status), responses["default"])
    if "$ref" in promised:
        promised = CONTRACT["components"]["responses"][promised["$ref"].rpartition("/")[2]]
    [kind] = promised["content"]
    assert answer.headers["content-type"].partition(";")[0] == kind
    schema: dict[str, Any] = {**promised["content"][kind]["schema"], "components": CONTRACT["components"]}
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(answer.json)


@pytest.mark.parametrize("path", ["/v1/me", "/v1/uses", "/v1/algorithms", "/v1/status"])
def test_what_is_looked_up_is_as_promised(web: Web, key: str, path: str) -> None:
    answer = web.ask("GET", path, None, key)
    assert answer.status == 200
    insist(answer, "get", path)


@pytest.mark.parametrize(
    "body",
    [
        {"profile": "pdq", "hashes": [{"hash": GOOD}]},
        {"profile": "pdq", "hashes": [{"hash": GOOD, "quality": 3}]},
        {"profile": "none", "hashes": []},
    ],
    ids=["an answer", "indeterminate", "a problem"],
)
def test_a_check_is_as_promised(web: Web, key: str, body: dict[str, Any]) -> None:
    insist(web.check(body, key), "post", "/v1/check")


def test_every_outcome_of_test_mode_is_as_promised(web: Web, test_key: str) -> None:
    for digits in web.ask("GET", "/v1/algorithms").json["test_mode"].values():
        insist(web.check({"profile": "pdq", "hashes": [{"hash": digits}]}, test_key), "post", "/v1/check")


@pytest.mark.parametrize("image", [encoded(picture(11)), b"", b"text"], ids=["a picture", "nothing", "text"])
def test_a_check_of_an_image_is_as_promised(web: Web, key: str, image: bytes) -> None:
    insist(web.check_image(image, key), "post", "/v1/check/image")


def test_without_a_key_the_refusal_is_as_promised(web: Web) -> None:
    for path, operations in CONTRACT["paths"].items():
        for method, operation in operations.items():
            if "security" in operation:
                answer = web.ask(method.upper(), path, {} if method == "post" else None)
                assert answer.status == 401
                insist(answer, method, path)
