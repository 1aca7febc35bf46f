"""What a first visitor can try: a photo that is protected here and a key to ask about it with."""

import contextlib
import http.client
import json
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from config.local.application import Address, issue_key, protect
from config.local.ask import check_image
from config.local.child import spawn_command
from config.local.failure import LocalError
from config.local.home import ROOT, Home

PHOTO, KEY = "example.jpg", "example.json"
TRIES = 3


def prepare_example(home: Home, environment: Mapping[str, str], address: Address) -> str:
    """The key; the same as at the last start while it still gets the right answer."""
    photo = home.path / PHOTO
    if not photo.exists():
        write_photo(photo, environment)
    key = remembered_key(home)
    for _ in range(TRIES):
        answer = ""
        if key is not None:
            with contextlib.suppress(OSError, http.client.HTTPException):
                answer = check_image(address, key, photo.read_bytes(), "image/jpeg").result
        if key is not None and answer == "protected":
            return key
        if answer in {"no_match", "index-behind"}:  # the latter of a database that was put back and lacks it
            protect(home, environment, photo)
        else:
            key = issue_key(home, environment, "example")
            home.write(KEY, json.dumps({"key": key}))
    raise LocalError(f"The example photo {photo} is answered {answer!r} and not `protected`. Log: {home.log('web')}")


def curl(home: Home, address: Address, key: str) -> str:
    """One line to copy and paste."""
    return (
        f"curl -s {address.url}/v1/check/image -H 'Authorization: Bearer {key}' -H 'Content-Type: image/jpeg' "
        f"--data-binary @{shlex.quote(str(home.path / PHOTO))}"
    )


def remembered_key(home: Home) -> str | None:
    try:
        return str(json.loads((home.path / KEY).read_text())["key"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_photo(photo: Path, environment: Mapping[str, str]) -> None:
    """In a process of its own: the supervisor stays small."""
    draft = photo.with_suffix(".new")
    command = [sys.executable, "-m", "config.local.photos", "aero", str(draft)]
    done = subprocess.run(spawn_command(command), cwd=ROOT, env=environment, capture_output=True, check=False)
    if done.returncode != 0:
        raise LocalError(f"Cannot write {photo}: {done.stderr.decode(errors='replace').strip()[-300:]}")
    draft.replace(photo)
