"""What is found of the altered copies, in both directions, by the product's own index and decision."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from bench.quality import details
from bench.quality.alterations import ALTERATIONS, GROUPS
from bench.quality.hashing import HashedPhoto
from matching.decision import Strength, strength_of
from matching.hashing.fingerprint import Fingerprint
from matching.hashing.profile import VETO_1, Profile
from matching.index.interface import Claim, Hit
from matching.index.scan import ScanIndex

FORWARD: Final = "copy asked"  # the photo is registered, the altered copy asked
REVERSE: Final = "photo asked"  # the altered copy is registered, the photo asked
_HIGH: Final = {f"{alteration.group}/{alteration.name}": alteration.high for alteration in ALTERATIONS}


@dataclass(slots=True)
class Count:
    """How many were tried, found (`protected`), found by hashes, by each algorithm; `possible` where only that."""

    tried: int = 0
    found: int = 0
    frame: int = 0
    possible: int = 0
    by: dict[str, int] = field(default_factory=lambda: dict.fromkeys([*VETO_1.algorithms, details.ALGORITHM], 0))

    def add(self, hits: Iterable[Hit], profile: Profile, distance: int | None = None) -> None:
        """`distance` is that of the details, where they were compared."""
        self.tried += 1
        strengths = {hit.algorithm: strength_of(hit, profile.algorithms[hit.algorithm].thresholds) for hit in hits}
        if distance is not None and (strength := details.strength(distance)):
            strengths[details.ALGORITHM] = strength
        finding = [
            name for name, strength in strengths.items() if strength is not None and strength > Strength.POSSIBLE
        ]
        for name in finding:
            self.by[name] += 1
        self.found += bool(finding)
        self.frame += any(name != details.ALGORITHM for name in finding)
        self.possible += bool(strengths) and not finding

    def __add__(self, other: "Count") -> "Count":
        return Count(
            self.tried + other.tried,
            self.found + other.found,
            self.frame + other.frame,
            self.possible + other.possible,
            {name: count + other.by[name] for name, count in self.by.items()},
        )

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("tried", "found", "frame", "possible", "by")}


Counts = dict[tuple[str, str, str], Count]  # by "group/name", direction and effort
Way = tuple[str, str, str]  # photo, "group/name", direction


def measure(
    photos: Iterable[HashedPhoto], profile: Profile = VETO_1, by_details: Mapping[Way, int] | None = None
) -> Counts:
    """Counts for each alteration; `effort=high` only where it was asked.

    `by_details` are distances, for the photo, the copy and the direction; without it frame hashes are alone.
    """
    counts: Counts = defaultdict(Count)
    near = by_details or {}
    for photo in photos:
        registered = _index({"": photo.itself.stored}, profile)
        copies = {name: copy.stored for name, copy in photo.copies.items()}
        mirror = _index(copies, profile)
        answers = {"normal": _by_name(mirror, photo.itself.asked), "high": _by_name(mirror, photo.itself.high)}
        for name, copy in photo.copies.items():
            there, back = near.get((photo.name, name, FORWARD)), near.get((photo.name, name, REVERSE))
            counts[name, FORWARD, "normal"].add(registered.search([copy.asked]), profile, there)
            counts[name, REVERSE, "normal"].add(answers["normal"].get(_id(name), []), profile, back)
            if _HIGH[name] and copy.high is not None:
                counts[name, FORWARD, "high"].add(registered.search([copy.high]), profile, there)
                counts[name, REVERSE, "high"].add(answers["high"].get(_id(name), []), profile, back)
    return counts


def _id(name: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, name)


def _index(fingerprints: dict[str, Fingerprint], profile: Profile) -> ScanIndex:
    index = ScanIndex(profile)
    since = date(2026, 1, 1)
    index.apply([(Claim(_id(name), 1, 0, since), [one]) for name, one in fingerprints.items()], [])
    return index


def _by_name(index: ScanIndex, asked: Fingerprint | None) -> dict[uuid.UUID, list[Hit]]:
    found: dict[uuid.UUID, list[Hit]] = defaultdict(list)
    for hit in index.search([asked]) if asked else []:
        found[hit.claim.protection].append(hit)
    return found


def in_groups(counts: Counts) -> list[dict[str, Any]]:
    """For each group its counts, and those of each alteration in it."""
    groups = []
    for group in GROUPS:
        mine = [f"{one.group}/{one.name}" for one in ALTERATIONS if one.group == group.name and group.part in one.name]
        shown: dict[str, Any] = {"name": group.name, "title": group.title, "target": group.target}
        shown |= {"target_high": group.target_high, "sum": _shown(counts, mine)}
        shown["alterations"] = {name.partition("/")[2]: _shown(counts, [name]) for name in mine}
        groups.append(shown)
    return groups


def _shown(counts: Counts, names: list[str]) -> dict[str, dict[str, Any]]:
    shown: dict[str, dict[str, Any]] = {}
    for effort in ("normal", "high"):
        for direction in (FORWARD, REVERSE):
            total = sum(
                (counts[name, direction, effort] for name in names if (name, direction, effort) in counts), Count()
            )
            if total.tried:
                shown.setdefault(effort, {})[direction] = total.to_json()
    return shown
