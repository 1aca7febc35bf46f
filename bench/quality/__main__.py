"""`python -m bench.quality --photos DIR[,DIR…] [--negatives DIR,…] [--quick]`, or `make quality`."""

import argparse
import json
import os
import time
from pathlib import Path

from bench.quality import report, sampling, sets
from bench.quality.measure import measured

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "bench" / "results"
SUMMARY = ROOT / "matching" / "quality.json"  # what the pages for everyone say


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.quality", description=__doc__)
    parser.add_argument("--photos", default=os.environ.get("PHOTOS", ""))
    parser.add_argument("--negatives", default=os.environ.get("NEGATIVES", ""))
    parser.add_argument("--quick", action="store_true", default=bool(os.environ.get("QUICK")))
    parser.add_argument("--each", type=int, default=sampling.EACH, help="photos that each alteration meets")
    arguments = parser.parse_args()
    if not arguments.photos:
        parser.error("name folders of photos: make quality PHOTOS=dir[,dir…] [NEGATIVES=dir,…] [QUICK=1]")
    begin = time.monotonic()
    photos, negatives = sets.photos(arguments.photos), sets.photos(arguments.negatives)
    figures = measured(photos, negatives, quick=arguments.quick, each=arguments.each)
    figures["seconds"] = round(time.monotonic() - begin)
    RESULTS.mkdir(parents=True, exist_ok=True)
    name = "quick" if arguments.quick else "quality"
    (RESULTS / f"{name}.json").write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    pages = RESULTS / "quick.md" if arguments.quick else ROOT / "docs" / "matching-quality.md"
    report.write(figures, pages, RESULTS)
    if not arguments.quick:
        SUMMARY.write_text(json.dumps(report.summary(figures), indent=1, ensure_ascii=False) + "\n")
    print(f"{RESULTS / name}.json and {pages} after {figures['seconds']} s")


if __name__ == "__main__":
    main()
