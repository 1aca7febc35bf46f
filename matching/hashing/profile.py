"""Profiles as data: what is hashed, what is asked, how codes are compared. Served by `/v1/algorithms`.

Bits are counted from the most significant bit of the first byte (bit 0) to the least significant bit of the last
(bit 255), that is in the order of the 64 hexadecimal digits. The distance of two codes is the number of bits in which
they differ (Hamming).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

BITS: Final = 256

# The order, and the direction of the turns, are those of the PDQ reference (`compute_dihedral`): rotate90 is a quarter
# turn to the left, flipx turns the picture upside down, flipy is what a mirror shows.
ORIENTATIONS: Final = (
    "original",
    "rotate90",
    "rotate180",
    "rotate270",
    "flipx",
    "flipy",
    "transpose",
    "transverse",
)


def permutation(name: str) -> tuple[int, ...]:
    """The bits 0..255 in the order of SHA-256 of "name/bit": scattered, and the same in every language."""
    return tuple(sorted(range(BITS), key=lambda bit: hashlib.sha256(f"{name}/{bit}".encode()).digest()))


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Largest distances that count as each strength."""

    strong: int
    match: int
    possible: int


@dataclass(frozen=True, slots=True)
class CandidateRule:
    """Which stored codes are compared with a query at all, whatever index holds them.

    Position p of the permuted code is bit `permutation[p]` of the hash. The permuted code is cut into `bands` of equal
    width; a stored code is a candidate when in at least one band it differs from the query in at most `flips` bits.
    """

    permutation: tuple[int, ...]
    bands: int
    flips: int

    @property
    def guaranteed(self) -> int:
        """The distance up to which every code is a candidate (pigeonhole)."""
        return self.bands * (self.flips + 1) - 1

    def to_json(self) -> dict[str, Any]:
        return {
            "permutation": list(self.permutation),
            "bands": self.bands,
            "band_bits": BITS // self.bands,
            "flips": self.flips,
            "guaranteed_distance": self.guaranteed,
        }


@dataclass(frozen=True, slots=True)
class Algorithm:
    """How codes of one kind are made and compared; only codes of the same kind are."""

    name: str
    definition: str
    thresholds: Thresholds
    candidates: CandidateRule

    def to_json(self) -> dict[str, Any]:
        return {
            "definition": self.definition,
            "bits": BITS,
            "thresholds": {
                "strong": self.thresholds.strong,
                "match": self.thresholds.match,
                "possible": self.thresholds.possible,
            },
            "candidate_rule": self.candidates.to_json(),
        }


@dataclass(frozen=True, slots=True)
class View:
    """A region that is hashed: its name, its one-byte code in packed fingerprints, and how it is found."""

    name: str
    code: int
    definition: str


@dataclass(frozen=True, slots=True)
class Profile:
    """A named, versioned, complete definition of fingerprints. Never changed once published: a new one is named."""

    name: str
    code: int
    longest_side: int
    minimum_quality: int
    canonical: str
    views: tuple[View, ...]
    stored: Mapping[str, tuple[str, ...]]
    asked: Mapping[str, tuple[str, ...]]
    asked_with_effort: Mapping[str, tuple[str, ...]]
    algorithms: Mapping[str, Algorithm]

    def view_code(self, name: str) -> int:
        """The byte that stands for a view. Raises ValueError for a name that the profile does not have."""
        for view in self.views:
            if view.name == name:
                return view.code
        raise ValueError(f"{self.name} has no view {name!r}; it has {', '.join(view.name for view in self.views)}")

    def view_name(self, code: int) -> str:
        """The view for which a byte stands. Raises ValueError for an unknown one."""
        for view in self.views:
            if view.code == code:
                return view.name
        raise ValueError(f"{self.name} has no view of code {code}")

    def to_json(self) -> dict[str, Any]:
        """What `/v1/algorithms` serves: enough to write a client that makes the same hashes."""
        return {
            "name": self.name,
            "canonical_pixels": {"longest_side": self.longest_side, "definition": self.canonical},
            "bit_order": "bit 0 is the most significant bit of the first byte, the first of the hexadecimal digits",
            "orientations": list(ORIENTATIONS),
            "minimum_quality": self.minimum_quality,
            "views": {view.name: view.definition for view in self.views},
            "stored": _lists(self.stored),
            "asked": _lists(self.asked),
            "asked_with_effort_high": _lists(self.asked_with_effort),
            "algorithms": {name: algorithm.to_json() for name, algorithm in self.algorithms.items()},
        }


def _lists(views: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    return {algorithm: list(names) for algorithm, names in views.items()}


CENTRES: Final = (90, 80, 70, 60, 50)  # per cent of each side
TURNS: Final = (-15.0, -10.0, -5.0, -2.5, 2.5, 5.0, 10.0, 15.0)  # degrees
TURN_CENTRES: Final = (95, 80)


def turned_view(degrees: float, per_cent: int) -> str:
    """The name of a view of the turned picture, as "rotate+2.5-95"."""
    return f"rotate{degrees:+g}-{per_cent}"


_TURNED: Final = tuple(turned_view(degrees, per_cent) for degrees in TURNS for per_cent in TURN_CENTRES)
_ASKED: Final = ("full", "trim", "trim-loose", "main", "main-96")

VETO_1: Final = Profile(
    name="veto-1",
    code=1,
    longest_side=512,
    minimum_quality=50,
    canonical=(
        "EXIF orientation applied; colour profiles ignored; luma .299 R + .587 G + .114 B of the 8-bit values (16-bit "
        "grey divided by 257); averaged by area, each source pixel weighted by the part of it that a target pixel "
        "covers, to 512 on the longer side and the other side rounded half up; never enlarged. A picture with "
        "transparent parts is two pictures: over white, and with its transparency dropped. Of an animation, at most "
        "four frames spread over the first 64 are pictures of their own."
    ),
    views=(
        View("full", 1, "the whole picture"),
        View("center-90", 2, "the middle 90 % of each side"),
        View("center-80", 3, "the middle 80 % of each side"),
        View("center-70", 4, "the middle 70 % of each side"),
        View("center-60", 5, "the middle 60 % of each side"),
        View("center-50", 6, "the middle 50 % of each side"),
        View("content", 7, "the picture without uniform borders: `trim`, when it differs from `full`"),
        View(
            "main",
            8,
            "the block of most picture and least drawn surface, a photo in a screenshot; see regions.py",
        ),
        View("plain", 9, "reference PDQ (with its own Jarosz filter) of the canonical pixels, for exchange"),
        View("trim", 10, "lines cut off at the edges while they are uniform; see regions.py"),
        View("trim-loose", 11, "lines cut off at the edges while most of each has the colour of the edge"),
        View("main-96", 12, "the middle 96 % of each side of `main`"),
        *(
            View(name, 32 + number, "the picture turned by so many degrees, and of that the middle per cent")
            for number, name in enumerate(_TURNED)
        ),
    ),
    stored=MappingProxyType(
        {
            "pdq": ("full", *(f"center-{per_cent}" for per_cent in CENTRES), "content", "main", "plain"),
            "dhash": ("full",),
        }
    ),
    asked=MappingProxyType({"pdq": _ASKED, "dhash": ("full",)}),
    asked_with_effort=MappingProxyType({"pdq": (*_ASKED, *_TURNED), "dhash": ("full",)}),
    algorithms=MappingProxyType(
        {
            "pdq": Algorithm(
                name="pdq",
                definition=(
                    "the view averaged by area to 64×64, then PDQ's DCT, median, bits and quality (Facebook, 2019); "
                    "its Jarosz filter only in the view `plain`"
                ),
                # 31 is the distance that PDQ's authors recommend; at 45 no false pair among 4.9 million was measured.
                thresholds=Thresholds(strong=31, match=45, possible=60),
                candidates=CandidateRule(permutation=permutation("veto-1/pdq"), bands=16, flips=1),
            ),
            "dhash": Algorithm(
                name="dhash",
                definition=(
                    "imagehash.dhash(…, 16) of the canonical pixels averaged by area to 17×16 and rounded half up to "
                    "8 bits; its quality is the PDQ quality of the view `full`"
                ),
                # Among 5,021 photographs × 8 orientations (201 million pairs) the nearest distinct pair was 16 apart;
                # to 24 there was one false pair per million; of Kodak's 24 and 300 clothes the nearest was 49 apart.
                thresholds=Thresholds(strong=6, match=12, possible=24),
                candidates=CandidateRule(permutation=permutation("veto-1/dhash"), bands=16, flips=1),
            ),
        }
    ),
)

PROFILES: Final[dict[str, Profile]] = {VETO_1.name: VETO_1}
