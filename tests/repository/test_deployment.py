"""The settings as in production: `check --deploy` has nothing to say, and every cookie is locked to this host."""

import json
import os
import subprocess
import sys
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "SERVED_OVER_HTTPS": "true",
    "ALLOWED_HOSTS": "veto.example",
    "TRUSTED_PROXY_COUNT": "1",
    "EMAIL_URL": "smtps://user:password@mail.example:465",
    "EMAIL_FROM": "noreply@veto.example",
    "LOG_LEVEL": "ERROR",
}
VISIT = """
import json, django
django.setup()
from django.test import Client
from django.urls import reverse
browser = Client(headers={"Host": "veto.example", "X-Forwarded-Proto": "https"}, REMOTE_ADDR="fd00:de::1")
asked = [browser.get(reverse("account_login")), browser.post(reverse("account_case")),
         browser.post(reverse("account_case_open")), browser.post(reverse("language"), {"language": "fr"}),
         browser.get("/v1/uses")]
cookies = [morsel.OutputString() for answer in asked for morsel in answer.cookies.values()]
print(json.dumps({"cookies": cookies, "hsts": [each.headers.get("Strict-Transport-Security") for each in asked]}))
"""


def ran(*arguments: str) -> "subprocess.CompletedProcess[str]":
    # What the browser needs in tests is none of a deployment's.
    ours = {name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"}
    environment = ours | PRODUCTION | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_check_deploy_has_nothing_to_say() -> None:
    done = ran("manage.py", "check", "--deploy", "--fail-level", "INFO")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert "no issues" in done.stdout


@pytest.fixture(scope="module")
def visited(django_db_setup: None) -> dict[str, Any]:
    done = ran("-c", VISIT)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_cookies_are_sent_to_this_host_over_https_and_to_no_script(visited: dict[str, Any]) -> None:
    cookies = {name: each for text in visited["cookies"] for name, each in SimpleCookie(text).items()}
    assert set(cookies) == {"__Host-session", "__Host-csrf", "__Host-messages", "__Host-language"}
    for each in cookies.values():
        assert (each["secure"], each["httponly"], each["samesite"], each["path"], each["domain"]) == (
            *(True, True, "Lax", "/", ""),
        ), each.key


def test_browsers_are_told_to_come_over_https_for_a_year(visited: dict[str, Any]) -> None:
    assert set(visited["hsts"]) == {"max-age=31536000; includeSubDomains"}


def test_the_bill_of_materials_is_valid_and_names_every_package_of_the_lock_file(tmp_path: Path) -> None:
    from config.local.locks import requirements

    written = tmp_path / "sbom.json"
    done = subprocess.run(["make", "sbom", f"SBOM={written}"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    bill = json.loads(written.read_text())
    assert bill["bomFormat"] == "CycloneDX"
    named = {(each["name"].lower().replace("_", "-"), each["version"]) for each in bill["components"]}
    locked = {(each.name, next(iter(each.specifier)).version) for each in requirements(ROOT / "requirements.txt")}
    assert named == locked
    assert all(each["purl"].startswith("pkg:pypi/") for each in bill["components"])
