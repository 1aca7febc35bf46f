"""What the registry answered, and what follows from it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from veto_client.errors import UnavailableError

Policy = Literal["deny", "ask", "raise"]
Outcome = Literal["denied", "ask", "no_match"]

_WORST_FIRST: Final = ("protected", "unavailable", "ask", "indeterminate", "no_match")
_LONGEST_TTL_S: Final = 24 * 3600
_STRICTEST_FIRST: Final[tuple[Outcome, ...]] = ("denied", "ask", "no_match")
_OUTCOMES: Final[dict[Policy, Outcome]] = {"deny": "denied", "ask": "ask"}


@dataclass(frozen=True, slots=True)
class Match:
    """A registration that was found. `ref` is stable for your platform and different for every other."""

    ref: str
    strength: str
    uses: Mapping[str, Outcome]
    since: str


@dataclass(frozen=True, slots=True)
class Answer:
    """`result` is `protected`, `ask`, `no_match`, `indeterminate` (too little detail to tell), or `unavailable`.

    `uses` says `denied`, `ask` or `no_match` for each use that was asked. `no_match` is no approval: a registry knows
    objections only. `raw` is the registry's JSON, None where it gave none.
    """

    result: str
    uses: Mapping[str, Outcome]
    id: str | None = None
    matches: Sequence[Match] = ()
    ttl_s: int = 0
    proof: str | None = None
    raw: Mapping[str, Any] | None = field(default=None, repr=False)
    request: bytes = field(default=b"", repr=False)  # the body that was sent: the proof is of it

    @property
    def denied(self) -> tuple[str, ...]:
        """The uses that are refused."""
        return tuple(use for use, outcome in self.uses.items() if outcome == "denied")

    @property
    def to_ask(self) -> tuple[str, ...]:
        """The uses that need the person's consent first."""
        return tuple(use for use, outcome in self.uses.items() if outcome == "ask")

    def stops(self, *, ask: bool = True) -> tuple[str, ...]:
        """The uses that must not go on: those denied and, unless told otherwise, those to ask for."""
        return self.denied + (self.to_ask if ask else ())

    @classmethod
    def of(cls, said: Mapping[str, Any], request: bytes, uses: Collection[str]) -> "Answer":
        """Of the registry's JSON. Fields that are not known are passed over, an unknown result is `indeterminate`.

        Raises UnavailableError for anything that is no answer for each of these uses.
        """
        try:
            result = said["result"] if said["result"] in _WORST_FIRST else "indeterminate"
            blank = {} if said["result"] != "indeterminate" else dict.fromkeys(uses, "no_match")
            outcomes = {use: (blank | said["uses"])[use] for use in uses}
            if not all(outcome in _STRICTEST_FIRST for outcome in outcomes.values()):
                raise ValueError
            matches = tuple(
                Match(str(match["ref"]), match["strength"], match["uses"], match["since"]) for match in said["matches"]
            )
            ttl_s = min(int(said["cache"]["ttl_s"]), _LONGEST_TTL_S)
            return cls(result, outcomes, said["id"], matches, ttl_s, said.get("proof"), said, request)
        except (LookupError, TypeError, ValueError, ArithmeticError):
            raise UnavailableError("the answer is not a registry's") from None

    @classmethod
    def blank(cls, uses: Iterable[str]) -> "Answer":
        """Of an image with too little detail to ask for: a blank page, a mask."""
        return cls("indeterminate", dict.fromkeys(uses, "no_match"))

    @classmethod
    def unavailable(cls, uses: Iterable[str], policy: Policy) -> "Answer":
        return cls("unavailable", dict.fromkeys(uses, _OUTCOMES[policy]))

    @classmethod
    def worst(cls, answers: Sequence["Answer"]) -> "Answer":
        """One for several pictures of a file (frames, what shows through): of each use the strictest."""
        first = min(answers, key=lambda answer: _WORST_FIRST.index(answer.result))
        uses = {use: min((answer.uses[use] for answer in answers), key=_STRICTEST_FIRST.index) for use in first.uses}
        matches = {match.ref: match for answer in answers for match in answer.matches}
        return cls(
            first.result,
            uses,
            first.id,
            tuple(matches.values()),
            min(answer.ttl_s for answer in answers),
            first.proof,
            first.raw,
            first.request,
        )
