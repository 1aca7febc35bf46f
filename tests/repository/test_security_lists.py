"""docs/security/logs.md and cryptography.md name all that is logged, and every place where cryptography is used."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.repository.test_house import ROOT

SECURITY = ROOT / "docs" / "security"
PACKAGES = ("config", "consent", "matching", "clients/python/veto_client")
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
CRYPTOGRAPHY = {
    "cryptography", "hashlib", "hmac", "joserfc", "jwt", "pyrage", "secrets", "ssl", "django.utils.crypto",
    "django.core.signing",
}  # fmt: skip
COMPUTED_KEY = re.compile(r"[\w)\]]\[(?!\d+\])[^\]\"'\n]+\]\s*=[^=>]")


def modules() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def logged(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
            called = node.func.value
            if isinstance(called, ast.Name) and called.id == "log":
                yield ast.literal_eval(node.args[0])


def imported(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {".".join(name.split(".")[:size]) for name in names for size in (1, 2, 3)}


def test_every_event_that_is_logged_is_in_the_list_and_no_other() -> None:
    events = {event for _, tree in modules() for event in logged(tree)}
    assert set(re.findall(r"^\| `([^`]+)` \|", (SECURITY / "logs.md").read_text(), re.MULTILINE)) == events


def test_every_module_that_uses_cryptography_is_in_the_list_and_no_other() -> None:
    using = {name for name, tree in modules() if imported(tree) & CRYPTOGRAPHY}
    text = (SECURITY / "cryptography.md").read_text()
    listed = set(re.findall(r"`([\w/]+\.py)`", text))
    assert listed - {"config/settings.py"} == using
    for secret in ("FINGERPRINT_KEYS", "API_KEY_PEPPER", "REF_KEY", "DJANGO_SECRET_KEY", "BACKUP_RECIPIENT"):
        assert f"`{secret}`" in text


def test_no_script_writes_to_a_name_that_it_was_told() -> None:
    """So that none reaches a prototype; the arithmetic of hashing counts through arrays of numbers."""
    for path in sorted(Path(ROOT, "static", "js").rglob("*.js")):
        text = path.read_text()
        assert "__proto__" not in text, path
        assert "hashing" in path.parts or not COMPUTED_KEY.search(text), path
