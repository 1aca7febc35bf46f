"""A window of a real browser, which notices what a person would not be shown: errors, refused scripts, other hosts."""

import contextlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request, Route, expect

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]
HEIGHT = 800
PATIENCE_MS = 15_000  # of machines that do much else
NARROW = 320  # WCAG 2.2, 1.4.10
HEADER = 72  # px: one line of it
# A refused form or a missing page is an answer we mean; the browser logs each as an error all the same.
MEANT = re.compile(r"^Failed to load resource: the server responded with a status of (4\d\d)")
VIOLATIONS = "document.addEventListener('securitypolicyviolation', e => console.error('CSP', e.violatedDirective))"
# A tab's title is read over shoulders and kept in histories.
TELLING = re.compile(
    r"photo|image|picture|refus|danger|abus|sexu|intim|nud|protect|protég|deepfake|\bia\b|\bai\b|secret|child|enfant",
    re.IGNORECASE,
)
AXE = Axe()


def launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


@dataclass
class Window:
    """One person's browser, with cookies of its own. `base` is the site's address, without a slash at its end."""

    page: Page
    base: str
    language: str
    problems: list[str] = field(default_factory=list)
    left_for: list[str] = field(default_factory=list)  # addresses of other sites that the quick exit leads to
    meant: set[int] = field(default_factory=lambda: {404, 422})

    @property
    def context(self) -> BrowserContext:
        return self.page.context

    def watch(self) -> None:
        self.page.on("console", self.note)
        self.page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        self.context.route(lambda address: not address.startswith(self.base + "/"), self.elsewhere)

    def note(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        meant = MEANT.match(message.text)
        if not (meant and int(meant[1]) in self.meant):
            self.problems.append(f"console on {self.page.url}: {message.text}")

    def elsewhere(self, route: Route, request: Request) -> None:
        """Nothing leaves this machine. Only the quick exit may try to, with the whole page."""
        neutral = request.is_navigation_request() and request.frame == self.page.main_frame
        if neutral and urlsplit(request.url).hostname in {"www.bbc.com", "meteofrance.com", "www.meteofrance.com"}:
            self.left_for.append(request.url)
            route.fulfill(content_type="text/html", body="<!doctype html><title>Weather</title>")
            return
        self.problems.append(f"asked another host: {request.url}")
        route.abort()

    def say(self, text: str) -> str:
        """One of the site's own messages, in this window's language."""
        with translation.override(self.language):
            return gettext(text)

    def path(self, name: str, /, *arguments: Any, **query: str) -> str:
        return reverse(name, args=arguments) + ("?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else "")

    def open(self, name: str, /, *arguments: Any, **query: str) -> None:
        self.page.goto(self.base + self.path(name, *arguments, **query))

    def click(self, selector: str) -> None:
        """What leads to another page, and that page with its scripts: without them a test would act too early."""
        self.page.locator(selector).first.click()
        self.page.wait_for_load_state()

    def press(self, label: str, within: str = "main") -> None:
        """The button with these words, and the page that comes of it."""
        self.page.locator(within).get_by_role("button", name=self.say(label), exact=True).first.click()
        self.page.wait_for_load_state()

    def follow(self, label: str) -> None:
        self.page.locator("main").get_by_role("link", name=self.say(label), exact=True).first.click()
        self.page.wait_for_load_state()

    def at(self, name: str, /, *arguments: Any) -> bool:
        return urlsplit(self.page.url).path == reverse(name, args=arguments)

    def text(self) -> str:
        """What a person reads, spaces made plain."""
        return re.sub(r"\s+", " ", self.page.locator("main").inner_text())

    # ----- what every page has to be

    def look(self) -> None:
        """The page as it stands is whole: no errors, one heading, a neutral title, nothing beside the screen."""
        where = f"{self.page.url} ({self.language})"
        assert self.problems == [], f"{where}: {self.problems}"
        assert self.page.locator("html").get_attribute("lang") == self.language, where
        assert self.page.locator("h1").count() == 1, where
        title = self.page.title()
        assert title.endswith(" – Veto"), f"{where}: {title}"
        assert not TELLING.search(title), f"{where}: {title}"
        refused = self.page.locator("main .errors").count() > 0
        assert title.startswith(self.say("Error")) == refused, f"{where}: {title}"
        assert not self.page.locator(".quit button").is_hidden(), where

    def measure(self) -> None:
        beside = self.page.evaluate(
            """() => document.documentElement.scrollWidth > document.documentElement.clientWidth &&
            [...document.querySelectorAll('body *')]
            .filter(e => e.getBoundingClientRect().right > innerWidth + 1 || e.getBoundingClientRect().left < -1)
            .map(e => e.outerHTML.slice(0, 120)).slice(0, 3)"""
        )
        assert beside is False, f"{self.page.url}: wider than the screen: {beside}"

    def narrow(self) -> None:
        """At 320 px (400 % on a desk, 112 % on a phone) nothing is cut off and the way out stays in the first line, in
        scripts of both directions."""
        size = self.page.viewport_size
        self.page.evaluate("scrollTo(0, 0)")
        self.page.set_viewport_size({"width": NARROW, "height": HEIGHT})
        try:
            for direction in ("rtl", "ltr"):
                self.page.evaluate("direction => { document.documentElement.dir = direction }", direction)
                self.measure()
                below = self.page.evaluate("document.querySelector('.quit').getBoundingClientRect().bottom")
                assert below <= HEADER, f"{self.page.url} ({direction}): the quick exit ends at {below} px"
        finally:
            self.page.set_viewport_size(size or {"width": NARROW, "height": HEIGHT})

    def reachable(self) -> None:
        """axe finds nothing that keeps someone out. Run in its own world, after our policy was watched."""
        found = AXE.run(self.page).response["violations"]
        grave = [
            {
                "rule": finding["id"],
                "what": finding["help"],
                "where": [f"{node['html'][:160]} {node.get('failureSummary', '')[:200]}" for node in finding["nodes"]][
                    :3
                ],
            }
            for finding in found
            if finding["impact"] in {"serious", "critical"}
        ]
        assert grave == [], f"{self.page.url}: {json.dumps(grave, indent=1, ensure_ascii=False)}"

    def keep(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.evaluate("scrollTo(0, 0)")
        self.page.screenshot(path=path, full_page=True)


@contextlib.contextmanager
def window(
    browser: Browser,
    base: str,
    *,
    language: str = "en",
    width: int = 1280,
    javascript: bool = True,
    dark: bool = False,
) -> Iterator[Window]:
    context = browser.new_context(
        viewport={"width": width, "height": HEIGHT},
        locale=language,
        java_script_enabled=javascript,
        color_scheme="dark" if dark else "light",
        has_touch=width < 600,
        accept_downloads=True,
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    context.add_init_script(VIOLATIONS)
    try:
        opened = Window(context.new_page(), base, language)
        opened.watch()
        yield opened
        assert opened.problems == []
    finally:
        context.close()
