"""Fingerprints made by the browser: the same bits as the server's, and an honest word where there are none."""

import hashlib
import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests import vectors
from tests.browser.engine import Engine
from tests.browser.window import window
from tests.integration.web import Web

VECTORS = json.loads(vectors.FILE.read_text())
CASES = dict(vectors.cases())


@pytest.fixture(scope="module")
def engine(browser: Browser, web: Web) -> Iterator[Engine]:
    with window(browser, f"http://localhost:{web.port}") as opened:
        yield Engine(opened)


@pytest.mark.parametrize("name", CASES)
def test_the_browser_makes_the_hashes_of_the_vectors(engine: Engine, name: str) -> None:
    photo = vectors.png(CASES[name])
    assert engine.stored(photo) == VECTORS[name]["stored"]
    asked = "\n".join(engine.asked(photo))
    assert hashlib.sha256(asked.encode()).hexdigest() == VECTORS[name]["asked"]
