"""The language switch: a form that works without JavaScript and comes back to where it was used."""

import pytest
from django.test import Client


def switch(client: Client, language: str, back: str) -> str:
    answer = client.post("/language", {"language": language, "next": back})
    assert answer.status_code == 302
    return answer["Location"]


def test_it_keeps_the_page_with_its_query_and_the_choice_stays() -> None:
    client = Client(enforce_csrf_checks=True)
    assert b'name="next" value="/help?a=1&amp;b=2"' in client.get("/help?a=1&b=2").content
    assert switch(client, "fr", "/help?a=1&b=2") == "/help?a=1&b=2"
    assert b'<html lang="fr"' in client.get("/help", headers={"accept-language": "en"}).content


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil", ""]
)
def test_it_leads_nowhere_else(elsewhere: str) -> None:
    assert switch(Client(), "fr", elsewhere) == "/"


@pytest.mark.parametrize("language", ["", "xx", "de", "fr\r\nX: y"])
def test_an_unknown_language_changes_nothing(language: str) -> None:
    client = Client()
    assert switch(client, language, "/help") == "/help"
    assert not client.cookies


def test_a_language_names_itself() -> None:
    page = Client().get("/", headers={"accept-language": "fr"}).content.decode()
    assert ">English<" in page
    assert "Anglais" not in page


def test_it_is_a_post() -> None:
    assert Client().get("/language").status_code == 405
