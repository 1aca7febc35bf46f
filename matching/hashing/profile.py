"""Profiles as data: what is hashed, what is asked, how codes are compared. Served by `/v1/algorithms`.

Every choice in `veto-1` was measured: docs/matching-quality.md and docs/adr/0010-frame-profile.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

from .rules import (
    BITS,
    CandidateRule,
    Comparison,
    ConfirmedHamming,
    Thresholds,
    TileAgreement,
    by_tiles,
    permutation,
)

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
UPRIGHT: Final = ("original", "flipy")  # as it is and mirrored


@dataclass(frozen=True, slots=True)
class Algorithm:
    """How codes of one kind are made and compared; only codes of the same kind are."""

    name: str
    definition: str
    comparison: Comparison
    thresholds: Thresholds
    candidates: CandidateRule

    def to_json(self) -> dict[str, Any]:
        return {
            "definition": self.definition,
            "bits": BITS,
            "distance": self.comparison.to_json(),
            "thresholds": {
                "strong": self.thresholds.strong,
                "match": self.thresholds.match,
                "possible": self.thresholds.possible,
            },
            "candidate_rule": self.candidates.to_json(),
        }


Orientations = Mapping[str, tuple[str, ...]]  # view → the orientations in which it is asked


@dataclass(frozen=True, slots=True)
class View:
    """A region that is hashed: its name, its one-byte code in packed fingerprints, and how it is found."""

    name: str
    code: int
    definition: str


@dataclass(frozen=True, slots=True)
class Profile:
    """A named, versioned, complete definition of fingerprints. Never changed once published: a new one is named.

    `stored` says which views of a photo are kept, by algorithm; `asked` which views of an image are asked and in which
    orientations; `asked_with_effort` what `effort=high` adds to that.
    """

    name: str
    code: int
    longest_side: int
    minimum_quality: int
    canonical: str
    views: tuple[View, ...]
    stored: Mapping[str, tuple[str, ...]]
    asked: Mapping[str, Orientations]
    asked_with_effort: Mapping[str, Orientations]
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
            "stored": {algorithm: list(names) for algorithm, names in self.stored.items()},
            "asked": _lists(self.asked),
            "added_by_effort_high": _lists(self.asked_with_effort),
            "algorithms": {name: algorithm.to_json() for name, algorithm in self.algorithms.items()},
        }


def _lists(asked: Mapping[str, Orientations]) -> dict[str, dict[str, list[str]]]:
    return {
        algorithm: {view: list(orientations) for view, orientations in views.items()}
        for algorithm, views in asked.items()
    }


CENTRES: Final = (90, 80, 70, 60, 50)  # per cent of each side
BETWEEN_CENTRES: Final = 92.5  # asked: a crop half-way between two stored centres is then near one of them
ASPECTS: Final = ((1, 1), (4, 5), (9, 16), (16, 9))  # width to height, as feeds and stories cut
TURNS: Final = (-15.0, -10.0, -5.0, -2.5, 2.5, 5.0, 10.0, 15.0)  # degrees


def centre_view(per_cent: float) -> str:
    """The name of a centred view, as "center-90"."""
    return f"center-{per_cent:g}"


def aspect_view(across: int, down: int) -> str:
    """The name of a view of given proportions, as "aspect-4x5"."""
    return f"aspect-{across}x{down}"


def turned_view(degrees: float, corners: str) -> str:
    """The name of a view of the turned picture, as "rotate+2.5-kept"; `corners` is "kept", "cut" or "same"."""
    return f"rotate{degrees:+g}-{corners}"


_CENTRES: Final = tuple(centre_view(per_cent) for per_cent in CENTRES)
_ASPECTS: Final = tuple(aspect_view(across, down) for across, down in ASPECTS)
_TURNED: Final = tuple(turned_view(degrees, corners) for degrees in TURNS for corners in ("kept", "cut", "same"))

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
        *(
            View(centre_view(per_cent), 2 + number, f"the middle {per_cent} % of each side")
            for number, per_cent in enumerate(CENTRES)
        ),
        View("content", 7, "the picture without uniform borders: `trim`, when it differs from `full`"),
        View("main", 8, "the block of most picture and least drawn surface, a photo in a screenshot; see regions.py"),
        View("plain", 9, "reference PDQ (with its own Jarosz filter) of the canonical pixels, for exchange"),
        View("trim", 10, "lines cut off at the edges while they are uniform; see regions.py"),
        View("trim-loose", 11, "lines cut off at the edges while most of each has the colour of the edge"),
        View("main-96", 12, "the middle 96 % of each side of `main`"),
        View(centre_view(BETWEEN_CENTRES), 13, f"the middle {BETWEEN_CENTRES} % of each side"),
        *(
            View(aspect_view(across, down), 16 + number, f"the largest part of {across}:{down} in the middle")
            for number, (across, down) in enumerate(ASPECTS)
        ),
        *(
            View(
                name,
                32 + number,
                "the picture turned to the left by so many degrees, at most 256 on the longer side: of a copy that was "
                "turned on a larger canvas (kept), cut to its old proportions (cut) or turned on the same canvas "
                "(same), the part to compare; see turns.py",
            )
            for number, name in enumerate(_TURNED)
        ),
    ),
    stored=MappingProxyType(
        {
            "pdq": ("full", *_CENTRES, *_ASPECTS, "content", "main", "plain"),
            "dhash": ("full", "content", "main"),
        }
    ),
    asked=MappingProxyType(
        {
            "pdq": MappingProxyType(
                dict.fromkeys(("full", "trim", "trim-loose", "main", "main-96"), ORIENTATIONS)
                | dict.fromkeys((centre_view(BETWEEN_CENTRES), *_ASPECTS), UPRIGHT)
            ),
            "dhash": MappingProxyType(dict.fromkeys(("full", "trim", "main"), ORIENTATIONS)),
        }
    ),
    asked_with_effort=MappingProxyType({"pdq": MappingProxyType(dict.fromkeys((*_CENTRES, *_TURNED), UPRIGHT))}),
    algorithms=MappingProxyType(
        {
            "pdq": Algorithm(
                name="pdq",
                definition=(
                    "the view averaged by area to 64×64, then PDQ's DCT, median, bits and quality (Facebook, 2019); "
                    "its Jarosz filter only in the view `plain`"
                ),
                comparison=ConfirmedHamming(
                    texture=TileAgreement(worth=(2, 1), smooth=3, full=60, permutation=by_tiles(4)),
                    share=3,
                    unconfirmed=6,
                ),
                # Of 22 million pairs of unlike photos the nearest was 63; the fitted tail allows 37 (ADR 10). A plain
                # PDQ hash matches to 31 bits, which its authors recommend.
                thresholds=Thresholds(strong=31, match=37, possible=56),
                candidates=CandidateRule(permutation=permutation("veto-1/pdq"), bands=12, flips=2),
            ),
            "dhash": Algorithm(
                name="dhash",
                definition=(
                    "imagehash.dhash(…, 16) of the view averaged by area to 17×16 and rounded half up to 8 bits: 16 "
                    "rows of 16 bits; its quality is the PDQ quality of the same view"
                ),
                comparison=TileAgreement(worth=(2, 1), smooth=3, full=128, permutation=by_tiles(4)),
                # Agreement of 100, 62 and 51; of 22 million pairs of unlike photos the nearest was 77.
                thresholds=Thresholds(strong=28, match=66, possible=77),
                candidates=CandidateRule(permutation=by_tiles(4), bands=16, flips=1),
            ),
        }
    ),
)

# Every profile that a protection may hold, the newest first. An image is asked under all of them, so that nobody who
# registered under an older one is lost. One leaves this list when no protection rests on it alone (docs/adr/0011).
PROFILES: Final[dict[str, Profile]] = {VETO_1.name: VETO_1}
# Those of them that no client makes any more: not accepted in questions, and nothing new is stored under them.
HELD: Final[set[str]] = set()


def current() -> Profile:
    """The newest: what every photo should be hashed under."""
    return next(iter(PROFILES.values()))


def accepted() -> list[str]:
    """The names of those that a question may come under. A new photo is stored under each of them."""
    return [name for name in PROFILES if name not in HELD]


def state_of(name: str) -> Literal["current", "accepted", "held"]:
    """As `/v1/algorithms` says it."""
    if name in HELD:
        return "held"
    return "current" if name == current().name else "accepted"
