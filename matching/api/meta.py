"""What a platform's engineer looks up: their key, the vocabulary, the profiles, how fresh the index is."""

from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation
from django.utils.functional import Promise
from ninja import Router

from matching import checks, uses
from matching.api import quota, testmode
from matching.api.auth import Key, PlatformRequest
from matching.api.schemas import MAX_BATCH, MAX_BATCH_BYTES, MAX_HASHES, PLAIN, MeOut, StatusOut
from matching.follower import shared
from matching.hashing.decoder import Layers, shared_decoder
from matching.hashing.details_profile import DETAILS
from matching.hashing.profile import PROFILES, state_of
from matching.hashing.vectors import vectors
from matching.hashing.wire import MAX_BYTES
from matching.records import records

router = Router(tags=["meta"])


@router.get("/me", operation_id="me", response=MeOut, auth=Key(), summary="The key you call with")
def me(request: HttpRequest) -> dict[str, Any]:
    access = cast("PlatformRequest", request).access
    return {
        "platform": access.platform_name,
        "kid": access.kid,
        "livemode": access.livemode,
        "scopes": access.scopes,
        "networks": access.networks,
        "expires_at": access.expires_at,
        "minimum_assurance": access.minimum_assurance,
        "limits": {
            "hashes_per_check": MAX_HASHES,
            "checks_per_batch": MAX_BATCH,
            "batch_bytes": MAX_BATCH_BYTES,
            "image_bytes": MAX_BYTES,
            "image_pixels": 100_000_000,
            "units_per_minute": quota.limit_of(access),
        },
        "costs": quota.COSTS,
    }


def in_each_language(text: Promise) -> dict[str, str]:
    said = {}
    for code, _ in settings.LANGUAGES:
        with translation.override(code):
            said[code] = str(text)
    return said


@router.get("/uses", operation_id="uses", response=dict[str, Any], summary="The vocabulary of uses")
def vocabulary(request: HttpRequest) -> dict[str, Any]:
    return {
        "vocabulary": uses.VOCABULARY,
        "uses": [
            {
                "id": use.id,
                "label": in_each_language(use.label),
                "means": in_each_language(use.means),
                "refusing_also_refuses": use.refusing_also_refuses,
                "always_refused": use.always_refused,
                "maps_to": use.maps_to,
            }
            for use in uses.USES
        ],
        "presets": [
            {"id": preset.id, "label": in_each_language(preset.label), "uses": preset.uses, "default": preset.default}
            for preset in uses.PRESETS
        ],
        "never_covers": ["accessibility", "safety moderation", "plain resizing or recompression"],
    }


@router.get("/algorithms", operation_id="algorithms", response=dict[str, Any], summary="How images are compared")
def algorithms(request: HttpRequest) -> dict[str, Any]:
    return {
        "profiles": [profile.to_json() | {"state": state_of(name)} for name, profile in PROFILES.items()],
        "states": {
            "current": "the newest: every photo that comes is stored under it",
            "accepted": "older; photos that come are stored under it as well, so that /v1/check may be asked under it",
            "held": "no longer taken by /v1/check; photos of its time are found by /v1/check/image",
        },
        "details": [profile.to_json() for profile in DETAILS.values()],
        "plain": {
            "name": PLAIN,
            "definition": "PDQ hashes as you have them, compared as sent with every stored PDQ hash; no view and no "
            "orientation is added, so that mirrored, turned, framed and most cropped copies are not found",
        },
        "test_vectors": vectors(),
        "test_mode": {outcome: bits.hex() for bits, outcome in testmode.HASHES.items()},
    }


@router.get("/status", operation_id="status", response=StatusOut, summary="How fresh this process's index is")
def status(request: HttpRequest) -> dict[str, Any]:
    follower = shared()
    in_step = follower.ready()
    index = follower.freshness()
    state = ("current" if follower.complete() else "incomplete") if in_step else "behind" if index else "loading"
    held = follower.index
    return {
        "status": state,
        "index": index,
        "hashes": len(held),
        "complete": checks.complete(held),
        "checks_dropped": records().dropped,
        "decoder": decoder_confinement(),
    }


def decoder_confinement() -> dict[str, Any]:
    layers = shared_decoder().layers
    missing = (
        [] if layers is None else [name.lower() for name, layer in Layers.__members__.items() if layer not in layers]
    )
    confined = None if layers is None else Layers.CALLS in layers
    return {"confined": confined, "missing": missing, "required": shared_decoder().confinement_required}
