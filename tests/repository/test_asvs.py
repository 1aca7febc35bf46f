"""docs/security/asvs.yml: every requirement of ASVS 5.0.0, levels 1 and 2, is there once, with tests that exist."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
KNOWN = {"status", "test", "reason"}
# The ids alone, of https://github.com/OWASP/ASVS; those of level 3 are left out.
IDS = """
1.1.1-2 1.2.1-9 1.3.1-11 1.4.1-3 1.5.1-2 2.1.1-3 2.2.1-3 2.3.1-4 2.4.1 3.2.1-2 3.3.1-4 3.4.1-6 3.5.1-5 3.7.1-2 4.1.1-3
4.2.1 4.3.1-2 4.4.1-4 5.1.1 5.2.1-3 5.3.1-2 5.4.1-3 6.1.1-3 6.2.1-12 6.3.1-4 6.4.1-4 6.5.1-5 6.6.1-3 6.8.1-4 7.1.1-3
7.2.1-4 7.3.1-2 7.4.1-5 7.5.1-2 7.6.1-2 8.1.1-2 8.2.1-3 8.3.1 8.4.1 9.1.1-3 9.2.1-4 10.1.1-2 10.2.1-2 10.3.1-4 10.4.1-11
10.5.1-5 10.6.1-2 10.7.1-3 11.1.1-2 11.2.1-3 11.3.1-3 11.4.1-4 11.5.1 11.6.1 12.1.1-3 12.2.1-2 12.3.1-4 13.1.1 13.2.1-5
13.3.1-2 13.4.1-5 14.1.1-2 14.2.1-4 14.3.1-3 15.1.1-3 15.2.1-3 15.3.1-7 16.1.1 16.2.1-5 16.3.1-4 16.4.1-3 16.5.1-3
17.1.1 17.2.1-4 17.3.1-2
"""


def each(entry: str) -> list[str]:
    """V1.2.6-8: V1.2.6, V1.2.7 and V1.2.8."""
    match = re.fullmatch(r"V?(\d+\.\d+)\.(\d+)(?:-(\d+))?", entry)
    assert match, entry
    return [f"V{match[1]}.{number}" for number in range(int(match[2]), int(match[3] or match[2]) + 1)]


def entries() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docs" / "security" / "asvs.yml").read_text())
    return found


@cache
def named_in(path: Path) -> set[str]:
    return set(re.findall(r"^def (test_\w+)\(", path.read_text(), re.MULTILINE)) if path.is_file() else set()


def test_every_requirement_is_there_once() -> None:
    wanted = [id_ for entry in IDS.split() for id_ in each(entry)]
    assert len(wanted) == 253
    lines = re.findall(r"^(V[\d.-]+):", (ROOT / "docs" / "security" / "asvs.yml").read_text(), re.MULTILINE)
    assert [id_ for entry in lines for id_ in each(entry)] == wanted


def test_each_says_how_it_is_met_or_why_it_is_not() -> None:
    for name, entry in entries().items():
        assert set(entry) <= KNOWN, name
        assert entry["status"] in {"met", "not applicable", "not met"}, name
        assert ("reason" in entry) != ("test" in entry), name
        assert entry["status"] == "met" or "test" not in entry, name


def test_each_test_that_is_named_exists() -> None:
    for name, entry in entries().items():
        if "test" in entry:
            path, _, test = entry["test"].partition("::")
            assert test in named_in(ROOT / "tests" / path), name
