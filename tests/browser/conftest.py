"""A real browser on a real server. Without Chromium these tests are skipped, unless they are required."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.people import Someone
from tests.browser.window import CHROMIUM, Window, launch, window
from tests.integration.web import Web, new_key, serving

HERE = Path(__file__).parent
REQUIRED = os.environ.get("VETO_BROWSER_TESTS") == "required"
PLENTY = {
    "ACCOUNTS_PER_SESSION_PER_DAY": "1000",
    "ACCOUNTS_PER_NETWORK_PER_DAY": "1000",
    "PHOTOS_PER_NETWORK_PER_DAY": "100000",
}

Opener = Callable[..., AbstractContextManager[Window]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if shutil.which(CHROMIUM):
        return
    if REQUIRED:
        raise pytest.UsageError(f"VETO_BROWSER_TESTS=required, but there is no {CHROMIUM}; CHROMIUM may name another")
    skipped = pytest.mark.skip(reason="no Chromium: install the package chromium, or name one with CHROMIUM=/path")
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(skipped)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One for all tests; each opens windows of its own in it."""
    # Playwright runs a loop in this thread, by which Django takes our own plain queries for asynchronous ones.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        launched = launch(playwright)
        yield launched
        launched.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def web(
    django_db_setup: None, django_db_blocker: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Web]:
    with django_db_blocker.unblock(), serving(tmp_path_factory.mktemp("web") / "web.log", **PLENTY) as server:
        yield server


@pytest.fixture(scope="session")
def debugging(
    django_db_setup: None, django_db_blocker: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Web]:
    """With DEBUG: only there is the style page."""
    with django_db_blocker.unblock(), serving(tmp_path_factory.mktemp("web") / "debug.log", DEBUG="true") as server:
        yield server


@pytest.fixture(scope="session")
def key(web: Web, django_db_blocker: pytest.FixtureRequest) -> str:
    with django_db_blocker.unblock():
        return new_key("Painter")


@pytest.fixture
def base(web: Web) -> str:
    return f"http://localhost:{web.port}"  # not 127.0.0.1: a passkey belongs to a name


@pytest.fixture
def a_window(browser: Browser, base: str, committed: None) -> Opener:
    return partial(window, browser, base)


@pytest.fixture
def someone(committed: None) -> Someone:
    return Someone.new()
