"""What was acknowledged, what checks then said, and what of it is wrong."""

import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import uuid4

Uses = frozenset[str]
NOTHING: Uses = frozenset()
REGISTER, REVISE, WITHDRAW, PUT_BACK, ERASE = "register", "revise", "withdraw", "put back", "erase"


@dataclass
class Photo:
    """`code`: its PDQ hash; `seed`: of the picture, where there is one. `outcomes`: what each act leaves refused, in
    their order, the first before there was any. Those from `since` on may be so now; the others are over.
    """

    code: str
    seed: int | None = None
    sending: str = field(default_factory=lambda: str(uuid4()))
    id: str = ""
    outcomes: list[Uses] = field(default_factory=lambda: [NOTHING])
    since: int = 0
    acts: "list[Act]" = field(default_factory=list)
    saved_at: float = 0.0  # when it was told "saved, taking effect", until that is so

    @property
    def refused(self) -> Uses:
        """What the last act has left, if that was acknowledged."""
        return self.outcomes[-1]

    @property
    def erased(self) -> bool:
        """Whether that was asked for: for good, so nothing comes after it."""
        return bool(self.acts) and self.acts[-1].kind == ERASE

    def must_deny(self, since: int) -> Uses:
        """What a check must deny that was sent when `since` was so: what nothing that may have been so leaves open."""
        return frozenset.intersection(*self.outcomes[since:])


@dataclass
class Act:
    """Tried until it is acknowledged. What became of a try that was not is unknown, and it may still come to pass: so
    this act is then the last of its photo.
    """

    kind: str
    photo: Photo
    refuse: Uses
    tries: int = 0
    place: int = 0  # of its outcome
    acknowledged: bool = False


class Ledger:
    """Shared by threads. `wrong`: checks that lied, and what happened twice. `lost`: acknowledged and not so."""

    def __init__(self) -> None:
        self.photos: list[Photo] = []
        self.acknowledged = self.lost = self.wrong = self.unavailable = self.slowest_effect_ms = 0
        self.told: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self._saved: list[tuple[float, Act]] = []
        self._lock = threading.Lock()

    def begin(self, act: Act) -> float:
        """From here on its outcome may be so. Returns when that was."""
        with self._lock:
            photo = act.photo
            if not act.tries:
                photo.outcomes.append(act.refuse)
                act.place = len(photo.outcomes) - 1
                photo.acts.append(act)
                if act.kind == REGISTER:
                    self.photos.append(photo)
            act.tries += 1
            return time.monotonic()

    def acknowledge(self, act: Act, began: float, *, in_effect: bool) -> None:
        """Somebody was told so. With the first act in effect that began later, what was only saved is in effect too:
        whoever says so has numbered and published all that had been committed.
        """
        now = time.monotonic()
        with self._lock:
            act.acknowledged = True
            self.acknowledged += 1
            self.done[act.kind] += 1
            if not in_effect:
                act.photo.saved_at = now
                self._saved.append((now, act))
                return
            for _, each in [(now, act), *(one for one in self._saved if one[0] < began)]:
                each.photo.since = max(each.photo.since, each.place)
                self._is_so(each.photo, now)
            self._saved = [one for one in self._saved if one[0] >= began]

    def heard(self, photo: Photo, since: int, denied: Uses | None, result: str) -> bool:
        """Whether that may be said. `denied`: the uses, None where nothing is known; `since`: when it was asked."""
        with self._lock:
            self.told[result] += 1
            if denied is None:
                self.unavailable += 1
                return True
            if denied == photo.refused:
                self._is_so(photo, time.monotonic())
            lie = not photo.must_deny(since) <= denied
            self.wrong += lie
            return not lie

    def _is_so(self, photo: Photo, now: float) -> None:
        """What was saved has been seen, or said, to be in effect."""
        if photo.saved_at:
            self.slowest_effect_ms = max(self.slowest_effect_ms, round(1000 * (now - photo.saved_at)))
            photo.saved_at = 0.0

    def settle(self, kept: dict[str, Uses], answers: Iterable[dict[str, Uses]], wrong: int) -> None:
        """At the end. `kept`: what the database refuses, by `sending`; `answers`: of each worker, what it denies."""
        self.wrong += wrong
        for photo in self.photos:
            stands = kept.get(photo.sending) == (None if photo.erased else photo.refused)
            self.lost += not stands or any(each.get(photo.sending) != photo.refused for each in answers)

    def result(self) -> dict[str, int]:
        names = ("acknowledged", "lost", "wrong", "unavailable", "slowest_effect_ms")
        return {name: getattr(self, name) for name in names}
