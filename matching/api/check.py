"""Is this image protected, and for which uses?"""

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import orjson
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import ValidationError

from matching import checks
from matching.api import problems, quota
from matching.api.answers import Question, answer, answer_each
from matching.api.auth import Key, PlatformRequest
from matching.api.parameters import only_known
from matching.api.schemas import (
    BATCH_SCHEMA,
    MAX_BATCH,
    MAX_BATCH_BYTES,
    BatchOut,
    CheckIn,
    CheckOut,
    ImageCheckOut,
    ImageQuery,
)
from matching.hashing.decoder import DecoderUnavailable, ImageError, shared_decoder
from matching.hashing.fingerprint import Fingerprint, Hash
from matching.hashing.profile import accepted
from matching.hashing.wire import MAX_BYTES
from matching.index.interface import Index
from matching.problems import Problem

router = Router(auth=Key("check", cost=0), tags=["check"])

IMAGE_TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif", "image/avif", "application/octet-stream")


@router.post("/check", operation_id="check", response=CheckOut, exclude_none=True, summary="Check by hashes")
def check(request: HttpRequest, body: CheckIn) -> HttpResponse:
    platform_request, question = cast("PlatformRequest", request), asked_by(body)
    platform_request.quota = quota.charge(platform_request.access, question.cost)
    return as_it_is(answer(platform_request, question, request.body))


def as_it_is(said: dict[str, Any]) -> HttpResponse:
    """Past ninja, which would read it again by its schema: tests do that, and it took a twentieth of a check."""
    return HttpResponse(orjson.dumps(said), content_type="application/json; charset=utf-8")


def asked_by(body: CheckIn) -> Question:
    packed = body.packed_details()
    offered = checks.Offered(lambda: packed) if packed else None
    query = body.query
    cost = len(query[0].hashes) * quota.HASH + (quota.DETAILS if offered else 0)
    return Question(query, body.uses, body.include, offered, ["frame"], cost)


@router.post(
    "/check/batch",
    operation_id="checkBatch",
    response=BatchOut,
    exclude_none=True,
    summary="Check many by hashes",
    description='The body is `{"items": […]}`: 1 to 500 images, each as `/v1/check` takes it, in at most 16 MB. Each '
    "gets an answer or a problem of its own, in the order of the items.",
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": BATCH_SCHEMA}}}},
)
def check_batch(request: HttpRequest) -> dict[str, Any]:
    platform_request = cast("PlatformRequest", request)
    body = read_body(request, MAX_BATCH_BYTES, "A batch may have 16 MB; this one has more.")
    items = batch_of(body)
    parsed = [parsed_item(item) for item in items]
    questions = [each for each in parsed if isinstance(each, Question)]
    cost = sum(each.cost for each in questions) or quota.OTHER
    platform_request.quota = quota.charge(platform_request.access, cost)
    answers = iter(answer_each(platform_request, questions, body) if questions else [])
    said = [next(answers) if isinstance(each, Question) else each for each in parsed]
    return {
        "items": [
            {"problem": problems.document(each, request)} if isinstance(each, Problem) else {"answer": each}
            for each in said
        ]
    }


def batch_of(body: bytes) -> list[Any]:
    """Raises Problem."""
    try:
        batch = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Problem("malformed-json", "The body is not one JSON object in UTF-8.") from None
    items = batch.get("items") if isinstance(batch, dict) and batch.keys() == {"items"} else None
    if not isinstance(items, list) or not 0 < len(items) <= MAX_BATCH:
        raise Problem("invalid-request", f"Send an object with one field, `items`: a list of 1 to {MAX_BATCH} checks.")
    return items


def parsed_item(item: Any) -> Question | Problem:
    try:
        return asked_by(CheckIn.model_validate(item))
    except ValidationError as error:
        return problems.invalid([(entry["loc"], entry["type"], entry["msg"]) for entry in error.errors()])


@router.post(
    "/check/image",
    operation_id="checkImage",
    response=ImageCheckOut,
    exclude_none=True,
    summary="Check by image",
    description="The body is the image itself: JPEG, PNG, WebP, GIF or AVIF; at most 20 MB and 100 megapixels. It is "
    "hashed in memory and dropped. The answer holds the hashes, so that you can move to `/v1/check`.",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in IMAGE_TYPES},
        }
    },
)
def check_image(request: HttpRequest, parameters: Query[ImageQuery]) -> dict[str, Any]:
    only_known(request, ImageQuery, otherwise="; write several uses with commas between")
    platform_request = cast("PlatformRequest", request)
    include = [parameters.include] if parameters.include else []
    asked = ["frame", "rotations"] if parameters.effort == "high" else ["frame"]
    cost = quota.IMAGE_HIGH if parameters.effort == "high" else quota.IMAGE
    platform_request.quota = quota.charge(platform_request.access, cost)
    image = read_body(request, MAX_BYTES, f"An image may have {MAX_BYTES} bytes (20 MB); this one has more.")
    with decoding(), shared_decoder().opened(image) as opened:
        queries = opened.queries(effort=parameters.effort)
        offered = checks.Offered(opened.asked_details)
        given = answer(platform_request, Question(queries, parameters.asked, include, offered, asked, cost), image)
        if parameters.details:
            offered.taken()
            given["details"] = base64.b64encode(offered.packed).decode()
    first, *others = in_hash_mode(queries, platform_request.follower.index)
    return given | first | {"also": others or None}


def in_hash_mode(queries: Sequence[Fingerprint], index: Index) -> list[dict[str, Any]]:
    """The queries that may be sent to /v1/check, before all one that gets a complete answer there."""
    may = [query for query in queries if query.profile in accepted()]
    complete = checks.complete(index)
    may.sort(key=lambda query: query.profile not in complete)
    return [{"profile": query.profile, "hashes": [shown(item) for item in query.hashes]} for query in may]


def shown(item: Hash) -> dict[str, Any]:
    return item._asdict() | {"hash": item.bits.hex(), "texture": item.texture.hex()}


def read_body(request: HttpRequest, most: int, otherwise: str) -> bytes:
    """The body, counted while it is read. Raises Problem: too-large, in these words."""
    body = bytearray()
    while piece := request.read(64 * 1024):
        body += piece
        if len(body) > most:
            raise Problem("too-large", otherwise)
    return bytes(body)


@contextmanager
def decoding() -> Iterator[None]:
    """What the decoder says, as a Problem."""
    try:
        yield
    except ImageError as error:
        raise Problem(error.code, error.detail) from None
    except DecoderUnavailable:
        raise Problem("overloaded", "The image could not be decoded just now; nothing is known of it.") from None
