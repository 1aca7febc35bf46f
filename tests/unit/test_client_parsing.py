"""Whatever is said in a registry's name, the client knows an answer for each use, or raises one of its own errors."""

import contextlib
import json
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import OKPAlgorithm
from multipart import MultipartError
from veto_client import Answer, Claims, ProofError, RequestError, UnavailableError, Veto, proofs
from veto_client.talk import LONGEST_PAUSE_S, Wait
from veto_client.web import GuardASGI, GuardWSGI, images_in

from tests.coroutines import run

USES = ("edit", "train")
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(10**400)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=6)
OUTCOMES = st.sampled_from(["denied", "ask", "no_match"]) | JSON
ANSWERS = st.fixed_dictionaries(
    {
        "id": st.just("chk_1") | JSON,
        "result": st.sampled_from(["protected", "ask", "no_match", "indeterminate", "new"]) | JSON,
        "uses": st.fixed_dictionaries({}, optional=dict.fromkeys((*USES, "more"), OUTCOMES)) | JSON,
        "matches": st.lists(st.fixed_dictionaries(dict.fromkeys(("ref", "strength", "uses", "since"), JSON))) | JSON,
        "cache": st.fixed_dictionaries({"ttl_s": JSON}) | JSON,
    }
)
PROBLEMS = st.fixed_dictionaries(
    {"code": JSON, "errors": st.lists(st.fixed_dictionaries({}, optional={"pointer": JSON, "detail": JSON})) | JSON}
)
BODIES = (ANSWERS | PROBLEMS | JSON).map(lambda said: json.dumps(said).encode()) | st.binary() | st.just(b"[" * 10**5)
PAUSES = st.sampled_from(["nan", "-1", "inf", "-inf", "1e999", "0", "3", "Wed, 21 Oct 2026 07:28:00 GMT"])


def told(talk: Any, reply: Any) -> Any:
    """What a talk comes to where the registry says the same each time."""
    step = talk.send(None)
    while True:
        if isinstance(step, Wait):
            assert 0 <= step.seconds <= LONGEST_PAUSE_S + 1
        try:
            step = talk.send(None if isinstance(step, Wait) else reply)
        except StopIteration as end:
            return end.value


@pytest.fixture(scope="module")
def veto() -> Veto:
    return Veto("http://localhost", "k", on_error="raise", retries=2)


@given(status=st.sampled_from([200, 201, 302, 404, 429, 503]), body=BODIES, pause=PAUSES)
def test_a_check_is_answered_for_each_use_or_raises(veto: Veto, status: int, body: bytes, pause: str) -> None:
    reply = httpx.Response(status, content=body, headers={"Retry-After": pause})
    try:
        answer = told(veto._checking([{}, {}], (b"", USES)), reply)
    except (UnavailableError, RequestError):
        return
    assert set(answer.uses) == set(USES)
    assert set(answer.uses.values()) <= {"denied", "ask", "no_match"}
    assert hash(answer.matches[0].ref) if answer.matches else True


@pytest.mark.parametrize("result", ["no_match", "protected", "new"])
@pytest.mark.parametrize("uses", [{}, {"train": "no_match"}, {"edit": "licensed", "train": "no_match"}])
def test_an_answer_that_leaves_out_what_was_asked_lets_nothing_pass(result: str, uses: dict[str, str]) -> None:
    said = {"id": "chk_1", "result": result, "uses": uses, "matches": [], "cache": {"ttl_s": 0}}
    with pytest.raises(UnavailableError):
        Answer.of(said, b"", USES)
    assert told(Veto("http://localhost", "k")._checking([{}], (b"", USES)), httpx.Response(200, json=said)).stops()


def test_a_picture_too_blank_to_tell_changes_nothing_of_what_another_one_is_refused() -> None:
    said = {"id": "chk_1", "matches": [], "cache": {"ttl_s": 0}}
    blank = Answer.of(said | {"result": "indeterminate", "uses": {}}, b"", USES)
    refused = Answer.of(said | {"result": "protected", "uses": {"edit": "denied", "train": "no_match"}}, b"", USES)
    assert Answer.worst([blank, refused]).denied == ("edit",)


@given(body=BODIES)
def test_test_mode_is_told_of_or_not(veto: Veto, body: bytes) -> None:
    with pytest.raises((UnavailableError, RequestError, ValueError)):
        told(veto._trying_out("no such outcome", USES), httpx.Response(200, content=body))


KEY = Ed25519PrivateKey.generate()
JWK = OKPAlgorithm.to_jwk(KEY.public_key(), as_dict=True) | {"kid": "one"}
CLAIMS = {"id": "chk_1", "key": "k", "epoch": 1, "generation": 2, "uses": ["edit"], "result": "protected"}
CLAIMS |= {"livemode": True, "request_sha256": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU", "iat": 1_790_000_000}


def signed(payload: bytes, header: dict[str, Any]) -> str:
    return proofs._JWS.encode(payload, KEY, algorithm="Ed25519", headers={"typ": proofs.TYPE, "kid": "one"} | header)


def claims_of(proof: Any, jwks: Any) -> Claims:
    answer = Answer("protected", {}, "chk_1", proof=proof)
    proofs.is_known(answer, jwks)
    return proofs.verified(answer, jwks)


def test_a_proof_is_verified() -> None:
    proof = signed(json.dumps(CLAIMS).encode(), {})
    assert claims_of(proof, {"keys": [{"kid": "other"}, 5, JWK]}).result == "protected"


@given(
    changed=st.dictionaries(st.sampled_from(sorted(CLAIMS)), JSON, min_size=1) | JSON,
    header=st.dictionaries(st.sampled_from(["kid", "typ", "crit", "b64"]), JSON),
    keys=st.just([JWK]) | JSON | st.lists(JSON | st.dictionaries(st.sampled_from(sorted(JWK)), JSON).map(JWK.__or__)),
    proof=st.none() | st.text() | st.binary() | JSON,
)
def test_what_is_no_proof_raises_the_error_of_proofs(changed: Any, header: Any, keys: Any, proof: Any) -> None:
    said = json.dumps(CLAIMS | changed if isinstance(changed, dict) else changed).encode()
    try:
        proof = proof if proof is not None else signed(said, header)
    except Exception:  # what the library itself does not sign
        proof = "…"
    with contextlib.suppress(ProofError):
        assert isinstance(claims_of(proof, {"keys": keys}), Claims)


@given(
    kind=st.sampled_from(["multipart/form-data; boundary=x", "Multipart/Form-Data;BOUNDARY=x", "multipart/form-data"])
    | st.text(),
    body=st.binary()
    | st.lists(
        st.sampled_from([b"--x", b"\r\n", b"--", b": ", b'Content-Disposition: form-data; name="a"; filename='])
        | st.binary(max_size=8)
    ).map(b"".join),
)
def test_a_form_is_read_or_the_form_is_at_fault(kind: str, body: bytes) -> None:
    try:
        for said_to_be_one, data in images_in(kind, body):
            assert isinstance(said_to_be_one, bool)
            assert data
    except MultipartError:
        pass


@pytest.mark.parametrize("length", ["-5", "+5", "5x", "", "९"])
def test_a_body_without_a_length_is_not_handed_on(veto: Veto, length: str) -> None:
    import io

    environ = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": length, "wsgi.input": io.BytesIO(b"hello")}
    assert GuardWSGI(lambda environ, _: [environ["wsgi.input"].read()], veto)(environ, lambda *_: None) == [b""]


def test_a_request_that_says_two_content_types_is_refused(veto: Veto) -> None:
    """Its application may read it by the other one than the guard."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"hello"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"image/png"), (b"Content-Type", b"text/plain")]
    run(GuardASGI(None, veto)({"type": "http", "method": "POST", "headers": headers}, receive, send))
    assert sent[0]["status"] == 422
