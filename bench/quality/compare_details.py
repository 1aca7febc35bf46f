"""`python -m bench.quality.compare_details`: what each choice in the details' profile earns, and what it costs.

Keypoints are found once; each variant chooses, packs or compares them otherwise. Even photos are those on which
constants were chosen, odd ones those on which they are judged.
"""

import argparse
import json
import multiprocessing
import os
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from tqdm import tqdm

from bench.quality import details, sets, shared
from bench.quality.__main__ import RESULTS
from bench.quality.alterations import ALTERATIONS, altered
from bench.quality.sets import Photo, upright
from matching.hashing import keypoints
from matching.hashing.details import Kind
from matching.hashing.details_profile import VETO_DETAILS_1, DetailsProfile
from matching.hashing.keypoints import Found
from matching.hashing.pictures import pictures

PHOTOS: Final = 40
STRANGERS: Final = 500
GROUPS: Final = frozenset(
    "crop rotate-kept perspective screen-photo feed feed-cut chat edit-30 edit-40 chain-hard".split()  # noqa: SIM905
)
Change = Callable[[Sequence[Found]], Sequence[Found]]


def _as_found(found: Sequence[Found]) -> Sequence[Found]:
    return found


def _one_part(found: Sequence[Found]) -> Sequence[Found]:
    """The whole picture as one part, also where it has a main block."""
    return [replace(each, kind="whole", main=()) for each in found if each.kind != "main"]


def _nothing_drawn(found: Sequence[Found]) -> Sequence[Found]:
    """As if no surface were drawn: letters and symbols are kept."""
    return [replace(each, drawn=each.drawn * 0) for each in found]


@dataclass(frozen=True, slots=True)
class Variant:
    name: str
    profile: DetailsProfile = VETO_DETAILS_1
    change: Change = _as_found
    coarse: bool = True


def _stored(number: int) -> DetailsProfile:
    kinds: tuple[Kind, ...] = ("whole", "main", "surround")
    return replace(VETO_DETAILS_1, stored=dict.fromkeys(kinds, number))


def _verified(**numbers: int) -> DetailsProfile:
    return replace(VETO_DETAILS_1, verification=replace(VETO_DETAILS_1.verification, **numbers))


VARIANTS: Final = (
    Variant("the profile"),
    Variant("50 keypoints of a part stored", _stored(50)),
    Variant("200 keypoints of a part stored", _stored(200)),
    Variant("exact places stored", coarse=False),
    Variant("the strongest, whatever their size", replace(VETO_DETAILS_1, coarse=-9.0)),
    Variant("no main block of its own", change=_one_part),
    Variant("what is drawn is kept too", change=_nothing_drawn),
    Variant("10 bits when guided", _verified(guided_bits=10)),
    Variant("18 bits when guided", _verified(guided_bits=18)),
    Variant("no margin to keypoints elsewhere", _verified(margin=0)),
)


@dataclass(frozen=True, slots=True)
class Looked:
    """A photo's keypoints and those of its copies, by "group/name"."""

    itself: list[Found]
    copies: dict[str, list[Found]]


def look(photo: Photo) -> Looked:
    image = upright(photo.read())
    return Looked(
        keypoints.found_in(pictures(photo.read())),
        {
            f"{one.group}/{one.name}": keypoints.found_in(pictures(altered(image, one, photo.name)))
            for one in ALTERATIONS
            if one.group in GROUPS
        },
    )


def kept(variant: Variant, found: Sequence[Found]) -> bytes:
    details_of_it = keypoints.stored(variant.change(found), variant.profile)
    return details_of_it.to_bytes(coarse=variant.coarse) if details_of_it else b""


def row(
    variant: Variant, looked: Sequence[Looked], strangers: Sequence[list[Found]], drawn: shared.Looked
) -> dict[str, Any]:
    profile, limit = variant.profile, variant.profile.thresholds.match

    def near(registered: Sequence[bytes], asked: Sequence[Found]) -> dict[int, int]:
        hits = details.registry(registered, profile, coarse=variant.coarse).search(keypoints.asked(asked, profile))
        return {hit.claim.protection.int: hit.distance for hit in hits if hit.distance <= limit}

    shares: dict[str, list[float]] = {}
    for half, name in ((0, "chosen_on"), (1, "judged_on")):
        copy_asked, photo_asked = [], []
        for photo in looked[half::2]:
            mine = [kept(variant, photo.itself)]
            copy_asked += [bool(near(mine, copy)) for copy in photo.copies.values()]
            answers = near([kept(variant, copy) for copy in photo.copies.values()], photo.itself)
            photo_asked += [place in answers for place in range(len(photo.copies))]
        shares[name] = [round(100 * statistics.fmean(one), 1) for one in (copy_asked, photo_asked)]
    registered = [kept(variant, found) for found in strangers]
    index = details.registry(registered, profile, coarse=variant.coarse)
    false = sum(
        hit.distance <= limit and hit.claim.protection.int != place
        for place, found in enumerate(strangers)
        for hit in index.search(keypoints.asked(found, profile))
    )
    around = shared.measured(drawn, profile, variant.change)
    return {
        "name": variant.name,
        **shares,
        "pairs": len(strangers) * (len(strangers) - 1),
        "matched": false,
        "shared_matched": sum(one["matched"] for one in around),
        "shared_asked": sum(one["asked"] for one in around),
        "bytes": round(statistics.fmean(len(one) for one in registered if one)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.quality.compare_details", description=__doc__)
    parser.add_argument("--photos", default=os.environ.get("PHOTOS", ""), required="PHOTOS" not in os.environ)
    parser.add_argument("--negatives", default=os.environ.get("NEGATIVES", ""))
    arguments = parser.parse_args()
    photos, negatives = sets.photos(arguments.photos), sets.photos(arguments.negatives)
    chosen = photos[:: max(1, len(photos) // PHOTOS)][:PHOTOS]
    others = (negatives or photos)[:: max(1, len(negatives or photos) // STRANGERS)][:STRANGERS]
    with multiprocessing.get_context("fork").Pool(os.cpu_count() or 1) as pool:
        looked = list(tqdm(pool.imap(look, chosen), "keypoints", len(chosen)))
        strangers = list(tqdm(pool.imap(itself, others, chunksize=8), "strangers", len(others)))
    drawn = shared.look(others)
    rows = [row(variant, looked, strangers, drawn) for variant in tqdm(VARIANTS, "variants")]
    (RESULTS / "details.json").write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")


def itself(photo: Photo) -> list[Found]:
    return keypoints.found_in(pictures(photo.read()))


if __name__ == "__main__":
    main()
