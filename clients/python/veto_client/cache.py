"""Answers that the registry lets be kept, for as long as it says. By digest of the file: no image, no hash."""

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

from veto_client.answers import Answer

MOST: Final = 10_000


class Cache:
    """Thread-safe; forgets what was used least recently beyond so many."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[float, Answer]] = OrderedDict()

    def get(self, key: Hashable) -> Answer | None:
        with self._lock:
            until, answer = self._kept.get(key, (0.0, None))
            if answer is None or until <= time.monotonic():
                self._kept.pop(key, None)
                return None
            self._kept.move_to_end(key)
            return answer

    def put(self, key: Hashable, answer: Answer) -> None:
        if answer.ttl_s <= 0:
            return
        with self._lock:
            self._kept[key] = (time.monotonic() + answer.ttl_s, answer)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
