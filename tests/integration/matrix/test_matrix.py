"""Every address tried by everyone, against docs/security/access.md, which says what each is answered."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from tests.addresses import addresses
from tests.integration.matrix.document import API, PAGES, Row
from tests.integration.matrix.people import ENDPOINT_URL, People, Platforms
from tests.integration.web import Web

PEOPLE = ("a stranger", "Alice", "Bob", "Charlie", "a case number", "the operator")
KEYS = ("its own key", "its test key", "another's key", "wrong scope", "revoked key")
LAST = ["mfa_remove_webauthn", "photo-erase", "erase-account"]  # after which there is nothing left to ask of
ENDS = {"exit", "account_logout", "erase-account"}  # a session


def in_a_word(status: int, location: str) -> str:
    """As the document writes it."""
    path = location.partition("?")[0]
    words = {reverse("account_login"): "log in", reverse("account_reauthenticate"): "prove"}
    return words.get(path) or ("→" if status == 302 else str(status))


def differences(rows: list[Row], column: str, ask: Callable[[str, str], str]) -> list[str]:
    rows = sorted(rows, key=lambda row: LAST.index(row.name) if row.name in LAST else -1)
    return [
        f"{method} {row.name} is answered {said}, and the document says {expected}"
        for row in rows
        for method, expected in zip(row.methods, row.cells[column], strict=True)
        if (said := ask(method, row.name)) != expected
    ]


def test_every_address_is_in_the_document_once() -> None:
    assert sorted(row.name for row in PAGES + API) == sorted(set(addresses()))


def asker(people: People, who: str, **headers: str) -> Callable[[str, str], str]:
    """One session for all addresses, and a new one after those that end it."""
    opened: list[Client] = []

    def ask(method: str, name: str) -> str:
        browser = opened.pop() if opened else people.browser(who, raise_request_exception=False, headers=headers)
        sent = people.fields() if who != "Alice" else {}
        answer = browser.get(people.path(name)) if method == "GET" else browser.post(people.path(name), sent)
        if name not in ENDS:
            opened.append(browser)
        if who != "Alice":
            told = people.told(answer.content.decode(errors="replace") + str(answer.headers), name)
            assert told == set(), f"{method} {name}"
        return in_a_word(answer.status_code, answer.headers.get("Location", ""))

    return ask


@pytest.mark.parametrize("who", PEOPLE)
def test_pages_answer_each_as_the_document_says(people: People, who: str) -> None:
    before = people.hers()
    assert differences(PAGES, who, asker(people, who)) == []
    assert (people.hers() == before) == (who != "Alice")


@pytest.mark.parametrize("which", KEYS)
def test_a_key_opens_no_page(people: People, platforms: Platforms, which: str) -> None:
    before = people.hers()
    ask = asker(people, "a stranger", Authorization=f"Bearer {platforms.keys[which]}")
    assert differences(PAGES, "a stranger", ask) == []
    assert people.hers() == before


def test_pages_know_no_other_method(people: People) -> None:
    browser = people.browser("Alice")
    for row in PAGES:
        for method in ("PUT", "PATCH", "DELETE", "TRACE", "OPTIONS"):
            assert browser.generic(method, people.path(row.name)).status_code == 405, (method, row.name)


def path_of(name: str, platforms: Platforms) -> str:
    return f"/{name}" if name == "readyz" else reverse(name, args=[platforms.endpoint] if "delete" in name else [])


@pytest.mark.parametrize("who", PEOPLE)
def test_a_session_opens_nothing_of_the_api(web: Web, people: People, platforms: Platforms, who: str) -> None:
    cookies = "; ".join(f"{name}={each.value}" for name, each in people.browser(who).cookies.items())

    def ask(method: str, name: str) -> str:
        body = {} if method == "POST" else None
        return str(web.ask(method, path_of(name, platforms), body, Cookie=cookies).status)

    assert differences(API, "a stranger" if who == "a stranger" else "a person", ask) == []


@pytest.mark.parametrize("which", [*KEYS[1:], KEYS[0]])
def test_operations_answer_each_key_as_the_document_says(web: Web, platforms: Platforms, which: str) -> None:
    """The platform's own key is the last: it deletes the endpoint that the others may not."""
    key, told = platforms.keys[which], []

    def ask(method: str, name: str) -> str:
        answer = web.ask(method, path_of(name, platforms), {} if method == "POST" else None, key)
        told.append(ENDPOINT_URL in answer.body.decode())
        return str(answer.status)

    assert differences(API, which, ask) == []
    assert any(told) == (which == "its own key")
