"""What is asked, what the answer must be, and what came instead."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bench.http import codes, questions
from bench.http.client import Seen, request

ANSWERED: Final = 200
REFUSED: Final = (429, 503)
EACH: Final = 20  # of known and of unknown questions

Expected = Mapping[bytes, bytes]  # by request: its result


@dataclass
class Judge(Seen):
    """Counts what is wrong: another result than expected, a refusal that does not say when to come back, a fault."""

    expected: Expected = field(default_factory=dict)
    accepted: list[float] = field(default_factory=list)  # seconds
    wrong: int = 0
    refused_at: float = 0.0  # the last time, by the clock that also counts seconds

    def note(self, sent: bytes, status: int, head: bytes, body: bytearray, seconds: float) -> None:
        super().note(sent, status, head, body, seconds)
        if status == ANSWERED:
            self.accepted.append(seconds)
            self.wrong += b'"result":"%s"' % self.expected[sent] not in body
        else:
            self.refused_at = time.perf_counter()
            self.wrong += status not in REFUSED or b"retry-after: " not in head

    @property
    def faults(self) -> int:
        return self.wrong + self.statuses[0]  # 0: a connection broke

    def milliseconds(self, share: float) -> float | None:
        """Of those that were answered."""
        return Seen(seconds=self.accepted).percentile(share) if self.accepted else None


def in_hash_mode(key: str) -> Expected:
    asked = codes.asked(10 * EACH)
    known, unknown = asked[::10], asked[1::10]  # of ten, the first is of a photo that `fill` registers
    return mixed(
        *([request("POST", "/v1/check", key, questions.plain(each)) for each in some] for some in (known, unknown))
    )


def in_image_mode(known: list[bytes], unknown: list[bytes], key: str) -> Expected:
    return mixed(questions.of_images(known, key), questions.of_images(unknown, key))


def mixed(known: list[bytes], unknown: list[bytes]) -> Expected:
    pairs = zip(known, unknown, strict=True)
    return {sent: result for pair in pairs for sent, result in zip(pair, (b"protected", b"no_match"), strict=True)}
