"""The lock files: `python -m config.local.locks` compiles them, `--check` says whether they are in step.

Without the network the check can still say that every requirement is locked to a version that it allows.
"""

import difflib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from config.local.failure import LocalError
from config.local.home import ROOT

NAMES = ("requirements", "requirements-examples", "requirements-dev", "requirements-bench", "requirements-cluster")
OPTIONS = ("--universal", "--python-version", "3.11", "--generate-hashes", "--custom-compile-command", "make lock")
NETWORK = ("error sending request", "failed to fetch", "dns error", "timed out", "network", "connect")


def compile_lock(name: str, output: Path) -> None:
    """Versions that `output` already holds stay as they are while they fit."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", *OPTIONS, f"{name}.in", "-o", str(output)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return
    if any(word in done.stderr.lower() for word in NETWORK):
        raise ConnectionError(done.stderr.strip())
    raise LocalError(f"uv cannot compile {name}.in:\n{done.stderr.strip()}")


def check(name: str) -> None:
    locked = ROOT / f"{name}.txt"
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copy(locked, folder))
        try:
            compile_lock(name, copy)
        except ConnectionError:
            check_offline(name, locked)
            print(f"{locked.name}: every requirement is locked (checked without the network).")
            return
        difference = list(difflib.unified_diff(body(locked), body(copy), locked.name, "compiled again", n=1))
    if difference:
        raise LocalError(
            f"{locked.name} is not in step with {name}.in: run `make lock`.\n" + "\n".join(difference[:20])
        )


def body(lock: Path) -> list[str]:
    """Without the head, which says how it was compiled."""
    return [line for line in lock.read_text().splitlines() if not line.startswith("#")]


def check_offline(name: str, locked: Path) -> None:
    pins = {requirement.name: requirement for requirement in requirements(locked)}
    for wanted in requirements(ROOT / f"{name}.in"):
        pin = pins.get(wanted.name)
        version = next((spec.version for spec in pin.specifier), "") if pin is not None else ""
        if not version or not wanted.specifier.contains(version, prereleases=True):
            raise LocalError(f"{locked.name} does not lock {wanted}: run `make lock`.")


def requirements(file: Path) -> list[Requirement]:
    found = []
    for line in file.read_text().splitlines():
        text = line.partition(" #")[0].removesuffix("\\").strip()
        if text and not text.startswith(("#", "-")):
            requirement = Requirement(text)
            requirement.name = canonicalize_name(requirement.name)
            found.append(requirement)
    return found


def main(arguments: list[str]) -> int:
    try:
        for name in NAMES:
            if arguments == ["--check"]:
                check(name)
            else:
                compile_lock(name, ROOT / f"{name}.txt")
    except (LocalError, ConnectionError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
