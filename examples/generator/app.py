"""An image-editing service that asks Veto first. What Veto adds to it are the lines marked so.

It keeps nothing: a photo is edited in memory and given back in the page.
"""

import base64
import io
from typing import Any

from flask import Flask, Request, Response, render_template, request
from veto_client import Answer, ProofError, RequestError, UnavailableError, UnreadableImageError, Veto

from examples.generator.edits import EDITS, edited

MOST_BYTES = 20 << 20


class InMemory(Request):
    """Large uploads would go to a temporary file."""

    def _get_file_stream(self, *_: Any, **__: Any) -> io.BytesIO:
        return io.BytesIO()


def application(veto: Veto) -> Flask:
    app = Flask(__name__)
    app.request_class = InMemory
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = MOST_BYTES

    @app.get("/")
    def home() -> str:
        return page()

    @app.post("/")
    def edit() -> tuple[str, int] | str:
        name = request.form.get("edit", "")
        if name not in EDITS:
            return page(fault=f"There is no edit {name[:40]!r}: choose {', '.join(EDITS)}."), 422
        photo = request.files["photo"].read() if "photo" in request.files else b""
        if not photo:
            return page(fault="Choose a photo first.", chosen=name), 422
        try:
            answer = veto.check(photo, uses=["edit"])  # Veto: ask
        except UnreadableImageError as error:
            return page(fault=str(error), chosen=name), 422
        if answer.stops():  # Veto: refuse
            return page(answer=answer, chosen=name, **told(veto, answer)), 403
        return page(result=base64.b64encode(edited(photo, name)).decode(), answer=answer, chosen=name)

    @app.after_request
    def strict(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = "default-src 'none'; img-src data:; style-src 'self'"
        response.headers["Cache-Control"] = "no-store"
        return response

    return app


def told(veto: Veto, answer: Answer) -> dict[str, Any]:
    """Veto: what it signed of the answer, and whether the person will learn that their photo was refused."""
    said: dict[str, Any] = {"proof": None, "reported": False}
    try:
        said["proof"] = veto.verify(answer)
        veto.report(answer, "blocked")
        said["reported"] = True
    except (ProofError, RequestError, UnavailableError, ValueError) as error:
        said["missing"] = str(error)
    return said


def page(**what: Any) -> str:
    return render_template("page.html", edits=EDITS, **what)
