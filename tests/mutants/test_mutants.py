"""Each promise has a test that fails when the promise is broken: here each is broken on purpose, one at a time.

A mutant is a few lines of the source replaced by others (`*.toml` beside this file), and the tests of which at least
one must then fail. They run in a copy of the tree, on services of their own.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv*", ".*_cache", ".hypothesis", ".veto*", "screenshots", "clients")
SERVICES = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL")
LONGEST_S = 300
FAILED = 1  # pytest's exit code; an error while collecting has another


@dataclass(frozen=True)
class Replaced:
    old: str
    new: str


@dataclass(frozen=True)
class Mutant:
    breaks: str
    file: str
    replaced: tuple[Replaced, ...]
    tests: tuple[str, ...]


def mutant(*, breaks: str, file: str, tests: list[str], also: dict[str, str] | None = None, **change: Any) -> Mutant:
    replaced = [Replaced(**change), *([Replaced(**also)] if also else [])]
    return Mutant(breaks, file, tuple(replaced), tuple(tests))


MUTANTS = [
    mutant(**entry)
    for path in sorted(Path(__file__).parent.glob("*.toml"))
    for entry in tomllib.loads(path.read_text())["mutant"]
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree as it is; times of files are kept, and with them what is compiled of them."""
    return Path(shutil.copytree(ROOT, tmp_path_factory.mktemp("mutants") / "veto", ignore=LEFT_OUT))


@pytest.fixture
def changed(copy: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    path = copy / request.param.file
    source, kept = path.read_text(), path.stat()
    text = source
    for each in request.param.replaced:
        assert text.count(each.old) == 1, f"{request.param.file} no longer holds, once: {each.old}"
        text = text.replace(each.old, each.new)
    path.write_text(text)
    yield copy
    path.write_text(source)
    os.utime(path, ns=(kept.st_atime_ns, kept.st_mtime_ns))


def outcome(tree: Path, tests: Sequence[str], longest_s: float = LONGEST_S) -> subprocess.CompletedProcess[str]:
    pytest_ = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=short", "-p", "no:cacheprovider", *tests]
    environment = {name: value for name, value in os.environ.items() if name not in SERVICES and "PYTEST" not in name}
    return subprocess.run(
        [sys.executable, "-m", "config.local", "exec", "--", *pytest_],
        cwd=tree,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=longest_s,
        text=True,
        check=False,
    )


@pytest.mark.long
@pytest.mark.timeout(900)
def test_unbroken_the_tests_of_all_mutants_pass(copy: Path) -> None:
    done = outcome(copy, sorted({test for each in MUTANTS for test in each.tests}), longest_s=900)
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.mark.long
@pytest.mark.timeout(LONGEST_S)
@pytest.mark.parametrize(
    ("changed", "tests"),
    [pytest.param(each, each.tests, id=each.breaks) for each in MUTANTS],
    indirect=["changed"],
)
def test_no_mutant_survives(changed: Path, tests: Sequence[str]) -> None:
    done = outcome(changed, tests)
    assert done.returncode == FAILED, done.stdout[-4000:]
    assert re.search(r"^\d+ failed", done.stdout, re.MULTILINE), done.stdout[-4000:]


def test_each_mutant_is_of_the_source_as_it_stands() -> None:
    stale = [
        f"{each.file}: {replaced.old}"
        for each in MUTANTS
        for replaced in each.replaced
        if (ROOT / each.file).read_text().count(replaced.old) != 1
    ]
    assert not stale
    assert all((ROOT / test.partition("::")[0]).exists() for each in MUTANTS for test in each.tests)
