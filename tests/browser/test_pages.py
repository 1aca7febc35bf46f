"""Every page of the site, in both languages, on a phone and on a desk, in light and in dark.

With VETO_SCREENSHOTS=folder (`make screenshots`) each is also kept as a picture, in every size and colour.
"""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.addresses import addresses
from tests.browser import pages
from tests.browser.conftest import Opener
from tests.browser.people import Someone
from tests.browser.window import Window, window
from tests.integration.web import Web

SHOTS = os.environ.get("VETO_SCREENSHOTS")
LOOKS = [("fr", 360, False), ("en", 1280, True)] + ([("en", 360, True), ("fr", 1280, False)] if SHOTS else [])
DESK = 600  # px
LARGEST_FIRST_PAGE = 100_000  # bytes: on a slow line that is two seconds

VISITED = pages.STRANGERS | pages.NEWCOMERS | pages.PERSONS | pages.CAREFUL | pages.ASKED_AGAIN | pages.DEBUG_ONLY


def test_every_address_is_visited_or_is_no_page() -> None:
    visited = {name.split(" (")[0] for name in VISITED if not name.startswith("- ")}
    known = set(addresses())
    assert known - visited - pages.NO_PAGES.keys() == set(), "visit it in pages.py, or say why it is no page"
    assert (visited | pages.NO_PAGES.keys()) - known == set(), "no such address any more"
    assert visited & pages.NO_PAGES.keys() == set()


@dataclass
class Tour:
    """Goes through pages and gathers what is wrong, so that one run tells it all."""

    look: str
    narrow: bool
    faults: list[str] = field(default_factory=list)

    def through(self, window: Window, visits: dict[str, pages.Visit], someone: Someone) -> None:
        for name, visit in visits.items():
            visit(window, someone)
            examined = [window.look, window.measure, lambda name=name: self.keep(window, name), window.reachable]
            for examine in [*examined, window.narrow] if self.narrow else examined:
                try:
                    examine()
                except AssertionError as fault:
                    self.faults.append(f"{name}: {str(fault).split(chr(10) + 'assert ')[0]}")
            window.problems.clear()

    def keep(self, window: Window, name: str) -> None:
        if SHOTS:
            place = f"{list(VISITED).index(name):02} {re.sub(r'[^a-z0-9() -]', '-', name)}.png"
            window.keep(Path(SHOTS) / self.look / place)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
def test_every_page_can_be_used_by_everyone(
    a_window: Opener, browser: Browser, debugging: Web, language: str, width: int, dark: bool
) -> None:
    look = {"language": language, "width": width, "dark": dark}
    tour = Tour(f"{language}-{width}-{'dark' if dark else 'light'}", narrow=width < DESK)
    alice, bob = pages.with_photos(), pages.with_second_step()
    with a_window(**look) as strangers:
        tour.through(strangers, pages.STRANGERS, alice)
    for visits, someone in ((pages.NEWCOMERS, Someone.new()), (pages.PERSONS, alice)):
        with a_window(**look) as theirs:
            someone.comes_in(theirs)
            tour.through(theirs, visits, someone)
    with a_window(**look) as theirs:
        bob.comes_in(theirs)
        pages.add_passkey(theirs)
        tour.through(theirs, pages.CAREFUL, bob)
        bob.comes_in(theirs, proven=False)
        tour.through(theirs, pages.ASKED_AGAIN, bob)
    with window(browser, f"http://localhost:{debugging.port}", **look) as builders:  # type: ignore[arg-type]
        tour.through(builders, pages.DEBUG_ONLY, alice)
    assert not tour.faults, "\n".join(tour.faults)


def test_the_first_page_is_small(a_window: Opener) -> None:
    with a_window() as stranger:
        sizes: list[int] = []
        stranger.page.on("response", lambda answer: sizes.append(len(answer.body())))
        stranger.open("home")
        stranger.page.wait_for_load_state("networkidle")
        assert len(sizes) > 3
        assert sum(sizes) <= LARGEST_FIRST_PAGE
