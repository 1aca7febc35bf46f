"""Is this image protected, and for which uses?"""

import base64
import secrets
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from django.http import HttpRequest
from ninja import Query, Router

from matching import checks
from matching.api import testmode
from matching.api.auth import Key, PlatformRequest
from matching.api.schemas import CheckIn, CheckOut, ImageCheckOut, ImageQuery
from matching.decision import Decision
from matching.hashing.decoder import DecoderUnavailable, ImageError, shared_decoder
from matching.hashing.fingerprint import Fingerprint, Hash
from matching.hashing.profile import accepted
from matching.hashing.wire import MAX_BYTES
from matching.index.interface import Index
from matching.problems import Problem

router = Router(auth=Key("check"), tags=["check"])

IMAGE_TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif", "image/avif", "application/octet-stream")


@router.post("/check", operation_id="check", response=CheckOut, exclude_none=True, summary="Check by hashes")
def check(request: HttpRequest, body: CheckIn) -> dict[str, Any]:
    packed = body.packed_details()
    offered = checks.Offered(lambda: packed) if packed else None
    return answer(cast("PlatformRequest", request), body.query(), body.uses, body.include, offered, asked=["frame"])


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
    if unknown := sorted(request.GET.keys() - ImageQuery.model_fields.keys()):
        known = ", ".join(ImageQuery.model_fields)
        raise Problem("invalid-request", f"unknown field {', '.join(unknown)[:100]}; the fields are {known}")
    if repeated := [name for name, values in request.GET.lists() if len(values) > 1]:  # the last alone would count
        detail = f"{', '.join(repeated)} stands there more than once; write several uses with commas between"
        raise Problem("invalid-request", detail)
    platform_request = cast("PlatformRequest", request)
    include = [parameters.include] if parameters.include else []
    asked = ["frame", "rotations"] if parameters.effort == "high" else ["frame"]
    with decoding(), shared_decoder().opened(read_image(request)) as opened:
        queries = opened.queries(effort=parameters.effort)
        offered = checks.Offered(opened.asked_details)
        given = answer(platform_request, queries, parameters.asked, include, offered, asked=asked)
        if parameters.details:
            offered.taken()
            given["details"] = base64.b64encode(offered.packed).decode()
    first, *others = in_hash_mode(queries, platform_request.follower.index)
    return given | first | {"also": others or None}


def in_hash_mode(queries: Sequence[Fingerprint], index: Index) -> list[dict[str, Any]]:
    """The queries that may be sent to /v1/check, before all one that gets a complete answer there."""
    may = [query for query in queries if query.profile in accepted()]
    may.sort(key=lambda query: not index.reached_by({query.profile}))
    return [{"profile": query.profile, "hashes": [shown(item) for item in query.hashes]} for query in may]


def shown(item: Hash) -> dict[str, Any]:
    return item._asdict() | {"hash": item.bits.hex(), "texture": item.texture.hex()}


def read_image(request: HttpRequest) -> bytes:
    """The body, counted while it is read. Raises Problem."""
    image = bytearray()
    while piece := request.read(64 * 1024):
        image += piece
        if len(image) > MAX_BYTES:
            raise Problem("too-large", f"An image may have {MAX_BYTES} bytes (20 MB); this one has more.")
    return bytes(image)


@contextmanager
def decoding() -> Iterator[None]:
    """What the decoder says, as a Problem."""
    try:
        yield
    except ImageError as error:
        raise Problem(error.code, error.detail) from None
    except DecoderUnavailable:
        raise Problem("overloaded", "The image could not be decoded just now; nothing is known of it.") from None


def answer(
    request: PlatformRequest,
    query: Sequence[Fingerprint],
    uses: Collection[str],
    include: Collection[str],
    offered: checks.Offered | None,
    *,
    asked: list[str],
) -> dict[str, Any]:
    """The answer to one question. Raises Problem where a complete, current index cannot be vouched for."""
    access, follower = request.access, request.follower
    index = follower.freshness()  # before the search, which may then hold more than is said here, never less
    if index is None:
        raise Problem("index-loading", "The index is being built; nothing is known of this image yet.")
    decision: Decision | None
    if access.livemode:
        decision = checks.ask(
            follower,
            query,
            offered=offered,
            uses=uses,
            current=request.current and request.confirmed,
            minimum_assurance=access.minimum_assurance,
            include_possible="possible" in include,
        )
    else:
        decision = testmode.decide(query, uses)
    return {
        "id": f"chk_{secrets.token_hex(12)}",
        **checks.in_words(decision, access.platform),
        "asked": [*asked, "details"] if offered and offered.packed else asked,
        "index": index,
        "livemode": access.livemode,
    }
