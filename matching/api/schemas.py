"""What the API takes and gives, as types. Requests refuse unknown fields: a misspelt `uses` must not pass for none."""

import base64
import binascii
from datetime import date, datetime
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from matching import uses
from matching.hashing.fingerprint import HASH_BYTES, Fingerprint, Hash
from matching.hashing.profile import PROFILES, accepted
from matching.received import AskedDetails, HashIn, Name, Request, plausible

PLAIN = "pdq"  # the profile of those who have plain PDQ hashes only
MAX_HASHES = 256
MAX_BATCH = 500
MAX_BATCH_BYTES = 16 * 1024 * 1024
BATCH_SCHEMA = {
    "type": "object",
    "required": ["items"],
    "additionalProperties": False,
    "properties": {
        "items": {
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_BATCH,
            "items": {"$ref": "#/components/schemas/CheckIn"},
        }
    },
}

Outcome = Literal["denied", "ask", "no_match"]


def known_profile(name: str) -> str:
    names = [*accepted(), PLAIN]
    if name not in names:
        raise PydanticCustomError(
            "unsupported-profile",
            "{name} is not a profile; send {known}",
            {"name": repr(name), "known": " or ".join(names)},
        )
    return name


def known_uses(ids: list[str]) -> list[str]:
    try:
        return uses.in_order(ids)
    except uses.UnknownUseError as error:
        raise PydanticCustomError("unknown-use", "{message}", {"message": str(error)}) from None


def unpacked(view: str, piece: bytes) -> Hash:
    bits, texture = piece[:HASH_BYTES], piece[HASH_BYTES:]
    if view == "dhash":
        return Hash("full", "dhash", bits, 100)
    return Hash(view, "pdq", bits, 100, texture=texture if any(texture) else b"")


Uses = Annotated[
    list[str],
    AfterValidator(known_uses),
    Field(json_schema_extra={"items": {"type": "string", "enum": list(uses.IDS)}}),
]
Include = Literal["possible"]


class CheckIn(Request):
    """One image as the hashes of its views: as `hashes`, or for speed as `packed` with `views`."""

    profile: Annotated[str, AfterValidator(known_profile)] = Field(json_schema_extra={"enum": [*accepted(), PLAIN]})
    hashes: list[HashIn] = Field(default=[], max_length=MAX_HASHES)
    packed: str | None = Field(
        None,
        description="Base64 of n × 64 bytes, each hash with its texture after it (zeros for none), or of n × 32 bytes "
        "without textures.",
    )
    views: list[Name] = Field(
        default=[],
        max_length=MAX_HASHES,
        description="With `packed`: the view of each hash. `dhash` is the dhash of the full frame, all others are PDQ.",
    )
    details: AskedDetails | None = Field(
        None,
        description="Base64 of packed local features (veto-details-1, exact places): compared where the hashes leave "
        "something open.",
    )
    uses: Uses = Field(default=list(uses.IDS), description="The uses asked for; all of them when left out.")
    grants: list[Annotated[str, Field(max_length=4096)]] = Field(
        default=[], max_length=20, description="Grant tokens. None are issued yet, so none lifts anything."
    )
    include: list[Include] = Field(
        default=[], description="`possible`: also say `ask` for what is only possibly the image."
    )

    @field_validator("uses")
    @classmethod
    def some_use(cls, value: list[str]) -> list[str]:
        return value or list(uses.IDS)

    @model_validator(mode="after")
    def one_way(self) -> Self:
        if bool(self.hashes) == (self.packed is not None):
            raise PydanticCustomError("invalid-request", "send 1 to 256 hashes, either as `hashes` or as `packed`", {})
        _ = self.query
        return self

    @cached_property
    def query(self) -> list[Fingerprint]:
        """The hashes that are asked, under the profile; plain ones under every profile, as they are."""
        hashes = tuple(self.given())
        names = list(PROFILES) if self.profile == PLAIN else [self.profile]
        return [Fingerprint(name, hashes, 100) for name in names]

    def packed_details(self) -> bytes | None:
        """The details that are offered."""
        return None if self.details is None else base64.b64decode(self.details)

    def given(self) -> list[Hash]:
        if self.packed is None:
            return [item.made for item in self.hashes]
        try:
            data = base64.b64decode(self.packed, validate=True)
        except binascii.Error:
            data = b""
        width = len(data) // max(1, len(self.views))
        if not data or width * len(self.views) != len(data) or width not in (HASH_BYTES, 2 * HASH_BYTES):
            raise PydanticCustomError(
                "invalid-hash",
                "`packed` is base64 of 32 or 64 bytes for each of the {count} views; this has {length} bytes",
                {"count": len(self.views), "length": len(data)},
            )
        pieces = [data[start : start + width] for start in range(0, len(data), width)]
        return [plausible(unpacked(view, piece)) for view, piece in zip(self.views, pieces, strict=True)]


class ImageQuery(Request):
    """The parameters of an image check, in the address: none of them says anything of the image."""

    uses: str = Field("", description="The uses asked for, with commas between; all of them when left out.")
    include: Include | None = None
    effort: Literal["normal", "high"] = Field(
        "normal", description="`high` also asks the image turned by small angles."
    )
    details: bool = Field(
        False,
        description="`true`: also answer the image's details, to be sent to /v1/check with the hashes.",
    )

    @field_validator("uses")
    @classmethod
    def known(cls, value: str) -> str:
        return ",".join(known_uses([use.strip() for use in value.split(",") if use.strip()]))

    @property
    def asked(self) -> list[str]:
        return self.uses.split(",") if self.uses else list(uses.IDS)


class MatchOut(BaseModel):
    ref: str = Field(description="Stable for you, and different for every other platform.")
    strength: Literal["strong", "match", "possible"]
    uses: dict[str, Outcome]
    assurance: int = Field(description="0 anonymous, 1 e-mail, 2 vouched, 3 identified.")
    since: date


class CacheOut(BaseModel):
    ttl_s: int = Field(description="How long this answer may be kept; a miss may not be kept at all.")


class IndexOut(BaseModel):
    epoch: int
    generation: int = Field(description="The number of the last change that this answer takes into account.")
    as_of: datetime


class CheckOut(BaseModel):
    id: str
    result: Literal["protected", "ask", "no_match", "indeterminate"] = Field(
        description="Treat a value that you do not know as `indeterminate`."
    )
    reason: Literal["low_quality"] | None = None
    action: Literal["proceed"] | None = None
    uses: dict[str, Outcome]
    matches: list[MatchOut]
    asked: list[Literal["frame", "rotations", "details"]] = Field(description="What was compared.")
    cache: CacheOut
    index: IndexOut
    pad: str = Field(description="Zeros, so that hits and misses are of one length. Don't compress answers.")
    proof: str | None = Field(
        None,
        description="With `Prefer: proof`: a JWS (Ed25519) over id, time, key, index, SHA-256 of the body, uses and "
        "result; its keys are under /.well-known/jwks.json.",
    )
    livemode: bool


class HashOut(BaseModel):
    view: str
    orientation: str
    algorithm: str
    hash: str
    quality: int
    frame: int
    texture: str


class QueryOut(BaseModel):
    profile: str
    hashes: list[HashOut]


class ImageCheckOut(CheckOut):
    profile: str
    hashes: list[HashOut] = Field(description="What was asked: send these to /v1/check and keep your images.")
    details: str | None = Field(None, description="Packed local features, base64; only where they were wished for.")
    also: list[QueryOut] | None = Field(
        None, description="The same under other profiles that /v1/check takes; left out while there is one only."
    )


class MeOut(BaseModel):
    platform: str
    kid: str
    livemode: bool
    scopes: list[str]
    networks: list[str]
    expires_at: datetime | None
    minimum_assurance: int
    limits: dict[str, int]
    costs: dict[str, int] = Field(description="What is asked for, in units; see `limits.units_per_minute`.")


class DecoderOut(BaseModel):
    confined: bool | None = Field(
        description="Whether the kernel keeps what reads images from all files and the network; null before the first."
    )
    missing: list[Literal["files", "calls"]] = Field(
        description="What of it the kernel does not offer: `files` is Landlock, `calls` seccomp, which alone is enough."
    )
    required: bool = Field(description="Whether images are answered 503 where it is not so; hashes always are.")


class StatusOut(BaseModel):
    status: Literal["current", "incomplete", "behind", "loading"] = Field(
        description="incomplete: the registry was restored from a backup and may lack opt-outs, so that nothing but a "
        "refusal is answered."
    )
    index: IndexOut | None
    hashes: int
    checks_dropped: int = Field(
        description="Checks answered by this process since it started of which nothing could be kept: a report on one "
        "needs its proof."
    )
    decoder: DecoderOut
    complete: list[str] = Field(
        description="The profiles under which every protection can be found. A miss under another is answered 503."
    )


class ErrorOut(BaseModel):
    pointer: str
    detail: str


class ProblemOut(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str
    errors: list[ErrorOut] = []
    fallback: dict[str, Any] | None = None


class BatchItemOut(BaseModel):
    """One of the two."""

    answer: CheckOut | None = None
    problem: ProblemOut | None = None


class BatchOut(BaseModel):
    items: list[BatchItemOut] = Field(description="In the order of the question.")
