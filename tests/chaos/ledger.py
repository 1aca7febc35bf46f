"""What was acknowledged, what checks then said, and what of it is wrong."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class OptOut:
    code: str
    protection: str
    photo: str
    in_effect: bool
    at: float = field(default_factory=time.monotonic)
    leaving: bool = False  # a withdrawal was begun: from here both answers may be right
    gone: bool = False  # and acknowledged


class Ledger:
    """Shared by threads. `wrong`: checks that lied, and what happened twice. `lost`: acknowledged and not so."""

    def __init__(self) -> None:
        self.opt_outs: list[OptOut] = []
        self.acknowledged = self.lost = self.wrong = self.unavailable = self.slowest_effect_ms = 0
        self.told: Counter[str] = Counter()
        self._lock = threading.Lock()

    def registered(self, made: OptOut) -> None:
        with self._lock:
            self.opt_outs.append(made)
            self.acknowledged += 1

    def withdrawn(self, opt_out: OptOut) -> None:
        with self._lock:
            opt_out.gone = True
            self.acknowledged += 1

    def heard(self, opt_out: OptOut, answer: str, *, promised: bool) -> bool:
        """Whether it may be said. `promised`: when the question was sent, the opt-out was in effect or seen to be."""
        with self._lock:
            self.told[answer] += 1
            if answer == "protected" and not opt_out.in_effect:  # it was to be soon
                opt_out.in_effect = True
                self.slowest_effect_ms = max(self.slowest_effect_ms, round(1000 * (time.monotonic() - opt_out.at)))
            if answer not in ("protected", "no_match"):
                self.unavailable += 1
            lie = answer == "no_match" and promised and not opt_out.leaving
            self.wrong += lie
            return not lie

    def settle(self, standing: set[str], answers: dict[str, str], twice: int) -> None:
        """At the end. `standing`: ids of protections in the database; `answers`: by code."""
        self.wrong += twice
        for each in self.opt_outs:
            if each.leaving and not each.gone:
                continue  # nobody was told how that ended
            in_database = each.protection in standing
            expected = "no_match" if each.gone else "protected"
            self.lost += in_database is each.gone or answers.get(each.code) != expected

    def result(self) -> dict[str, int]:
        names = ("acknowledged", "lost", "wrong", "unavailable", "slowest_effect_ms")
        return {name: getattr(self, name) for name in names}
