"""What the pages for developers tell to type, typed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from matching.api.developers import SNIPPETS, snippets
from tests.integration.web import ROOT, Web
from tests.pictures import encoded

IN_SHELL = {"outcomes": '"result":"protected"', "image": '"result":"protected"'}
IN_PYTHON = {
    "client": "refused\n",
    "try_out": "protected\nask\nno_match\nindeterminate\n",
    "proof": "protected 20",
}


def test_each_snippet_is_run_here() -> None:
    assert SNIPPETS.keys() == IN_SHELL.keys() | IN_PYTHON.keys() | {"install"}  # which `make test-guards` runs


@pytest.mark.parametrize("name", [*IN_SHELL, *IN_PYTHON])
def test_a_snippet_does_what_the_page_says(
    web: Web, key: str, test_key: str, protected: Image.Image, tmp_path: Path, name: str
) -> None:
    if name in IN_SHELL and not shutil.which("curl"):
        pytest.skip("curl is not on this machine")
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(encoded(protected))
    used = test_key if name in {"outcomes", "try_out"} else key
    text = snippets(url=f"http://127.0.0.1:{web.port}", key=used, photo=str(photo))[name]
    command = ["sh", "-c", text] if name in IN_SHELL else [sys.executable, "-c", text]
    client = {"PYTHONPATH": str(ROOT / "clients" / "python")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, env=os.environ | client)
    assert (IN_SHELL | IN_PYTHON)[name] in done.stdout.replace('": ', '":')
