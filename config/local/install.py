"""Makes `.venv` and puts exactly the packages of a lock file into it. Run by the Makefile with the machine's Python.

    python3 config/local/install.py requirements.txt

Standard library only. Does nothing when `.venv` already holds what the lock file says.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UNFINISHED = VENV / "unfinished"
OLDEST = (3, 11)


def main(lock_name: str) -> None:
    if sys.version_info < OLDEST:
        sys.exit(f"Veto needs Python {OLDEST[0]}.{OLDEST[1]} or newer; this is {sys.version.split()[0]}.")
    lock = ROOT / lock_name
    folder = os.open(ROOT, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)  # two `make` at once: the second waits, then finds the work done
    try:
        if not (healthy() and done(lock)):
            install(lock)
    except OSError as error:
        sys.exit(f"Cannot set up {VENV}: {error.strerror} ({error.filename}).")
    except KeyboardInterrupt:
        sys.exit("Interrupted; the next `make` does it again.")
    finally:
        os.close(folder)


def healthy() -> bool:
    """A `.venv` whose Python runs and whose last install came to its end."""
    if UNFINISHED.exists() or not PYTHON.exists():
        return False
    check = f"import sys; sys.exit(sys.version_info < {OLDEST})"
    return subprocess.run([PYTHON, "-c", check], capture_output=True, check=False).returncode == 0


def done(lock: Path) -> bool:
    mark = mark_of(lock)
    return mark.exists() and mark.read_text() == fingerprint(lock)


def mark_of(lock: Path) -> Path:
    return VENV / f"installed-{lock.stem}"


def fingerprint(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def install(lock: Path) -> None:
    print(f"Setting up .venv from {lock.name} (once, about a minute).", flush=True)
    fresh = not healthy()
    pip = make_venv() if fresh else pip_inside() or other_pip()
    UNFINISHED.touch()
    command = [*pip, "install", "--quiet", "--require-hashes", "-r", lock.name]
    if subprocess.run(command, cwd=ROOT, env=quiet(), check=False).returncode != 0:
        sys.exit(f"Installing {lock.name} failed; see the lines above. Is the network reachable? Then run it again.")
    mark_of(lock).write_text(fingerprint(lock))
    UNFINISHED.unlink()


def make_venv() -> list[str]:
    """A new `.venv`; answers the command of a pip that installs into it."""
    shutil.rmtree(VENV, ignore_errors=True)
    made = subprocess.run([sys.executable, "-m", "venv", VENV], capture_output=True, check=False)
    if made.returncode == 0 and (pip := pip_inside()):
        return pip
    # Debian without python3-venv has no ensurepip.
    shutil.rmtree(VENV, ignore_errors=True)
    bare = subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", VENV], capture_output=True, text=True, check=False
    )
    if bare.returncode != 0:
        sys.exit(f"Cannot make {VENV}:\n{(bare.stdout + bare.stderr).strip()}")
    return other_pip()


def pip_inside() -> list[str] | None:
    command = [str(PYTHON), "-m", "pip"]
    return command if works([*command, "--version"]) else None


def other_pip() -> list[str]:
    """This Python's own pip (from 22.3 it can install elsewhere), or uv."""
    outside = [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    if works([*outside, "--version"]):
        return outside
    uv = shutil.which("uv")
    if uv is not None:
        os.environ["VIRTUAL_ENV"] = str(VENV)
        return [uv, "pip"]
    shutil.rmtree(VENV, ignore_errors=True)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return sys.exit(
        f"Python {version} is here without pip. Install it (on Debian and Ubuntu: `apt install python{version}-venv`) "
        "and run the same command again."
    )


def works(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def quiet() -> dict[str, str]:
    return {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_ROOT_USER_ACTION": "ignore"}


if __name__ == "__main__":
    main(sys.argv[1])
