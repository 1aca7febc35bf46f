"""Each row of docs/promises.md names a command that is there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "promises.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith("| Promise")
]


def test_every_promise_names_a_command_that_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert len(ROWS) > 20
    for promise, command, _ in ROWS:
        make = re.fullmatch(r"`make ([a-z-]+)( .*)?`", command)
        assert make, promise
        assert make[1] in targets, command
        named = re.findall(r"tests/[\w/.]+", command)
        assert all((ROOT / path).exists() for path in named), command
        assert named or make[1] not in {"test", "test-all"}, command
