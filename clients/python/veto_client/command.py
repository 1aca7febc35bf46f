"""`veto-check`: ask of files and folders. Exit status 0: nothing refused; 1: something is, or must be asked for;
2: something could not be read or asked; 3: the registry could not be reached."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from veto_client.answers import Answer
from veto_client.client import USES, Veto
from veto_client.errors import RequestError, UnavailableError, UnreadableImageError

SUFFIXES: Final = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif"}
FREE, REFUSED, FAILED, UNREACHABLE = range(4)


def files_of(paths: list[str]) -> Iterator[str]:
    """The files named, those in the folders named, and `-` for standard input."""
    for path in paths:
        if path != "-" and Path(path).is_dir():
            found = (file for file in Path(path).rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
            yield from map(str, sorted(found))
        else:
            yield path


def asked(veto: Veto, path: str, uses: list[str]) -> tuple[int, dict[str, Any]]:
    try:
        answer = veto.check(sys.stdin.buffer if path == "-" else path, uses)
    except UnavailableError as error:
        return UNREACHABLE, {"file": path, "error": "unavailable", "detail": str(error)}
    except (UnreadableImageError, RequestError, OSError) as error:
        code = error.code if isinstance(error, RequestError) else "unreadable"
        return FAILED, {"file": path, "error": code, "detail": str(error)}
    return REFUSED if answer.stops() else FREE, said_of(path, answer)


def said_of(path: str, answer: Answer) -> dict[str, Any]:
    said: dict[str, Any] = {"file": path, "result": answer.result, "uses": dict(answer.uses)}
    said["matches"] = [{"ref": match.ref, "strength": match.strength} for match in answer.matches]
    return said | ({"id": answer.id} if answer.id else {}) | ({"proof": answer.proof} if answer.proof else {})


def in_words(said: dict[str, Any]) -> str:
    if "error" in said:
        return f"{said['file']}: {said['error']}: {said['detail']}"
    refused = [f"{use} {outcome}" for use, outcome in said["uses"].items() if outcome != "no_match"]
    return f"{said['file']}: {said['result']}" + (f" ({', '.join(refused)})" if refused else "")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("veto-check", description=__doc__)
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a file, a folder, or - for standard input")
    parser.add_argument("--uses", default="", help=f"with commas between; all of them if left out: {', '.join(USES)}")
    parser.add_argument("--url", default="", help="of the registry; VETO_URL if left out (the key is in VETO_KEY)")
    parser.add_argument("--json", action="store_true", help="a JSON object a line")
    parser.add_argument("--proof", action="store_true", help="with the registry's signed proof of each answer")
    parser.add_argument("--no-details", action="store_true", help="faster, and finds less")
    options = parser.parse_args(arguments)
    uses = [use for use in options.uses.split(",") if use]
    if unknown := [use for use in uses if use not in USES]:
        parser.error(f"unknown use {', '.join(unknown)}; the uses are {', '.join(USES)}")
    try:
        veto = Veto(options.url, on_error="raise", details=not options.no_details, proof=options.proof)
    except ValueError as error:
        parser.error(str(error))
    worst = FREE
    with veto:
        for path in files_of(options.paths):
            status, said = asked(veto, path, uses)
            print(json.dumps(said) if options.json else in_words(said), flush=True)
            worst = max(worst, status)
    return worst


if __name__ == "__main__":
    sys.exit(main())
