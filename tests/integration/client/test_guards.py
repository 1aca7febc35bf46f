"""Guards before what edits: a function, a WSGI and an ASGI service, and the example that anyone can start."""

import io
import json
from typing import Any

import pytest
from PIL import Image
from veto_client import ProtectedError, Veto, guarded
from veto_client.web import MOST_BYTES, GuardASGI, GuardWSGI
from werkzeug.datastructures import FileStorage
from werkzeug.test import EnvironBuilder

from examples.generator.app import application
from tests.coroutines import run
from tests.pictures import encoded, picture

FREE = encoded(picture(51))


@pytest.fixture
def kept(protected: Image.Image) -> bytes:
    return encoded(protected)


def test_a_guarded_function_edits_no_protected_photo(veto: Veto, protected: Image.Image) -> None:
    edited = []

    @guarded(veto, uses=["edit"], image="photos")
    def edit(prompt: str, photos: Any = None) -> str:
        edited.append(prompt)
        return prompt

    assert edit("a", picture(52)) == edit("a", photos=[picture(52), picture(53)]) == edit("a") == "a"
    for given in (protected, [picture(52), protected]):
        with pytest.raises(ProtectedError, match="refuses: edit") as error:
            edit("b", photos=given)
        assert error.value.answer.result == "protected"
    assert edited == ["a"] * 3
    with pytest.raises(TypeError, match="edit has no parameter 'image'; it has prompt, photos"):
        guarded(veto)(edit)


def form(photo: bytes, kind: str = "image/jpeg", name: str = "photo.jpg") -> EnvironBuilder:
    return EnvironBuilder(
        method="POST", data={"note": "x", "photo": FileStorage(io.BytesIO(photo), name, content_type=kind)}
    )


def raw(photo: bytes, kind: str = "image/jpeg") -> EnvironBuilder:
    return EnvironBuilder(method="PUT", input_stream=io.BytesIO(photo), content_type=kind, content_length=len(photo))


def echo_wsgi(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [environ["wsgi.input"].read()]


async def echo_asgi(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": (await receive()).get("body", b"")})


def through_wsgi(veto: Veto, request: EnvironBuilder) -> tuple[int, bytes]:
    said: list[str] = []
    body = GuardWSGI(echo_wsgi, veto)(request.get_environ(), lambda status, _: said.append(status))
    return int(said[0][:3]), b"".join(body)


def through_asgi(veto: Veto, request: EnvironBuilder) -> tuple[int, bytes]:
    environ = request.get_environ()
    body = environ["wsgi.input"].read()
    pieces = [body[start : start + 65536] for start in range(0, len(body), 65536)] or [b""]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", environ.get("CONTENT_TYPE", "").encode())]
    scope = {"type": "http", "method": environ["REQUEST_METHOD"], "headers": headers}
    run(GuardASGI(echo_asgi, veto)(scope, receive, send))
    return sent[0]["status"], sent[1]["body"]


@pytest.mark.parametrize("through", [through_wsgi, through_asgi])
def test_an_upload_of_a_protected_photo_is_refused_and_any_other_arrives_whole(
    veto: Veto, kept: bytes, through: Any
) -> None:
    for request in (form(kept), form(kept, "application/octet-stream", "x.bin"), raw(kept), raw(kept, "")):
        status, body = through(veto, request)
        said = json.loads(body)
        assert (status, said["code"], said["uses"]) == (403, "protected-photo", {"edit": "denied"})
        assert "refuses: edit" in said["detail"]
    for sent, kind in ((FREE, "image/jpeg"), (b"a,b", "text/csv"), (b'{"a": 1}', "application/json")):
        assert through(veto, raw(sent, kind)) == (200, sent)
        status, body = through(veto, form(sent, kind))
        assert (status, sent in body) == (200, True)
    assert through(veto, form(FREE[:3000]))[0] == 422  # what edits it may read more than we do
    assert through(veto, raw(bytes(MOST_BYTES + 1)))[0] == 413
    assert through(veto, EnvironBuilder(method="GET"))[0] == 200


def test_an_upload_is_refused_where_nothing_can_be_known() -> None:
    with Veto("http://127.0.0.1:9", "k", retries=0) as veto:
        status, body = through_wsgi(veto, form(FREE))
    assert (status, json.loads(body)["result"]) == (403, "unavailable")


def test_the_example_edits_what_is_free_and_refuses_what_is_protected(veto: Veto, kept: bytes) -> None:
    client = application(veto).test_client()

    def sent(photo: bytes, edit: str = "night") -> Any:
        return client.post("/", data={"edit": edit, "photo": (io.BytesIO(photo), "photo.jpg")})

    refused = sent(kept)
    assert refused.status_code == 403
    assert "This photo is protected" in refused.text
    assert "data:image" not in refused.text
    given = sent(FREE)
    assert given.status_code == 200
    assert "data:image/jpeg;base64," in given.text
    for answer, fault in (
        (sent(FREE[:1000]), "damaged"),
        (sent(b""), "Choose a photo"),
        (sent(FREE, "gone"), "There is no edit"),
    ):
        assert answer.status_code == 422
        assert fault in answer.text
