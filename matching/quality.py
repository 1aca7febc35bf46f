"""What was measured of recognition, for the pages that say it: the file that `make quality` writes."""

from functools import cache
from pathlib import Path
from typing import Any

import orjson

FILE = Path(__file__).with_name("quality.json")


@cache
def measured() -> dict[str, Any]:
    """`photos`, `negatives`, `found` (per cent, an entry for each alteration) and the false matches per query."""
    figures: dict[str, Any] = orjson.loads(FILE.read_bytes())
    return figures
