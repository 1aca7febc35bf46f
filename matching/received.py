"""Hashes as they are received, from platforms and from browsers: parsed at the edge. No error repeats a hash."""

import base64
from functools import cached_property, partial
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from matching.hashing.details import MOST_BYTES, Details
from matching.hashing.details_profile import VETO_DETAILS_1
from matching.hashing.fingerprint import HASH_BYTES, Hash
from matching.hashing.profile import PROFILES

PDQ_BITS_SET = range(120, 137)  # a median cuts 256 coefficients in half; a few ties are possible
DHASH_BITS_SET = range(1, 8 * HASH_BYTES)

Name = Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[a-z0-9+.-]+$")]


def bits_of(text: str) -> bytes:
    """The 32 bytes of 64 hexadecimal digits; the error says what is wrong with the shape and never repeats the hash."""
    try:
        bits = bytes.fromhex(text) if len(text) == 2 * HASH_BYTES and text.isalnum() else b""
    except ValueError:
        bits = b""
    if not bits:
        raise PydanticCustomError(
            "invalid-hash", "a hash has 64 hexadecimal digits; this has {length} characters", {"length": len(text)}
        )
    return bits


def plausible(item: Hash) -> Hash:
    """A hash that its algorithm can give. One below the minimum quality is not compared, and so may be anything."""
    bits_set = int.from_bytes(item.bits).bit_count()
    if bits_set in (PDQ_BITS_SET if item.algorithm == "pdq" else DHASH_BITS_SET):
        return item
    if item.quality < min(profile.minimum_quality for profile in PROFILES.values()):
        return item
    if item.algorithm == "pdq":
        raise PydanticCustomError(
            "invalid-hash", "a PDQ hash has about 128 of its 256 bits set; this has {bits_set}", {"bits_set": bits_set}
        )
    raise PydanticCustomError("invalid-hash", "a hash with all bits alike is that of a blank image", {})


def known_details(text: str, *, coarse: bool) -> str:
    try:
        Details.from_bytes(base64.b64decode(text, validate=True), coarse=coarse)
    except ValueError as error:  # whose words quote nothing
        raise PydanticCustomError(
            "invalid-hash",
            "details are base64 of packed details of {profile}: {error}",
            {"profile": VETO_DETAILS_1.name, "error": str(error)},
        ) from None
    return text


_Packed = Annotated[str, Field(max_length=-(-MOST_BYTES // 3) * 4)]
AskedDetails = Annotated[_Packed, AfterValidator(partial(known_details, coarse=False))]
StoredDetails = Annotated[_Packed, AfterValidator(partial(known_details, coarse=True))]


class Request(BaseModel):
    model_config = ConfigDict(extra="forbid")
    names: ClassVar[frozenset[str]]  # of the fields, at hand: a question may hold 256 hashes

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        cls.names = frozenset(cls.model_fields)

    @model_validator(mode="before")
    @classmethod
    def only_known_fields(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            raise PydanticCustomError(
                "invalid-request", "send an object with the fields {known}", {"known": ", ".join(cls.model_fields)}
            )
        if not data.keys() <= cls.names:
            unknown = sorted(data.keys() - cls.names)
            raise PydanticCustomError(
                "invalid-request",
                "unknown field {unknown}; the fields are {known}",
                {"unknown": ", ".join(unknown)[:100], "known": ", ".join(cls.model_fields)},
            )
        return data


class HashIn(Request):
    view: Name = Field("full", description="Name of the view, from the profile.")
    orientation: Name = Field("original", description="Name of the orientation, from the profile.")
    algorithm: Literal["pdq", "dhash"] = "pdq"
    hash: str = Field(description="64 hexadecimal digits, most significant bit first.")
    quality: int = Field(100, ge=0, le=100, description="PDQ's quality; hashes below 50 are not compared.")
    texture: str = Field(
        "",
        description="The dhash of the same view and orientation, 64 hexadecimal digits. A PDQ hash without it matches "
        "only as near as 31 bits.",
    )

    @model_validator(mode="after")
    def check_hash(self) -> Self:
        plausible(self.made)
        return self

    @cached_property
    def made(self) -> Hash:
        texture = bits_of(self.texture) if self.texture else b""
        return Hash(self.view, self.algorithm, bits_of(self.hash), self.quality, self.orientation, texture=texture)
