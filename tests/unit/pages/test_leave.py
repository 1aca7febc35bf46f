"""Quick exit, as far as it needs no session."""

import pytest
from django.conf import settings
from django.db import OperationalError
from django.test import Client

from consent.views import leave


def test_it_works_for_anyone_without_a_token_and_leads_to_a_harmless_page() -> None:
    answer = Client(enforce_csrf_checks=True).post("/exit", headers={"accept-language": "fr"})
    assert answer.status_code == 200
    assert answer["Refresh"] == "0; url=https://meteofrance.com/"
    assert answer["Clear-Site-Data"] == '"cookies", "storage"'
    assert answer["Cache-Control"] == "private, no-store"
    text = answer.content.decode()
    assert "Veto" not in text
    assert 'href="https://meteofrance.com/"' in text


def test_it_leads_away_without_being_a_redirect_that_form_action_would_stop() -> None:
    answer = Client().post("/exit", headers={"accept-language": "en"})
    assert "Location" not in answer.headers
    assert answer["Refresh"] == "0; url=https://www.bbc.com/weather"


def test_it_works_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_: object) -> None:
        raise OperationalError("no connection")

    monkeypatch.setattr(leave, "logout", away)
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
    answer = client.post("/exit")
    assert answer.status_code == 200
    assert answer.cookies[settings.SESSION_COOKIE_NAME].value == ""
    assert "Refresh" in answer.headers


def test_another_site_cannot_end_a_session() -> None:
    client = Client()
    client.cookies["language"] = "fr"
    answer = client.post("/exit", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 302
    assert "Clear-Site-Data" not in answer.headers
    assert not answer.cookies


def test_it_is_a_post() -> None:
    assert Client().get("/exit").status_code == 405


def test_scripts_lead_to_the_same_page() -> None:
    page = Client().get("/", headers={"accept-language": "fr"}).content.decode()
    assert 'action="/exit" data-to="https://meteofrance.com/"' in page
