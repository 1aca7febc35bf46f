from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache

from tests.integration.matrix.people import People, Platforms, all_of_them
from tests.integration.web import Web


@pytest.fixture
def people(committed: None, settings: Any) -> People:
    settings.PASSWORD_HASHERS = ["tests.integration.accounts.quick.QuickArgon2"]
    cache.clear()
    return all_of_them()


@pytest.fixture(scope="module")
def platforms(web: Web, django_db_blocker: pytest.FixtureRequest) -> Iterator[Platforms]:
    with django_db_blocker.unblock():
        yield Platforms.new(web)
