"""As whom PostgreSQL runs: as ourselves; since it refuses root, as root under a borrowed name, or else as `nobody`."""

import os
import pwd
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from config.local.binaries import copy_postgres, postgres_package, postgres_programs
from config.local.child import spawn_command
from config.local.failure import LocalError
from config.local.folders import PrivateFolder


@dataclass(frozen=True)
class Account:
    """`word` is what spawn.py takes; `owner` is who must own the data."""

    word: str
    owner: tuple[int, int]


def postgres_account() -> Account:
    ourselves = (os.geteuid(), os.getegid())
    if os.geteuid() != 0 and _has_name(os.geteuid()):
        return Account("self", ourselves)
    borrowed = _somebody()
    namespace = Account(f"as {borrowed.pw_uid}:{borrowed.pw_gid}", ourselves)
    if _can_start(namespace, postgres_programs(postgres_package()) / "postgres"):
        return namespace
    if os.geteuid() != 0:
        raise LocalError(
            f"PostgreSQL needs a user with a name, and user id {os.geteuid()} has none in /etc/passwd. "
            "Run as a named user, or give DATABASE_URL."
        )
    return Account(f"{borrowed.pw_uid}:{borrowed.pw_gid}", (borrowed.pw_uid, borrowed.pw_gid))


def _has_name(user: int) -> bool:
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True


def _somebody() -> pwd.struct_passwd:
    """`nobody`, or else anyone but root: PostgreSQL looks for the name of whom it runs as."""
    others = [entry for entry in pwd.getpwall() if entry.pw_uid != 0]
    if not others:
        raise LocalError(
            "PostgreSQL refuses to run as root, and this machine has no other user. Add one, or give DATABASE_URL."
        )
    return next((entry for entry in others if entry.pw_name == "nobody"), others[0])


class Programs:
    """PostgreSQL's programs where an account can reach them: in place, or else as copies for as long as they run."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._copies: PrivateFolder | None = None

    def locate(self) -> Path:
        package = postgres_package()
        if _can_start(self._account, postgres_programs(package) / "postgres"):
            return postgres_programs(package)
        self._copies = self._copies or PrivateFolder("programs")
        self._copies.create()
        copied = self._copies.path / package.name
        if not copied.exists():
            self._copies.path.chmod(0o755)
            try:
                copy_postgres(package, self._copies.path)
            except (OSError, shutil.Error) as error:
                raise LocalError(f"Cannot copy PostgreSQL to {self._copies.path}: {error}") from error
        if not _can_start(self._account, postgres_programs(copied) / "postgres"):
            raise LocalError(
                f"PostgreSQL cannot be started, neither from {package} nor from a copy in {self._copies.path} "
                "(is it mounted noexec?). Set TMPDIR to another place, or give DATABASE_URL."
            )
        return postgres_programs(copied)

    def release(self) -> None:
        if self._copies is not None:
            self._copies.remove()


def _can_start(account: Account, program: Path) -> bool:
    command = spawn_command([str(program), "--version"], account=account.word, death_signal=signal.SIGKILL)
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=20, cwd="/").returncode == 0
    except subprocess.TimeoutExpired:
        return False
