"""Fingerprints: the hashes of all views of a photo, and their packed form."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from .profile import ORIENTATIONS, PROFILES
from .rules import BITS

HASH_BYTES: Final = BITS // 8
VERSION: Final = 2  # 1 had no texture; nothing was ever released with it

_HEADER: Final = struct.Struct(">BBBH")  # version, profile, quality, number of hashes
# view, algorithm, orientation, frame, quality, bits, texture (zeros for none: no picture of enough detail has such)
_RECORD: Final = struct.Struct(f">BBBBB{HASH_BYTES}s{HASH_BYTES}s")
_NO_TEXTURE: Final = bytes(HASH_BYTES)
_LENGTH: Final = struct.Struct(">I")  # before each of several

_ALGORITHM_CODES: Final = {"pdq": 1, "dhash": 2}
_ALGORITHM_NAMES: Final = {code: name for name, code in _ALGORITHM_CODES.items()}


class Hash(NamedTuple):
    """One code of one view.

    `bits` are 32 bytes, the most significant bit first, so that `bits.hex()` is what the reference prints. `quality`
    is 0..100. `orientation` is one of `profile.ORIENTATIONS`. `frame` counts the pictures of a file: frames of an
    animation, and each treatment of transparency. `texture` is the dhash of the same view in the same orientation, 32
    bytes, which confirms what the bits found; empty where there is none.
    """

    view: str
    algorithm: str
    bits: bytes
    quality: int
    orientation: str = "original"
    frame: int = 0
    texture: bytes = b""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The hashes of a photo, or those that a query asks.

    Only hashes of the profile's minimum quality are held: none at all means that the picture has too little detail.
    `quality` is the best of all views, also of those that were dropped.
    """

    profile: str
    hashes: tuple[Hash, ...]
    quality: int

    def to_bytes(self) -> bytes:
        """Packed: 5 bytes, then 69 for each hash. Raises ValueError for a name, number or length that has no place."""
        if self.profile not in PROFILES:
            raise ValueError(f"unknown profile {self.profile!r}; known: {', '.join(PROFILES)}")
        profile = PROFILES[self.profile]
        try:
            packed = [_HEADER.pack(VERSION, profile.code, self.quality, len(self.hashes))]
            for item in self.hashes:
                if len(item.bits) != HASH_BYTES or len(item.texture) not in (0, HASH_BYTES):
                    raise ValueError(
                        f"a hash has {HASH_BYTES} bytes, not {len(item.bits)}, and a texture as many or none"
                    )
                packed.append(
                    _RECORD.pack(
                        profile.view_code(item.view),
                        _ALGORITHM_CODES[item.algorithm],
                        ORIENTATIONS.index(item.orientation),
                        item.frame,
                        item.quality,
                        item.bits,
                        item.texture or _NO_TEXTURE,
                    )
                )
        except (KeyError, struct.error) as error:
            raise ValueError(f"a fingerprint that cannot be packed: {error}") from None
        return b"".join(packed)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The fingerprint that `to_bytes` packed. Raises ValueError on anything else."""
        try:
            version, profile_code, quality, count = _HEADER.unpack_from(data)
        except struct.error:
            raise ValueError("a packed fingerprint is at least 5 bytes long") from None
        if version != VERSION:
            raise ValueError(f"packed fingerprint of version {version}; known: {VERSION}")
        profile = next((each for each in PROFILES.values() if each.code == profile_code), None)
        if profile is None:
            raise ValueError(f"packed fingerprint of an unknown profile, code {profile_code}")
        if len(data) != _HEADER.size + count * _RECORD.size:
            raise ValueError(f"{len(data)} bytes do not hold {count} hashes")
        if quality > 100:
            raise ValueError(f"quality {quality} is above 100")
        hashes = []
        for record in _RECORD.iter_unpack(data[_HEADER.size :]):
            view, algorithm, orientation, frame, its_quality, bits, texture = record
            if algorithm not in _ALGORITHM_NAMES or orientation >= len(ORIENTATIONS) or its_quality > 100:
                raise ValueError("a packed hash names an unknown algorithm or orientation, or a quality above 100")
            hashes.append(
                Hash(
                    view=profile.view_name(view),
                    algorithm=_ALGORITHM_NAMES[algorithm],
                    bits=bits,
                    quality=its_quality,
                    orientation=ORIENTATIONS[orientation],
                    frame=frame,
                    texture=b"" if texture == _NO_TEXTURE else texture,
                )
            )
        return cls(profile=profile.name, hashes=tuple(hashes), quality=quality)


def join(fingerprints: Iterable[Fingerprint]) -> bytes:
    """Several packed, each after its length in 4 bytes. Raises ValueError as `to_bytes` does."""
    packed = [fingerprint.to_bytes() for fingerprint in fingerprints]
    return b"".join(_LENGTH.pack(len(each)) + each for each in packed)


def split(data: bytes) -> Iterator[bytes]:
    """What `join` joined, each still packed. Raises ValueError on anything else."""
    while data:
        try:
            (length,) = _LENGTH.unpack_from(data)
        except struct.error:
            raise ValueError(f"{len(data)} bytes hold no length") from None
        if len(data) < _LENGTH.size + length:
            raise ValueError(f"{len(data)} bytes do not hold {length}")
        yield data[_LENGTH.size : _LENGTH.size + length]
        data = data[_LENGTH.size + length :]
