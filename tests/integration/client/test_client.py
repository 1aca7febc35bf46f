"""The client for platforms: it asks what the service itself would ask, and never takes silence for a no."""

import asyncio
import base64
import io
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps
from veto_client import AsyncVeto, ProofError, RequestError, UnavailableError, UnreadableImageError, Veto, images

from tests.coroutines import run
from tests.integration.client.conftest import Maker, Script
from tests.integration.web import Web
from tests.pictures import encoded, picture, textured

PHOTO = encoded(textured(41))


def transparent() -> bytes:
    image = picture(42).convert("RGBA")
    image.putalpha(picture(43).convert("L"))
    return encoded(image, "PNG")


def moving() -> bytes:
    file = io.BytesIO()
    picture(44).save(file, "WEBP", save_all=True, append_images=[picture(45)], duration=100)
    return file.getvalue()


def asked_of(item: dict[str, Any]) -> set[tuple[str, str, bytes, bytes]]:
    packed = base64.b64decode(item["packed"])
    pieces = [packed[start : start + 64] for start in range(0, len(packed), 64)]
    return {
        ("full", "dhash", piece[:32], b"") if view == "dhash" else (view, "pdq", piece[:32], piece[32:])
        for view, piece in zip(item["views"], pieces, strict=True)
    }


@pytest.mark.parametrize(
    "image", [PHOTO, transparent(), moving()], ids=["a photo", "what shows through", "an animation"]
)
def test_it_asks_what_the_service_asks_of_the_image(web: Web, key: str, image: bytes) -> None:
    said = web.check_image(image, key, "?details=true").json
    items = images.question(image, details=True)
    frames = sorted({item["frame"] for item in said["hashes"]})
    assert len(items) == len(frames) >= (1 if image is PHOTO else 2)
    for item, frame in zip(items, frames, strict=True):
        assert asked_of(item) == {
            (each["view"], each["algorithm"], bytes.fromhex(each["hash"]), bytes.fromhex(each["texture"]))
            for each in said["hashes"]
            if each["frame"] == frame
        }
    assert items[0].get("details", "") == said["details"]


def test_a_copy_is_found_by_each_client_however_it_is_given(
    veto: Veto, web: Web, key: str, protected: Image.Image, tmp_path: Path
) -> None:
    copy = ImageOps.mirror(protected).crop((20, 20, 400, 300))
    path = tmp_path / "copy.jpg"
    path.write_bytes(encoded(copy, quality=80))
    for given in (copy, path, str(path), path.read_bytes(), io.BytesIO(path.read_bytes())):
        answer = veto.check(given, ["edit", "train"])
        assert (answer.result, answer.denied, answer.stops()) == ("protected", ("edit",), ("edit",))
    assert len({match.ref for match in answer.matches}) == 1

    async def asked() -> Any:
        async with AsyncVeto(f"http://127.0.0.1:{web.port}", key) as veto:
            return await asyncio.gather(veto.check(path, ["edit"]), veto.check(picture(46), ["edit"]))

    assert [answer.result for answer in run(asked())] == ["protected", "no_match"]


def test_every_outcome_can_be_tried_with_a_test_key(web: Web, test_key: str) -> None:
    with Veto(f"http://127.0.0.1:{web.port}", test_key, retries=0) as veto:
        assert veto.try_out("protected", ["edit"]).stops() == ("edit",)
        assert veto.try_out("ask", ["edit"]).to_ask == ("edit",)
        assert veto.try_out("no_match").stops() == ()
        assert veto.try_out("indeterminate").stops() == ()
        with pytest.raises(ValueError, match="unknown outcome 'maybe'; the outcomes are protected"):
            veto.try_out("maybe")


def test_of_several_pictures_the_strictest_answer_counts(client: Maker, script: Script) -> None:
    script.answers()
    script.answers(id="chk_2", result="protected", uses={"edit": "denied"}, cache={"ttl_s": 3600})
    answer = client(script.url).check(transparent(), ["edit"])
    assert (answer.result, answer.denied, answer.id, answer.ttl_s) == ("protected", ("edit",), "chk_2", 0)
    assert len(script.asked) == 2


def test_a_blank_image_is_not_asked(client: Maker, script: Script) -> None:
    answer = client(script.url).check(Image.new("RGB", (300, 200), "teal"), ["edit"])
    assert (answer.result, answer.stops(), script.asked) == ("indeterminate", (), [])


@pytest.mark.parametrize(("policy", "stops", "stops_but_ask"), [("deny", ("edit",), ("edit",)), ("ask", ("edit",), ())])
def test_without_an_answer_the_policy_answers(
    policy: Any, stops: tuple[str], stops_but_ask: tuple[str], client: Maker
) -> None:
    answer = client("http://127.0.0.1:9", on_error=policy, retries=1).check(PHOTO, ["edit"])
    assert (answer.result, answer.stops(), answer.stops(ask=False)) == ("unavailable", stops, stops_but_ask)


@pytest.mark.parametrize(
    ("status", "body"),
    [(503, b""), (200, b"<html>"), (200, b"[]"), (200, b'{"result": "no_match"}'), (302, b""), (404, b"{}")],
)
def test_whatever_is_no_answer_is_none(client: Maker, script: Script, status: int, body: bytes) -> None:
    script.says = [(status, {"Location": "/elsewhere"}, body)]
    with pytest.raises(UnavailableError):
        client(script.url, on_error="raise", retries=1).check(PHOTO)
    assert client(script.url, retries=0).check(PHOTO, ["train"]).denied == ("train",)


def test_it_tries_again_and_gives_up_where_that_takes_too_long(client: Maker, script: Script) -> None:
    script.refuses(503, "index-loading")
    script.refuses(429, "quota-exceeded", Retry_After="0")
    script.answers()
    assert client(script.url).check(PHOTO, ["edit"]).result == "no_match"
    assert len(script.asked) == 3
    script.says.clear()
    script.refuses(503, "overloaded", Retry_After="60")
    begun = time.monotonic()
    assert client(script.url).check(PHOTO, ["edit"]).result == "unavailable"
    assert (len(script.asked), time.monotonic() - begun < 30) == (4, True)


def test_a_fault_of_the_caller_is_told(veto: Veto, web: Web, client: Maker, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="invalid-key: This is not a key") as error:
        client(f"http://127.0.0.1:{web.port}", "veto_live_x").check(PHOTO)
    assert (error.value.status, error.value.code) == (401, "invalid-key")
    with pytest.raises(ValueError, match="unknown use 'edits'; the uses are sexualise"):
        veto.check(PHOTO, ["edits"])
    with pytest.raises(UnreadableImageError, match="damaged or incomplete"):
        veto.check(PHOTO[:2000])
    with pytest.raises(FileNotFoundError):
        veto.check(tmp_path / "none.jpg")
    with pytest.raises(ValueError, match="set VETO_URL and VETO_KEY"):
        Veto()
    with pytest.raises(ValueError, match="on_error is 'allow'; it is one of deny, ask, raise"):
        Veto("http://127.0.0.1", "k", on_error="allow")  # type: ignore[arg-type]


def test_an_answer_is_kept_as_long_as_the_registry_says_and_by_image_and_uses(client: Maker, script: Script) -> None:
    script.answers(result="protected", uses={"edit": "denied"}, cache={"ttl_s": 3600})
    veto = client(script.url)
    assert veto.check(PHOTO, ["edit"]) == veto.check(PHOTO, ["edit"])
    assert len(script.asked) == 1
    veto.check(PHOTO, ["train"])
    assert len(script.asked) == 2
    script.says.clear()
    script.answers()  # a miss may not be kept
    other = encoded(textured(47))
    assert [veto.check(other, ["edit"]).result for _ in range(2)] == ["no_match"] * 2
    assert len(script.asked) == 4


def test_an_unknown_result_is_indeterminate_and_unknown_fields_are_passed_over(client: Maker, script: Script) -> None:
    script.answers(result="hesitant", novelty=[1])
    assert client(script.url).check(PHOTO, ["edit"]).result == "indeterminate"


def test_no_image_and_no_name_leaves(client: Maker, script: Script, tmp_path: Path) -> None:
    script.answers()
    path = tmp_path / "Ana at the lake.jpg"
    path.write_bytes(PHOTO)
    client(script.url).check(path)
    [(address, headers, body)] = script.asked
    assert address == "/v1/check"
    assert headers["Authorization"] == "Bearer k"
    assert set(body) == {"profile", "packed", "views", "details", "uses"}
    assert "Ana" not in str((headers, body))


def test_a_proof_is_verified_and_is_of_this_answer_alone(web: Web, key: str, protected: Image.Image) -> None:
    with Veto(f"http://127.0.0.1:{web.port}", key, proof=True) as veto:
        answer, other = veto.check(protected, ["edit"]), veto.check(picture(48), ["edit"])
        claims = veto.verify(answer)
        assert (claims.id, claims.result, claims.uses) == (answer.id, "protected", ("edit",))
        assert (claims.key, claims.livemode) == (key.split("_")[2], True)
        assert answer.raw
        assert claims.generation == answer.raw["index"]["generation"]
        for forged in (
            replace(answer, request=other.request),
            replace(answer, proof=other.proof),
            replace(answer, proof=f"{answer.proof}x"),
            replace(answer, proof="none"),
            replace(answer, proof=None),
        ):
            with pytest.raises(ProofError):
                veto.verify(forged)


def test_the_registrys_keys_are_asked_again_when_one_is_new_or_they_are_old(
    web: Web, key: str, protected: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, now, none = list[str](), [0.0], {"keys": []}
    with Veto(f"http://127.0.0.1:{web.port}", key, proof=True) as veto:
        answer = veto.check(protected, ["edit"])
        request = veto._http.request
        monkeypatch.setattr(veto._http, "request", lambda **said: (asked.append(said["url"]), request(**said))[1])
        monkeypatch.setattr("veto_client.client.time.monotonic", lambda: now[0])
        for seconds, times in ((0, 1), (59, 1), (3599, 1), (3601, 2)):
            now[0] = seconds
            veto.verify(answer)
            assert len(asked) == times
        veto._jwks = none  # as of before that key was made
        with pytest.raises(ProofError):
            veto.verify(answer)  # it was asked just now
        now[0] += 61
        veto.verify(answer)
        assert len(asked) == 3
        with pytest.raises(ProofError):
            veto.verify(replace(answer, proof="none"))
        assert len(asked) == 3


def test_what_was_done_is_reported(veto: Veto, protected: Image.Image) -> None:
    from matching.models import Report

    answer = veto.check(protected, ["edit"])
    veto.report(answer, "blocked")
    assert Report.objects.get(check_id=answer.id).outcome == "blocked"
    with pytest.raises(ValueError, match="unknown outcome 'stopped'; the outcomes are blocked"):
        veto.report(answer, "stopped")
    with pytest.raises(ValueError, match="did not give"):
        veto.report(replace(answer, id=None), "blocked")
