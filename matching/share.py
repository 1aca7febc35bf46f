"""Which of the protections an index holds, where a registry has several.

A share is a range of ids. These are random, so shares of equal width are equally large; and a range is read from
PostgreSQL by the primary key, in order.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

_IDS: Final = 1 << 128


@dataclass(frozen=True, slots=True)
class Share:
    """The part with this `number`, from 0, of as many as `of` says."""

    number: int
    of: int

    @property
    def first(self) -> UUID:
        return UUID(int=-(-self.number * _IDS // self.of))

    @property
    def last(self) -> UUID:
        return UUID(int=-(-(self.number + 1) * _IDS // self.of) - 1)

    @property
    def suffix(self) -> str:
        """For names: nothing where it is everything."""
        return "" if self == EVERYTHING else f"-{self.number}-of-{self.of}"

    def of_these(self, protections: Iterable[UUID]) -> set[UUID]:
        return {each for each in protections if self.first <= each <= self.last}


EVERYTHING: Final = Share(0, 1)
