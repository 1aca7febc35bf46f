"""The example editor in a browser: a protected copy is refused, with proof and report; another photo is edited."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import ImageOps
from playwright.sync_api import Browser
from veto_client import Veto
from werkzeug.serving import make_server

from examples.generator.app import application
from matching.models import Report
from tests.browser.window import AXE
from tests.integration.registered import protected
from tests.integration.web import Web, new_key
from tests.pictures import encoded, picture

SHOTS = os.environ.get("VETO_SCREENSHOTS")


@pytest.fixture
def editor(web: Web, committed: None) -> Iterator[str]:
    with Veto(f"http://127.0.0.1:{web.port}", new_key("Retouche"), proof=True) as veto:
        server = make_server("127.0.0.1", 0, application(veto), threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("width", [360, 1280])
def test_a_protected_copy_is_refused_and_another_photo_is_edited(editor: str, browser: Browser, width: int) -> None:
    photo = picture(870 + width)
    protected(photo, details=False)
    copy = encoded(ImageOps.mirror(photo).resize((400, 300)), quality=70)
    with browser.new_page(viewport={"width": width, "height": 800}) as page:
        page.goto(editor)
        page.set_input_files("input[type=file]", {"name": "copy.jpg", "mimeType": "image/jpeg", "buffer": copy})
        page.click("button")
        said = page.inner_text("main")
        assert "This photo is protected" in said
        assert "Signed by the registry" in said
        assert "the person will see that an edit was refused" in said
        assert page.locator("img").count() == 0
        assert AXE.run(page).violations_count == 0
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"generator-{width}.png")
        page.set_input_files(
            "input[type=file]", {"name": "other.jpg", "mimeType": "image/jpeg", "buffer": encoded(picture(88))}
        )
        page.click("button")
        assert page.inner_text("h1") == "Here it is"
        assert page.locator("img").evaluate("image => image.naturalWidth") > 0
    assert Report.objects.filter(outcome="blocked", platform__name="Retouche").exists()
