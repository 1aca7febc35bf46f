"""How the memory of each process grows."""

import threading
import time
from collections import defaultdict
from typing import Any, Final, Self

import numpy as np
import psutil

EVERY_S: Final = 0.5
MIB: Final = 1024 * 1024


class Memory:
    """Looks at processes and all that is below them, in a thread, for the length of a `with`."""

    def __init__(self, pids: dict[str, int]) -> None:
        self._pids = pids
        self._seen: dict[str, list[tuple[float, float]]] = defaultdict(list)  # by process: seconds and MiB
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(EVERY_S):
            now = time.monotonic()
            for name, pid in self._pids.items():
                top = psutil.Process(pid)
                for process in (top, *top.children(recursive=True)):
                    try:
                        self._seen[f"{name} {process.pid}"].append((now, process.memory_info().rss / MIB))
                    except psutil.NoSuchProcess:
                        continue

    @property
    def figures(self) -> dict[str, Any]:
        """Of the processes that were there half of the time (not a child that decodes one image)."""
        most = max(map(len, self._seen.values()), default=0)
        found = {name: seen for name, seen in self._seen.items() if len(seen) > max(2, most / 2)}
        return {
            name: {"rss_mib": round(seen[-1][1], 1), "mib_a_minute": round(60 * slope(seen), 2)}
            for name, seen in sorted(found.items())
        }


def slope(seen: list[tuple[float, float]]) -> float:
    """MiB a second, by least squares over the second half, when caches are full."""
    times, sizes = np.array(seen[len(seen) // 2 :]).T
    return float(np.polyfit(times - times[0], sizes, 1)[0])
