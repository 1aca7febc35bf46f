"""Messages for translators, taken from the source by Babel alone, so that a machine needs no gettext.

A catalogue holds no places and no dates and is sorted by message: it changes only where a message does, and two
branches that add messages seldom meet on a line.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from config.environment import ROOT

SOURCES = ("config", "consent", "matching")
TEMPLATES = "templates"
HEADER = "# Veto, in the language of this folder. `manage.py update_messages` adds and removes; people translate."

# As in `xgettext --keyword`: which argument is the message, its plural, its context (c).
Keyword = tuple[int | tuple[int, int] | tuple[int, str], ...] | None
PLAIN: dict[str, Keyword] = {
    "_": None,
    "gettext": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
KEYWORDS: dict[str, Keyword] = PLAIN | {f"{name}_lazy": spec for name, spec in PLAIN.items() if name != "_"}

Key = tuple[tuple[str, ...], str]  # the message, and its plural if it has one; its context


def python_source(path: Path) -> bytes:
    text = path.read_text(encoding="utf-8")
    return (text if path.suffix == ".py" else templatize(text, origin=str(path))).encode()


def files() -> Iterator[Path]:
    for package in SOURCES:
        yield from sorted((ROOT / package).rglob("*.py"))
    yield from sorted(path for path in (ROOT / TEMPLATES).rglob("*") if path.suffix in {".html", ".txt"})


def extracted() -> Catalog:
    """Every message of the source."""
    found = Catalog()
    for path in files():
        source = io.BytesIO(python_source(path))
        for _line, function, arguments, _comments in extract_python(source, KEYWORDS, (), {"encoding": "utf-8"}):
            add(found, str(function), arguments)
    return found


def add(found: Catalog, function: str, arguments: Any) -> None:
    spec = KEYWORDS[function] or (1,)
    given = arguments if isinstance(arguments, list | tuple) else (arguments,)
    context, texts = None, []
    for place in spec:
        number, is_context = place if isinstance(place, tuple) else (place, "")
        if len(given) < number or not given[number - 1]:
            return  # not written out where it is used: nothing that a translator could be given
        if is_context:
            context = str(given[number - 1])
        else:
            texts.append(str(given[number - 1]))
    found.add(tuple(texts) if len(texts) > 1 else texts[0], context=context)


def key(message: Message) -> Key:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id), message.context or ""


def messages(catalog: Catalog) -> dict[Key, Message]:
    return {key(message): message for message in catalog if message.id}


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name)


@dataclass
class Faults:
    """What a catalogue lacks, message by message."""

    missing: list[str] = field(default_factory=list)
    obsolete: list[str] = field(default_factory=list)
    untranslated: list[str] = field(default_factory=list)
    fuzzy: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any(vars(self).values())

    def __str__(self) -> str:
        return "\n".join(f"  {kind}: {text!r}" for kind, texts in vars(self).items() for text in texts)


def first_text(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def is_translated(message: Message) -> bool:
    return all(message.string) if isinstance(message.string, list | tuple) else bool(message.string)


def faults(catalog: Catalog, wanted: Catalog) -> Faults:
    has, wants = messages(catalog), messages(wanted)
    found = Faults()
    found.missing = [first_text(message) for at, message in wants.items() if at not in has]
    found.obsolete = [first_text(message) for at, message in has.items() if at not in wants]
    found.obsolete += [first_text(message) for message in catalog.obsolete.values()]
    found.untranslated = [first_text(message) for message in has.values() if not is_translated(message)]
    found.fuzzy = [first_text(message) for message in has.values() if message.fuzzy]
    found.wrong = [f"{first_text(message)}: {error}" for message in has.values() for error in message.check(catalog)]
    return found


def update(path: Path, wanted: Catalog) -> Catalog:
    """The catalogue with what is new and without what is gone. Nothing is guessed from messages that look alike."""
    old = read(path)
    had = messages(old)
    new = Catalog(locale=old.locale, project="Veto", header_comment=HEADER, charset="utf-8", fuzzy=False)
    for at, message in messages(wanted).items():
        kept = had.get(at)
        new.add(
            message.id,
            string=kept.string if kept else None,
            context=message.context,
            flags=message.flags | ({"fuzzy"} if kept and kept.fuzzy else set()),
            user_comments=kept.user_comments if kept else (),
        )
    return new


def written(catalog: Catalog) -> bytes:
    """One line a message, however long, and a head without dates."""
    out = io.BytesIO()
    write_po(out, catalog, width=0, no_location=True, sort_output=True, omit_header=True)
    head = (
        f"{HEADER}\n"
        'msgid ""\nmsgstr ""\n'
        f'"Language: {catalog.locale}\\n"\n'
        f'"Plural-Forms: {catalog.plural_forms}\\n"\n'
        '"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n\n'
    )
    return head.encode() + out.getvalue()
