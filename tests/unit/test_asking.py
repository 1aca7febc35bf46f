"""What a question may be answered where its hashes say nothing, or the images of an exclusion are among its own."""

from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from matching import checks, lookup, uses
from matching.decision import Decision, Excluded
from matching.excluded import ExcludedImages
from matching.follower import Follower
from matching.hashing.details import Details, Part
from matching.hashing.fingerprint import Fingerprint, Hash
from matching.index.details import PlainDetailsIndex
from matching.index.interface import Hit, IncompleteError
from matching.index.scan import ScanIndex
from matching.problems import Problem
from matching.published import Position
from tests.unit.index.material import claim, scattered

FAINT = Fingerprint("veto-1", (Hash("full", "pdq", bytes(range(32)), 20),), 20)
CLEAR = Fingerprint("veto-1", (Hash("full", "pdq", bytes(range(100, 132)), 90),), 90)


def holding(*parts: Part) -> Any:
    """A follower that holds these details of a protection against everything, and CLEAR as what that one is not."""
    details, excluded = PlainDetailsIndex(), ExcludedImages()
    if parts:
        details.apply([(claim(1, uses.to_mask(uses.IDS)), Details(parts))], [])
    excluded.apply([(Excluded(UUID(int=9), UUID(int=1), None), [CLEAR])], [])
    return SimpleNamespace(
        position=Position(1, 1, ""),
        index=ScanIndex(),
        details=details,
        excluded=excluded,
        current=lambda: True,
        complete=lambda: True,
    )


def ask(follower: Any, *hashes: Fingerprint, parts: tuple[Part, ...]) -> Decision | None:
    offered = checks.Offered(lambda: Details(parts).to_bytes(coarse=False))
    return checks.ask(cast("Follower", follower), list(hashes), offered=offered, uses=["edit"], current=True)


def test_details_alone_say_that_an_image_is_protected_and_never_that_nothing_was_found() -> None:
    photo = scattered(1)
    found = ask(holding(photo), FAINT, parts=(photo,))
    assert found is not None
    assert found.result == "protected"
    assert ask(holding(), FAINT, parts=(photo,)) is None
    assert ask(holding(scattered(2)), FAINT, parts=(photo,)) is None


def test_a_picture_that_no_hash_tells_of_is_not_excused_by_another_s_exclusion() -> None:
    photo, other = scattered(1), scattered(3)
    alone = ask(holding(photo), CLEAR, parts=(photo,))
    assert alone is not None
    assert alone.result == "no_match"  # the excluded image, of which a part looks like the photo
    both = ask(holding(photo), CLEAR, parts=(other, photo))
    assert both is not None
    assert both.result == "protected"


class WithoutAPart(ScanIndex):
    """Of several parts one does not answer; the others find what they hold."""

    def search(self, asked: Iterable[Fingerprint]) -> list[Hit]:
        return self.search_each([asked])[0]

    def search_each(self, questions: Sequence[Iterable[Fingerprint]]) -> list[list[Hit]]:
        raise IncompleteError(super().search_each(questions))


def test_where_a_part_of_the_index_is_away_a_known_match_is_told_and_nothing_else() -> None:
    follower = holding()
    follower.index = WithoutAPart()
    with pytest.raises(Problem) as raised:
        checks.ask(follower, [CLEAR], uses=["edit"], current=True)
    assert raised.value.code == "index-behind"
    follower.index.apply([(claim(3, uses.to_mask(["train", "sexualise"])), [CLEAR])], [])
    found = checks.ask(follower, [CLEAR], uses=["edit", "train"], current=True)
    assert found is not None
    assert set(found.uses) == {"train"}
    with pytest.raises(Problem):
        checks.ask(follower, [CLEAR], uses=["edit"], current=True)


def test_where_a_part_of_the_index_is_away_nobody_is_told_that_his_photo_is_not_registered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    follower = holding()
    follower.index = WithoutAPart()
    monkeypatch.setattr(lookup, "shared", lambda: follower)
    with pytest.raises(Problem) as raised:
        lookup.registered([CLEAR])
    assert raised.value.code == "index-behind"


def test_where_a_part_of_the_details_is_away_a_miss_is_not_told() -> None:
    def incomplete(_: Details) -> list[Hit]:
        raise IncompleteError([])

    follower = holding()
    follower.details = SimpleNamespace(search=incomplete)
    with pytest.raises(Problem) as raised:
        ask(follower, CLEAR, parts=(scattered(1),))
    assert raised.value.code == "index-behind"


def test_where_an_epoch_has_begun_since_that_may_lack_something_a_known_match_is_told_and_nothing_else() -> None:
    """As after a restore, while the image was being read: what was current is another index by now."""
    follower = holding()
    follower.complete = lambda: False
    with pytest.raises(Problem) as raised:
        checks.ask(follower, [CLEAR], uses=["edit"], current=True)
    assert raised.value.code == "index-behind"
    follower.index.apply([(claim(3, uses.to_mask(uses.IDS)), [CLEAR])], [])
    found = checks.ask(follower, [CLEAR], uses=["edit"], current=True)
    assert found is not None
    assert found.result == "protected"
