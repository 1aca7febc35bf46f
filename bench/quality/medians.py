"""`python -m bench.quality.medians DIR[,DIR…]`: the medians of `veto-details-1`, from every second photo.

They are part of the profile: made once, committed, never again under the same name.
"""

import json
import sys
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from bench.quality.sets import photos
from matching.hashing import keypoints
from matching.hashing.details import CODE_BITS, MIRRORED
from matching.hashing.details_profile import VETO_DETAILS_1
from matching.hashing.pictures import pictures

EACH: Final = 400  # keypoints of a photo
FILE: Final = Path(keypoints.__file__).with_name(f"{VETO_DETAILS_1.name}.json")


def main(folders: str) -> None:
    shares = [
        values / values.sum(axis=1, keepdims=True)
        for photo in photos(folders)[::2]
        for values in [keypoints.found_in(pictures(photo.read()))[0].values[:EACH]]
        if len(values)
    ]
    both = np.concatenate(shares)
    medians = np.median(np.concatenate([both, both[:, MIRRORED]]), axis=0)
    rounded = np.rint(medians * 65536).astype(int)
    FILE.write_text(json.dumps({"medians": rounded.tolist()}) + "\n")
    print(f"{FILE} from {len(both)} keypoints of {len(shares)} photos, {CODE_BITS} medians")


if __name__ == "__main__":
    cv2.setNumThreads(0)
    main(sys.argv[1])
