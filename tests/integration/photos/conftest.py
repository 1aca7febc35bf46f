from uuid import uuid4

import pytest
from django.test import Client

from consent.models import Person


@pytest.fixture
def alice(committed: None) -> Person:
    return Person.objects.create(username=uuid4().hex)


@pytest.fixture
def client(alice: Person) -> Client:
    browser = Client()
    browser.force_login(alice)
    return browser
