"""Every message is there in every language, and French is set as French is."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from django.conf import settings

from config import messages

FRENCH = Path(settings.LOCALE_PATHS[0]) / "fr" / "LC_MESSAGES" / "django.po"
NARROW_OR_NOT = "\u00a0\u202f"


def strings(catalog: Catalog) -> list[str]:
    found: list[str] = []
    for message in catalog:
        if message.id:
            found += [message.string] if isinstance(message.string, str) else list(message.string)
    return [re.sub(r"<[^>]*>|https?://\S+", "", text) for text in found]


def test_nothing_is_missing_obsolete_untranslated_or_fuzzy() -> None:
    found = messages.faults(messages.read(FRENCH), messages.extracted())
    assert not found, f"\n{found}"


def test_french_signs_have_spaces_that_do_not_break() -> None:
    wrong = [
        text
        for text in strings(messages.read(FRENCH))
        if re.search(
            rf"[^{NARROW_OR_NOT}\s:?!][;?!»]|[\s] [:;?!»]|(?<![{NARROW_OR_NOT}]) [:;?!»]|«[^{NARROW_OR_NOT}]", text
        )
    ]
    assert wrong == []


def test_french_has_no_exclamation_marks_and_no_typewriter_apostrophes() -> None:
    assert [text for text in strings(messages.read(FRENCH)) if "!" in text or "'" in text] == []


@pytest.mark.parametrize(
    ("function", "arguments", "expected"),
    [
        ("_", "One", ("One", None)),
        ("gettext_lazy", "One", ("One", None)),
        ("ngettext", ("One", "Many", None), (("One", "Many"), None)),
        ("pgettext", ("month", "May"), ("May", "month")),
        ("npgettext_lazy", ("c", "One", "Many", None), (("One", "Many"), "c")),
    ],
)
def test_each_way_to_mark_a_message_is_understood(function: str, arguments: object, expected: object) -> None:
    found = Catalog()
    messages.add(found, function, arguments)
    [message] = [entry for entry in found if entry.id]
    assert (message.id, message.context) == expected


def test_updating_keeps_what_is_translated_and_drops_what_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "fr" / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True)
    old = Catalog(locale="fr")
    old.add("Stays", string="Reste")
    old.add("Gone", string="Parti")
    path.write_bytes(messages.written(old))
    wanted = Catalog()
    wanted.add("Stays")
    wanted.add("New")

    before = messages.faults(messages.read(path), wanted)
    assert (before.missing, before.obsolete) == (["New"], ["Gone"])
    path.write_bytes(messages.written(messages.update(path, wanted)))
    after = messages.faults(messages.read(path), wanted)
    assert (after.missing, after.obsolete, after.untranslated) == ([], [], ["New"])
    once = path.read_bytes()
    path.write_bytes(messages.written(messages.update(path, wanted)))
    assert path.read_bytes() == once
