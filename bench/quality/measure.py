"""The whole measure: photos in, figures out."""

import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.quality import details, near, pairs, places, recall, sampling, shared
from bench.quality.hashing import Hashed, HashedPhoto, hash_all
from bench.quality.sets import Photo, digest
from bench.quality.tail import Near, tail, upper
from matching.hashing.details_profile import VETO_DETAILS_1
from matching.hashing.fingerprint import Fingerprint
from matching.hashing.profile import VETO_1

SIZES = (1_000_000, 10_000_000)
_RATES = ("rate", "low", "high", "bound")


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
    everything = [*mine, *strangers]
    kept = [photo.itself.kept for photo in everything]
    thresholds = {name: vars_of(algorithm.thresholds) for name, algorithm in VETO_1.algorithms.items()}
    return {
        "profile": VETO_1.name,
        "thresholds": thresholds | {details.ALGORITHM: vars_of(VETO_DETAILS_1.thresholds)},
        "photos": _folders(photos),
        "negatives": _folders(negatives),
        "each": each,
        "quick": quick,
        "groups": recall.in_groups(recall.measure(mine, by_details=by_details(mine, kept))),
        "false_matches": false_matches(everything, len(mine), kept, [*photos, *negatives]),
        "shared": shared.measured(shared.look(negatives or photos)),
        "cost": cost([photo.itself for photo in mine]),
    }


def by_details(mine: Sequence[HashedPhoto], kept: Sequence[bytes]) -> dict[recall.Way, int]:
    """Distances: each copy asked of a registry that holds all photos, each photo of one that holds its copies alone."""
    copies = [(place, name, copy) for place, photo in enumerate(mine) for name, copy in photo.copies.items()]
    forward = details.answers(kept, [details.Asked(copy.details) for _, _, copy in copies], "details of copies asked")
    near = {
        (mine[place].name, name, recall.FORWARD): found.get(place, details.FULL)
        for (place, name, _), found in zip(copies, forward, strict=True)
    }
    asked = [details.Asked(one.itself.details, [copy.kept for copy in one.copies.values()] or [b""]) for one in mine]
    for photo, found in zip(mine, details.answers([], asked, "details of photos asked"), strict=True):
        for place, name in enumerate(photo.copies):
            near[photo.name, name, recall.REVERSE] = found.get(place, details.FULL)
    return near


def vars_of(thresholds: Any) -> dict[str, int]:
    return {name: getattr(thresholds, name) for name in ("strong", "match", "possible")}


def _folders(photos: Sequence[Photo]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for photo in photos:
        folder = photo.name.partition("/")[0]
        counts[folder] = counts.get(folder, 0) + 1
    return counts


def false_matches(
    everything: Sequence[HashedPhoto], photos: int, kept: Sequence[bytes], files: Sequence[Photo]
) -> dict[str, Any]:
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
    asked_details = [details.Asked(photo.itself.details) for photo in everything]
    nearest = details.nearest(list(details.answers(kept, asked_details, "details: pairs")), len(names))
    result[details.ALGORITHM] = _of_details(nearest, names, files, alike)
    by_details = {key: SIZES[0] * result[details.ALGORITHM][key] for key in _RATES}
    result["per_query_at_1M"] = {
        "details": by_details,
        "both": _sum([result["normal"]["without"]["per_query"][str(SIZES[0])], by_details]),
    }
    return result


def _of_details(
    nearest: npt.NDArray[np.uint8], names: Sequence[str], files: Sequence[Photo], alike: npt.NDArray[np.bool_]
) -> dict[str, Any]:
    """The tail of details over pairs of different places, and what pairs of one place do, apart."""
    close = [
        frozenset({names[one], names[other]})
        for one, other in zip(*np.nonzero((nearest < details.FULL) & alike), strict=True)
    ]
    place = {name: number for number, name in enumerate(names)}
    apart = alike.copy()
    for group in places.groups(set(close), files):
        numbers = [place[name] for name in group]
        apart[np.ix_(numbers, numbers)] = False
    limits = VETO_DETAILS_1.thresholds
    hard = nearest[alike & ~apart]
    found = Near.of(nearest, apart, details.FULL)
    shown = tail(found, limits.match).to_json()
    shown["counts"] = np.bincount(found.distance, minlength=1).tolist()
    shown["one_place"] = {
        "pairs": int((hard < details.FULL).sum()),
        "matched": int((hard <= limits.match).sum()),
        "possible": int((hard <= limits.possible).sum()),
        "bound_with": upper(int((nearest[alike] <= limits.match).sum())) / int(alike.sum()),
    }
    return shown


def _sum(each: Sequence[dict[str, float]]) -> dict[str, float]:
    return {key: sum(one[key] for one in each) for key in _RATES}


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
        shown["per_query"] = {str(size): {key: size * value for key, value in _sum(each).items()} for size in SIZES}
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
    shown["details"] = {
        "bytes_kept": round(statistics.fmean(len(photo.kept) for photo in photos)),
        "bytes_asked": round(statistics.fmean(len(photo.details) for photo in photos)),
        "too_few": sum(not photo.kept for photo in photos),
    }
    for name in ("decode", "store", "ask", "find", "keep"):
        seconds = [getattr(photo, f"{name}_s") for photo in photos]
        shown[f"{name}_ms"] = round(1000 * statistics.median(seconds), 1)
    return shown
