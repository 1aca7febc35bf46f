"""The decision table, row by row."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching import uses
from matching.decision import Decision, Excluded, Outcome, decide
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


NOT_IT = Excluded(UUID(int=9), protection=UUID(int=1), minimum_assurance=None)
COMMONS = Excluded(UUID(int=9), protection=None, minimum_assurance=2)


def test_a_mistaken_match_does_not_count_for_the_excluded_image_and_a_strong_one_does() -> None:
    weak, strong = Hit(claim(), "veto-1", "pdq", PDQ.match), Hit(claim(), "veto-1", "pdq", PDQ.strong)
    other = Hit(claim(2), "veto-1", "pdq", PDQ.match)
    assert decided(weak, excluded=[NOT_IT]).result == "no_match"
    assert decided(weak, strong, excluded=[NOT_IT]).result == "protected"
    assert [match.claim for match in decided(weak, other, excluded=[NOT_IT]).matches] == [other.claim]


@pytest.mark.parametrize(("assurance", "edit"), [(0, Outcome.NO_MATCH), (1, Outcome.NO_MATCH), (2, Outcome.DENIED)])
def test_on_commons_a_claim_needs_its_assurance_but_for_what_is_always_refused(assurance: int, edit: Outcome) -> None:
    hit = Hit(claim(assurance=assurance), "veto-1", "pdq", 0)
    decision = decided(hit, asked="edit,sexualise", excluded=[COMMONS], whole=[hit])
    assert decision.uses == {"sexualise": Outcome.DENIED, "edit": edit}


def test_on_commons_a_claim_on_a_part_of_the_image_counts() -> None:
    of_a_part, of_the_whole = Hit(claim(), "veto-1", "pdq", 0), Hit(claim(), "veto-1", "pdq", PDQ.match)
    assert decided(of_a_part, excluded=[COMMONS]).result == "protected"
    assert decided(of_a_part, of_the_whole, excluded=[COMMONS], whole=[of_the_whole]).result == "protected"


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3), st.integers(0, PDQ.possible)), max_size=6),
    st.lists(st.one_of(st.integers(1, 4).map(lambda n: ("not", n)), st.integers(1, 3).map(lambda n: ("commons", n)))),
)
def test_an_exclusion_only_ever_takes_away_from_its_own(
    found: list[tuple[int, int, int]], excluding: list[tuple[str, int]]
) -> None:
    hits = [Hit(claim(number, assurance=sure), "veto-1", "pdq", distance) for number, sure, distance in found]
    excluded = [
        Excluded(UUID(int=100), UUID(int=n), None) if what == "not" else Excluded(UUID(int=100), None, n)
        for what, n in excluding
    ]
    asked = "edit,sexualise"
    before, after = decided(*hits, asked=asked), decided(*hits, asked=asked, excluded=excluded, whole=hits)
    assert all(after.uses[use] <= before.uses[use] for use in before.uses)
    mistaken = {each.protection for each in excluded}
    least = max((each.minimum_assurance or 0 for each in excluded), default=0)
    kept = {match.claim.protection for match in after.matches}
    for match in before.matches:
        if match.claim.protection not in mistaken or match.strength.name == "STRONG":
            assert match.claim.protection in kept
            if match.claim.assurance >= least:
                assert match in after.matches
