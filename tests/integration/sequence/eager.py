"""The web application for tests that kill builders: merges whenever it can, and is slow to put a segment in place."""

import os
import time
from typing import Any

from matching.index import segment, shared

segment.FEW = 2
fallocate = os.posix_fallocate


def slowly(*arguments: Any) -> None:
    fallocate(*arguments)
    time.sleep(0.4)


shared.os.posix_fallocate = slowly  # type: ignore[attr-defined]

from config.rsgi import application, follower  # noqa: E402, F401 (its follower starts with it)

follower.PULSE_S = 0.05
