from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache

from tests.integration.accounts.browser import Browser, Case


@pytest.fixture(autouse=True)
def real_services(db: None, settings: Any) -> Iterator[None]:
    """Redis as it is, and no cap in the way of tests that open many accounts; those of caps set their own."""
    settings.ACCOUNTS_PER_SESSION_PER_DAY = settings.ACCOUNTS_PER_NETWORK_PER_DAY = 1000
    settings.PASSWORD_HASHERS = ["tests.integration.accounts.quick.QuickArgon2"]
    settings.MAIL_FOLDER = ""
    cache.clear()
    yield


@pytest.fixture
def browser() -> Browser:
    return Browser()


@pytest.fixture
def alice(browser: Browser) -> Case:
    """Alice has a case, and is logged in with `browser`."""
    return browser.open_case()
