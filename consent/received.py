"""Photos as browsers send them: hashes and choices, no pixels and no names of files. Parsed at the edge.

An error names what is wrong and what is accepted, and never repeats a hash.
"""

import base64
from collections.abc import Sequence
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

import orjson
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from pydantic import AfterValidator, BaseModel, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from matching.hashing.fingerprint import Fingerprint
from matching.hashing.profile import ORIENTATIONS, PROFILES, Profile
from matching.problems import Problem
from matching.received import HashIn, Request, StoredDetails

MOST_PHOTOS: Final = 20  # in a request; with all their details it stays below DATA_UPLOAD_MAX_MEMORY_SIZE
MOST_HASHES: Final = 1024  # of the frames of an animation, each in every orientation
LONGEST_NAME: Final = 200

T = TypeVar("T", bound=BaseModel)


def known(profile: str) -> str:
    if profile not in PROFILES:
        raise PydanticCustomError(
            "unsupported-profile",
            "{name} is not a profile; send {known}",
            {"name": repr(profile[:32]), "known": " or ".join(PROFILES)},
        )
    return profile


def unpacked(details: str | None) -> bytes | None:
    return base64.b64decode(details) if details else None


class FramedHash(HashIn):
    """With the picture of the file that it is of: a frame of an animation, a treatment of transparency."""

    frame: int = Field(0, ge=0, le=15)


class FingerprintIn(Request):
    """The hashes of a photo under one profile. Those of too little detail are dropped, as the server's own are."""

    profile: Annotated[str, AfterValidator(known)]
    hashes: list[FramedHash] = Field(max_length=MOST_HASHES)

    def to_fingerprint(self) -> Fingerprint:
        least = PROFILES[self.profile].minimum_quality
        hashes = tuple(item.made._replace(frame=item.frame) for item in self.hashes if item.quality >= least)
        return Fingerprint(self.profile, hashes, max((item.quality for item in self.hashes), default=0))


class StoredIn(FingerprintIn):
    """As a photo is registered: the views that the profile stores, upright, each once."""

    @model_validator(mode="after")
    def as_stored(self) -> "StoredIn":
        profile = PROFILES[self.profile]
        places = [(item.algorithm, item.view, item.frame) for item in self.hashes]
        for item in self.hashes:
            allow("view", item.view, profile.stored.get(item.algorithm, ()))
            allow("orientation", item.orientation, ORIENTATIONS[:1])
        if twice := {view for place in places if places.count(place) > 1 for view in place[1:2]}:
            raise PydanticCustomError("invalid-hash", "{view} is there twice", {"view": ", ".join(sorted(twice))})
        return self


class AskedIn(FingerprintIn):
    """As an image is asked: views that the profile asks, in the orientations that it asks them in."""

    @model_validator(mode="after")
    def as_asked(self) -> "AskedIn":
        profile: Profile = PROFILES[self.profile]
        for item in self.hashes:
            views = profile.asked.get(item.algorithm, {})
            allow("view", item.view, views)
            allow("orientation", item.orientation, views[item.view])
        return self


def allow(what: str, given: str, accepted: Any) -> None:
    if given not in accepted:
        raise PydanticCustomError(
            "invalid-hash",
            "{given} is no {what} here; send {accepted}",
            {"given": given, "what": what, "accepted": ", ".join(accepted)},
        )


class PhotoIn(Request):
    """One photo. `id` is random and the browser's own: a photo that comes under it again is the same act."""

    id: UUID
    label: str = Field("", max_length=LONGEST_NAME, pattern=r"^[^\x00]*$")
    fingerprints: list[StoredIn] = Field(min_length=1, max_length=4)
    details: StoredDetails | None = None
    details_follow: bool = False


class FollowingIn(Request):
    """The details of a photo that was registered before them; null where it has too few."""

    id: UUID
    details: StoredDetails | None


class ChunkIn(Request):
    """Photos under one choice, whose fields are those of the page's form. Each photo is parsed by itself later, so that
    one that is wrong loses no other.
    """

    choice: dict[str, Any] = Field(max_length=10)
    photos: list[dict[str, Any]] = Field(min_length=1, max_length=MOST_PHOTOS)


class FollowingChunk(Request):
    photos: list[FollowingIn] = Field(min_length=1, max_length=MOST_PHOTOS)


class QuestionIn(Request):
    """One image, under each profile that the browser knows."""

    fingerprints: list[AskedIn] = Field(min_length=1, max_length=4)

    def asked(self) -> Sequence[Fingerprint]:
        return [each.to_fingerprint() for each in self.fingerprints]


def parsed(model: type[T], request: HttpRequest) -> T:
    """The body of a request. Raises Problem."""
    try:
        return model.model_validate(orjson.loads(request.body))
    except RequestDataTooBig:
        raise Problem("too-large", f"Send at most {MOST_PHOTOS} photos and 1 MB at once.") from None
    except orjson.JSONDecodeError:
        raise Problem("malformed-json", "The body is not JSON in UTF-8.") from None
    except ValidationError as error:
        raise Problem("invalid-request", "Some fields are not as they should be.", errors=faults(error)) from None


def faults(error: ValidationError) -> list[dict[str, str]]:
    return [
        {"pointer": "/" + "/".join(map(str, fault["loc"])), "detail": fault["msg"]}
        for fault in error.errors(include_url=False, include_context=False, include_input=False)[:10]
    ]
