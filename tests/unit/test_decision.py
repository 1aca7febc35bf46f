"""The decision table, row by row."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching import uses
from matching.decision import Decision, Outcome, decide
from matching.hashing.profile import VETO_1
from matching.index.interface import Claim, Hit

PDQ = VETO_1.algorithms["pdq"].thresholds
DHASH = VETO_1.algorithms["dhash"].thresholds


def claim(number: int = 1, *, refuses: str = "edit,sexualise", assurance: int = 0) -> Claim:
    return Claim(UUID(int=number), uses.to_mask(refuses.split(",")), assurance, date(2026, 11, 22))


def decided(*hits: Hit, asked: str = "edit", **options: object) -> Decision:
    return decide(hits, asked=asked.split(","), **options)  # type: ignore[arg-type]


def test_nothing_found_is_no_match() -> None:
    decision = decided(asked="edit,train")
    assert decision.result == "no_match"
    assert decision.uses == {"edit": Outcome.NO_MATCH, "train": Outcome.NO_MATCH}


@pytest.mark.parametrize(
    ("algorithm", "distance", "strength"),
    [
        ("pdq", 0, "STRONG"),
        ("pdq", PDQ.strong, "STRONG"),
        ("pdq", PDQ.strong + 1, "MATCH"),
        ("pdq", PDQ.match, "MATCH"),
        ("dhash", DHASH.strong, "STRONG"),
        ("dhash", DHASH.match, "MATCH"),
    ],
)
def test_a_refused_use_is_denied_up_to_the_match_threshold(algorithm: str, distance: int, strength: str) -> None:
    decision = decided(Hit(claim(), "veto-1", algorithm, distance))
    assert (decision.result, decision.matches[0].strength.name) == ("protected", strength)


@pytest.mark.parametrize(("algorithm", "beyond"), [("pdq", PDQ.match + 1), ("dhash", DHASH.match + 1)])
def test_beyond_it_a_match_is_only_possible_and_only_told_on_request(algorithm: str, beyond: int) -> None:
    hit = Hit(claim(), "veto-1", algorithm, beyond)
    assert decided(hit).result == "no_match"
    assert decided(hit).matches == ()
    told = decided(hit, include_possible=True)
    assert (told.result, told.matches[0].strength.name) == ("ask", "POSSIBLE")


def test_beyond_the_widest_threshold_nothing_is_found() -> None:
    assert decided(Hit(claim(), "veto-1", "pdq", PDQ.possible + 1), include_possible=True).result == "no_match"


def test_a_use_that_is_not_refused_is_no_match_and_the_claim_is_not_shown() -> None:
    decision = decided(Hit(claim(), "veto-1", "pdq", 0), asked="train")
    assert (decision.result, decision.matches) == ("no_match", ())


def test_below_the_minimum_assurance_a_refusal_asks_but_never_for_what_is_always_refused() -> None:
    decision = decided(Hit(claim(assurance=1), "veto-1", "pdq", 0), asked="edit,sexualise", minimum_assurance=2)
    assert decision.uses == {"sexualise": Outcome.DENIED, "edit": Outcome.ASK}
    assert decision.result == "protected"
    assert decided(Hit(claim(assurance=1), "veto-1", "pdq", 0), minimum_assurance=2).result == "ask"
    assert decided(Hit(claim(assurance=2), "veto-1", "pdq", 0), minimum_assurance=2).result == "protected"


def test_the_nearest_of_several_hashes_counts() -> None:
    decision = decided(Hit(claim(), "veto-1", "pdq", PDQ.possible), Hit(claim(), "veto-1", "dhash", 0))
    assert decision.matches[0].strength.name == "STRONG"


def test_the_most_restrictive_of_several_claims_wins_use_by_use() -> None:
    one, other = claim(1, refuses="edit,sexualise"), claim(2, refuses="train,sexualise")
    decision = decided(
        Hit(one, "veto-1", "pdq", PDQ.match), Hit(other, "veto-1", "pdq", 0), asked="edit,train,identify"
    )
    assert decision.uses == {"edit": Outcome.DENIED, "train": Outcome.DENIED, "identify": Outcome.NO_MATCH}
    assert [match.claim for match in decision.matches] == [other, one]


@given(
    st.lists(
        st.builds(
            Hit,
            st.builds(Claim, st.uuids(), st.integers(1, 63), st.integers(0, 3), st.just(date(2026, 1, 1))),
            st.just("veto-1"),
            st.sampled_from(["pdq", "dhash"]),
            st.integers(0, PDQ.possible),
        ),
        max_size=6,
    ),
    st.integers(0, 3),
)
def test_more_claims_never_make_an_answer_less_restrictive(hits: list[Hit], minimum: int) -> None:
    asked = ",".join(uses.IDS)
    for count in range(len(hits)):
        fewer = decided(*hits[:count], asked=asked, minimum_assurance=minimum)
        more = decided(*hits[: count + 1], asked=asked, minimum_assurance=minimum)
        assert all(more.uses[use] >= fewer.uses[use] for use in uses.IDS)
