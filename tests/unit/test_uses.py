"""The vocabulary: what is published is immutable."""

import pytest
from django.utils import translation
from django.utils.functional import Promise

from matching import problems, uses


def test_the_published_order_stands_since_the_masks_of_the_index_rest_on_it() -> None:
    assert uses.VOCABULARY == "veto-uses/1"
    assert uses.IDS == ("sexualise", "likeness", "animate", "edit", "train", "identify")
    assert [uses.to_mask([use]) for use in uses.IDS] == [1, 2, 4, 8, 16, 32]


def test_refusing_edits_refuses_the_three_above_and_nothing_allows_sexualising() -> None:
    assert uses.refused(["edit"]) == {"sexualise", "likeness", "animate", "edit"}
    assert uses.refused([]) == {"sexualise"}
    assert uses.refused(["train"]) == {"sexualise", "train"}


def test_each_preset_refuses_all_that_its_uses_imply() -> None:
    for preset in uses.PRESETS:
        assert uses.refused(preset.uses) == set(preset.uses)
    assert {"sexualise", "likeness", "animate", "edit"} == uses.DEFAULT


def test_an_unknown_use_is_named_with_the_known_ones() -> None:
    with pytest.raises(uses.UnknownUseError, match="'fly', 'swim'; the uses are sexualise, likeness"):
        uses.known(["swim", "edit", "fly"])


TEXTS: list[Promise] = [
    *(text for use in uses.USES for text in (use.label, use.means)),
    *(preset.label for preset in uses.PRESETS),
    *(text for kind in problems.KINDS.values() for text in (kind.title, kind.remedy)),
]


@pytest.mark.parametrize("text", TEXTS, ids=str)
def test_every_text_is_said_in_french_too(text: Promise) -> None:
    with translation.override("en"):
        english = str(text)
    with translation.override("fr"):
        assert str(text) != english
