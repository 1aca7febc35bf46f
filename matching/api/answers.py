"""What a question about an image is answered: the same for one and for many."""

import hashlib
import secrets
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from matching import checks, metrics, signing
from matching.api import testmode
from matching.api.auth import PlatformRequest
from matching.decision import Decision
from matching.hashing.fingerprint import Fingerprint
from matching.problems import Problem
from matching.records import records

PAD_TO: Final = 2048  # bytes: room for what was asked, a proof, and three matches


@dataclass(frozen=True, slots=True)
class Question:
    """One image: its hashes under one profile or several, its details where they are offered, and what is asked."""

    query: Sequence[Fingerprint]
    uses: Collection[str]
    include: Collection[str]
    offered: checks.Offered | None
    asked: list[str]
    cost: int  # in units of the platform's limit


def answer(request: PlatformRequest, question: Question, body: bytes) -> dict[str, Any]:
    """`body`: the request's, for the proof. Raises Problem where a complete, current index cannot be vouched for."""
    [said] = answer_each(request, [question], body)
    if isinstance(said, Problem):
        raise said
    return said


def answer_each(request: PlatformRequest, questions: Sequence[Question], body: bytes) -> list[dict[str, Any] | Problem]:
    """An answer or a problem for each. Raises Problem where nothing is known of any, and what making details does."""
    index = request.follower.freshness()  # before the search, which may then hold more than is said here, never less
    if index is None:
        raise Problem("index-loading", "The index is being built; nothing is known of this image yet.")
    live = request.access.livemode
    searched = checks.search(request.follower, [question.query for question in questions]) if live else None
    prove = prover(request, body)
    said: list[dict[str, Any] | Problem] = []
    for place, question in enumerate(questions):
        try:
            decision = decided(request, question, searched[place] if searched else None)
        except Problem as problem:
            outcome = problem.code
            said.append(problem)
        else:
            outcome = decision.result if decision else "indeterminate"
            said.append(padded(prove(in_full(request, question, decision, index), question)))
        metrics.CHECKS.labels("live" if live else "test", outcome).inc()
    return said


def padded(given: dict[str, Any]) -> dict[str, Any]:
    """With so many zeros that whoever watches the line cannot tell a hit from a miss by its length."""
    return given | {"pad": "0" * (-len(orjson.dumps(given)) % PAD_TO)}


def prover(request: PlatformRequest, body: bytes) -> Callable[[dict[str, Any], Question], dict[str, Any]]:
    """What adds the proof to an answer, where one is wished for and a key is at hand: `Prefer: proof` (RFC 7240)."""
    wished = "proof" in {wish.strip().lower() for wish in request.headers.get("Prefer", "").split(",")}
    signer = signing.signers().current() if wished else None
    if signer is None:
        if wished:
            metrics.UNPROVEN.inc()
        return lambda given, _: given
    digest = signing.unpadded(hashlib.sha256(body).digest())

    def proven(given: dict[str, Any], question: Question) -> dict[str, Any]:
        claims = {
            "id": given["id"],
            "iat": int(time.time()),
            "key": request.access.kid,
            "livemode": given["livemode"],
            "epoch": given["index"]["epoch"],
            "generation": given["index"]["generation"],
            "request_sha256": digest,
            "uses": list(question.uses),
            "result": given["result"],
        }
        return given | {"proof": signer.sign(claims)}

    return proven


def decided(request: PlatformRequest, question: Question, searched: checks.Searched | None) -> Decision | None:
    """`searched` is None in test mode. Raises Problem."""
    if searched is None:
        return testmode.decide(question.query, question.uses)
    return checks.ask(
        request.follower,
        searched,
        offered=question.offered,
        uses=question.uses,
        current=request.current and request.confirmed,
        minimum_assurance=request.access.minimum_assurance,
        include_possible="possible" in question.include,
    )


def in_full(
    request: PlatformRequest, question: Question, decision: Decision | None, index: dict[str, Any]
) -> dict[str, Any]:
    offered, access = question.offered, request.access
    id_ = f"chk_{secrets.token_hex(12)}"
    records().note(id_, access.platform, livemode=access.livemode, decision=decision, asked=question.uses)
    return {
        "id": id_,
        **checks.in_words(decision, access.platform),
        "asked": [*question.asked, "details"] if offered and offered.packed else question.asked,
        "index": index,
        "livemode": access.livemode,
    }
