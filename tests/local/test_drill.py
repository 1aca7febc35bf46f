"""`make drill`, as CI has it too."""

import json
import os
import subprocess
import sys

import pytest

from config.local.home import ROOT


@pytest.mark.long
def test_after_a_loss_and_a_restore_nothing_is_answered_wrongly(place: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "config.local", "drill"],
        cwd=ROOT,
        env={"PATH": os.defpath, "TMPDIR": place},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert (said["wrong"], said["epoch"]) == (0, 2)
    assert said["done_again"] == {"photo.withdrawn": 1, "key.revoked": 1, "platform.suspended": 1}
