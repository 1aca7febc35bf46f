"""The public pages. The database is out of reach in these tests: a page that asked for it would fail."""

import re

import pytest
from django.conf import settings as given
from django.test import Client
from django.urls import reverse

PAGES = ["home", "how-it-works", "help", "privacy", "legal", "accessibility"]
TELLING = re.compile(r"photo|image|refus|consent|\bAIs?\b|\bIA\b|danger|abuse|violence", re.IGNORECASE)


def said(page: bytes, language: str = "") -> str:
    text = page.decode()
    assert not language or f'<html lang="{language}"' in text
    return text


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", PAGES)
def test_opens_without_the_database_and_its_title_tells_nothing(name: str, language: str) -> None:
    answer = Client().get(reverse(name), headers={"accept-language": language})
    assert answer.status_code == 200
    text = said(answer.content, language)
    [title] = re.findall(r"<title>(.*?)</title>", text, re.DOTALL)
    assert title.endswith(" – Veto")
    assert not TELLING.search(title)
    assert text.count("<h1>") == 1
    assert 'class="quit"' in text
    assert "Set-Cookie" not in answer.headers


def test_someone_signed_in_reads_them_without_the_database_too() -> None:
    client = Client()
    client.cookies[given.SESSION_COOKIE_NAME] = "a" * 32
    for name in PAGES:
        assert client.get(reverse(name)).status_code == 200


def test_home_says_what_veto_does_and_does_not_do() -> None:
    english, french = (said(Client().get("/", headers={"accept-language": code}).content) for code in ("en", "fr"))
    assert "Veto tells the AIs that ask." in english
    assert "Veto can’t stop someone who doesn’t ask." in english
    assert "Veto le dit aux IA qui demandent." in french
    assert "Veto n’empêche pas quelqu’un qui ne demande pas." in french


def test_a_first_visit_weighs_at_most_100_kilobytes() -> None:
    client = Client()
    page = client.get("/").content
    files = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.decode()))
    assert len(files) >= 4
    weight = len(page) + sum(len(client.get(file).getvalue()) for file in files)
    assert weight <= 100_000


def test_a_page_may_be_shown_again_by_the_browser_but_kept_by_nobody_else() -> None:
    assert Client().get("/")["Cache-Control"] == "private, no-cache"
    assert Client().get("/nothing-here")["Cache-Control"] == "private, no-store"


def test_the_style_page_is_for_developers(settings: object) -> None:
    assert Client().get(reverse("styleguide")).status_code == 404
    settings.DEBUG = True  # type: ignore[attr-defined]
    assert Client().get(reverse("styleguide")).status_code == 200


@pytest.mark.parametrize(
    ("operator", "english"),
    [
        ({"name": "", "address": "", "email": "", "publisher": "", "hosting": ""}, "Nobody answers for this site yet"),
        (
            {"name": "Ada <b>", "address": "1 rue", "email": "a@b.example", "publisher": "Ada", "hosting": "H"},
            '<a href="mailto:a@b.example">a@b.example</a>',
        ),
    ],
)
def test_the_legal_notice_says_who_answers_or_that_nobody_does(
    settings: object, operator: object, english: str
) -> None:
    settings.OPERATOR = operator  # type: ignore[attr-defined]
    for name in ("legal", "privacy", "accessibility"):
        text = said(Client().get(reverse(name)).content)
        assert name != "legal" or english in text
        assert "<b>" not in text
