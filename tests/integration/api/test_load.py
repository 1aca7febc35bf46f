"""Asked for twice as much as it can answer, the service refuses the rest, stays right, and is well again at once."""

import json
import subprocess
import sys

import pytest

from tests.integration.web import ROOT


@pytest.mark.long
def test_overload_brings_no_wrong_answer_and_passes() -> None:
    command = [sys.executable, "-m", "bench.load", "--photos", "1000", "--seconds", "1", "--soak", "2"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False, timeout=240)
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["faults"] == 0, found
    assert found["recovered"], found
    assert found["hash"]["steps"][-1]["statuses"]["503"] > 0
    assert done.returncode == 0
