"""House rules of templates: nothing inline, and components that say what they take."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
COMPONENTS = sorted((ROOT / "templates" / "_components").glob("*.html"))

INLINE = {
    "a style attribute": re.compile(r"<[^>]+\sstyle\s*=", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "a handler": re.compile(r"<[^>]+\son[a-z]+\s*=", re.IGNORECASE),
    "a script without src": re.compile(r"<script\b(?![^>]*\s(?:src|type=\"application/json\"))", re.IGNORECASE),
    "a script address": re.compile(r"javascript:", re.IGNORECASE),
}

# Markup that no one else can have written: a drawing from a library, of a secret that the server made.
MADE_BY_US = {"activate_form.html": {"totp_svg|safe"}}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_holds_no_inline_script_or_style(path: Path) -> None:
    text = path.read_text()
    assert [what for what, pattern in INLINE.items() if pattern.search(text)] == []
    assert set(re.findall(r"{{ *([^}]*\|safe)", text)) <= MADE_BY_US.get(path.name, set())
    assert "autoescape off" not in text


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.name)
def test_a_component_says_what_it_takes(path: Path) -> None:
    assert path.read_text().startswith("{% comment %}\n")


def test_every_component_is_on_the_style_page() -> None:
    reached: set[str] = set()
    reading = ["public/styleguide.html", "base.html"]
    while reading:
        text = (ROOT / "templates" / reading.pop()).read_text()
        found = set(re.findall(r'include "(_components/[^"]+)"', text)) - reached
        reached |= found
        reading += found
    assert {f"_components/{path.name}" for path in COMPONENTS} - reached == set()


def test_components_are_included_with_what_they_take_and_no_more() -> None:
    for path in TEMPLATES:
        for tag in re.findall(r"{% include \"_components/[^%]*%}", path.read_text()):
            assert tag.endswith("only %}"), f"{path.relative_to(ROOT)}: {tag}"
