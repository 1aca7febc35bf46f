"""`python -m bench.quality.compare`: what each choice in the profile earns, and what it costs.

Each variant leaves out a view, a comparison or an orientation of what the cache holds, or moves a threshold: nothing is
hashed again. Even photos are those on which constants were chosen, odd ones those on which they are judged.
"""

import argparse
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from bench.quality import near, pairs, recall, sampling, sets
from bench.quality.__main__ import RESULTS
from bench.quality.hashing import HashedPhoto, hash_all
from bench.quality.recall import FORWARD, REVERSE, Count
from bench.quality.tail import FAR, Near, tail
from matching.hashing.fingerprint import Fingerprint, Hash
from matching.hashing.profile import ASPECTS, CENTRES, VETO_1, Profile, aspect_view, centre_view
from matching.hashing.rules import TileAgreement

Keep = Callable[[Hash], bool]


def _all(_: Hash) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Variant:
    """`stored` and `asked` say which hashes are kept."""

    name: str
    stored: Keep = _all
    asked: Keep = _all
    profile: Profile = VETO_1
    texture: bool = True


def _without(*views: str) -> Keep:
    return lambda item: item.view not in views


def _limits(**match: int) -> Profile:
    algorithms = {
        name: replace(one, thresholds=replace(one.thresholds, match=match.get(name, one.thresholds.match)))
        for name, one in VETO_1.algorithms.items()
    }
    return replace(VETO_1, algorithms=MappingProxyType(algorithms))


def _bits_only(match: int) -> Profile:
    """PDQ by the bits alone, as every peer compares it."""
    pdq = VETO_1.algorithms["pdq"]
    comparison = pdq.comparison
    if isinstance(comparison, TileAgreement):
        raise TypeError("the bits of PDQ are what is compared")
    plain = replace(pdq, comparison=replace(comparison, unconfirmed=0), thresholds=replace(pdq.thresholds, match=match))
    return replace(VETO_1, algorithms=MappingProxyType({**VETO_1.algorithms, "pdq": plain}))


_ASPECTS: Final = tuple(aspect_view(across, down) for across, down in ASPECTS)
_CENTRES: Final = tuple(centre_view(per_cent) for per_cent in CENTRES)

VARIANTS: Final = (
    Variant("the profile"),
    Variant(
        "as every peer: one PDQ, to 31 bits",
        lambda item: item.view == "plain",
        lambda item: (item.view, item.algorithm, item.orientation) == ("full", "pdq", "original"),
        _bits_only(31),
        texture=False,
    ),
    Variant("no texture: PDQ to 31 bits", profile=_bits_only(31), texture=False),
    Variant("no texture: PDQ to 45 bits", profile=_bits_only(45), texture=False),
    Variant("dhash never finds alone", asked=lambda item: item.algorithm != "dhash"),
    Variant("dhash alone finds", asked=lambda item: item.algorithm == "dhash"),
    Variant("PDQ to 34 with texture", profile=_limits(pdq=34)),
    Variant("PDQ to 44 with texture", profile=_limits(pdq=44)),
    Variant("dhash to 77", profile=_limits(dhash=77)),
    Variant("no proportions stored or asked", _without(*_ASPECTS), _without(*_ASPECTS)),
    Variant("proportions stored, not asked", asked=_without(*_ASPECTS)),
    Variant("no centres stored", _without(*_CENTRES)),
    Variant("no 92.5 % asked", asked=_without("center-92.5")),
    Variant("no main block stored or asked", _without("main"), _without("main", "main-96")),
    Variant("no main block at 96 % asked", asked=_without("main-96")),
    Variant("no loose trimming asked", asked=_without("trim-loose")),
    Variant("no content rectangle stored", _without("content")),
    Variant("no plain PDQ stored", _without("plain")),
    Variant("asked upright and mirrored only", asked=lambda item: item.orientation in ("original", "flipy")),
)


def _only(fingerprint: Fingerprint, keep: Keep, *, texture: bool) -> Fingerprint:
    kept = (item if texture else item._replace(texture=b"") for item in fingerprint.hashes if keep(item))
    return replace(fingerprint, hashes=tuple(kept))


def _applied(photo: HashedPhoto, variant: Variant) -> HashedPhoto:
    def cut(hashed: Any) -> Any:
        return replace(
            hashed,
            stored=_only(hashed.stored, variant.stored, texture=variant.texture),
            asked=_only(hashed.asked, variant.asked, texture=variant.texture),
            high=_only(hashed.high, variant.asked, texture=variant.texture) if hashed.high else None,
        )

    return replace(photo, itself=cut(photo.itself), copies={name: cut(copy) for name, copy in photo.copies.items()})


def _recall(photos: Sequence[HashedPhoto], profile: Profile) -> dict[str, float]:
    """Per cent found of each group, copy asked, and the means of both directions over the groups."""
    counts = recall.measure(photos, profile)
    shown: dict[str, float] = {}
    for direction in (FORWARD, REVERSE):
        groups: dict[str, Count] = {}
        for (name, its_direction, effort), count in counts.items():
            if (its_direction, effort) == (direction, "normal"):
                group = name.partition("/")[0]
                groups[group] = groups.get(group, Count()) + count
        shares = {name: round(100 * count.found / count.tried, 1) for name, count in groups.items()}
        shown[f"mean, {direction}"] = round(float(np.mean(list(shares.values()))), 2)
        if direction == FORWARD:
            shown |= shares
    return shown


def compared(photos: Sequence[HashedPhoto], strangers: Sequence[HashedPhoto], variant: Variant) -> dict[str, Any]:
    """Recall on both halves, false matches per query at a million photos, and cost."""
    mine, others = [_applied(one, variant) for one in photos], [_applied(one, variant) for one in strangers]
    everything = [*mine, *others]
    same = near.duplicates([one.name for one in everything], np.stack([one.thumbnail for one in everything]))
    unlike = ~np.eye(len(everything), dtype=bool)
    place = {one.name: number for number, one in enumerate(everything)}
    for one, other in (sorted(pair) for pair in same):
        unlike[place[one], place[other]] = unlike[place[other], place[one]] = False
    rate, margin = {}, {}
    for name, algorithm in variant.profile.algorithms.items():
        stored, asked = [one.itself.stored for one in everything], [one.itself.asked for one in everything]
        if not variant.texture or not any(item.algorithm == name for one in asked for item in one.hashes):
            continue  # the pairs are compared with their textures only
        found = Near.of(pairs.nearest(algorithm, stored, asked, f"{variant.name}: {name}"), unlike)
        margin[name] = int(found.distance.min(initial=FAR)) - algorithm.thresholds.match
        rate[name] = 1e6 * tail(found, algorithm.thresholds.match).rate if len(found.distance) else 0.0
    return {
        "name": variant.name,
        "chosen_on": _recall(mine[::2], variant.profile),
        "judged_on": _recall(mine[1::2], variant.profile),
        "false_per_query_at_1M": rate,
        "margin": margin,
        "stored": round(float(np.mean([len(one.itself.stored.hashes) for one in mine])), 1),
        "asked": round(float(np.mean([len(one.itself.asked.hashes) for one in mine])), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.quality.compare", description=__doc__)
    parser.add_argument("--photos", default=os.environ.get("PHOTOS", ""))
    parser.add_argument("--negatives", default=os.environ.get("NEGATIVES", ""))
    parser.add_argument("--each", type=int, default=sampling.EACH)
    parser.add_argument("--every", type=int, default=4, help="take every so many of the negatives")
    arguments = parser.parse_args()
    photos, negatives = sets.photos(arguments.photos), sets.photos(arguments.negatives)[:: arguments.every]
    strangers = list(hash_all(negatives, [()] * len(negatives), "negatives"))
    mine = list(hash_all(photos, sampling.wanted(photos, arguments.each), "photos and copies"))
    rows = [compared(mine, strangers, variant) for variant in VARIANTS]
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "variants.json").write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    for row in rows:
        judged = row["judged_on"]
        false = sum(row["false_per_query_at_1M"].values())
        print(f"{row['name']:45} {judged[f'mean, {FORWARD}']:6} {judged[f'mean, {REVERSE}']:6} {false:9.1e}", end=" ")
        print(f"{row['stored']:5} {row['asked']:5}")


if __name__ == "__main__":
    main()
