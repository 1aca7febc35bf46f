"""Test vectors: an image as a file, and the hashes that each profile makes of it. `/v1/algorithms` serves them.

`python -m tests.vectors` makes vectors.json: for a profile that comes, never because the hashes of one that is there
have changed.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).with_name("vectors.json")


@cache
def vectors() -> dict[str, Any]:
    """`image`: a PNG in base64. `profiles`: for each the hashes that are `stored` of it, and those that are `asked`."""
    held: dict[str, Any] = json.loads(FILE.read_text())
    return held
