"""docs/security/access.md as the tests read it: two tables, a row for each address."""

import re
from dataclasses import dataclass
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "security" / "access.md"


@dataclass(frozen=True)
class Row:
    """`cells`: by column, what each method is answered, in their order."""

    name: str
    methods: tuple[str, ...]
    cells: dict[str, tuple[str, ...]]


def table(heading: str) -> list[Row]:
    """The rows below a heading. The first cell is the address's name, with the methods where it says any."""
    text = DOCUMENT.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    head, _, *rows = [split(line) for line in text.splitlines() if line.startswith("|")]
    return [row_of(head, cells) for cells in rows]


def split(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def row_of(head: list[str], cells: list[str]) -> Row:
    match = re.fullmatch(r"(?:([A-Z]+) )?`(.+)`", cells[0])
    assert match, cells[0]
    methods = (match[1],) if match[1] else ("GET", "POST")
    found = {who: tuple(cell.split(" / ")) for who, cell in zip(head[1:], cells[1:], strict=True)}
    assert all(len(each) == len(methods) for each in found.values()), cells
    return Row(match[2], methods, found)


PAGES = table("Pages")
API = table("API")
EITHER = {row.name: row for row in PAGES + API}
