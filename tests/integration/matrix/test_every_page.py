"""What holds on every page that the document names: tokens, headers, where one is led, which host it answers to."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from tests.integration.matrix.document import PAGES
from tests.integration.matrix.people import People

WITHOUT_A_TOKEN = {"exit", "language"}  # the first must work without cookies; the second changes nothing but the words
EVIL = [
    {"next": to}
    for to in (
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "https:evil.example",
        "javascript:alert(1)",
    )
]


def test_no_form_does_anything_without_its_token(people: People) -> None:
    browser, before = people.browser("Alice", enforce_csrf_checks=True), people.hers()
    assert {row.name for row in PAGES if browser.post(people.path(row.name)).status_code != 403} == WITHOUT_A_TOKEN
    assert people.hers() == before


def test_a_token_is_good_for_this_site_alone(people: People) -> None:
    browser = people.browser("Alice", enforce_csrf_checks=True)
    token = {"csrfmiddlewaretoken": str(browser.get(reverse("account_logout")).context["csrf_token"])}
    for foreign in ("https://evil.example", "null", "http://testserver.evil.example"):
        answer = browser.post(reverse("account_logout"), token, headers={"Origin": foreign})
        assert answer.status_code == 403, foreign
    assert browser.get(reverse("account")).status_code == 200


def test_leaving_is_not_done_for_another_site(people: People) -> None:
    browser = people.browser("Alice")
    for site in ("cross-site", "same-site"):
        browser.post(reverse("exit"), headers={"Sec-Fetch-Site": site})
    assert browser.get(reverse("account")).status_code == 200


HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
PUBLIC = {reverse("hashing-definitions"), "/.well-known/jwks.json"}  # the same for everybody
DIRECTIVES = {
    "default-src 'none'", "script-src 'self'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'",
    "require-trusted-types-for 'script'",
}  # fmt: skip


@pytest.mark.parametrize("who", ["a stranger", "Alice"])
def test_every_page_says_the_same_to_browsers(people: People, who: str, settings: Any) -> None:
    browser = people.browser(who, raise_request_exception=False)
    paths = [people.path(row.name) for row in PAGES if row.name != "exit"] + ["/no-such-page", "/photos/../etc"]
    for path in paths:
        answer = browser.get(path)
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, path
        policy = set(answer.headers["Content-Security-Policy"].split("; "))
        assert policy >= DIRECTIVES, path
        assert not any("unsafe" in each or "*" in each or "http" in each for each in policy)
        assert "Access-Control-Allow-Origin" not in answer.headers
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        if path not in PUBLIC:
            assert {"private", "no-store"} & set(answer.headers["Cache-Control"].split(", ")), path


def test_no_cache_keeps_what_only_its_person_may_see(people: People) -> None:
    hers, strangers = people.browser("Alice"), people.browser("a stranger")
    for path in {people.path(row.name) for row in PAGES} - {reverse("account_logout")}:
        if strangers.get(path).status_code == 302:
            for form in ("text/html", "application/json"):
                assert "no-store" in hers.get(path, headers={"Accept": form}).headers["Cache-Control"], path


def leads_away(answer: Any) -> bool:
    """As a browser reads it, to which a backslash is a stroke."""
    led = urlsplit(answer.headers.get("Location", "").replace("\\", "/"))
    return bool(led.scheme or led.netloc)


@pytest.mark.parametrize("who", ["a stranger", "Charlie"])
def test_no_address_leads_to_another_site(people: People, who: str) -> None:
    browser = people.browser(who)
    for row in PAGES:
        if row.name not in {"exit", "account_logout", "erase-account"}:  # the next test; they end the session
            for answer in (browser.get(people.path(row.name), EVIL[0]), browser.post(people.path(row.name), EVIL[0])):
                assert not leads_away(answer), row.name


@pytest.mark.parametrize("evil", EVIL)
def test_the_forms_that_lead_back_lead_nowhere_else(people: People, evil: dict[str, str]) -> None:
    for name in ("account_logout", "language", "erase-account"):
        assert not leads_away(people.browser("Charlie").post(people.path(name), evil)), name


@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "testserver@evil.example", "", "a b"])
def test_another_host_is_answered_nothing(people: People, host: str) -> None:
    browser = Client(raise_request_exception=False, headers={"Host": host})
    for path in ("/", reverse("account_login"), reverse("api:vocabulary")):
        assert browser.get(path).status_code == 400


def test_a_mail_leads_to_us_whatever_host_was_forwarded(people: People) -> None:
    forged = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Server": "evil.example",
        "Forwarded": "host=evil.example",
    }
    Client(headers=forged).post(reverse("account_reset_password"), {"email": people.alice.email})
    assert "http://testserver/account/reset/" in str(mail.outbox[-1].body)
    assert "evil" not in str(mail.outbox[-1].body)
