"""Commands over photos: one JSON object a file on stdout; a problem object for a bad one does not stop the rest."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError
from tqdm import tqdm

from matching import uses
from matching.exclusions import TooNearError
from matching.hashing.decoder import DecoderUnavailable, ImageError
from matching.hashing.wire import MAX_BYTES
from matching.problems import Problem
from matching.registry import TooLittleDetailError


def files(paths: Sequence[str]) -> list[Path]:
    """The files named, and of a folder all in it, however deep, but the hidden ones. Raises CommandError for none.

    What turns out to be unreadable is among them, so that it is reported and not passed over.
    """
    found = [file for path in paths for file in (inside(path) if os.path.isdir(path) else [Path(path)])]  # noqa: PTH112
    if not found:
        raise CommandError(f"there is no file in {', '.join(paths)}")
    return found


def inside(folder: str) -> Iterator[Path]:
    """Links to files are followed, those to folders are not."""
    unreadable: list[OSError] = []
    for where, folders, names in os.walk(folder, onerror=unreadable.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = os.path.join(where, name)  # noqa: PTH118 (of os.path, whose questions never raise)
            if not name.startswith(".") and (os.path.isfile(path) or not os.path.exists(path)):  # noqa: PTH110, PTH113
                yield Path(path)
    yield from (Path(error.filename) for error in unreadable)


def read(path: Path) -> bytes:
    """Raises Problem."""
    try:
        with path.open("rb") as file:
            image = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Problem("unreadable-file", f"{path}: {error.strerror}.") from None
    if len(image) > MAX_BYTES:
        raise Problem("too-large", "An image may have 20 MB; this one has more.")
    return image


def chosen_uses(text: str | None) -> frozenset[str]:
    """The uses of a `--uses a,b` option; the default preset without one. Raises CommandError."""
    if text is None:
        return uses.DEFAULT
    try:
        chosen = uses.known(use.strip() for use in text.split(",") if use.strip())
    except uses.UnknownUseError as error:
        raise CommandError(str(error)) from None
    if not chosen:  # of no use at all the answer would be "no match"
        raise CommandError(f"name at least one use; the uses are {', '.join(uses.IDS)}")
    return chosen


def as_problem(error: Exception) -> Problem:
    """What went wrong with one photo, in the API's words. Raises the error again if it is none of ours."""
    match error:
        case Problem():
            return error
        case ImageError():
            return Problem(error.code, error.detail)
        case TooLittleDetailError():
            return Problem("low-quality", f"{str(error).capitalize()}; nothing was registered.")
        case TooNearError():
            return Problem("too-near", f"{str(error).capitalize()}; nothing was excluded.")
        case DecoderUnavailable():
            return Problem("overloaded", "The image could not be decoded just now. Nothing was done; try again.")
        case DatabaseError() | InterfaceError():
            return Problem("overloaded", "The registry's database did not answer. Check what was saved, and try again.")
        case _:
            raise error


class PerItemCommand(BaseCommand):
    """`self.each(items, act)` prints what `act` gives for each item, or its problem; exit status 1 if any failed."""

    requires_system_checks: list[str] = []

    def each(self, name: str, items: Iterable[Any], act: Callable[[Any], dict[str, Any]]) -> None:
        items = list(items)
        failed = False
        for item in tqdm(items, unit=name, disable=None if len(items) > 1 else True):
            try:
                said = act(item)
            except Exception as error:  # noqa: BLE001 (as_problem raises what is not ours again)
                said = as_problem(error).to_json()
                failed = True
            line = json.dumps({name: str(item)} | said, default=str)  # in ASCII: a file's name may be no UTF-8
            tqdm.write(line, file=sys.stdout)
            sys.stdout.flush()
        if failed:
            sys.exit(1)
