"""Quick exit ends the session on the server, not only in the browser."""

import uuid

import pytest
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.test import Client

from consent.models import Person


@pytest.mark.django_db
def test_leaving_ends_the_session_for_good() -> None:
    person = Person.objects.create(username=f"leaver-{uuid.uuid4().hex}")
    client = Client()
    client.force_login(person)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert client.session[SESSION_KEY] == str(person.pk)

    answer = client.post("/exit", headers={"sec-fetch-site": "same-origin"})

    assert answer.status_code == 200
    assert not Session.objects.filter(session_key=session).exists()
    assert answer.cookies[settings.SESSION_COOKIE_NAME].value == ""
