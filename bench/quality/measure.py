"""The whole measure: photos in, figures out."""

import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.quality import near, pairs, recall, sampling
from bench.quality.hashing import Hashed, HashedPhoto, hash_all
from bench.quality.sets import Photo, digest
from bench.quality.tail import Near, tail
from matching.hashing.fingerprint import Fingerprint
from matching.hashing.profile import VETO_1

SIZES = (1_000_000, 10_000_000)


def measured(photos: Sequence[Photo], negatives: Sequence[Photo], *, quick: bool, each: int) -> dict[str, Any]:
    """The figures of docs/matching-quality.md, as they are written to quality.json."""
    if quick:
        each = min(each, sampling.QUICK)
        step = max(1, len(negatives) // sampling.QUICK_NEGATIVES)
        negatives = negatives[::step]
    known = {digest(photo.read()) for photo in photos}
    negatives = [photo for photo in negatives if digest(photo.read()) not in known]
    strangers = list(hash_all(negatives, [()] * len(negatives), "negatives"))
    mine = list(hash_all(photos, sampling.wanted(photos, each), "photos and copies"))
    return {
        "profile": VETO_1.name,
        "thresholds": {name: vars_of(algorithm.thresholds) for name, algorithm in VETO_1.algorithms.items()},
        "photos": _folders(photos),
        "negatives": _folders(negatives),
        "each": each,
        "quick": quick,
        "groups": recall.in_groups(recall.measure(mine)),
        "false_matches": false_matches([*mine, *strangers], len(mine)),
        "cost": cost([photo.itself for photo in mine]),
    }


def vars_of(thresholds: Any) -> dict[str, int]:
    return {name: getattr(thresholds, name) for name in ("strong", "match", "possible")}


def _folders(photos: Sequence[Photo]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for photo in photos:
        folder = photo.name.partition("/")[0]
        counts[folder] = counts.get(folder, 0) + 1
    return counts


def false_matches(everything: Sequence[HashedPhoto], photos: int) -> dict[str, Any]:
    """Every photo asked against every other; the first `photos` of them also with `effort=high`."""
    names = [photo.name for photo in everything]
    same = near.duplicates(names, np.stack([photo.thumbnail for photo in everything]))
    unlike = ~np.eye(len(names), dtype=bool)
    alike = unlike.copy()
    place = {name: number for number, name in enumerate(names)}
    for one, other in (sorted(pair) for pair in same):
        alike[place[one], place[other]] = alike[place[other], place[one]] = False
    stored = [photo.itself.stored for photo in everything]
    asked = [photo.itself.asked for photo in everything]
    result: dict[str, Any] = {"near_duplicates": sorted(sorted(pair) for pair in same)}
    result["normal"] = _tails(stored, asked, {"without": alike, "with": unlike})
    high = [photo.itself.high or photo.itself.asked for photo in everything[:photos]]
    result["high"] = _tails(stored, high, {"without": alike[:photos]})
    return result


def _tails(
    stored: Sequence[Fingerprint], asked: Sequence[Fingerprint], which: dict[str, npt.NDArray[np.bool_]]
) -> dict[str, Any]:
    tails: dict[str, Any] = {name: {} for name in which}
    for algorithm in VETO_1.algorithms.values():
        nearest = pairs.nearest(algorithm, stored, asked, f"{algorithm.name}: pairs")
        for name, counted in which.items():
            found = Near.of(nearest, counted)
            shown = tail(found, algorithm.thresholds.match).to_json()
            shown["counts"] = np.bincount(found.distance, minlength=int(found.distance.max()) + 1).tolist()
            tails[name][algorithm.name] = shown
    for shown in tails.values():
        each = list(shown.values())
        shown["per_query"] = {
            str(size): {key: size * sum(one[key] for one in each) for key in ("rate", "low", "high", "bound")}
            for size in SIZES
        }
    return tails


def cost(photos: Sequence[Hashed]) -> dict[str, Any]:
    """What a photo adds to an index, and what a question costs: means, and CPU milliseconds at the median."""

    def count(fingerprints: Sequence[Fingerprint | None], algorithm: str) -> dict[str, float]:
        counts = [sum(item.algorithm == algorithm for item in one.hashes) for one in fingerprints if one]
        return {"mean": round(statistics.fmean(counts), 1), "most": max(counts)}

    roles: dict[str, Sequence[Fingerprint | None]] = {
        "stored": [photo.stored for photo in photos],
        "asked": [photo.asked for photo in photos],
        "asked_high": [photo.high for photo in photos],
    }
    shown: dict[str, Any] = {
        role: {name: count(fingerprints, name) for name in VETO_1.algorithms} for role, fingerprints in roles.items()
    }
    shown["bytes_stored"] = round(statistics.fmean(len(photo.stored.to_bytes()) for photo in photos))
    for name in ("decode", "store", "ask"):
        seconds = [getattr(photo, f"{name}_s") for photo in photos]
        shown[f"{name}_ms"] = round(1000 * statistics.median(seconds), 1)
    return shown
