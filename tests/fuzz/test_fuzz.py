"""A short form of `make fuzz`, and every seed once, whatever the machine."""

import importlib.util
import subprocess
import sys

import pytest

from tests.fuzz.__main__ import ROOT
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_every_seed_is_answered_or_refused(name: str) -> None:
    for seed in TARGETS[name].seeds():
        TARGETS[name].run(seed)


@pytest.mark.long
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is made for Linux on x86_64")
def test_a_few_seconds_of_fuzzing_find_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "5"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
